"""A mail that came back, taken apart within bounds: its own words, the reports in it, and the headers of what was returned.

Everything is bounded before it is parsed (bytes, lines, parts), so that no mail takes longer than a tenth of a second.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser, Parser
from hashlib import blake2b
from html import unescape

MAX_BYTES = 256 << 10
LONGEST_LINE = 2_000
_MOST_LINES = 3_000
_MOST_PARTS = 24
_MOST_DECLARED = 40
_LINES, _COLUMNS = 300, 300
_TEXTS = 3
_MOST_GROUPS = 500
_ADDRESS = re.compile(r"[^\s<>;,:\"()\[\]]{1,64}@[^\s<>;,:\"()\[\]]{1,253}")
_ANY_ADDRESS = re.compile(
    r"<[^<>@\s]{0,200}@[^<>\s]{0,200}>"
    r"|\"[^\"\n]{0,64}\"@[^\s<>(),;:\"\[\]]{1,253}"
    r"|[^\s<>(),;:\"\[\]]{0,64}@[^\s<>(),;:\"\[\]]{0,253}"
)
_DIGESTED = 64 << 10
_TAG = re.compile(r"<[^<>]{0,1000}>")
_UNSEEN = re.compile(r"<(style|script|head)\b")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/td|/h\d|/li)\b[^<>]{0,200}>", re.IGNORECASE)
_HEADERS_ONLY = ("text/rfc822-headers", "message/global-headers", "text/rfc822", "text/x-rfc822-headers")
_WHOLE = ("message/rfc822", "message/global", "message/rfc822-headers", "message/partial")
_ENVELOPE_LINE = re.compile(rb"^(?:From|>From) [^\n]{0,998}\n")


def bounded(raw: bytes) -> bytes:
    """The mail within its bounds; an mbox's or a pipe's ``From `` line is taken off."""
    lines = raw[:MAX_BYTES].split(b"\n", _MOST_LINES)[:_MOST_LINES]
    return _ENVELOPE_LINE.sub(b"", b"\n".join(line[:LONGEST_LINE] for line in lines), count=1)


def is_nested(raw: bytes) -> bool:
    """More parts in parts than any honest mail has: the parser calls itself for each."""
    lower = raw.lower()
    return lower.count(b"boundary") + lower.count(b"message/") > _MOST_DECLARED


def parse(raw: bytes) -> Message:
    """The mail, parsed; its defects are its own."""
    return BytesParser(policy=policy.compat32).parsebytes(raw)


def parts(mail: Message) -> Iterator[Message]:
    """The mail's parts, itself first, also those inside returned mails; no deeper and no more than is sensible."""
    waiting, seen = [mail], 0
    while waiting and seen < _MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        waiting.extend(_inside(part))


def own_parts(mail: Message) -> Iterator[Message]:
    """The parts that whoever wrote this mail wrote: nothing out of a returned one."""
    waiting, seen = [mail], 0
    while waiting and seen < _MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        if part.get_content_maintype() == "multipart":
            waiting[:0] = _inside(part)


