"""Mails that come back, ordinary ones and those made to be slow to read."""

# ruff: noqa: E501 — lines of mails

from __future__ import annotations

_DAEMON = b"From: MAILER-DAEMON@x\r\nSubject: failure notice\r\n\r\n"


def hostile_mails() -> dict[str, bytes]:
    """By what is slow about each: patterns, headers, parts, charsets, endless lines; each as large as it may be."""
    return {
        **_in_words(),
        **_in_types(),
        "one endless line": b"From: a@b\r\n\r\n" + b"a" * 3_000_000,
        "many at signs": b"From: MAILER-DAEMON@x\r\n\r\n" + b"<a@" * 200_000,
        "many headers": b"".join(b"X-%d: y\r\n" % n for n in range(60_000)) + b"\r\nbody",
        "folded for ever": b"Subject: a\r\n" + b" b\r\n" * 100_000 + b"\r\nbody",
        "parts in parts": b"".join(
            b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(3_000)
        ),
        "codes": b"From: MAILER-DAEMON@x\r\n\r\n" + b"550 " * 100_000,
        "message ids": b"From: a@b\r\n\r\n" + b"<r1.1.1.0123456789abcdef0123@x.example> " * 20_000,
        "almost ids": b"From: a@b\r\n\r\n" + b"1.1.1." * 100_000,
        "spaces": b"From: MAILER-DAEMON@x\r\n\r\n" + (b" " * 1_900 + b"\r\n") * 2_000,
        "brackets": b"From: MAILER-DAEMON@x\r\n\r\n" + (b"<" * 900 + b"\r\n") * 3_000,
        "report of nothing": b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        + b"--b\r\n" * 50_000,
        "nul": b"\x00" * 500_000,
        "styles": b"From: MAILER-DAEMON@x\r\nContent-Type: text/html\r\n\r\n" + b"<style>" * 40000,
        "tags": b"From: MAILER-DAEMON@x\r\nContent-Type: text/html\r\n\r\n" + b"<p " * 80000,
        "entities": b"From: MAILER-DAEMON@x\r\nContent-Type: text/html\r\n\r\n" + b"&lt;a@b.c&gt;" * 20000,
        "encoded words": b"Subject: " + b"=?utf-8?q?=41?= " * 15000 + b"\r\nFrom: MAILER-DAEMON@x\r\n\r\n",
        "much base64": b"From: MAILER-DAEMON@x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b"YUBiLmMgNTUwIDUuMS4xIA==\r\n" * 10000,
        "status": b"From: MAILER-DAEMON@x\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        + b"Final-Recipient: rfc822; a@b.c\r\nAction: failed\r\n\r\n" * 1400
        + b"--b--\r\n",
        "many failed recipients": b"From: x\r\nSubject: a\r\n" + b"X-Failed-Recipients: a@b.c\r\n" * 5000 + b"\r\n",
    }


def _in_types() -> dict[str, bytes]:
    """Content types and charsets: parameters without end, and decoders that take their time."""
    return {
        "escapes of a charset": b"From: MAILER-DAEMON@x\r\nContent-Type: text/plain; charset=iso-2022-jp\r\n\r\n"
        + b"\x1b$B" * 80000,
        "a charset that is none": b"From: MAILER-DAEMON@x\r\nContent-Type: text/plain; charset=idna\r\n\r\n"
        + b"xn--" * 60000,
        "punycode": b"From: MAILER-DAEMON@x\r\nContent-Type: text/plain; charset=punycode\r\n\r\na-" + b"abcd9" * 50000,
        "parameters": b"From: x\r\nContent-Type: text/plain" + b"; a=b" * 350 + b"\r\n\r\n",
        "a boundary in pieces": b"From: x\r\nContent-Type: multipart/mixed; boundary*0=a"
        + b"".join(b";\r\n boundary*%d=a" % n for n in range(1, 20))
        + b"\r\n\r\n",
        "continued parameters": b"From: x\r\nContent-Type: text/plain"
        + b"".join(b"; x*%d*=a" % n for n in range(200))
        + b"\r\n\r\n",
    }


