"""Flow 3, a change on the web site: asked, promised from the mailbox, seen on a real page, and the asker's yes from hers."""

from __future__ import annotations

import http.server
import threading
from typing import ClassVar

import pytest
from playwright.sync_api import expect

from tests.browser.request_steps import THERE, ask, mailed, until, until_there

OUTCOME = "the guide to winter boots on our web site"
SOON = "2027-03-05"
WAIT = 60_000


class _Site(http.server.BaseHTTPRequestHandler):
    shown: ClassVar[str] = ""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"<h1>{self.shown}</h1>".encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    """The company's web site: an HTTP server of this test's own, on loopback."""
    _Site.shown = "Summer shoes"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/winter"
        server.shutdown()
        thread.join()


def test_a_web_change_closes_when_the_page_shows_it(site, page_as, visitor, house, good_page, tab_to):
    lena, anna = page_as("lhoffmann"), visitor()
    told = {"At which address?": site, "Which words should stand there?": "Winter boots & more"}
    lena.goto("/requests/ask/?kind=web-change")
    address = ask(lena, OUTCOME, "Letters in November lead there", told)
    expect(lena.get_by_text("The page answers, but does not show")).to_be_visible(timeout=WAIT)

    mailed(anna, house, f"A question from Lena Hoffmann: {OUTCOME}", "Yes, by a day that you name")
    tab_to(anna, anna.get_by_label("By when")).fill(SOON)
    tab_to(anna, anna.get_by_role("button", name="Yes, by a day that you name")).press("Enter")
    expect(anna.get_by_role("heading", name="Thank you, Anna Berg")).to_be_visible()
    good_page(anna)

    _Site.shown = "Winter <b>boots</b> &amp; more"
    it = page_as("aberg")
    it.goto(address)
    tab_to(it, it.get_by_role("button", name="Look now")).press("Enter")
    expect(it.get_by_role("heading", name=THERE)).to_be_visible(timeout=WAIT)
    good_page(it)
    until_there(lena)
    expect(lena.get_by_text("Promised for Friday 5 March 2027 by Anna Berg")).to_be_visible()

    mailbox = mailed(visitor(), house, f"It is there: {OUTCOME}", "It is there, and it serves")
    mailbox.get_by_role("button", name="It is there, and it serves").click()
    expect(mailbox.get_by_role("heading", name="Thank you, Lena Hoffmann")).to_be_visible()
    until(lena, lena.get_by_text("Lena Hoffmann, Campaign Manager, says that it is there, and serves"))
