"""Reports of every shape that relays and complaint programmes make of RFC 3464, RFC 5965, RFC 6533 and RFC 8098."""

# ruff: noqa: E501 — lines of mails

from __future__ import annotations

import base64

import pytest

from twain.returns.mail import read_returned

SHAPES = []


def go(name, raw, kind, cause, address=None):
    SHAPES.append(pytest.param(raw.encode(), kind, cause, address, id=name))


HEAD = 'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'


def rep(
    fields,
    text="",
    frm="postmaster@x.example",
    subj="Undeliverable: x",
    ret="Content-Type: message/rfc822\n\nTo: anna@example.com\nSubject: x\n\nbody\n",
    pre=HEAD,
    typ="message/delivery-status",
):
    return f"From: {frm}\nSubject: {subj}\n{pre}--b\nContent-Type: text/plain\n\n{text}\n--b\nContent-Type: {typ}\n\n{fields}\n--b\n{ret}\n--b--\n"


FAILED = "Reporting-MTA: dns;x\n\nFinal-recipient: RFC822; anna@example.com\nAction: failed\nStatus: 5.1.1\nX-Supplementary-Info: <x #5.1.1 smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found>\n"
go("exch", rep(FAILED), "bounce", "hard", "anna@example.com")
go(
    "global",
    rep(
        "Reporting-MTA: dns;x\n\nFinal-Recipient: utf-8; anna@example.com\nAction: failed\nStatus: 5.1.1\n",
        typ="message/global-delivery-status",
    ),
    "bounce",
    "hard",
    "anna@example.com",
)
go("mixed", rep(FAILED, pre='Content-Type: multipart/mixed; boundary="b"\n\n'), "bounce", "hard", "anna@example.com")
go(
    "no recipients in the report",
    rep("Reporting-MTA: dns;x\nArrival-Date: x\n", text="<anna@example.com>: 550 5.1.1 user unknown"),
    "bounce",
    "hard",
    "anna@example.com",
)
go(
    "expanded",
    rep("Reporting-MTA: dns;x\n\nFinal-Recipient: rfc822;anna@example.com\nAction: expanded\nStatus: 2.0.0\n"),
    "unknown",
    "",
)
go(
    "delivered",
    rep(
        "Reporting-MTA: dns;x\n\nFinal-Recipient: rfc822;anna@example.com\nAction: delivered\nStatus: 2.0.0\n",
        subj="Successful Mail Delivery Report",
    ),
    "unknown",
    "",
)
go(
    "status comment",
    rep(
        "Reporting-MTA: dns;x\n\nFinal-Recipient: rfc822;anna@example.com\nAction: failed (bad destination mailbox)\nStatus: 5.1.1 (bad)\n"
    ),
    "bounce",
    "hard",
    "anna@example.com",
)
go(
    "exp 4.4.7",
    rep(
        "Reporting-MTA: dns;x\n\nFinal-Recipient: rfc822;anna@example.com\nAction: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp;421 4.4.1 Connection timed out\n"
    ),
    "bounce",
    "soft",
    "anna@example.com",
)
go(
    "x400",
    rep(
        "Reporting-MTA: x400; mta\n\nFinal-Recipient: x400; /S=anna/\nOriginal-Recipient: rfc822; anna@example.com\nAction: failed\nStatus: 5.1.1\n"
    ),
    "bounce",
    "hard",
    "anna@example.com",
)
go(
    "vms quotes",
    rep(
        "Reporting-MTA: dns;x\n\nFinal-Recipient: rfc822; <anna@example.com>\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-'No such user here'\n"
    ),
    "bounce",
    "hard",
    "anna@example.com",
)
go(
    "no blank between",
    rep("Reporting-MTA: dns;x\nFinal-Recipient: rfc822;anna@example.com\nAction: failed\nStatus: 5.1.1\n"),
    "bounce",
    "hard",
    "anna@example.com",
)
go(
    "text/plain dsn fields",
    "From: x@y.example\nSubject: Delivery Failure\nContent-Type: text/plain\n\nReporting-MTA: dns;x\n\nFinal-Recipient: rfc822;anna@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;550 user unknown\n",
    "bounce",
    "hard",
    "anna@example.com",
)
go(
    "ses",
    "From: MAILER-DAEMON@amazonses.com\nSubject: Delivery Status Notification (Failure)\n"
    + rep(
        "Reporting-MTA: dns; a8-50.smtp-out.amazonses.com\n\nAction: failed\nFinal-Recipient: rfc822; anna@example.com\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\nStatus: 5.1.1\n"
    ).split("\n", 2)[2],
    "bounce",
    "hard",
    "anna@example.com",
)
go(
    "base64 status",
    rep("X", typ="message/delivery-status\nContent-Transfer-Encoding: base64").replace(
        "\nX\n", "\n" + base64.b64encode(FAILED.encode()).decode() + "\n"
    ),
    "bounce",
    "hard",
    "anna@example.com",
)
OUTLOOK = 'From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: anna@hotmail.com\nTo: x\nSubject: Summer\n\nbody\n--b--\n'
go("jmrp", OUTLOOK, "complaint", "", "anna@hotmail.com")
go(
    "yahoo cfl",
    'From: feedback@arf.mail.yahoo.com\nSubject: FW: Summer\nContent-Type: multipart/report; boundary="b"; report-type=feedback-report\n\n--b\nContent-Type: text/plain\n\nThis is an email abuse report\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Mail-From: <b@x>\nOriginal-Rcpt-To: anna@yahoo.com\n\n--b\nContent-Type: message/rfc822\n\nTo: anna@yahoo.com\n\nx\n--b--\n',
    "complaint",
    "",
    "anna@yahoo.com",
)
go(
    "arf no rcpt",
    'From: fbl@x\nSubject: abuse\nContent-Type: multipart/report; boundary="b"; report-type=feedback-report\n\n--b\nContent-Type: text/plain\n\nThis is an email abuse report\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b\nContent-Type: text/rfc822-headers\n\nTo: anna@example.com\n\n--b--\n',
    "complaint",
    "",
    "anna@example.com",
)
go(
    "arf two rcpt",
    'From: fbl@x\nSubject: abuse\nContent-Type: multipart/report; boundary="b"; report-type=feedback-report\n\n--b\nContent-Type: text/plain\n\nreport\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nRemoval-Recipient: anna@example.com\nReceived-Date: x\n\n--b--\n',
    "complaint",
    "",
    "anna@example.com",
)
go(
    "opt-out",
    'From: fbl@x\nSubject: abuse\nContent-Type: multipart/report; boundary="b"; report-type=feedback-report\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: opt-out\nRemoval-Recipient: anna@example.com\n\n--b--\n',
    "complaint",
    "",
    "anna@example.com",
)
go(
    "mdn read",
    'From: Anna <anna@example.com>\nSubject: Read: Summer\nContent-Type: multipart/report; report-type=disposition-notification; boundary="b"\n\n--b\nContent-Type: text/plain\n\nYour message was read\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;anna@example.com\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n',
    "auto_reply",
    "",
)
go("empty", "", "unknown", "")
go(
    "gmail with icon",
    'From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nSubject: Delivery Status Notification (Failure)\nX-Failed-Recipients: anna@example.com\nAuto-Submitted: auto-replied\nContent-Type: multipart/report; boundary="b"; report-type=delivery-status\n\n--b\nContent-Type: multipart/related; boundary="c"\n\n--c\nContent-Type: multipart/alternative; boundary="d"\n\n--d\nContent-Type: text/plain; charset="UTF-8"\n\n** Address not found **\n--d\nContent-Type: text/html\n\n<p>x</p>\n--d--\n--c\nContent-Type: image/png\n\nxx\n--c--\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; googlemail.com\nReceived-From-MTA: dns; a\nArrival-Date: x\n\nFinal-Recipient: rfc822; anna@example.com\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; x\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\n\n--b\nContent-Type: message/rfc822\n\nTo: anna@example.com\n\n--b--\n',
    "bounce",
    "hard",
    "anna@example.com",
)


@pytest.mark.parametrize(("raw", "kind", "cause", "address"), SHAPES)
def test_a_report_is_understood(raw, kind, cause, address):
    found = read_returned(raw, lambda _: None)
    assert (found.kind, found.cause or "") == (kind, cause), found
    if address:
        assert found.addresses == (address,), found
