"""This room for programs: incidents by their short names, in plain values, under the pages' own rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from twain.errors import ConfigError
from twain_web.access import refuse_unless
from twain_web.rooms.incidents import numbers
from twain_web.rooms.incidents.actions import answering
from twain_web.rooms.incidents.models import Event, Held, Incident
from twain_web.rooms.incidents.permissions import ANSWER_INCIDENT, LOOK_AGAIN, READ_INCIDENTS
from twain_web.rooms.incidents.reads import cards, records
from twain_web.rooms.incidents.reads.cards import Card

_SLUG = re.compile(r"i(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the timeline, in both languages. *who* is Twain where it did so itself."""

    at: datetime
    verb: str
    who: str
    business: str
    technical: str


@dataclass(frozen=True, slots=True)
class HeldSend:
    """A send that waits, or waited. *audience* is None while nobody could be counted."""

    campaign: str
    name: str
    run_id: str
    audience: int | None
    expires_at: datetime
    waits: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """An incident with everything that happened to it. *unknown*: why the last look could not say how it stands."""

    card: Card
    business: str
    technical: str
    sql: str
    observed: float | None
    expected: str
    looked_at: datetime | None
    unknown: str
    held: tuple[HeldSend, ...]
    timeline: tuple[Happened, ...]


def listed(*, by: Any, closed: bool = False, feed: str = "") -> list[Card]:  # noqa: ANN401 — a Person, here and below
    """What is open, oldest first; or what is closed, newest first."""
    refuse_unless(by, READ_INCIDENTS)
    return cards.cards(closed=closed, feed=feed)


def whole(*, by: Any, slug: str) -> Whole:  # noqa: ANN401
    """One incident. Raises ConfigError T944 when there is none of this name."""
    refuse_unless(by, READ_INCIDENTS)
    one = _own(slug)
    return Whole(
        cards.card(one), one.business, one.technical, one.sql, one.observed, one.expected, one.looked_at, one.seen,
        tuple(_held(held) for held in one.held.all()),
        tuple(_happened(event) for event in one.events.select_related("person")),
    )  # fmt: skip


def acknowledge(*, by: Any, slug: str) -> Card:  # noqa: ANN401
    """I have seen it. Raises WrongState T942 when it is closed."""
    refuse_unless(by, ANSWER_INCIDENT)
    answering.acknowledge(by=by, incident=_own(slug))
    return cards.card(_own(slug))


def look(*, by: Any, slug: str) -> Card:  # noqa: ANN401
    """Have the check made again now; what it says comes into the timeline. Raises WrongState T942 when it is closed."""
    refuse_unless(by, LOOK_AGAIN)
    answering.look_again(by=by, incident=_own(slug))
    return cards.card(_own(slug))


def propose(*, by: Any, slug: str) -> str:  # noqa: ANN401
    """This is as it should be: the changed limit as a diff for ``git apply``. Raises ContractError T943 when there is none."""
    refuse_unless(by, ANSWER_INCIDENT)
    return answering.propose(by=by, incident=_own(slug)).text


def months(*, by: Any, since: datetime) -> list[numbers.Month]:  # noqa: ANN401
    """How long it took to acknowledge and to restore, by feed and month."""
    refuse_unless(by, READ_INCIDENTS)
    return numbers.by_feed_and_month(records.incidents(since), settings.TIME_ZONE)


def _own(slug: str) -> Incident:
    found = _SLUG.fullmatch(slug)
    one = cards.rows().filter(pk=int(found[1])).first() if found else None
    if one is None:
        raise ConfigError(f"There is no incident {slug[:20]!r}.", todo="twain incidents list shows them.", code="T944")
    return one


def _held(held: Held) -> HeldSend:
    return HeldSend(held.campaign, held.name, held.run_id, held.audience, held.expires_at, held.ended_at is None)


def _happened(event: Event) -> Happened:
    return Happened(event.at, event.verb, str(event.person or "Twain"), event.business, event.technical)
