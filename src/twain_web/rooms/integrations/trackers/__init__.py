"""Issue trackers that IT works in: an issue is made once per request, and its status is read. One file each.

A file has ``API``, a class made from the tracker's file (:class:`twain.flows.trackers.Tracker`) and a :class:`Line` to it. One
kind of its requests writes: the one that makes the issue. Nothing in it changes an issue.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from twain.errors import ConfigError
from twain.flows.trackers import Tracker

MOST_STATUS = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue as it should be. *lines* are a colleague's words, to be shown as they stand and to do nothing; *after* is ours.

    *mark* stands in it and is looked for before one is made; *since*: none can be older.
    """

    title: str
    lines: tuple[str, ...]
    after: str
    mark: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """An issue as it stands. *key* is what people call it, *url* its page, *over* whether it is done over there."""

    key: str
    url: str
    status: str
    over: bool


class Line(Protocol):
    """A way to the tracker's API. Both raise :class:`NotAnswered`, and ConfigError T900, T969 or T970."""

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 — JSON
        """What is there."""
        ...

    def post(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 — JSON
        """Make something, and have it back."""
        ...


class TrackerApi(Protocol):
    """One tracker."""

    #: Seconds after which an issue that was made is surely found: so long nothing is made anew after an unclear answer.
    SETTLES: ClassVar[float]

    def __init__(self, tracker: Tracker, line: Line) -> None: ...

    @staticmethod
    def signed(tracker: Tracker, token: str) -> dict[str, str]:
        """The headers that say who asks."""
        ...

    def about(self) -> str:
        """The project's name: the token is good, and the project there."""
        ...

    def find(self, draft: Draft) -> Seen | None:
        """The issue with this mark, if there is one."""
        ...

    def create(self, draft: Draft) -> Seen:
        """Make the issue."""
        ...

    def read(self, key: str) -> Seen | None:
        """How it stands; None when it is gone."""
        ...


def api(kind: str) -> type[TrackerApi]:
    """The class for one kind of tracker."""
    found: type[TrackerApi] = importlib.import_module(f"{__name__}.{kind}").API
    return found


def text_in(value: object, *path: str) -> str:
    """A text somewhere in what came. Raises ConfigError (T970) when it is not there: then it is no answer of that tracker."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise strange(f"no {'.'.join(path)} in it")
    return str(value)


def status(text: str) -> str:
    """A status as pages show it: one short printable line, whatever a tracker says."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MOST_STATUS] or "–"


def checked_key(text: str, shape: str) -> str:
    """A key that may be put into an address. Raises ConfigError (T970) for anything else."""
    if not re.fullmatch(shape, text):
        raise strange("its key is none")
    return text


def strange(why: str) -> ConfigError:
    """What is no answer of this tracker."""
    return ConfigError(
        f"It answers, but not as its API does: {why}.",
        todo="Look at the address in its file in trackers/: something else stands there, a sign-in page or a proxy.",
        code="T970",
    )
