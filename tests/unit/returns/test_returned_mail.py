"""Bounces, complaints and replies: made-up ones of every shape, hostile ones, and how long the worst takes."""

import itertools
import time
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._returned import hostile_mails
from twain.returns.causes import Cause, cause_of, find_status
from twain.returns.mail import MAX_BYTES, Kind, read_returned
from twain.returns.mail_parts import digest, without_addresses
from twain.returns.tokens import TokenMint, TokenRef, message_id
from twain.vault import KeyRing

MINT = TokenMint(KeyRing(1, {1: b"k" * 32}))
RUN, SHARD, ROW = "r0towx8i0vj9", 3, 77
MAC = MINT.stamps(RUN, SHARD, [ROW])[0][0]
OURS = message_id(RUN, SHARD, ROW, MAC, "mail.example.com").decode()
REF = TokenRef(RUN, SHARD, ROW)

SAID = [
    ("5.1.1", "550 5.1.1 <anna@example.com>: Recipient address rejected: User unknown", Cause.HARD),
    ("5.1.1", "550-5.1.1 The email account that you tried to reach does not exist.", Cause.HARD),
    ("5.1.2", "554 5.1.2 Host unknown (Name server: host not found)", Cause.HARD),
    ("5.2.1", "550 5.2.1 This mailbox has been disabled", Cause.HARD),
    ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", Cause.HARD),
    ("5.0.0", "550 Requested action not taken: mailbox unavailable", Cause.HARD),
    ("5.7.1", "550 5.7.1 no such user here", Cause.HARD),
    ("5.2.2", "552 5.2.2 The email account that you tried to reach is over quota", Cause.SOFT),
    ("5.2.3", "552 5.2.3 message size exceeds fixed limit", Cause.SOFT),
    ("4.2.2", "452 4.2.2 mailbox full", Cause.SOFT),
    ("4.4.1", "connection timed out", Cause.SOFT),
    ("4.3.2", "421 4.3.2 System not accepting network messages", Cause.SOFT),
    ("5.7.1", "550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus", Cause.BLOCK),
    ("5.7.26", "550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy", Cause.BLOCK),
    ("5.7.0", "552 5.7.0 This message was blocked because its content presents a potential security issue", Cause.BLOCK),
    ("5.6.0", "554 5.6.0 content rejected", Cause.BLOCK),
    ("4.7.0", "421 4.7.0 Our system has detected an unusual rate of unsolicited mail", Cause.THROTTLE),
    ("4.7.28", "450 4.7.28 too many messages, try again later", Cause.THROTTLE),
]  # fmt: skip


def report(kind, subject, prose, fields, returned):
    """A multipart/report (RFC 6522) as relays write it."""
    parts = (
        f"Content-Type: text/plain; charset=utf-8\n\n{prose}\n",
        f"Content-Type: message/{kind}\n\n{fields}",
        f"Content-Type: {returned}\n\nFrom: news@mail.example.com\nMessage-ID: {OURS}\nSubject: Summer\n\nHello\n",
    )
    head = (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.com>\nTo: bounces@mail.example.com\n"
        f'Subject: {subject}\nContent-Type: multipart/report; report-type={kind}; boundary="=b"\n\n'
    )
    return (head + "".join(f"--=b\n{part}\n" for part in parts) + "--=b--\n").encode()


def dsn(status, words, *, action="failed", prose="Your message could not be delivered.", returned="message/rfc822"):
    fields = (
        "Reporting-MTA: dns; mx.example.com\n\nFinal-Recipient: rfc822; anna@example.com\n"
        f"Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n"
    )
    return report("delivery-status", "Undelivered Mail Returned to Sender", prose, fields, returned)


def arf(feedback, **fields):
    lines = {"Feedback-Type": feedback, "User-Agent": "SomeLoop/1.0", "Version": "1", **fields}
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return report("feedback-report", "Abuse report", "This is an abuse report.", text, "text/rfc822-headers")


@pytest.mark.parametrize(("status", "words", "cause"), SAID)
def test_what_relays_say(status, words, cause):
    assert cause_of(status, words) is cause
    found = read_returned(dsn(status, words), MINT.verify_message_id)
    assert (found.kind, found.message, found.cause) == (Kind.BOUNCE, REF, cause)
    assert found.addresses == ("anna@example.com",)


VARIANTS = list(
    itertools.product(
        SAID[:6],
        ["failed", "delayed", "relayed"],
        ["message/rfc822", "text/rfc822-headers"],
        ["\n", "\r\n"],
        ["Your message could not be delivered.", "Ihre Nachricht konnte nicht zugestellt werden: Empfänger unbekannt"],
    )
)


