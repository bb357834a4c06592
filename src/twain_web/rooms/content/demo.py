"""What the demo company has written already: its brand kit, a header that is kept, and one message to look at."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from twain_web.rooms.content import actions
from twain_web.rooms.content.models import BrandKit, Content, ReusableBlock

_HEADER = [{"id": "brand", "type": "heading", "level": 3, "align": "center", "line": [{"text": "NORDLICHT OUTDOOR"}]}]
_SHOP = "https://www.nordlicht.example"
_BLOCKS: list[dict[str, Any]] = [
    {"id": "header", "type": "reusable", "slug": "nordlicht-header"},
    {"id": "title", "type": "heading", "level": 1, "line": [{"text": "The first frost is here"}]},
    {
        "id": "hello", "type": "text",
        "paragraphs": [
            [{"text": "Dear "}, {"field": "first_name"}, {"text": ","}],
            [{"text": "the mornings are white again, and the light lies low over "}, {"field": "city"},
             {"text": ". We have put the warm things in front."}],
        ],
    },
    {
        "id": "gold", "type": "condition", "all": True, "tests": [{"field": "tier", "op": "is", "value": "gold"}],
        "then": [{"id": "goldtext", "type": "text", "paragraphs": [[
            {"text": "As a gold member", "bold": True}, {"text": " you choose two days before everybody else."}]]}],
        "otherwise": [{"id": "points", "type": "text", "paragraphs": [[
            {"text": "You have "}, {"field": "points", "format": "whole"}, {"text": " points. They do not run out."}]]}],
    },
    {"id": "choose", "type": "button", "line": [{"text": "See the winter things"}], "href": [{"text": f"{_SHOP}/winter"}]},
    {
        "id": "bought", "type": "products", "relation": "orders", "heading": [{"text": "What you bought last"}],
        "cells": [{"field": "product_name"}, {"field": "ordered_at", "format": "day"}, {"field": "total", "format": "euro"}],
        "order": "-ordered_at", "limit": 3,
    },
    {"id": "line", "type": "divider"},
    {"id": "social", "type": "social", "links": [{"network": "Stories", "url": f"{_SHOP}/stories"}]},
    {
        "id": "foot", "type": "footer", "unsubscribe": "Stop these mails",
        "paragraphs": [[{"text": "You get this because you asked for our news."}]],
    },
]  # fmt: skip
_MESSAGE = {
    "version": 1,
    "subject": [{"field": "first_name"}, {"text": ", the first frost is here"}],
    "preheader": [{"text": "Warm things, in front"}],
    "blocks": _BLOCKS,
    "values": {},
    "defaults": {"first_name": "outdoor friend", "city": "your roofs"},
}


def enter_demo(*, by: str) -> None:
    """Enter it once, as written by the person of this user name; nothing happens when it is there."""
    author = get_user_model().objects.get(username=by)
    if BrandKit.objects.filter(slug="nordlicht-outdoor").exists():
        return
    brand = actions.keep_brand(by=author, brand=_brand())
    if not ReusableBlock.objects.filter(slug="nordlicht-header").exists():
        actions.keep_reusable(by=author, name="Nordlicht header", blocks=_HEADER)
    actions.add_to_proof_list(by=author, name="Mara Seidel, Head of CRM", address="mara.seidel@nordlicht.example")
    content = actions.make_content(by=author, name="First frost", feed="customers", brand=brand, folder="Winter")
    _write(author, content)


def _brand() -> BrandKit:
    return BrandKit(
        slug="nordlicht-outdoor", name="Nordlicht Outdoor", sender_name="Nordlicht Outdoor",
        sender_address="news@mail.nordlicht.example", reply_to="hello@nordlicht.example",
        postal_address="Nordlicht Outdoor GmbH, Oranienstraße 12, 10999 Berlin, Germany",
        style={"background": "#eef1ea", "text": "#2b3a35", "link": "#1f5f52", "button": "#173f35", "font": "serif"},
        social=[{"network": "Stories", "url": f"{_SHOP}/stories"}],
        utm={"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "{content}"},
    )  # fmt: skip


def _write(by: Any, content: Content) -> None:  # noqa: ANN401 — a Person
    draft = actions.begin_draft(by=by, content=content)
    actions.save_draft(
        by=by, content=content, document={"kind": "blocks", "message": _MESSAGE}, revision=draft.revision
    )
    actions.save_version(by=by, content=content, note="First version")
