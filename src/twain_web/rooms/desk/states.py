"""The states of a request, and who may move it from which to which. Pure: no database, no clock.

A request is a state of the world that somebody wants. It closes when Twain *observes* that state; nobody closes it by hand, so
there is no "done". What lies on the way::

    draft → deflected | asked → promised → in_work → observed → confirmed

and beside it: clarifying (a question waits for Marketing), waiting_external, declined_with_alternative, withdrawn, reopened.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from twain.errors import WrongState


class State(StrEnum):
    """Where a request is."""

    DRAFT = "draft"
    DEFLECTED = "deflected"
    ASKED = "asked"
    CLARIFYING = "clarifying"
    PROMISED = "promised"
    IN_WORK = "in_work"
    WAITING_EXTERNAL = "waiting_external"
    OBSERVED = "observed"
    CONFIRMED = "confirmed"
    DECLINED = "declined_with_alternative"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"


class Side(StrEnum):
    """Who moves it: whoever asked, whoever answers, or Twain itself."""

    ASKER = "asker"
    IT = "it"
    TWAIN = "twain"


class Verb(StrEnum):
    """One move."""

    TAKE = "take"
    ASK = "ask"
    QUESTION = "question"
    REPLY = "reply"
    PROMISE = "promise"
    START = "start"
    WAIT = "wait"
    ARRIVE = "arrive"
    SHOW = "show"
    DECLINE = "decline"
    ADOPT = "adopt"
    AGREE = "agree"
    NAME = "name"
    WITHDRAW = "withdraw"
    OBSERVE = "observe"
    CONFIRM = "confirm"
    DISPUTE = "dispute"
    NOT_YET = "not_yet"
    REGRESS = "regress"
    SETTLE = "settle"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class Move:
    """What a verb does: by whom, from where, to where. *to* None: it stays; *back*: to where it was before the detour."""

    by: Side
    frm: frozenset[State]
    to: State | None = None
    back: bool = False


_OPEN = frozenset({
    State.ASKED, State.CLARIFYING, State.PROMISED, State.IN_WORK, State.WAITING_EXTERNAL, State.REOPENED,
})  # fmt: skip
_ITS_TURN = _OPEN - {State.CLARIFYING, State.WAITING_EXTERNAL}

MOVES: dict[Verb, Move] = {
    Verb.TAKE: Move(Side.ASKER, frozenset({State.DRAFT}), State.DEFLECTED),
    Verb.ASK: Move(Side.ASKER, frozenset({State.DRAFT, State.DECLINED}), State.ASKED),
    Verb.QUESTION: Move(Side.IT, _ITS_TURN, State.CLARIFYING),
    Verb.REPLY: Move(Side.ASKER, frozenset({State.CLARIFYING}), back=True),
    Verb.PROMISE: Move(Side.IT, _ITS_TURN, State.PROMISED),
    Verb.START: Move(Side.IT, frozenset({State.PROMISED, State.REOPENED}), State.IN_WORK),
    Verb.WAIT: Move(Side.IT, frozenset({State.PROMISED, State.IN_WORK, State.REOPENED}), State.WAITING_EXTERNAL),
    Verb.ARRIVE: Move(Side.IT, frozenset({State.WAITING_EXTERNAL}), back=True),
    Verb.SHOW: Move(Side.IT, frozenset({State.PROMISED, State.IN_WORK, State.REOPENED})),
    Verb.DECLINE: Move(Side.IT, _OPEN, State.DECLINED),
    Verb.ADOPT: Move(Side.ASKER, frozenset({State.DECLINED}), State.CONFIRMED),
    Verb.AGREE: Move(Side.ASKER, frozenset({State.DECLINED}), State.PROMISED),
    Verb.NAME: Move(Side.IT, _ITS_TURN | {State.WAITING_EXTERNAL}),
    Verb.WITHDRAW: Move(Side.ASKER, _OPEN | {State.DRAFT, State.DECLINED}, State.WITHDRAWN),
    Verb.OBSERVE: Move(Side.TWAIN, _OPEN, State.OBSERVED),
    Verb.CONFIRM: Move(Side.ASKER, _OPEN | {State.OBSERVED}, State.CONFIRMED),
    Verb.DISPUTE: Move(Side.ASKER, frozenset({State.OBSERVED}), State.REOPENED),
    Verb.NOT_YET: Move(Side.ASKER, frozenset({State.PROMISED, State.IN_WORK, State.REOPENED})),
    Verb.REGRESS: Move(Side.TWAIN, frozenset({State.OBSERVED, State.CONFIRMED}), State.REOPENED),
    Verb.SETTLE: Move(Side.TWAIN, frozenset({State.OBSERVED}), State.CONFIRMED),
    Verb.ESCALATE: Move(Side.TWAIN, frozenset({State.ASKED, State.REOPENED})),
}

OPEN = _OPEN
#: Nobody has anything to do any more, unless what was there is lost again.
CLOSED = frozenset({State.OBSERVED, State.CONFIRMED, State.DEFLECTED, State.WITHDRAWN, State.DECLINED})
#: A question can be asked in the middle of the work: then the work goes on where it was.
_RETURNS = frozenset({State.ASKED, State.PROMISED, State.IN_WORK, State.REOPENED})

#: The words on screen.
NAMES = {
    State.DRAFT: _("Draft"),
    State.DEFLECTED: _("Already available"),
    State.ASKED: _("Asked"),
    State.CLARIFYING: _("A question is open"),
    State.PROMISED: _("Promised"),
    State.IN_WORK: _("In work"),
    State.WAITING_EXTERNAL: _("Waiting for somebody outside"),
    State.OBSERVED: _("There: seen by the automatic check"),
    State.CONFIRMED: _("There"),
    State.DECLINED: _("Another way is offered"),
    State.WITHDRAWN: _("Withdrawn"),
    State.REOPENED: _("Open again"),
}


def step(verb: Verb, state: State, side: Side, *, before: State = State.ASKED) -> State:
    """The state after *verb*. *before* is where it was when a question or a wait began.

    A promise in the middle of the work leaves it in work. Raises WrongState T922 when that cannot follow, T923 when it is
    somebody else's to do.
    """
    move = MOVES[verb]
    if side is not move.by:
        raise WrongState(f"{_who(side)} cannot {verb} a request.", todo=f"That is for {_who(move.by)}.", code="T923")
    if state not in move.frm:
        raise WrongState(
            f"A request that is {state} cannot be moved on by {verb}.",
            todo="Open the request and see how it stands now.",
            business=str(_("It has moved on since: %s. Nothing was changed.")) % NAMES[state],
            code="T922",
        )
    if move.back:
        return before if before in _RETURNS else State.ASKED
    if verb is Verb.PROMISE and state is State.IN_WORK:
        return state
    return move.to or state


def possible(state: State, side: Side) -> frozenset[Verb]:
    """What one side may do with a request as it stands."""
    return frozenset(verb for verb, move in MOVES.items() if move.by is side and state in move.frm)


def waits_for(state: State, verb: Verb) -> Side | None:
    """Whose turn it is after *verb*: None when nobody's here (it is closed, or somebody outside has it)."""
    if verb is Verb.SHOW:
        return Side.ASKER  # IT says that it is there; only the asker can see whether it is
    if state in {State.CLARIFYING, State.DECLINED, State.DRAFT}:
        return Side.ASKER
    return Side.IT if state in _ITS_TURN else None


def _who(side: Side) -> str:
    return {Side.ASKER: "whoever asked", Side.IT: "IT", Side.TWAIN: "Twain"}[side]
