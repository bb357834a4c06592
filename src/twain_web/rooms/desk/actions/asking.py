"""Asking, and finding that nothing needs to be asked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from twain.errors import ConfigError
from twain.flows.request_types import PROBES, RequestType
from twain_web import engine
from twain_web.rooms.desk.actions.moving import first_line, move
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.probes.capacity import wanted_room
from twain_web.rooms.desk.states import State, Verb
from twain_web.rooms.feeds.public import uses_of

_LONGEST_TARGET = 300
_CAMPAIGN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for: the outcome, what it is for, by when and why then. *target* is what its probe will look at."""

    kind: str
    outcome: str
    purpose: str = ""
    wanted_by: date | None = None
    why: str = ""
    campaign: str = ""
    for_days: int | None = None
    target: Mapping[str, str] = field(default_factory=dict)


def type_of(name: str) -> RequestType:
    """A type of the workspace. Raises ConfigError T921 naming those there are."""
    types = engine.workspace().request_types
    if name not in types:
        known = ", ".join(sorted(types)) or "none yet; IT writes them in requests/"
        raise ConfigError(f"There is no type of request {name[:60]!r}.", todo=f"Types: {known}.", code="T921")
    return types[name]


def ask(*, by: Any, wish: Wish) -> Request:  # noqa: ANN401 — a Person
    """Ask IT. Raises ConfigError: T921 for an unknown type, T927 for words, T928 for what the probe must know."""
    kind = type_of(wish.kind)
    purpose = first_line(wish.purpose, 2000, "What it is for")
    with transaction.atomic():
        made = _make(by, kind, wish, purpose, _target(kind, wish.target))
        move(request=made, verb=Verb.ASK, by=by, words=purpose)
    return made


def take(*, by: Any, kind: str, outcome: str, feed: str, field: str = "") -> Request:  # noqa: ANN401 — a Person
    """What is in the catalogue already answers it. It counts once it is really used: what used it before is noted."""
    card = engine.workspace().feed(feed)
    if field and field not in card.fields:
        raise ConfigError(f"{feed} has no field {field[:60]!r}.", todo="Choose one of the list.", code="T928")
    before = sorted({f"{use.kind}:{use.name}" for use in uses_of(feed) if _reads(use.reads, feed, field)})
    wish = Wish(kind, outcome)
    with transaction.atomic():
        made = _make(by, type_of(kind), wish, "", {"feed": feed, "field": field})
        move(request=made, verb=Verb.TAKE, by=by, detail={"feed": feed, "field": field, "before": before})
    return made


def _make(by: Any, kind: RequestType, wish: Wish, purpose: str, target: dict[str, str]) -> Request:  # noqa: ANN401
    if wish.campaign and not _CAMPAIGN.fullmatch(wish.campaign):
        raise ConfigError("That is not a campaign's short name.", todo="Choose one of the list.", code="T928")
    person = who_answers(kind, target.get("feed", ""))
    return Request.objects.create(
        kind=kind.name, state=State.DRAFT.value, outcome=first_line(wish.outcome, 300, "What you need"),
        purpose=purpose, wanted_by=wish.wanted_by, why=" ".join(wish.why.split())[:300], campaign=wish.campaign,
        for_days=wish.for_days if kind.access else None, probe=kind.probe, target=target, feed=target.get("feed", ""),
        team=person.team.name if person is not None and person.team else "", asker=by, answers=person,
        since=timezone.now(),
    )  # fmt: skip


def who_answers(kind: RequestType, feed: str) -> Any:  # noqa: ANN401 — a Person, or None when nobody of IT is here
    """The feed's owner, else whom the type names, else somebody of IT: somebody is always asked by name."""
    people = get_user_model().objects.filter(is_active=True).select_related("team", "delegate")
    known = engine.workspace().feeds.get(feed)
    if known is not None and known.owner.email:
        owner = people.filter(email__iexact=known.owner.email).first()
        if owner is not None:
            return owner
    if kind.answers:
        named = (
            people.filter(email__iexact=kind.answers) if "@" in kind.answers else people.filter(username=kind.answers)
        )
        if named.first() is not None:
            return named.first()
    return people.filter(roles_held__role__in=("it_operator", "data_owner", "administrator")).order_by("pk").first()


def _target(kind: RequestType, given: Mapping[str, str]) -> dict[str, str]:
    """What the probe must know, on single lines; what only IT knows may be named later."""
    target = {key: " ".join(str(given.get(key, "")).split())[:_LONGEST_TARGET] for key in PROBES[kind.probe]}
    if kind.probe == "column":
        target["kind"] = given["kind"] if given.get("kind") in ("text", "number", "date", "yes or no") else "text"
        if target["feed"] not in engine.workspace().feeds:
            raise ConfigError("Choose the feed that the field belongs to.", todo="The list has them all.", code="T928")
    if kind.probe == "lead":
        target["mark"] = secrets.token_hex(8)
    if kind.probe == "capacity":
        require_room(target)
    for key, value in target.items():
        if not value.isprintable():
            raise ConfigError(f"{key} may not contain control characters.", todo="Type it again.", code="T928")
    return target


def require_room(target: Mapping[str, str]) -> None:
    """What the check of room must know, or ConfigError T928."""
    try:
        wanted = wanted_room(target, engine.workspace().settings.time_zone)
    except ValueError as error:
        todo = "Write at like 2026-12-07T09:00, and people as a number."
        raise ConfigError("It is not clear when, or for how many.", todo=todo, code="T928") from error
    if wanted.channel not in engine.workspace().settings.channels:
        raise ConfigError(f"There is no channel {wanted.channel[:60]!r}.", todo="Choose one of the list.", code="T928")
    if wanted.campaign and not _CAMPAIGN.fullmatch(wanted.campaign):
        raise ConfigError("That is not a campaign's short name.", todo="Choose one of the list.", code="T928")


def _reads(reads: frozenset[tuple[str, str]], feed: str, field: str) -> bool:
    """Whether a use reads the field, or anything of the feed when no field was meant."""
    return any(f == feed and field in ("", name) for f, name in reads)
