"""Mails as relays and people send them back, about a message of ours."""

# ruff: noqa: E501 — lines of mails

from __future__ import annotations


def dsn(message_id: str, *, status="5.1.1", words="550 5.1.1 User unknown", to="anna@example.com", bounce_to="bounces@mail.example.com",
        action="failed", headers=True, salt=""):  # fmt: skip
    """A delivery status notification (RFC 3464), as Postfix writes them."""
    returned = f"Message-ID: {message_id}\n" if headers else ""
    return (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net (Mail Delivery System)\nTo: {bounce_to}\n"
        f"Message-ID: <{salt or abs(hash((message_id, status)))}@mx.example.net>\n"
        "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B1"\n\n'
        "This is a MIME-encapsulated message.\n\n--B1\nContent-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n\n"
        f"This is the mail system at host mx.example.net.\n\n<{to}>: host mail.example.org[192.0.2.1] said: {words}\n"
        "    (in reply to RCPT TO command)\n\n--B1\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.net\nX-Postfix-Queue-ID: 4F2B1\n\n"
        f"Final-Recipient: rfc822; {to}\nOriginal-Recipient: rfc822;{to}\nAction: {action}\nStatus: {status}\n"
        f"Remote-MTA: dns; mail.example.org\nDiagnostic-Code: smtp; {words}\n\n"
        f"--B1\nContent-Description: Undelivered Message Headers\nContent-Type: text/rfc822-headers\n\n{returned}Subject: Summer\n\n--B1--\n"
    ).encode()


def complaint(message_id: str, *, feedback="abuse", salt="1"):
    """A complaint in the Abuse Reporting Format (RFC 5965)."""
    return (
        f"From: <feedback@loop.example.net>\nTo: <fbl@example.com>\nSubject: FW: Summer\nMessage-ID: <arf{salt}@loop.example.net>\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="B2"\n\n--B2\n'
        "Content-Type: text/plain\n\nThis is an email abuse report for an email message received from IP 192.0.2.2.\n\n--B2\n"
        f"Content-Type: message/feedback-report\n\nFeedback-Type: {feedback}\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n\n--B2\n"
        f"Content-Type: message/rfc822\n\nFrom: <news@example.com>\nMessage-ID: {message_id}\nSubject: Summer\n\nHello\n\n--B2--\n"
    ).encode()


def reply(message_id: str, *, text="Please call me back about the tent.", automatic=False, salt="1"):
    """What a person, or their mail reader, answers."""
    head = "Auto-Submitted: auto-replied\n" if automatic else ""
    subject = "Automatic reply: Summer" if automatic else "Re: Summer"
    return (
        f"From: Anna <anna@example.com>\nTo: news@example.com\nSubject: {subject}\nIn-Reply-To: {message_id}\n"
        f"Message-ID: <r{salt}@example.com>\n{head}Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    ).encode()
