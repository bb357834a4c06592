"""The state machine of a request, walked through whole: every verb at every state by every side."""

from __future__ import annotations

import itertools

import pytest

from twain.errors import WrongState
from twain_web.rooms.desk.states import CLOSED, MOVES, NAMES, OPEN, Side, State, Verb, possible, step, waits_for

#: What may follow, written down a second time: state → {verb: next}. "…" stays; "<" back to where it was.
TABLE = {
    "draft": {"take": "deflected", "ask": "asked", "withdraw": "withdrawn"},
    "deflected": {},
    "asked": {
        "question": "clarifying", "promise": "promised", "decline": "declined_with_alternative", "name": "…",
        "withdraw": "withdrawn", "observe": "observed", "confirm": "confirmed", "escalate": "…",
    },
    "clarifying": {
        "reply": "<", "decline": "declined_with_alternative", "withdraw": "withdrawn", "observe": "observed",
        "confirm": "confirmed",
    },
    "promised": {
        "question": "clarifying", "promise": "promised", "start": "in_work", "wait": "waiting_external", "show": "…",
        "decline": "declined_with_alternative", "name": "…", "withdraw": "withdrawn", "observe": "observed",
        "confirm": "confirmed", "not_yet": "…",
    },
    "in_work": {
        "question": "clarifying", "promise": "…", "wait": "waiting_external", "show": "…",
        "decline": "declined_with_alternative", "name": "…", "withdraw": "withdrawn", "observe": "observed",
        "confirm": "confirmed", "not_yet": "…",
    },
    "waiting_external": {
        "arrive": "<", "decline": "declined_with_alternative", "name": "…", "withdraw": "withdrawn",
        "observe": "observed", "confirm": "confirmed",
    },
    "reopened": {
        "question": "clarifying", "promise": "promised", "start": "in_work", "wait": "waiting_external", "show": "…",
        "decline": "declined_with_alternative", "name": "…", "withdraw": "withdrawn", "observe": "observed",
        "confirm": "confirmed", "not_yet": "…", "escalate": "…",
    },
    "observed": {"confirm": "confirmed", "dispute": "reopened", "regress": "reopened", "settle": "confirmed"},
    "confirmed": {"regress": "reopened"},
    "declined_with_alternative": {
        "ask": "asked", "adopt": "confirmed", "agree": "promised", "withdraw": "withdrawn",
    },
    "withdrawn": {},
}  # fmt: skip
WHOSE = {
    Side.ASKER: {"take", "ask", "reply", "adopt", "agree", "withdraw", "confirm", "dispute", "not_yet"},
    Side.IT: {"question", "promise", "start", "wait", "arrive", "show", "decline", "name"},
    Side.TWAIN: {"observe", "regress", "settle", "escalate"},
}


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("verb", list(Verb))
def test_every_move_is_as_the_table_says(state, verb):
    for side in Side:
        said = TABLE[state].get(verb)
        if said is None or verb not in WHOSE[side]:
            with pytest.raises(WrongState) as caught:
                step(verb, state, side)
            assert caught.value.shown_code == ("T922" if verb in WHOSE[side] else "T923")
        else:
            wanted = {"…": state, "<": State.IN_WORK}.get(said, said)
            assert step(verb, state, side, before=State.IN_WORK) == wanted


def test_what_is_possible_is_what_does_not_fail():
    for state, side in itertools.product(State, Side):
        assert possible(state, side) == {v for v in TABLE[state] if v in WHOSE[side]}


def test_a_detour_never_leads_back_to_what_is_closed():
    for before in State:
        back = step(Verb.REPLY, State.CLARIFYING, Side.ASKER, before=before)
        assert back in OPEN - {State.CLARIFYING, State.WAITING_EXTERNAL}


def test_only_it_promises_and_nobody_is_done_by_hand():
    assert MOVES[Verb.PROMISE].by is Side.IT
    assert {verb for verb, move in MOVES.items() if move.to is State.OBSERVED} == {Verb.OBSERVE}
    assert "done" not in {str(verb) for verb in Verb}


def test_every_open_request_reaches_an_end_whoever_moves_it():
    for state in OPEN:
        reached, border = {state}, {state}
        while border:
            border = {State(t) for s in border for t in TABLE[s].values() if t not in ("…", "<")} - reached
            reached |= border
        assert CLOSED - {State.DEFLECTED} <= reached


def test_every_open_request_is_somebodys_turn_or_waits_outside():
    for state in OPEN:
        assert (waits_for(state, Verb.ASK) is None) == (state is State.WAITING_EXTERNAL)
    assert waits_for(State.IN_WORK, Verb.SHOW) is Side.ASKER
    assert set(NAMES) == set(State)
