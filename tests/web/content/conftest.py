"""A brand kit, a content and its document, as the editor writes them."""

from __future__ import annotations

import copy
import json

import pytest

from twain_web.roles import Role
from twain_web.rooms.content import actions
from twain_web.rooms.content.models import BrandKit

MESSAGE = {
    "version": 1,
    "subject": [{"field": "first_name"}, {"text": ", hello"}],
    "preheader": [{"text": "Something warm"}],
    "blocks": [
        {"id": "title", "type": "heading", "line": [{"text": "The first frost"}]},
        {"id": "born", "type": "text", "paragraphs": [[{"text": "Born "}, {"field": "birth_date"}]]},
        {"id": "go", "type": "button", "line": [{"text": "Go"}], "href": [{"text": "https://www.nordlicht.example/winter"}]},
        {
            "id": "list", "type": "products", "relation": "orders", "cells": [{"field": "product_name"}, {"field": "total"}],
            "order": "-ordered_at", "limit": 3, "heading": [{"text": "Yours"}],
        },
        {"id": "foot", "type": "footer", "paragraphs": [], "unsubscribe": "Unsubscribe"},
    ],
    "values": {},
    "defaults": {"first_name": "friend", "birth_date": "long ago"},
}  # fmt: skip


@pytest.fixture
def message():
    return copy.deepcopy(MESSAGE)


@pytest.fixture
def document(message):
    return {"kind": "blocks", "message": message}


@pytest.fixture
def brand(db):
    return BrandKit.objects.create(
        slug="nord", name="Nord", sender_name="Nord", sender_address="news@mail.nordlicht.example",
        reply_to="hello@nordlicht.example", postal_address="Oranienstraße 12, Berlin", utm={"utm_source": "news"},
    )  # fmt: skip


@pytest.fixture
def writer(somebody):
    return somebody(Role.MARKETER, username="writer")


@pytest.fixture
def content(writer, brand):
    return actions.make_content(by=writer, name="Frost", feed="customers", brand=brand)


@pytest.fixture
def written(writer, content, document):
    """A content with one saved version."""
    draft = actions.begin_draft(by=writer, content=content)
    actions.save_draft(by=writer, content=content, document=document, revision=draft.revision)
    actions.save_version(by=writer, content=content, note="first")
    return content


@pytest.fixture
def post_json():
    def post(client, url, body, **headers):
        return client.post(url, json.dumps(body), content_type="application/json", headers=headers)

    return post
