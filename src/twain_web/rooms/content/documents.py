"""What a version or a draft holds, and what is made of it for the compiler.

``{"kind": "blocks", "message": {…}}`` is the editor's own (see ``twain.content.blocks``); ``{"kind": "mjml" | "html",
"message": {"subject", "preheader", "body", "text", "related", "defaults"}}`` is written by hand. A message that was turned
into code keeps its blocks beside it (``"blocks"``), so that turning back is possible while nothing would be lost. A saved
version holds the reusable blocks that it names (``"reused"``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from django.conf import settings
from django.urls import reverse

from twain.content.blocks import FONTS, Brand, Made, make, read_blocks, read_document, shown, tagged_markup
from twain.errors import ContentError, Place
from twain.records import Content, RelatedColumn, Sender
from twain_web.rooms.content.models import BrandKit, ReusableBlock

LARGEST = 400_000  # characters of JSON
_COLOURS = ("background", "surface", "text", "muted", "link", "button", "button_text")
_CODE = ("subject", "preheader", "body", "text")
_OUTPUT = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*(?:\|[^{}]*)?-?\}\}")


def empty(brand: BrandKit) -> dict[str, Any]:
    """What a new message begins with: a greeting, and the footer that every message has."""
    header = (
        {"id": "logo", "type": "image", "media": brand.logo.file_name, "alt": brand.logo.alt, "width": 40}
        if brand.logo
        else None
    )
    blocks = [
        *([header] if header else []),
        {"id": "title", "type": "heading", "line": [{"text": "What is it about?"}], "level": 1},
        {"id": "first", "type": "text", "paragraphs": [[{"text": "Write here."}]]},
        *([{"id": "social", "type": "social", "links": brand.social}] if brand.social else []),
        {"id": "foot", "type": "footer", "paragraphs": [], "unsubscribe": "Unsubscribe"},
    ]
    return {
        "kind": "blocks",
        "message": {"version": 1, "subject": [], "preheader": [], "blocks": blocks, "values": {}, "defaults": {}},
    }


def look(brand: BrandKit) -> Brand:
    """A brand's colours and font for the compiler; whatever is missing or odd has our default."""
    chosen = {k: v for k, v in brand.style.items() if k in _COLOURS and _is_colour(v)}
    font = brand.style.get("font")
    return Brand(**chosen, **({"font": font} if font in FONTS else {}))


def _is_colour(value: object) -> bool:
    text = str(value)
    return len(text) == 7 and text[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in text[1:])


def sender(brand: BrandKit) -> Sender:
    """Whom a brand's messages are from."""
    return Sender(brand.sender_address, brand.sender_name, brand.reply_to, brand.postal_address)


def media_url() -> str:
    """The address in front of a picture's file name, as it stands in messages."""
    any_file = f"{'0' * 64}.png"
    address = reverse("content:media_file", args=[any_file]).removesuffix(any_file)
    return str(settings.WEB_URL).rstrip("/") + address


def made(document: Mapping[str, Any], brand: BrandKit, slug: str) -> Made:
    """A document for the compiler. Raises ContentError, its place the block."""
    kind, message = document.get("kind"), document.get("message")
    if not isinstance(message, Mapping) or len(json.dumps(document)) > LARGEST:
        raise ContentError("This message is not in the form that Twain writes, or too large.", todo="Shorten it.")
    utm = _utm(brand, document, slug)
    if kind == "blocks":
        return make(
            read_document(message), brand=look(brand), reusable=_reusable(document), media_url=media_url(), utm=utm
        )
    if kind in ("mjml", "html"):
        return _made_code(kind, message, utm)
    raise ContentError(f"{str(kind)[:20]!r} is no kind of message.", todo="Use blocks, mjml or html.")


def _made_code(kind: Any, message: Mapping[str, Any], utm: Mapping[str, str]) -> Made:  # noqa: ANN401 — one of two words
    subject, preheader, body, text = (str(message.get(name, "")) for name in _CODE)
    places = {name: Place(name, 1) for name in _CODE}
    content = Content(subject, tagged_markup(body, utm), kind, text, preheader, places)
    related = tuple(_related(one) for one in message.get("related", []))
    defaults = {str(k): str(v) for k, v in dict(message.get("defaults", {})).items()}
    return Made(content, related, defaults, ())


def _related(raw: Any) -> RelatedColumn:  # noqa: ANN401 — JSON
    try:
        column = RelatedColumn(**raw)
        return replace(column, fields=tuple(column.fields), limit=int(column.limit))
    except (TypeError, ValueError) as error:
        raise ContentError("The related data of this message cannot be read.", todo="Restore a version.") from error


def as_code(document: Mapping[str, Any], brand: BrandKit, slug: str) -> dict[str, Any]:
    """The same message as MJML. Its blocks stay beside it."""
    message = made({**document, "utm": dict.fromkeys(_utm(brand, document, slug), "")}, brand, slug)
    code = {name: getattr(message.content, name) for name in _CODE}
    code |= {"related": [asdict(c) for c in message.related], "defaults": dict(message.defaults)}
    return {"kind": "mjml", "message": code, "blocks": document["message"], "utm": document.get("utm", {})}


def as_blocks(document: Mapping[str, Any], brand: BrandKit, slug: str) -> dict[str, Any] | None:
    """The message as blocks again, if its code is still what its blocks make; None when something would be lost."""
    if not isinstance(document.get("blocks"), Mapping):
        return None
    blocks = {"kind": "blocks", "message": document["blocks"], "utm": document.get("utm", {})}
    same = json.dumps(as_code(blocks, brand, slug)["message"]) == json.dumps(document["message"])
    return blocks if same else None


def with_reused(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with a copy of every reusable block that it names, as a version is saved."""
    found = {slug: blocks for slug, blocks in _all_reusable().items() if f'"{slug}"' in json.dumps(document)}
    return {**document, "reused": found}


def in_words(liquid: str, business: Mapping[str, str]) -> str:
    """A line as people read it, fields by their business names: ‹First name›, your orders. What decides stays as it is."""
    return _OUTPUT.sub(lambda found: f"‹{business.get(found[1], found[1])}›", liquid)


def subject_in_words(document: Mapping[str, Any], business: Mapping[str, str]) -> str:
    """The subject as lists show it, fields by their business names."""
    message = document.get("message", {})
    if document.get("kind") != "blocks":
        return in_words(str(message.get("subject", "")), business)[:400]
    try:
        return shown(read_document(message).subject, business)[:400]
    except ContentError:
        return ""


def _reusable(document: Mapping[str, Any]) -> dict[str, Any]:
    kept = document.get("reused")
    return {slug: read_blocks(blocks) for slug, blocks in (_all_reusable() if kept is None else kept).items()}


def _all_reusable() -> dict[str, Any]:
    return dict(ReusableBlock.objects.filter(archived=False).values_list("slug", "blocks"))


def _utm(brand: BrandKit, document: Mapping[str, Any], slug: str) -> dict[str, str]:
    """The brand's rules with the content's own in front; ``{content}`` is the content's name in addresses."""
    rules = {**brand.utm, **(document.get("utm") or {})}
    return {str(k): str(v).replace("{content}", slug) for k, v in rules.items() if str(k).startswith("utm_")}