def _inside(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [p for p in payload[:_MOST_PARTS] if isinstance(p, Message)] if isinstance(payload, list) else []


def part_of(mail: Message, kinds: frozenset[str]) -> Message | None:
    """The first own part of one of these content types."""
    return next((part for part in own_parts(mail) if part.get_content_type() in kinds), None)


def returned_headers(mail: Message) -> Message | None:
    """The headers of the mail that was returned, when it is a part of its own."""
    for part in own_parts(mail):
        kind = part.get_content_type()
        if kind in _WHOLE and (inside := _inside(part)):
            return inside[0]
        if kind in _HEADERS_ONLY or kind in _WHOLE:
            return Parser(policy=policy.compat32).parsestr(decoded(part), headersonly=True)
    return None


def own_text(mail: Message) -> str:
    """What a person would read of it, cut to what a bounce needs; HTML without its tags when there is nothing else."""
    plain: list[Message] = []
    rich: list[Message] = []
    for part in own_parts(mail):
        if part.get_content_maintype() != "text" or part.get_content_type() in _HEADERS_ONLY:
            continue
        (rich if part.get_content_subtype() == "html" else plain).append(part)
    chosen = "\n".join(decoded(part) for part in plain[:_TEXTS])
    if not chosen.strip():
        chosen = "\n".join(without_tags(decoded(part)) for part in rich[:_TEXTS])
    return "\n".join(line[:_COLUMNS] for line in chosen.split("\n")[:_LINES])


def decoded(part: Message) -> str:
    """A part's text in its own charset; what does not fit it becomes replacement characters."""
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    charset = part.get_content_charset("utf-8")
    if charset == "utf-8" or not charset.isascii():
        charset = "utf-8"
    try:
        text = raw.decode(charset, "replace")
    except (LookupError, ValueError):
        text = raw.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


def without_tags(html: str) -> str:
    """The words of some HTML, a line for each block; good enough to look for a reason in."""
    return unescape(_TAG.sub(" ", _BREAK.sub("\n", _seen(html[:MAX_BYTES]))))


def _seen(html: str) -> str:
    """Without styles and scripts; what does not end is taken as it is."""
    lower, kept, place = html.lower(), [], 0
    for opened in _UNSEEN.finditer(lower):
        if opened.start() < place:
            continue
        end = lower.find(f"</{opened[1]}", opened.end())
        if end < 0:
            break
        kept.append(html[place : opened.start()])
        place = end
    return "".join(kept) + html[place:]


def header(mail: Message, name: str) -> str:
    """A header as a person reads it, on one line (RFC 2047 decoded)."""
    raw = _raw_header(mail, name)
    if "=?" not in raw:
        return line(raw)
    try:
        pieces = decode_header(raw)
        spoken = (p if isinstance(p, str) else p.decode(c or "ascii", "replace") for p, c in pieces)
        return line("".join(spoken))
    except (HeaderParseError, LookupError, ValueError):
        return line(raw)


def _raw_header(mail: Message, name: str) -> str:
    """As it stands in the mail; bytes that should have been encoded are taken for UTF-8, which they mostly are."""
    lower = name.lower()
    found = next((str(value) for key, value in mail.raw_items() if key.lower() == lower), "")[:LONGEST_LINE]
    return found if found.isascii() else found.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def groups(part: Message) -> list[dict[str, str]]:
    """Groups of fields, as message/delivery-status and message/feedback-report have them; names in lower case."""
    inside = _inside(part)
    if not inside:
        return _blocks(decoded(part))
    if header(part, "Content-Transfer-Encoding").lower() == "base64":  # against RFC 3464 §2.1, and done all the same
        return _blocks(_from_base64("".join(str(group.get_payload()) for group in inside)))
    found = []
    for group in inside:
        found.append({name.lower(): line(str(value)) for name, value in group.items()})
        body = group.get_payload()  # types that the parser does not know are to it one mail with a body
        found += _blocks(body) if isinstance(body, str) else []
    return found


def _blocks(text: str) -> list[dict[str, str]]:
    return [fields(block) for block in text.replace("\r\n", "\n").split("\n\n")[:_MOST_GROUPS] if ":" in block]


def _from_base64(text: str) -> str:
    try:
        return b64decode(text, validate=False).decode("utf-8", "replace")
    except ValueError:
        return ""


def fields(block: str) -> dict[str, str]:
    """``Name: value`` lines with their continuations; the first of a name counts."""
    found: dict[str, str] = {}
    name = ""
    for text in block.split("\n")[:_LINES]:
        if text[:1] in (" ", "\t") and name:
            found[name] = f"{found[name]} {text.strip()}"[:LONGEST_LINE]
        elif ":" in text:
            name, _, value = text.partition(":")
            name = name.strip().lower()
            found.setdefault(name, value.strip())
    return found


def addresses(text: str) -> tuple[str, ...]:
    """Addresses in a field's value, its type (``rfc822;``) left out; at most eight."""
    value = text[:LONGEST_LINE].partition(";")[2] or text[:LONGEST_LINE]
    return tuple(found.strip("'`.*") for found in _ADDRESS.findall(value))[:8]


def line(text: str) -> str:
    """A stranger's words, fit for reports: one printable line of bounded length."""
    shown = " ".join(text[:LONGEST_LINE].split())
    return "".join(c if c.isprintable() else " " for c in shown)[:300]


def without_addresses(text: str) -> str:
    """The words without the addresses in them: nobody's address is kept."""
    return _ANY_ADDRESS.sub("<…>", text) if "@" in text else text


def digest(raw: bytes) -> bytes:
    """32 bytes by which a mail is known again, whatever way it came: line ends and a pipe's first line make no difference."""
    return blake2b(
        bounded(raw).replace(b"\r\n", b"\n").rstrip(b"\n")[:_DIGESTED], digest_size=32, person=b"twain mail"
    ).digest()
