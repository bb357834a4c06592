"""From a message in somebody's mailbox back to the numbers of its send: opened, clicked, viewed, collected, shown."""

import email
import email.policy
import os
import re
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import duckdb

from twain.flows.events import collect
from twain.flows.gateway import open_spool, recipients_app
from twain.flows.instance import open_instance
from twain.returns.words import known, words

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
HOUR = 3_600


def mails(demo):
    """What the relay got, as soon as it has written it out."""
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in demo.kept()]


def html_of(mail):
    return mail.get_body(("html",)).get_content()


@contextmanager
def recipients(demo, *, later=HOUR):
    """What a recipient's browser sees of the gateway, an hour after the send."""
    with open_instance(demo.root) as here, closing(open_spool(here.settings)) as spool:
        app = recipients_app(here, spool)

        def ask(url, method="GET", agent=PHONE):
            said = {}
            environ = {
                "REQUEST_METHOD": method,
                "PATH_INFO": urlsplit(url).path,
                "HTTP_USER_AGENT": agent,
                "HTTP_ACCEPT_LANGUAGE": "es",
                "REMOTE_ADDR": "192.0.2.7",
            }
            body = b"".join(app(environ, lambda status, headers: said.update(status=status, headers=dict(headers))))
            return int(said["status"][:3]), said["headers"], body

        yield ask


def test_a_send_with_clicks_and_opens(demo):
    demo.edit("twain.toml", "connections = 4", "connections = 4\ntrack_opens = true")
    answer = demo.twain("send", "summer-thanks", "--limit", "20", "--json")
    assert answer.code == 0, answer.err
    run = answer.json["run"]
    first, second, third, *_ = mails(demo)
    with open_instance(demo.root) as here:
        sent_at = here.ledger.run(run).ended_at
    links = {m: re.findall(r'href="(http[^"]*/c/[^"]+)"', html_of(m)) for m in (first, second, third)}
    pixel = re.search(r'src="(http[^"]*/o/[^"]+)"', html_of(first))[1]
    signed = [link for link in links[first] if link.count(".") > 4]
    assert len(signed) == 1
    plain = [link for link in links[first] if link not in signed and "999999" not in link]
    assert len(plain) > 3
    with recipients(demo) as ask:
        status, headers, _ = ask(signed[0])
        assert (status, headers["Location"].rpartition("/")[0]) == (302, "https://www.nordlicht.example/thanks")
        assert ask(plain[0])[1]["Location"].startswith("https://www.nordlicht.example/")
        assert ask(pixel)[0] == 200
        for link in links[second]:
            ask(link, agent="Barracuda Sentinel (EE)")
    with open_instance(demo.root) as here:
        waiting = demo.root / ".twain/events"
        for path in waiting.glob("*.events"):
            os.utime(path, (sent_at, sent_at))
        collect(here, settle=0)
    shown = demo.twain("run", run, "--json").json["came_back"]
    assert shown["click"]["machines"]["messages"] >= 1
    assert shown["machines_by"].keys() <= {"gateway", "canary", "too-soon", "burst"}
    words = demo.twain("run", run).out
    assert "What came back" in words
    assert "Clicked" in words


def test_an_hour_later_a_reader_is_a_reader(demo, monkeypatch):
    answer = demo.twain("send", "summer-thanks", "--limit", "5", "--json")
    link = next(h for h in re.findall(r'href="(http[^"]*/c/[^"]+)"', html_of(mails(demo)[0])) if "999999" not in h)
    import time  # noqa: PLC0415 — its own clock is moved

    real = time.time
    monkeypatch.setattr("twain.flows.gateway.create_app", _an_hour_later(real))
    with recipients(demo) as ask:
        assert ask(link)[0] == 302
    with open_instance(demo.root) as here:
        assert collect(here, settle=0).machines == 0
    shown = demo.twain("run", answer.json["run"], "--json").json["came_back"]
    assert shown["click"] == {"people": {"times": 1, "messages": 1}, "machines": {"times": 0, "messages": 0}}


def _an_hour_later(real):
    from twain.returns.gateway import create_app  # noqa: PLC0415 — before it is replaced

    return lambda *args, **named: create_app(*args, **named, now=lambda: real() + HOUR)


