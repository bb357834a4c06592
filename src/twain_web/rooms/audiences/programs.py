"""This room for programs: audiences by name, answers in plain values. Each function looks at the object's own rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from twain_web.access import refuse_unless
from twain_web.rooms.audiences import actions, reads
from twain_web.rooms.audiences.models import Audience
from twain_web.rooms.audiences.permissions import EDIT_AUDIENCE, READ_AUDIENCE
from twain_web.rooms.audiences.reads import AudienceCard


@dataclass(frozen=True, slots=True)
class Version:
    """A saved version: it is never changed."""

    number: int
    rule: Mapping[str, Any]
    note: str
    author: str
    at: datetime


def versions_of(*, by: Any, slug: str) -> list[Version]:  # noqa: ANN401 — a Person, here and below
    """Every saved version of one of the house's own, newest first."""
    audience = reads.own(slug)
    refuse_unless(by, READ_AUDIENCE, audience)
    return [Version(v.number, v.rule, v.note, str(v.author), v.at) for v in reads.versions(audience)]


def make_audience(
    *,
    by: Any,  # noqa: ANN401
    name: str,
    feed: str,
    rule: Mapping[str, Any],
    folder: str = "",
    description: str = "",
) -> AudienceCard:
    """A new audience with its first version. Raises RuleError when the rule is wrong: then there is none."""
    refuse_unless(by, EDIT_AUDIENCE)
    with transaction.atomic():
        made = actions.create_audience(by=by, name=name, feed=feed, folder=folder, description=description)
        _save(by, made, rule, 0, "")
    return reads.card(made.slug)


def save_rule(*, by: Any, slug: str, rule: Mapping[str, Any], base: int, note: str = "") -> AudienceCard:  # noqa: ANN401
    """Save a rule as the next version. Raises WrongState when somebody saved after version *base*, RuleError when it is wrong."""
    audience = reads.own(slug)
    refuse_unless(by, EDIT_AUDIENCE, audience)
    _save(by, audience, rule, base, note)
    return reads.card(slug)


def _save(by: Any, audience: Audience, rule: Mapping[str, Any], base: int, note: str) -> None:  # noqa: ANN401
    ground = reads.ground_of(audience, by)
    actions.save_version(
        by=by, audience=audience, tree=ground.adopted(rule), ground=ground, base=base, note=note
    )  # fmt: skip
