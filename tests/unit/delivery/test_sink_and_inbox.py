"""The built-in sink and its inbox: strict, bounded, and harmless to look at."""

from __future__ import annotations

import smtplib
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from twain.delivery.channels.smtp import SmtpChannel
from twain.demo.inbox import start_inbox
from twain.demo.kept import KeptMessages
from twain.demo.sink import Counting, message_id, start_sink
from twain.demo.sink_session import Received
from twain.records import Envelope, Fate
from twain.settings import ChannelSettings
from twain.testing.channel_suite import ListFeeder, envelopes
from twain.testing.delay import start_delay
from twain.testing.relay import Relay

HOSTILE = (
    b"From: <img src=x onerror=alert(1)> <a@example.com>\r\n"
    b"Subject: <script>alert(1)</script>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain\r\n\r\n<script>alert(2)</script>\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>Hello</p><script>alert(3)</script>\r\n--b--\r\n"
)


def get(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kept = KeptMessages(tmp_path, 5)
    kept.keep(Received(b"bounces@example.com", [b"anna@example.org"], HOSTILE, "data"))
    kept.write_out()
    return tmp_path


def test_the_sink_runs_alone_counts_and_keeps_the_last(tmp_path: Path) -> None:
    ids = tmp_path / "ids"
    with start_sink(keep=3, ids=ids) as sink:
        channel = SmtpChannel(ChannelSettings("x", "smtp", {"host": "127.0.0.1", "port": sink.port}))
        for _ in range(2):
            feeder = ListFeeder(envelopes(40))
            channel.deliver(feeder)
            assert feeder.fates() == {Fate.SENT: 40}
        counts = sink.counts()
        assert (counts.messages, counts.duplicates) == (80, 40)
        assert counts.bytes == 2 * sum(len(one.data) for one in envelopes(40))
        folder = sink.folder
        assert len(ids.read_bytes().splitlines()) == 80
    assert folder is not None


def test_only_the_last_are_kept_and_numbers_go_on(tmp_path: Path) -> None:
    kept = KeptMessages(tmp_path, 3)
    for number in range(10):
        kept.keep(Received(b"s@x", [b"r@x"], b"Subject: %d\r\n\r\n" % number, "data"))
    kept.write_out()
    again = KeptMessages(tmp_path, 3)
    again.keep(Received(b"s@x", [b"r@x"], b"Subject: last\r\n\r\n", "data"))
    again.write_out()
    assert [p.name for p in sorted(tmp_path.glob("*"))] == ["000000009.eml", "000000010.eml", "000000011.eml"]
    assert b"Delivered-To: r@x\r\n" in (tmp_path / "000000011.eml").read_bytes()


def test_message_ids_are_found_in_the_headers_only() -> None:
    assert message_id(b"Subject: x\r\nMESSAGE-ID:  <1@a>\r\n\r\nMessage-ID: <2@a>\r\n") == b"<1@a>"
    assert message_id(b"Subject: x\r\n\r\nMessage-ID: <2@a>\r\n") == b"(none)"


def test_the_standard_librarys_client_is_understood() -> None:
    with Relay() as relay, smtplib.SMTP("127.0.0.1", relay.port, timeout=10) as client:
        refused = client.sendmail(
            "a@example.com", ["b@example.org", "c@example.org"], b"Subject: x\r\n\r\n.dot\r\n..two\r\n"
        )
        assert refused == {}
        assert relay.received[0].recipients == [b"b@example.org", b"c@example.org"]
        assert relay.received[0].data == b"Subject: x\r\n\r\n.dot\r\n..two\r\n"
        assert client.docmd("NOOP")[0] == 250
        assert client.docmd("VRFY x")[0] == 252
        assert client.docmd("NONSENSE")[0] == 500
        assert client.docmd("RCPT TO:<x@y>")[0] == 503
        assert client.docmd("MAIL FROM:x")[0] == 501


def test_commands_out_of_order_are_refused() -> None:
    with Relay() as relay, smtplib.SMTP("127.0.0.1", relay.port, timeout=10) as client:
        assert client.docmd("MAIL FROM:<a@b>")[0] == 530
        client.ehlo()
        assert client.docmd("DATA")[0] == 503
        assert client.docmd("MAIL FROM:<a@b>")[0] == 250
        assert client.docmd("MAIL FROM:<a@b>")[0] == 503
        assert client.docmd("DATA")[0] == 554
        assert client.docmd("BDAT x")[0] == 501


def test_chunks_make_one_message() -> None:
    with Relay() as relay, smtplib.SMTP("127.0.0.1", relay.port, timeout=10) as client:
        client.ehlo()
        client.docmd("MAIL FROM:<a@b>")
        client.docmd("RCPT TO:<c@d>")
        client.send(b"BDAT 5\r\nHello")
        assert client.getreply()[0] == 250
        client.send(b"BDAT 7 LAST\r\n World\n")
        assert client.getreply()[0] == 250
        assert (relay.received[0].data, relay.received[0].by) == (b"Hello World\n", "bdat")


def test_the_inbox_shows_a_hostile_message_harmlessly(folder: Path) -> None:
    with start_inbox(folder=folder) as inbox:
        status, headers, page = get(inbox.url)
        assert status == 200
        assert "anna@example.org" in page
        assert "<script" not in page
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        _, headers, one = get(inbox.url + "1")
        assert "<script" not in one
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in one
        assert "script-src" not in headers["Content-Security-Policy"]
        _, headers, html = get(inbox.url + "1/html")
        assert "<p>Hello</p>" in html
        assert "sandbox" in headers["Content-Security-Policy"]
        assert "allow-scripts" not in headers["Content-Security-Policy"]
        assert get(inbox.url + "1/text")[1]["Content-Type"].startswith("text/plain")
        assert get(inbox.url + "1/source")[2].startswith("Return-Path: <bounces@example.com>")


@pytest.mark.parametrize("path", ["../etc/passwd", "..%2f..%2fetc/passwd", "1/../1", "99", "1/exe", "1;x", "?a"])
def test_the_inbox_knows_no_other_page(folder: Path, path: str) -> None:
    with start_inbox(folder=folder) as inbox:
        assert get(inbox.url + path)[0] == 404


def test_the_inbox_answers_to_this_machines_names_only(folder: Path) -> None:
    with start_inbox(folder=folder) as inbox:
        assert get(inbox.url, Host="evil.example")[0] == 403


def test_an_empty_inbox_says_so(tmp_path: Path) -> None:
    with start_inbox(folder=tmp_path) as inbox:
        assert "Nothing has arrived yet" in get(inbox.url)[2]


def test_the_sink_without_chunking_offers_none() -> None:
    assert b"CHUNKING" not in Counting(chunking=False).extensions
    assert b"CHUNKING" in Counting().extensions


def test_the_delay_proxy_delays_and_loses_nothing() -> None:
    with Relay() as relay, start_delay("127.0.0.1", relay.port, 0.04) as port:
        feeder = ListFeeder([Envelope(1, b"a@b.c", b"d@e.f", b"Subject: x\r\n\r\n" + b"y" * 70 + b"\r\n")])
        settings = ChannelSettings("x", "smtp", {"host": "127.0.0.1", "port": port}, connections=1)
        SmtpChannel(settings).deliver(feeder)
        assert feeder.fates() == {Fate.SENT: 1}
