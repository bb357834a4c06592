"""Requests as lists and home pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from twain_web import engine
from twain_web.roles import IT, MARKETING, Role
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.states import CLOSED, Side, State

_MOST_CLOSED = 50


@dataclass(frozen=True, slots=True)
class RequestCard:
    """One request in a list. *turn* is who has it, by name and title; *promised* the newest promise."""

    slug: str
    url: str
    outcome: str
    kind: str
    state: str
    state_shown: str
    asker: str
    turn: str
    since: datetime
    wanted_by: date | None
    promised: date | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person."""

    text: str
    url: str
    since: datetime
    kind: str = "request"


def requests() -> QuerySet[Request]:
    """All of them, newest first, with their people."""
    return Request.objects.select_related("asker", "answers").prefetch_related("promises")


def open_cards() -> list[RequestCard]:
    """What is under way, longest waiting first."""
    found = requests().exclude(state__in=[*(s.value for s in CLOSED), State.DRAFT.value])
    offered = requests().filter(state=State.DECLINED.value)
    return [card(one) for one in sorted([*found, *offered], key=lambda one: one.since)]


def closed_cards() -> list[RequestCard]:
    """What is over, newest first; one that another way is offered for is not over."""
    over = [s.value for s in CLOSED if s is not State.DECLINED]
    return [card(one) for one in requests().filter(state__in=over).order_by("-since")[:_MOST_CLOSED]]


def card(one: Request) -> RequestCard:
    """One request, frozen."""
    last = max(one.promises.all(), key=lambda p: p.pk, default=None)
    kind = engine.workspace().request_types.get(one.kind)
    return RequestCard(
        one.slug, one.url, one.outcome, kind.title if kind else one.kind, one.state, one.state_shown, str(one.asker),
        whose_turn(one), one.since, one.wanted_by, last.day if last else None,
    )  # fmt: skip


def whose_turn(one: Request) -> str:
    """Who has it now, by name and title."""
    if one.turn == Side.ASKER:
        return str(one.asker)
    if one.turn == Side.IT:
        return str(one.answers or _("IT"))
    return _("Somebody outside") if one.state == State.WAITING_EXTERNAL else ""


def waiting_for(person: Any) -> list[Waiting]:  # noqa: ANN401 — a Person of the house
    """What waits for this person: as whoever asked, or as whoever answers. Nobody's home page shows what is not theirs."""
    mine = Q(pk__in=[])
    if person.role_names & MARKETING:
        mine |= Q(turn=Side.ASKER.value, asker=person)
    if person.role_names & (IT | {Role.ADMINISTRATOR}):
        mine |= Q(turn=Side.IT.value, answers=person, state__in=[State.ASKED.value, State.REOPENED.value])
    found = requests().filter(mine).exclude(state=State.DRAFT.value).order_by("since")
    return [Waiting(_sentence(one), one.url, one.since) for one in found]


def _sentence(one: Request) -> str:
    names = {"outcome": one.outcome, "asker": one.asker.full_name, "it": getattr(one.answers, "full_name", _("IT"))}
    words = {
        State.ASKED: _("%(asker)s asks: %(outcome)s"),
        State.REOPENED: _("Open again: %(outcome)s"),
        State.CLARIFYING: _("%(it)s asks back: %(outcome)s"),
        State.DECLINED: _("%(it)s offers a simpler way: %(outcome)s"),
    }
    return words.get(State(one.state), _("Please look whether it is there: %(outcome)s")) % names
