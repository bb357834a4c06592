"""What the two sides answer each other. One shape for all, so that a page, a mail's link and a program do the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils import timezone

from twain.errors import ConfigError, WrongState
from twain.flows.request_types import MAY_BE_EMPTY, PROBES
from twain_web.rooms.desk.actions.asking import require_room
from twain_web.rooms.desk.actions.moving import first_line, move
from twain_web.rooms.desk.models import Event, Request
from twain_web.rooms.desk.states import State, Verb

_LONGEST = 2000
_FURTHEST = 730  # days: what is promised for later is no promise


def promise(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401
    """Give a date. It is written down for good; another one later stands beside it. Raises ConfigError T925 for the past."""
    return move(request=request, verb=Verb.PROMISE, by=by, words=_said(words), day=_future(day))


def accept(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """Promise the day that was wished for."""
    return promise(by=by, request=request, words=words, day=request.wanted_by)


def question(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """Ask back. IT's clock stands still until there is an answer."""
    return move(request=request, verb=Verb.QUESTION, by=by, words=first_line(words, _LONGEST, "A question"))


def start(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """Work has begun."""
    return move(request=request, verb=Verb.START, by=by, words=_said(words))


def wait(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """Somebody outside has it; *words* say who."""
    return move(request=request, verb=Verb.WAIT, by=by, words=first_line(words, _LONGEST, "Who is waited for"))


def arrive(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """What was waited for has come."""
    return move(request=request, verb=Verb.ARRIVE, by=by, words=_said(words))


def show(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """Say that it should be there, where only the asker can see it. Raises WrongState T922 where Twain sees it itself."""
    if request.probe != "asker":
        raise WrongState(
            "Twain looks at this itself.", todo="There is nothing to report: it closes when it is seen.", code="T922"
        )
    return move(request=request, verb=Verb.SHOW, by=by, words=_said(words))


def decline(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401
    """Offer a simpler way instead: *words* say which, *day* by when IT would do it (None: nothing of IT's is needed)."""
    offered = first_line(words, _LONGEST, "The other way")
    detail = {"day": _future(day).isoformat()} if day is not None else {}
    return move(request=request, verb=Verb.DECLINE, by=by, words=offered, detail=detail)


def name_target(*, by: Any, request: Request, target: Mapping[str, Any]) -> Event:  # noqa: ANN401
    """Say exactly what will be there: the column's name, the table. The automatic check looks at that from now on."""
    kept = {**request.target, **{key: _named(request.probe, key, target) for key in PROBES[request.probe]}}
    if request.probe == "capacity":
        require_room(kept)
    event = move(request=request, verb=Verb.NAME, by=by, detail={"target": kept})
    Request.objects.filter(pk=request.pk).update(target=kept, feed=kept.get("feed", ""), look_at=timezone.now())
    request.refresh_from_db()
    return event


def reply(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """Answer IT's question; the work goes on where it was."""
    return move(request=request, verb=Verb.REPLY, by=by, words=first_line(words, _LONGEST, "An answer"))


def adopt(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """Take the simpler way. With a date of IT's it is promised for that day; without one nothing more is needed."""
    offer = request.events.filter(verb=Verb.DECLINE.value).last()
    offered = offer.detail.get("day") if offer else None
    if offer is None or offered is None:
        return move(request=request, verb=Verb.ADOPT, by=by, words=_said(words))
    event = move(
        request=request, verb=Verb.AGREE, by=by, words=_said(words), day=date.fromisoformat(offered),
        promised_by=offer.person,
    )  # fmt: skip
    # What was offered is something else than what was asked for: only the asker can tell whether it is there.
    Request.objects.filter(pk=request.pk).update(probe="asker", target={}, look_at=None)
    request.refresh_from_db()
    return event


def ask_again(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """The other way will not do, or what is there does not: say why."""
    return move(request=request, verb=Verb.ASK, by=by, words=first_line(words, _LONGEST, "The reason"))


def withdraw(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """It is needed no more."""
    return move(request=request, verb=Verb.WITHDRAW, by=by, words=_said(words))


def confirm(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """Say that it is there and serves. Where Twain looks itself, only after it has seen it (WrongState T922)."""
    if request.probe != "asker" and request.state != State.OBSERVED:
        raise WrongState(
            "Twain has not seen it yet.",
            todo="It closes by itself as soon as the automatic check sees it.",
            code="T922",
        )
    return move(request=request, verb=Verb.CONFIRM, by=by, words=_said(words))


def dispute(*, by: Any, request: Request, words: str = "", day: date | None = None) -> Event:  # noqa: ANN401, ARG001
    """It is not what was needed: say what is missing. Open again, whether Twain saw it or IT said so."""
    missing = first_line(words, _LONGEST, "What is missing")
    verb = Verb.DISPUTE if request.state == State.OBSERVED else Verb.NOT_YET
    return move(request=request, verb=verb, by=by, words=missing)


Answer = Callable[..., Event]
BY_IT: dict[str, Answer] = {
    "promise": promise, "accept": accept, "question": question, "start": start, "wait": wait, "arrive": arrive,
    "show": show, "decline": decline,
}  # fmt: skip
BY_ASKER: dict[str, Answer] = {
    "reply": reply, "adopt": adopt, "ask-again": ask_again, "withdraw": withdraw, "confirm": confirm, "dispute": dispute,
}  # fmt: skip


def _named(probe: str, key: str, target: Mapping[str, Any]) -> str:
    text = str(target.get(key) or "")
    return "" if not text and (probe, key) in MAY_BE_EMPTY else first_line(text, 300, key)


def _said(words: str) -> str:
    return first_line(words, _LONGEST, "What you say") if words.strip() else ""


def _future(day: date | None) -> date:
    today = timezone.localdate()
    if day is None or day < today or (day - today).days > _FURTHEST:
        raise ConfigError(
            "A promise needs a day that is not over, two years ahead at most.", todo="Choose another day.", code="T925"
        )
    return day