def _in_words() -> dict[str, bytes]:
    """Reports in prose: what looks for addresses, statuses and reasons has to read all of it."""
    return {
        "entries": _DAEMON + b"<a@b.example>: x\r\n" * 3000,
        "brackets with addresses": _DAEMON + (b"<" + b"a" * 60 + b"@" + b"b" * 250 + b"\r\n") * 2900,
        "addresses without end": _DAEMON + (b"a@" * 140 + b"\r\n") * 3000,
        "fields": _DAEMON + b"Recipient: a@b.c\r\n\r\n" * 3000,
        "more spaces": _DAEMON + (b" " * 290 + b"x\r\n") * 3000,
        "colons": _DAEMON + b"reason " * 3000 * 10,
        "wide letters": _DAEMON + ("宛先不明 " * 20000).encode(),
        "almost statuses": _DAEMON + b"5.1." * 60000,
        "almost codes": _DAEMON + b"550-" * 60000,
        "almost bounce addresses": _DAEMON + b"+1.1.1." * 40000,
        "originals": _DAEMON + b"-- original\r\n" * 3000,
    }


def ordinary_mails(message_id: str) -> list[bytes]:
    """One of each ordinary kind about one message: what relays report, what they say in words, complaints, answers."""
    returned = (
        f"From: news@mail.example.com\nTo: anna@example.com\nMessage-ID: {message_id}\nSubject: Summer\n\n"
        + "Hello Anna.\n" * 40
    )
    made = [_report(status, words, returned) for status, words in _SAID] + [_prose(words, returned) for words in _PROSE]
    answer = f"From: Anna <anna@example.com>\nSubject: Re: Summer\nIn-Reply-To: {message_id}\n\nThank you!\n"
    away = f"From: Anna <anna@example.com>\nSubject: Automatic reply: Summer\nAuto-Submitted: auto-replied\nIn-Reply-To: {message_id}\n\nAway.\n"
    return [one.encode() for one in (*made, _complaint(returned), answer, away)]


_SAID = (
    ("5.1.1", "550 5.1.1 <anna@example.com>: Recipient address rejected: User unknown"),
    ("5.2.2", "552 5.2.2 mailbox full"),
    ("5.7.1", "550 5.7.1 blocked using Spamhaus"),
    ("4.4.7", "message expired: connection timed out"),
)
_PROSE = (
    "<anna@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n",
    "Ihre Nachricht konnte nicht zugestellt werden.\n\n<anna@example.com>: Empfänger unbekannt\n",
    "The following address failed:\n\n  anna@example.com\n    550 Requested action not taken: mailbox unavailable\n",
)


def _report(status: str, words: str, returned: str) -> str:
    return (
        "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\nTo: bounces@mail.example.com\n"
        "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=b"\n\n'
        f"--=b\nContent-Type: text/plain\n\n<anna@example.com>: {words}\n"
        "--=b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        f"Final-Recipient: rfc822; anna@example.com\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n\n"
        f"--=b\nContent-Type: message/rfc822\n\n{returned}\n--=b--\n"
    )


def _prose(words: str, returned: str) -> str:
    return (
        "From: MAILER-DAEMON@mx.example.net\nTo: bounces@mail.example.com\nSubject: failure notice\n"
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        f"{words}\n--- Below this line is a copy of the message.\n\n{returned}"
    )


def _complaint(returned: str) -> str:
    return (
        "From: feedback@loop.example.net\nSubject: FW: Summer\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="=b"\n\n'
        "--=b\nContent-Type: text/plain\n\nThis is an email abuse report.\n"
        "--=b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n\n"
        f"--=b\nContent-Type: message/rfc822\n\n{returned}\n--=b--\n"
    )