@pytest.mark.parametrize(("said", "action", "returned", "end", "prose"), VARIANTS)
def test_every_shape_of_a_delivery_status(said, action, returned, end, prose):
    raw = dsn(said[0], said[1], action=action, returned=returned, prose=prose).replace(b"\n", end.encode())
    found = read_returned(raw, MINT.verify_message_id)
    expected = {"failed": Kind.BOUNCE, "delayed": Kind.DELAY, "relayed": Kind.UNKNOWN}
    assert found.kind is expected[action]
    assert found.message == REF


@pytest.mark.parametrize("feedback", ["abuse", "fraud", "virus", "other", "opt-out", "ABUSE"])
@pytest.mark.parametrize("named", [{}, {"Original-Rcpt-To": "<anna@example.com>"}])
def test_complaints(feedback, named):
    found = read_returned(arf(feedback, **named), MINT.verify_message_id)
    assert (found.kind, found.message, found.feedback) == (Kind.COMPLAINT, REF, feedback.lower())
    assert found.addresses == (("anna@example.com",) if named else ())


def test_not_spam_is_no_complaint():
    assert read_returned(arf("not-spam"), MINT.verify_message_id).kind is Kind.UNKNOWN


def plain(subject="Re: Summer", text="Thank you!", **headers):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = headers.pop("From", "Anna <anna@example.com>"), subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (plain(In_Reply_To=OURS), Kind.REPLY),
        (plain(References=f"<x@y.example> {OURS}"), Kind.REPLY),
        (plain("Out of office", "I am away", Auto_Submitted="auto-replied", In_Reply_To=OURS), Kind.AUTO_REPLY),
        (plain("Abwesend", "bis Montag", X_Autoreply="yes"), Kind.AUTO_REPLY),
        (plain("Hello", "buy now"), Kind.UNKNOWN),
        (plain("failed", "<anna@example.com>:\n550 5.1.1 user unknown", From="MAILER-DAEMON@mx.example.com"), Kind.BOUNCE),
    ],
)  # fmt: skip
def test_replies_are_told_apart(raw, kind):
    assert read_returned(raw, MINT.verify_message_id).kind is kind


def test_a_forged_message_id_is_nobodys():
    forged = dsn("5.1.1", "user unknown").replace(MAC, b"0" * 20)
    found = read_returned(forged, MINT.verify_message_id)
    assert found.kind is Kind.BOUNCE
    assert found.message is None


def test_words_of_strangers_come_as_one_printable_line():
    found = read_returned(dsn("5.1.1", "user unknown\x1b[31m\x00 <script>"), MINT.verify_message_id)
    assert found.words.isprintable()


NASTY = hostile_mails()


@pytest.mark.parametrize("name", NASTY)
def test_nothing_takes_long_or_fails(name):
    best = min(_seconds(NASTY[name]) for _ in range(3))
    assert best < 0.1, f"{name}: {best * 1e3:.0f} ms"


def _seconds(raw):
    begun = time.process_time()
    read_returned(raw, MINT.verify_message_id)
    return time.process_time() - begun


@given(st.binary(max_size=4_000))
def test_no_bytes_make_it_fail(raw):
    assert read_returned(raw, MINT.verify_message_id).kind in Kind


@given(st.text(max_size=300), st.text(max_size=20))
def test_no_words_make_it_fail(words, status):
    assert cause_of(status, words) in Cause
    assert find_status(words) == "" or find_status(words)[0] in "245"


def test_a_mail_larger_than_the_bound_is_read_to_the_bound():
    found = read_returned(dsn("5.1.1", "user unknown") + b"x" * MAX_BYTES * 4, MINT.verify_message_id)
    assert (found.kind, found.message) == (Kind.BOUNCE, REF)


def test_a_mail_is_known_again_whatever_way_it_comes():
    raw = dsn("5.1.1", "user unknown")
    ways = (raw.replace(b"\n", b"\r\n"), b"From MAILER-DAEMON Sun Nov 22 10:00:00 2026\n" + raw, raw + b"\n\n")
    assert {digest(way) for way in ways} == {digest(raw)}
    assert digest(raw) != digest(raw.replace(b"5.1.1", b"5.1.2"))
    assert digest(b"") != digest(b"x")


def test_nobodys_address_is_kept():
    told = "550 5.1.1 <anna@example.com>: no 'b.b@example.org' (c+d@x), \"e f\"@x.example bounces+r1.0.1.aa@mail.example.com here"
    assert "@" not in without_addresses(told)
    assert without_addresses("550 5.1.1 User unknown") == "550 5.1.1 User unknown"
