"""Other teams' calendars, read at an address: guarded, bounded, and what is broken changes nothing but is said."""

from __future__ import annotations

import http.server
import threading
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from tests.house_workspace import ROOT
from twain.calendars.ics import MAX_SIZE
from twain.errors import ConfigError
from twain.flows.capacity_files import FETCHED, read_capacity
from twain_web import addresses
from twain_web.roles import Role
from twain_web.rooms.capacity import fetching

pytestmark = pytest.mark.django_db
SOON = datetime.now(UTC) + timedelta(days=5)


def ics(*lines):
    event = ["BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *event, "END:VCALENDAR", ""]).encode()


GOOD = ics("SUMMARY:Audit <b>", f"DTSTART:{SOON:%Y%m%dT%H%M%SZ}", "DURATION:PT4H")


class _Calendar(http.server.BaseHTTPRequestHandler):
    answer: ClassVar[tuple[int, bytes]] = (200, GOOD)
    asked: ClassVar[int] = 0

    def do_GET(self):
        type(self).asked += 1
        status, body = self.answer
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Type", "text/calendar; charset=zip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def theirs():
    """A server of IT's, and a calendar of ours that names it; the import's only key."""
    _Calendar.answer, _Calendar.asked = (200, GOOD), 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Calendar) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        folder = ROOT / "calendars"
        folder.mkdir(exist_ok=True)
        (folder / "its.toml").write_text(
            'title = "IT"\n[[import]]\neffective_from = 2020-01-01\nclasses = ["send"]\n'
            f'url = "http://127.0.0.1:{server.server_port}/s3cret-token.ics"\n'
        )
        (key,) = fetching.due()
        yield key
        server.shutdown()
        thread.join()
        (folder / "its.toml").unlink()
        for file in (ROOT / FETCHED).glob("*"):
            file.unlink()


def in_force():
    return [freeze.name for calendar in read_capacity(ROOT).calendars for freeze in calendar.freezes]


def test_it_is_read_kept_and_shown_and_rests_for_an_hour(theirs, signed_in):
    assert in_force() == []
    fetching.fetch(theirs)
    assert in_force() == ["Audit <b>"]
    assert fetching.due() == []
    page = signed_in(Role.MARKETER).get("/calendar/").content.decode()
    assert "Read from other calendars" in page
    assert "Audit &lt;b&gt;" in page
    assert "s3cret-token" not in page
    assert "Audit <b>" not in page


@pytest.mark.parametrize(
    "answer",
    [
        (404, GOOD),
        (302, b""),
        (200, b"<html>Please sign in</html>"),
        (200, GOOD + b" " * MAX_SIZE),
        (200, ics("SUMMARY:x", "DTSTART:20261201T100000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY")),
        (200, "BEGIN:VCALENDAR\u00e9".encode("utf-16")),
        (200, b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 20_000),
        (200, b""),
    ],
)
def test_what_is_broken_leaves_the_last_good_one_in_force_and_is_said(theirs, answer, signed_in):
    fetching.fetch(theirs)
    _Calendar.answer = answer
    fetching.fetch(theirs)
    assert in_force() == ["Audit <b>"]
    (one,) = fetching.fetched()
    assert one.problem
    assert "s3cret" not in one.problem
    assert one.good_at is not None
    assert "it stays in force" in signed_in(Role.DATA_OWNER).get("/calendar/").content.decode()
    _Calendar.answer = (200, GOOD.replace(b"Audit", b"Review"))
    fetching.fetch(theirs)
    assert in_force() == ["Review <b>"]
    assert fetching.fetched()[0].problem == ""


def test_in_production_no_address_inside_is_asked_and_plain_http_never(theirs, monkeypatch):
    for url in (
        "http://example.com/a.ics",
        "https://127.0.0.1/a.ics",
        "https://[::ffff:10.0.0.1]/a.ics",
        "https://u:p@x.org/",
    ):
        with pytest.raises(ConfigError) as caught:
            addresses.checked(url, (), production=True, todo="", https=True)
        assert (caught.value.shown_code, "a.ics" in str(caught.value)) == ("T929", False)
    monkeypatch.setattr(addresses, "resolve", lambda _host, _port: ["10.0.0.1"])
    fetching.fetch(theirs)
    assert _Calendar.asked == 0
    assert fetching.fetched()[0].problem


def test_an_answer_that_never_ends_is_cut_off(theirs, monkeypatch):
    class Slow(_Calendar):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    self.server.quiet.wait(0.05)
            except OSError:
                self.server.quiet.set()

    monkeypatch.setattr(addresses, "_ALTOGETHER", 0.3)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.quiet = threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        parts, address = addresses.checked(f"http://127.0.0.1:{server.server_port}/", (), production=False, todo="")
        try:
            got = addresses.get(parts, address, accept="*/*", most=1 << 20)
            assert len(got.body) < 100
        except OSError:
            pass
        assert server.quiet.wait(10)
        server.shutdown()
        thread.join()