def test_opens_are_counted_only_where_both_teams_say_so(demo):
    assert demo.twain("send", "summer-thanks", "--limit", "2", "--json").code == 0
    assert "/o/" not in html_of(mails(demo)[0])
    demo.edit("twain.toml", "connections = 4", "connections = 4\ntrack_opens = true\ntrack_clicks = false")
    preview = demo.twain("preview", "summer-thanks", "--json").json["previews"][0]["html"]
    assert "/o/" in preview
    assert "/c/" not in preview
    demo.edit("campaigns/summer-thanks/campaign.toml", 'topic = "offers"', 'topic = "offers"\ntrack_opens = false')
    assert "/o/" not in demo.twain("preview", "summer-thanks", "--json").json["previews"][0]["html"]
    demo.edit("twain.toml", "track_opens = true", 'track_opens = "yes"')
    refused = demo.twain("preview", "summer-thanks")
    assert refused.code == 2
    assert "track_opens" in refused.err


def test_a_message_in_the_browser_is_as_it_was_sent_and_later_without_anything_personal(demo):
    demo.edit(
        "campaigns/summer-thanks/body.mjml",
        '<a href="{{ unsubscribe_url }}"',
        '<a href="{{ view_url }}">View</a> <a href="{{ unsubscribe_url }}"',
    )
    assert demo.twain("send", "summer-thanks", "--limit", "20", "--json").code == 0
    mail = next(m for m in mails(demo) if "friend" not in str(m["Subject"]) and ", thank you" in str(m["Subject"]))
    name = str(mail["Subject"]).partition(",")[0]
    view = re.search(r'href="(http[^"]*/v/[^"]+)"', html_of(mail))[1]
    with recipients(demo) as ask:
        status, headers, body = ask(view)
        assert status == 200
        assert "sandbox" in headers["Content-Security-Policy"]
        page = body.decode()
        assert name in html_of(mail)
        assert name not in page  # the send is settled: its spool is gone, and with it every name
        assert "outdoor friend" in page
        assert words("de")["view_without"] in page  # as policy.toml says for whoever's language nobody knows
        why = ask(view.replace("/v/", "/w/"))[2].decode()
        assert name not in why
        assert words("es")["why_without"] in why
        assert re.findall(r"/c/[\w-]+", page)[:1] == re.findall(r"/c/[\w-]+", html_of(mail))[:1]
        assert ask(view[:-1] + ("A" if view[-1] != "A" else "B"))[0] == 404


def test_while_the_send_goes_on_the_browser_shows_the_persons_own_message(demo):
    demo.edit(
        "campaigns/summer-thanks/body.mjml",
        '<a href="{{ unsubscribe_url }}"',
        '<a href="{{ view_url }}">View</a> <a href="{{ unsubscribe_url }}"',
    )
    demo.edit("twain.toml", "connections = 4", 'connections = 4\nlimits = { "*" = { per_second = 5 } }')
    words = [sys.executable, "-m", "twain", "send", "summer-thanks", "--limit", "300"]
    with subprocess.Popen(words, cwd=demo.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sending:
        try:
            waited = threading.Event()
            while demo.messages() < 2 and sending.poll() is None:
                waited.wait(0.05)
            mail = mails(demo)[0]
            view = re.search(r'href="(http[^"]*/v/[^"]+)"', html_of(mail))[1]
            with recipients(demo) as ask:
                page = ask(view)[2].decode()
                choices = ask(view.replace("/v/", "/p/"))[2].decode()
        finally:
            sending.kill()
    assert page.splitlines() == html_of(mail).splitlines()
    assert re.search(r'<html lang="(\w+)">', choices)[1] in languages_of(demo, str(mail["To"]))


def languages_of(demo, address):
    """What the company's data says of whoever has this address; the browser's where we have no words in it."""
    with duckdb.connect(str(demo.root / "data/shop.duckdb"), read_only=True) as shop:
        asked = "select distinct language from customers where lower(trim(email)) = lower(?)"
        found = shop.execute(asked, [address]).fetchall()
    assert found
    return {known(str(language)) or "es" for (language,) in found}
