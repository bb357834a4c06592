"""A content as a person would get it: the campaign record that the flow previews, and the fields it may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twain.content.blocks import Made
from twain.errors import ConfigError
from twain.flows.campaigns import Campaign
from twain.flows.prepare import Question
from twain.flows.publish import campaign_body
from twain.records import Arm, Column, Feed, Field, Owner, Right
from twain_web import engine
from twain_web.rooms.content import documents
from twain_web.rooms.content.models import Content


def campaign(content: Content, made: Made) -> Campaign:
    """A campaign around a content alone: to everybody, by the first way out, with no clicks counted."""
    return Campaign(
        name=f"content-{content.slug}"[:64],
        title=content.name,
        owner=Owner(str(content.owner or "Twain"), ""),
        feed=content.feed,
        channel=_channel(),
        topic="",
        audience={"all": []},
        arms=(Arm("main", 1.0),),
        contents=(made.content,),
        sender=documents.sender(content.brand),
        defaults=made.defaults,
        related=made.related,
        track_links=False,
    )


def _channel() -> str:
    channels = engine.workspace().settings.channels
    for name, channel in channels.items():
        if channel.kind == "smtp":
            return name
    if not channels:
        raise ConfigError("There is no way out in this workspace.", todo="IT adds one to twain.toml: [channels.mail].")
    return next(iter(channels))


def offered(content: Content, made: Made) -> tuple[Column, ...]:
    """Every column that the words may name. Raises RuleError for related data that may not be read."""
    instance = engine.instance()
    record = campaign(content, made)
    feed = instance.workspace.feed(content.feed)
    body = campaign_body(instance.workspace, record)
    question = Question(body, feed, instance.workspace.feeds, instance.dialect(feed.source), instance.today())
    return question.offered()


def fields(feed_name: str) -> dict[str, Any]:
    """What the editor offers: the feed's fields with the personalise right, and those of the feeds that belong to it."""
    workspace = engine.workspace()
    feed = workspace.feed(feed_name)
    related = [
        {
            "relation": relation.name,
            "title": workspace.feeds[relation.feed].title,
            **_fields(workspace.feeds[relation.feed]),
        }
        for relation in feed.relations.values()
        if relation.feed in workspace.feeds
    ]
    return {"feed": feed.name, "title": feed.title, "owner": str(feed.owner), **_fields(feed), "related": related}


def _fields(feed: Feed) -> dict[str, Any]:
    shown = [_field(f) for f in feed.fields.values() if Right.PERSONALISE in f.rights]
    ordering = [_field(f) for f in feed.fields.values() if Right.FILTER in f.rights]
    return {"fields": shown, "filters": ordering}


def _field(field: Field) -> Mapping[str, Any]:
    return {
        "name": field.name,
        "business": field.business_name,
        "type": field.type,
        "words": [*field.synonyms, field.column],
        "about": field.description,
        "masked": Right.PREVIEW not in field.rights,
        "missing": not field.required,
    }
