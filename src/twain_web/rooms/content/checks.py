"""What is wrong, or could be better, with a message before anybody gets it; each finding knows its block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from twain.content.blocks import Made
from twain.content.check import check_content
from twain.content.mime import mailbox
from twain.errors import ContentError, TwainError
from twain.records import Problem
from twain_web import engine
from twain_web.rooms.content import documents, showing
from twain_web.rooms.content.models import Content

_LEGIBLE = 4.5  # WCAG 2.2, 1.4.3: contrast of text and ground
_PLACEHOLDERS = re.compile(r"example\.(?:com|org|net)$|^(?:www\.)?(?:todo|xxx|link|url|domain)\b", re.IGNORECASE)
_NAMED = re.compile(r"^The field '([^']+)' can be missing")
_LONG_SUBJECT = 70


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. *level*: error (cannot go out), warning, note. *block*: an id, or subject, preheader, or ""."""

    level: str
    text: str
    todo: str = ""
    block: str = ""
    line: int = 0
    code: str = ""
    field: str = ""


def findings(content: Content, document: Mapping[str, Any]) -> list[Finding]:
    """Everything that can be found, errors first."""
    try:
        made = documents.made(document, content.brand, content.slug)
    except ContentError as error:
        return [_of_error(error, error.place.file if error.place else "")]
    found = [*_compiled(content, made), *_sender(content)]
    if document.get("kind") == "blocks":
        message = document["message"]
        found += [*_pictures(message["blocks"]), *_links(message["blocks"]), *_contrast(content)]
        found += _lines(message)
    order = {"error": 0, "warning": 1, "note": 2}
    return sorted(dict.fromkeys(found), key=lambda one: order[one.level])


def _of_error(error: TwainError, block: str) -> Finding:
    return Finding("error", error.business or error.what, error.todo, block, code=error.shown_code)


def _compiled(content: Content, made: Made) -> Iterator[Finding]:
    """What the compiler says: fields, defaults, rights, markup, links, size, and what the law wants."""
    try:
        columns = showing.offered(content, made)
    except TwainError as error:
        yield _of_error(error, "")
        return
    problems = check_content(
        made.content,
        columns=columns,
        defaults=made.defaults,
        sender=documents.sender(content.brand),
        business_names=_business(content, made),
    )
    for problem in problems:
        if not (problem.code == "T513" and made.lines):  # a picture without words: said by the block itself
            yield _of_problem(problem, made)


def _business(content: Content, made: Made) -> dict[str, str]:
    feeds = engine.workspace().feeds
    feed = feeds[content.feed]
    names = {f.name: f.business_name for f in feed.fields.values()}
    for column in made.related:
        relation = feed.relations.get(column.relation)
        other = feeds.get(relation.feed) if relation else None
        names |= {
            f"{column.name}.{n}": other.fields[n].business_name for n in column.fields if other and n in other.fields
        }
    return names


def _of_problem(problem: Problem, made: Made) -> Finding:
    line = problem.place.line or 0 if problem.place and problem.place.file in ("body", "text") else 0
    block = made.block_at(problem.place) if made.lines else (problem.place.file if problem.place else "")
    missing = _NAMED.match(problem.what)
    todo = problem.todo
    if missing and made.lines:
        todo = _("Say what stands there for people who have none.")
    if problem.code == "T507" and made.lines:
        todo = _("Add a footer: it holds the unsubscribe link and the postal address.")
    return Finding(
        problem.severity,
        problem.business or problem.what,
        todo,
        block,
        line,
        problem.code,
        missing[1] if missing else "",
    )


def _sender(content: Content) -> Iterator[Finding]:
    sender = documents.sender(content.brand)
    try:
        mailbox(sender.name, sender.address)
        if sender.reply_to:
            mailbox("", sender.reply_to)
    except ContentError as error:
        yield Finding("error", error.what, _("Correct it in the brand kit."), code=error.shown_code)
    if not sender.reply_to:
        yield Finding("note", _("Answers go to the sender's own address."), _("Name a reply address in the brand kit."))


def _lines(message: Mapping[str, Any]) -> Iterator[Finding]:
    subject = sum(len(span.get("text", "")) for span in message.get("subject", []))
    if subject > _LONG_SUBJECT:
        yield Finding(
            "warning", _("The subject is long: phones show about 40 characters."), _("Shorten it."), "subject"
        )
    if not message.get("preheader"):
        yield Finding(
            "note",
            _("There is no preview line: mail programs show the first words instead."),
            _("Write one."),
            "preheader",
        )


def walk(blocks: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 — JSON
    """Every block, those within others too."""
    for block in blocks if isinstance(blocks, list) else []:
        yield block
        for inner in (block.get("then"), block.get("otherwise"), *(block.get("columns") or [])):
            yield from walk(inner)


def _pictures(blocks: Any) -> Iterator[Finding]:  # noqa: ANN401
    for block in walk(blocks):
        if block.get("type") != "image":
            continue
        if not block.get("media") and not block.get("src"):
            yield Finding("warning", _("This picture has no file yet."), _("Choose one of the library."), block["id"])
        elif block.get("alt") is None:
            todo = _("Describe it in a few words, or mark it as decoration.")
            yield Finding("warning", _("This picture has no description."), todo, block["id"], code="T513")


def _links(blocks: Any) -> Iterator[Finding]:  # noqa: ANN401
    leads: dict[str, str] = {}
    for block in walk(blocks):
        if block.get("type") == "button" and not _address(block.get("href")):
            yield Finding("error", _("This button leads nowhere."), _("Give it an address."), block["id"], code="T511")
        for words, address in _spans(block):
            yield from _link(block["id"], words, address, leads)


def _link(block: str, words: str, address: str, leads: dict[str, str]) -> Iterator[Finding]:
    host = urlsplit(address).hostname or ""
    if address.lower().startswith("http://"):
        yield Finding("warning", _("A link is not encrypted: %s") % address, _("Write it with https://."), block)
    if _PLACEHOLDERS.search(host) or address.endswith("://"):
        yield Finding("warning", _("A link looks like a placeholder: %s") % address, _("Put the real address."), block)
    known = leads.setdefault(words.strip().lower(), address) if words.strip() else address
    if known != address:
        what = _("“%s” leads to two different addresses.") % words.strip()[:40]
        yield Finding("note", what, _("Use different words, so that people know where they go."), block)


def _spans(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(words, address) of every link of one block."""
    lines = [block.get("line") or [], *(block.get("paragraphs") or [])]
    for line in lines:
        for span in line:
            if span.get("href"):
                yield str(span.get("text", "")), _address(span["href"])
    if _address(block.get("href")):
        yield "".join(str(s.get("text", "")) for s in block.get("line") or []), _address(block["href"])


def _address(href: Any) -> str:  # noqa: ANN401
    return "".join(str(part.get("text") or part.get("field") or "") for part in href or []).strip()


def _contrast(content: Content) -> Iterator[Finding]:
    look = documents.look(content.brand)
    pairs = (
        (_("text"), look.text, look.surface),
        (_("small print"), look.muted, look.surface),
        (_("links"), look.link, look.surface),
        (_("buttons"), look.button_text, look.button),
    )
    for what, ink, ground in pairs:
        ratio = contrast(ink, ground)
        if ratio < _LEGIBLE:
            text = _("The colour of %(what)s is hard to read: contrast %(ratio).1f, it should be 4.5.")
            yield Finding("warning", text % {"what": what, "ratio": ratio}, _("Change it in the brand kit."))


def contrast(ink: str, ground: str) -> float:
    """The contrast of two ``#rrggbb`` colours, 1 to 21 (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
