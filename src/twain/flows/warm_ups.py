"""``[[warm_up]]`` of ``policy.toml``: a sender's domain, or a channel, that mailbox providers do not know yet begins small.

Either ``start`` messages on the first day, ``growth`` times as many on each day after, until a day may take ``until``; or one
number a day as ``steps``. A ramp is no part of a bundle, as IT's limits on a channel are none: what providers bear today does not
depend on when somebody approved a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from twain.errors import ConfigError, Place
from twain.records.warming import WarmUp

_FILE = "policy.toml"
_KNOWN = {"domain", "channel", "start", "growth", "until", "steps", "begins"}
_LONGEST = 100  # days
_FASTEST = 10.0


def read_warm_ups(raw: Sequence[Mapping[str, Any]], lines: Mapping[str, int]) -> tuple[WarmUp, ...]:
    """Every ``[[warm_up]]``, without its zone. Raises ConfigError T882 for keys that do not fit, T883 for a number or day."""
    found: list[WarmUp] = []
    for number, one in enumerate(raw):
        ramp = _Reader(one, lines, f"warm_up[{number}]").read()
        if any(ramp.row == other.row for other in found):
            raise _wrong(lines, f"warm_up[{number}]", f"{ramp.name} is warmed up twice", "Keep one of them.", "T882")
        found.append(ramp)
    return tuple(found)


def ramps_for(ramps: Sequence[WarmUp], channel: str, address: str, zone: str) -> tuple[WarmUp, ...]:
    """Those that hold for a send by this channel from this sender's address."""
    rows = {channel, row_of_domain(address.rpartition("@")[2])}
    return tuple(replace(ramp, zone=zone) for ramp in ramps if ramp.row in rows)


def row_of_domain(domain: str) -> str:
    """Where the ledger counts a sender's domain: no channel has such a name."""
    return f"@{domain.lower().rstrip('.')}"


class _Reader:
    def __init__(self, raw: Mapping[str, Any], lines: Mapping[str, int], where: str) -> None:
        self._raw, self._lines, self._where = raw, lines, where

    def read(self) -> WarmUp:
        for key in self._raw:
            if key not in _KNOWN:
                raise self._fail(f"Unknown key 'warm_up.{key}'", f"Known: {', '.join(sorted(_KNOWN))}.", key, "T882")
        named = [key for key in ("domain", "channel") if key in self._raw]
        if len(named) != 1:
            todo = 'Write domain = "news.example", or channel = "mail".'
            raise self._fail("A warm-up is of one domain or one channel", todo, "", "T882")
        name = self._raw[named[0]]
        if not isinstance(name, str) or not name.strip() or "@" in name:
            raise self._fail(f"{name!r} is no {named[0]}", 'Write it like "news.example".', named[0], "T883")
        row = row_of_domain(name) if named[0] == "domain" else name
        return WarmUp(name, row, self._numbers(), self._begins())

    def _numbers(self) -> tuple[int, ...]:
        growing = [key for key in ("start", "growth", "until") if key in self._raw]
        if ("steps" in self._raw) == bool(growing) or (growing and len(growing) < 3):
            todo = "Write start = 500, growth = 1.5 and until = 50000; or steps = [500, 1000, 2000]."
            raise self._fail("A warm-up needs start, growth and until, or steps", todo, "", "T882")
        return self._grown() if growing else self._steps()

    def _steps(self) -> tuple[int, ...]:
        steps = self._raw["steps"]
        good = isinstance(steps, list) and 0 < len(steps) <= _LONGEST and all(_is_number(one) for one in steps)
        if not good or sorted(steps) != steps:
            todo = f"Write up to {_LONGEST} whole numbers above 0, none below the one before."
            raise self._fail(f"steps = {steps!r} is no ramp", todo, "steps", "T883")
        return tuple(steps)

    def _grown(self) -> tuple[int, ...]:
        start, growth, until = (self._raw[key] for key in ("start", "growth", "until"))
        for key, value in (("start", start), ("until", until)):
            if not _is_number(value):
                raise self._fail(
                    f"{key} = {value!r} is no number of messages", f"Write it like {key} = 500.", key, "T883"
                )
        if isinstance(growth, bool) or not isinstance(growth, int | float) or not 1 < growth <= _FASTEST:
            todo = "Write how many times as much as the day before: growth = 1.5."
            raise self._fail(f"growth = {growth!r} is above 1 and at most 10, or it is no ramp", todo, "growth", "T883")
        numbers = tuple(_growing(start, float(growth), until))
        if not numbers or len(numbers) > _LONGEST:
            todo = f"Let until be above start, and the ramp be over within {_LONGEST} days."
            raise self._fail(f"From {start} to {until} is no ramp of at most {_LONGEST} days", todo, "until", "T883")
        return numbers

    def _begins(self) -> int:
        begins = self._raw.get("begins")
        if begins is None:
            return 0
        if isinstance(begins, str):
            with suppress(ValueError):
                begins = date.fromisoformat(begins)
        if not isinstance(begins, date) or isinstance(begins, datetime):
            raise self._fail(f"begins = {begins!r} is no day", "Write it like begins = 2026-12-01.", "begins", "T883")
        return begins.toordinal()

    def _fail(self, what: str, todo: str, key: str, code: str) -> ConfigError:
        return _wrong(self._lines, f"{self._where}.{key}" if key else self._where, what, todo, code)


def _growing(start: int, growth: float, until: int) -> Iterator[int]:
    """Each day's number, rounded down, always above the day before's; one more than allowed shows that it is too long."""
    today = start
    for _ in range(_LONGEST + 1):
        if today >= until:
            return
        yield today
        today = max(today + 1, int(today * growth))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _wrong(lines: Mapping[str, int], key: str, what: str, todo: str, code: str) -> ConfigError:
    place = Place(_FILE, lines.get(key, lines.get(key.partition(".")[0])))
    return ConfigError(f"{what}.", place=place, todo=todo, code=code)
