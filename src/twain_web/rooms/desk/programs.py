"""This room for programs: requests by their short names, in plain values, under the pages' own rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth import get_user_model

from twain.errors import ConfigError
from twain_web.access import refuse_unless
from twain_web.rooms.desk import patches, wording
from twain_web.rooms.desk.actions import answers, asking
from twain_web.rooms.desk.actions.asking import Wish
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.permissions import ANSWER, ASK, FOLLOW_UP, READ_REQUESTS
from twain_web.rooms.desk.reads import cards, forecasts
from twain_web.rooms.desk.reads.cards import RequestCard
from twain_web.rooms.integrations.public import Mirror, mirrors

BY_IT, BY_ASKER = frozenset(answers.BY_IT), frozenset(answers.BY_ASKER)
_SLUG = re.compile(r"r(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that was said or done. *who* is Twain where it did so itself."""

    at: datetime
    verb: str
    who: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Given:
    """A date that somebody of IT gave."""

    day: date
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Whole:
    """A request with everything said about it. The hours are working hours on each clock; *mirrors*: its issues in trackers."""

    card: RequestCard
    purpose: str
    why: str
    campaign: str
    probe: str
    target: dict[str, str]
    seen: str
    looked_at: datetime | None
    promises: tuple[Given, ...]
    events: tuple[Happened, ...]
    hours_of_it: float
    hours_of_marketing: float
    hours_outside: float
    mirrors: tuple[Mirror, ...]


def somebody(username: str) -> Any:  # noqa: ANN401 — a Person
    """Whoever a command line says they are. Raises ConfigError when nobody active is called so."""
    found = get_user_model().objects.filter(username=username, is_active=True).first()
    if found is None:
        raise ConfigError(
            f"There is nobody called {username!r} in the house.", todo="Say who you are with TWAIN_PERSON."
        )
    return found


def listed(*, by: Any, closed: bool = False) -> list[RequestCard]:  # noqa: ANN401 — a Person, here and below
    """What is under way, longest waiting first; or what is over, newest first."""
    refuse_unless(by, READ_REQUESTS)
    return cards.closed_cards() if closed else cards.open_cards()


def whole(*, by: Any, slug: str) -> Whole:  # noqa: ANN401
    """One request. Raises ConfigError T921 when there is none of this name."""
    refuse_unless(by, READ_REQUESTS)
    one = _own(slug)
    clocks = forecasts.clocks_of(one)
    return Whole(
        cards.card(one), one.purpose, one.why, one.campaign, one.probe, one.target, str(one.seen.get("words", "")),
        one.looked_at, tuple(Given(p.day, str(p.by), p.at) for p in one.promises.select_related("by")),
        tuple(_happened(event) for event in one.events.select_related("person")),
        round(clocks.it, 2), round(clocks.marketing, 2), round(clocks.external, 2),
        tuple(mirrors(one.pk)),
    )  # fmt: skip


def ask(*, by: Any, wish: Wish) -> RequestCard:  # noqa: ANN401
    """Ask IT. Raises ConfigError as :func:`twain_web.rooms.desk.actions.asking.ask` does."""
    refuse_unless(by, ASK)
    return cards.card(asking.ask(by=by, wish=wish))


def take(*, by: Any, kind: str, outcome: str, feed: str, field: str = "") -> RequestCard:  # noqa: ANN401
    """What is in the catalogue answers it: nothing is asked. Raises ConfigError T921, T928."""
    refuse_unless(by, ASK)
    return cards.card(asking.take(by=by, kind=kind, outcome=outcome, feed=feed, field=field))


def forecast(*, by: Any, kind: str, feed: str = "", wanted_by: date | None = None) -> forecasts.Said:  # noqa: ANN401
    """What the page would say before it is asked. Raises ConfigError T921 for an unknown type."""
    refuse_unless(by, ASK)
    wanted = asking.type_of(kind)
    person = asking.who_answers(wanted, feed)
    team = person.team.name if person is not None and person.team else ""
    return forecasts.say(wanted, feed, team, wanted_by)


def answer(*, by: Any, slug: str, verb: str, words: str = "", day: date | None = None) -> RequestCard:  # noqa: ANN401
    """Answer a request, as IT or as whoever asked; the verb says which. Raises WrongState T922 when it cannot follow."""
    one = _own(slug)
    known = answers.BY_IT | answers.BY_ASKER
    if verb not in known:
        raise ConfigError(f"{verb[:40]!r} is no answer.", todo=f"Answers: {', '.join(known)}.", code="T922")
    refuse_unless(by, ANSWER if verb in answers.BY_IT else FOLLOW_UP, one)
    known[verb](by=by, request=one, words=words, day=day)
    return cards.card(_own(slug))


def patch(*, by: Any, slug: str) -> str:  # noqa: ANN401
    """The diff of a request for a field, for ``git apply``. Raises ConfigError T926 for one of another kind."""
    refuse_unless(by, ANSWER)
    one = _own(slug)
    if one.probe != "column":
        raise ConfigError(f"{slug} does not ask for a field.", todo="Only a field comes as a patch.", code="T926")
    return patches.draft(one).text


def _own(slug: str) -> Request:
    found = _SLUG.fullmatch(slug)
    one = cards.requests().filter(pk=int(found[1])).first() if found else None
    if one is None:
        raise ConfigError(f"There is no request {slug[:20]!r}.", todo="twain desk list shows them all.", code="T921")
    return one


def _happened(event: Any) -> Happened:  # noqa: ANN401 — an Event
    who = str(event.person) if event.person else "Twain"
    return Happened(event.at, event.verb, who, event.state, event.words or wording.told(event.verb, who, event.detail))
