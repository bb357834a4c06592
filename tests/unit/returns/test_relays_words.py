"""What relays, mail readers and people really write, in made-up mails of every shape: kind, cause and address are told."""

# ruff: noqa: E501, PLR0917 — lines of mails, each with what it is

from __future__ import annotations

import base64
import tomllib
from html import escape
from pathlib import Path

import pytest

from twain.returns.causes import Cause, cause_of
from twain.returns.mail import Kind, Proof, read_returned
from twain.returns.tokens import TokenMint, TokenRef, message_id
from twain.vault import KeyRing

MINT = TokenMint(KeyRing(1, {1: b"k" * 32}))
REF = TokenRef("r0towx8i0vj9", 3, 77)
OURS = message_id(*REF, MINT.stamps(REF.run_id, REF.shard, [REF.row])[0][0], "mail.example.com").decode()


def _said():
    """(name, sender, subject, body, kind, cause, address, more headers) of each made-up mail."""
    for one in tomllib.loads((Path(__file__).parent / "said.toml").read_text(encoding="utf-8"))["mail"]:
        cause = Cause(one["cause"]) if "cause" in one else None
        address = one.get("address", "anna@example.com") or None
        yield (
            one["name"],
            one["sender"],
            one["subject"],
            one["body"],
            Kind(one["kind"]),
            cause,
            address,
            one.get("headers", {}),
        )


SAID = list(_said())


def head(sender, subject, headers):
    more = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"From: {sender}\nTo: bounces@mail.example.com\nSubject: {subject}\n{more}MIME-Version: 1.0\n"


def plain(text):
    return f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}"


def packed(text):
    return f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n{base64.encodebytes(text.encode()).decode()}"


def html(text):
    lines = "".join(f"<p>{escape(line)}</p>" for line in text.split("\n"))
    return f"Content-Type: text/html; charset=utf-8\n\n<html><head><style>p {{ color: red }}</style></head><body>{lines}</body></html>"


def with_returned(text):
    returned = f"Received: from a\nFrom: news@mail.example.com\nTo: anna@example.com\nMessage-ID: {OURS}\nSubject: Summer\n\nvirus, user unknown, mailbox full\n"
    return (
        'Content-Type: multipart/mixed; boundary="=_b"\n\n--=_b\n'
        f"{plain(text)}\n--=_b\nContent-Type: message/rfc822\n\n{returned}\n--=_b--\n"
    )


SHAPES = {"plain": plain, "base64": packed, "html": html, "with the mail": with_returned}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("name", "sender", "subject", "body", "kind", "cause", "address", "headers"), SAID, ids=[one[0] for one in SAID]
)
def test_what_comes_back_is_understood(name, sender, subject, body, kind, cause, address, headers, shape):
    if shape == "with the mail" and kind not in (Kind.BOUNCE, Kind.DELAY):
        shape = "plain"
    found = read_returned((head(sender, subject, headers) + SHAPES[shape](body)).encode(), MINT.verify_message_id)
    assert (found.kind, found.cause) == (kind, cause), found
    if address is not None:
        assert found.addresses == (address,), found
    if shape == "with the mail":
        assert (found.message, found.proof) == (REF, Proof.MESSAGE_ID)


