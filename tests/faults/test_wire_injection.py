"""X8 through the whole send: line ends, dots and commands in the company's data never become any on the wire."""

import email
import re
from email import policy

import duckdb
import pytest

from twain.testing.relay import Relay

ADDRESSES = [
    '"x\r\nRCPT TO:<victim@evil.example>"@example.org',
    "a@example.org\r\nRSET",
    "a@example.org>\r\nMAIL FROM:<boss@evil.example",
    "a@example.org\nBcc: victim@evil.example",
    "a\rb@example.org",
    "a@example.org\x00.evil.example",
    "a@example.org> SIZE=1 ORCPT=x",
    "<a@example.org>",
    "a@example.org\u2028b@evil.example",
    "a@exa\u0001mple.org",
]
NAMES = [
    "Eve\r\nBcc: victim@evil.example",
    "Eve\r\n\r\n<script>x</script>",
    "Eve\r\n.\r\nMAIL FROM:<boss@evil.example>",
    "Eve\n.\nMAIL FROM:<boss@evil.example>",
    "Eve\r.\rQUIT",
    ".\r\nQUIT\r\n",
    "..",
    "From me",
    "Eve\x00\x01\x1f\x7f\x85\u2028\u2029",
    "=?utf-8?q?Eve=0D=0ABcc:_victim=40evil.example?=",
    "E" * 5000,
]


@pytest.fixture(params=["chunking", "data"])
def relay(request):
    with Relay() as made:
        if request.param == "data":
            made.script.extensions = tuple(e for e in made.script.extensions if e != b"CHUNKING")
        yield made


def test_nothing_in_the_data_is_a_line_a_header_or_a_command(demo, relay):
    demo.edit("twain.toml", f"port = {demo.sink.port}", f"port = {relay.port}")
    demo.edit("twain.toml", "connections = 4", "connections = 1")  # so that the raw bytes are one stream
    before = demo.twain("audience", "count", "summer-thanks", "--json").json["excluded"]["invalid"]
    hostile = _plant(demo)
    books = demo.twain("send", "summer-thanks", "--json").json
    assert books["state"] == "finished"
    assert books["sent"] == len(relay.received) > 300
    assert books["excluded"]["invalid"] >= before + len(ADDRESSES)
    _assert_clean(b"".join(relay.raw))
    assert relay.mails == books["sent"], "somebody else's MAIL FROM was taken for a command"
    assert {message.sender for message in relay.received} == {b"news@mail.nordlicht.example"}
    recipients = relay.recipients()
    assert set(recipients.values()) == {1}
    assert not [
        r for r in recipients if b"evil" in r or not re.fullmatch(rb"[^\x00-\x20<>\x7f]+@[^\x00-\x20<>\x7f]+", r)
    ]
    named = {message.recipients[0].decode(): message for message in relay.received}
    reached = [named[address] for address in hostile if address in named]
    assert len(reached) >= len(NAMES) // 2  # the others are in the holdout, or in the other arm's audience
    for message in relay.received:
        _assert_one_message(message)


def _plant(demo):
    """Hostile addresses for some, hostile names for others; returns the addresses of those with the names."""
    with duckdb.connect(str(demo.root / "data/shop.duckdb")) as shop:
        keys = [row[0] for row in shop.execute(
            "select customer_id from customers where newsletter_consent and email like '%@%.%' order by customer_id limit 120"
        ).fetchall()]  # fmt: skip
        for key, address in zip(keys, ADDRESSES * 4, strict=False):
            shop.execute("update customers set email = ? where customer_id = ?", [address, key])
        chosen = keys[len(ADDRESSES) * 4 :]
        for number, key in enumerate(chosen):
            name = NAMES[number % len(NAMES)]
            own = [name, name, f"named.{key}@example.org", key]
            shop.execute("update customers set first_name = ?, city = ?, email = ? where customer_id = ?", own)
    return [f"named.{key}@example.org" for key in chosen]


def _assert_clean(raw):
    assert not re.search(rb"[^\r]\n|\r[^\n]", raw), "a bare CR or LF on the wire"
    assert b"\x00" not in raw
    assert len(max(raw.split(b"\r\n"), key=len)) <= 998


def _assert_one_message(message):
    """RFC 5322: each header once, no recipient but one, and the body's own lines."""
    parsed = email.message_from_bytes(message.data, policy=policy.default)
    assert not parsed.defects
    assert parsed["Bcc"] is None
    for header in ("Subject", "From", "To", "Message-ID", "Date", "List-Unsubscribe"):
        assert len(parsed.get_all(header)) == 1
    assert not re.search(r"[\x00-\x1f\x7f]", str(parsed["Subject"]))
    assert len(message.recipients) == 1
    assert "\r\n.\r\n" not in message.data.decode("latin-1")