LINES = [
    ("5.1.1", "550 5.1.1 <x@y.z>: Email address could not be found, or was misspelled (G8)", "hard"),
    ("", "550 Invalid recipient <x@y.z> (#5.1.1)", "hard"),
    ("", "550 #5.1.0 Address rejected.", "hard"),
    ("5.1.0", "550 5.1.0 Address rejected", "hard"),
    ("", "550 5.2.1 The email account that you tried to reach is inactive", "hard"),
    (
        "",
        "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered.",
        "throttle",
    ),
    ("", "452 4.2.2 The email account that you tried to reach is over quota", "soft"),
    (
        "",
        "421 4.7.0 [TSS04] Messages from 1.2.3.4 temporarily deferred due to user complaints - 4.16.55.1; see https://postmaster.verizonmedia.com/error-codes",
        "throttle",
    ),
    (
        "",
        "421 RP-001 (BAY004-MC1F15) Unfortunately, some messages from 1.2.3.4 weren't sent. Please try again. We have limits for how many messages can be sent per hour and per day.",
        "throttle",
    ),
    (
        "",
        "550 SC-001 (BAY004-MC4F12) Unfortunately, messages from 1.2.3.4 weren't sent. Please contact your Internet service provider since part of their network is on our block list.",
        "block",
    ),
    ("", "550 DY-001 Mail rejected by Windows Live Hotmail for policy reasons.", "block"),
    ("", "554 IMTA-... mail refused - see http://spamcop.net", "block"),
    ("", "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "soft"),
    ("", "550 relay not permitted", "soft"),
    ("", "501 <x@y>: domain missing or malformed", "soft"),
    ("", "550 5.4.1 All recipient addresses rejected : Access denied", "hard"),
    ("", "554 5.4.6 Hop count exceeded - possible mail loop", "soft"),
    ("", "554 5.4.14 Hop count exceeded - possible mail loop ATTR34", "soft"),
    ("5.4.4", "DNS Error: domain name not found", "hard"),
    ("", "DNS Error: 12345 DNS type 'mx' lookup of example.invalid responded with code NXDOMAIN", "hard"),
    ("4.4.4", "[{LED=450 4.4.317 Cannot connect to remote server", "soft"),
    (
        "",
        "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed",
        "soft",
    ),
    ("", "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", "soft"),
    ("", "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP", "block"),
    ("", "550 5.0.350 Remote server returned an error -> 550 Message rejected as spam by Content Filtering.", "block"),
    ("", "550 5.0.350 Remote server returned an error -> 550 User unknown", "hard"),
    ("", "550 permanent failure for one or more recipients (x@y.z:550 5.1.1 unknown)", "hard"),
    ("", "550 permanent failure for one or more recipients (x@y.z:blocked)", "block"),
    ("", "550 envelope blocked - https://community.mimecast.com/docs/DOC-1369#550", "block"),
    ("", "550 Administrative prohibition - envelope blocked", "block"),
    ("", "550 Rejected by header based Anti-Spoofing policy", "block"),
    ("", "451 Internal resource temporarily unavailable", "soft"),
    ("", "451 4.7.1 Greylisting in action, please come back in 00:05:00", "soft"),
    ("", "450 4.2.0 <x@y>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/", "soft"),
    ("", "550 No such person at this address", "hard"),
    ("", '550-No Such User Here"', "hard"),
    ("", "550 Mailbox unavailable or access denied - <x@y>", "block"),
    ("", "552 5.2.2 Over quota", "soft"),
    (
        "",
        "554 delivery error: dd Sorry your message to x@y.z cannot be delivered. This account has been disabled or discontinued [#102].",
        "hard",
    ),
    ("", "554 5.7.1 Service unavailable; Client host [1.2.3.4] blocked using zen.spamhaus.org", "block"),
    ("", "550 5.1.8 <a@b>: Sender address rejected: Domain not found", "block"),
    ("", "553 5.1.8 Domain of sender address a@b does not exist", "block"),
    ("", "550 5.7.25 The IP address sending this message does not have a PTR record setup", "block"),
    ("", "550-5.7.26 This mail has been blocked because the sender is unauthenticated.", "block"),
    (
        "",
        "550 5.7.515 Access denied, sending domain EXAMPLE.COM doesn't meet the required authentication level.",
        "block",
    ),
    ("", "552 5.3.4 Message size exceeds fixed limit", "soft"),
    ("", "552-5.7.0 This message was blocked because its content presents a potential security issue", "block"),
    ("", "550 5.1.6 Recipient no longer on server", "hard"),
    ("", "550 5.1.2 <x@y>: Recipient address rejected: Domain not found", "hard"),
    ("", "556 5.1.10 Recipient address has null MX", "hard"),
    ("", "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable", "hard"),
    ("", "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", "soft"),
    ("", "554 5.6.0 STOREDRV.Deliver; Corrupt message content", "block"),
    ("", "550 Account is not available", "hard"),
    ("", "550 x@y.z... Account not available", "hard"),
    ("", "550 [x@y] Quota Exceeded / Mailbox voll", "soft"),
    ("", "550 Benutzer hat zuviele Mails auf dem Server.", "soft"),
    ("", "550 5.7.1 <x@y>: Recipient address rejected: this user has moved", "hard"),
    ("", "450 4.1.1 <x@y>: Recipient address rejected: unverified address: host said", "soft"),
    ("", "550 5.1.1 <x@y>: Recipient address rejected: undeliverable address", "hard"),
    ("", "smtp; 550 Cannot find user", "hard"),
    ("", "550 5.7.64 TenantAttribution; Relay Access Denied", "soft"),
    ("", "554 Denied (Mode: normal)", "block"),
    ("", "571 Message Refused", "block"),
    ("", "554 rejected due to spam content", "block"),
    ("", "5.3.0 (Other mail system problem) 554-'5.7.1 bad sender reputation'", "block"),
    ("", "550 MAILBOX NOT FOUND", "hard"),
    ("", "550 The user has been suspended", "hard"),
    ("", "522 5.2.2 mailbox full", "soft"),
    ("", "451 4.3.0 Message held for human verification before permanent delivery", "soft"),
    ("", "450 4.7.25 Client host rejected: cannot find your hostname", "block"),
    ("", "554 5.7.1 Blacklisted by recipient", "block"),
    ("", "550 Unable to relay for x@y", "soft"),
    ("", "x@y: mailbox for x@y is full", "soft"),
    ("", "delivery temporarily suspended: connect to mx.y.z[1.2.3.4]:25: Connection refused", "soft"),
    ("", "unable to look up host y.z: Name or service not known", "hard"),
    ("", "Could not find domain y.z", "hard"),
    ("", "550 5.4.310 DNS domain y.z does not exist", "hard"),
    ("", "550 5.4.300 Message expired -> 451 4.7.500 Server busy", "soft"),
    ("", "The recipient's mailbox has been closed", "hard"),
    ("", "Dieser Benutzer existiert nicht", "hard"),
    ("", "Das Postfach ist voll", "soft"),
    ("", "La boîte de réception du destinataire est pleine", "soft"),
    ("", "L'adresse n'existe pas", "hard"),
    ("", "宛先が見つかりませんでした", "hard"),
]


@pytest.mark.parametrize(("status", "words", "cause"), LINES, ids=[one[1][:60] for one in LINES])
def test_one_line_of_a_relay(status, words, cause):
    assert cause_of(status, words) is Cause(cause)
