"""Quiet hours of ``policy.toml``: read, put into a bundle, and told for each recipient's time zone.

The zone is the feed's field with that role, and the workspace's for people without one. Zones whose clocks agree through the
year count as one, so that a send is cut into few shards.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc

from twain.errors import ConfigError, Place
from twain.ledger.quiet import quiet_until
from twain.records import Bundle

_FILE = "policy.toml"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_KNOWN = {"from", "to", "weekdays", "channels", "except_topics", "holidays"}
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_HOLIDAY = re.compile(r"(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_YEAR = 366


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Nothing goes by *channels* (empty: any) from *start* to *end*, in minutes after midnight where the recipient lives.

    *weekdays*: those it begins on, 0 = Monday. *holidays*: days that are quiet as a whole. Not for *except_topics*.
    """

    start: int
    end: int
    weekdays: tuple[int, ...] = tuple(range(7))
    channels: tuple[str, ...] = ()
    except_topics: tuple[str, ...] = ()
    holidays: tuple[str, ...] = ()

    def applies(self, channel: str, topic: str) -> bool:
        """Whether they hold for a campaign."""
        return (not self.channels or channel in self.channels) and topic not in self.except_topics


def read_quiet_hours(raw: Sequence[Mapping[str, Any]], lines: Mapping[str, int]) -> tuple[QuietHours, ...]:
    """Every ``[[quiet_hours]]``. Raises ConfigError T880 for an unknown key, T881 for a time, day or holiday that is none."""
    found = tuple(_one(rule, lines) for rule in raw)
    for channel in {name for rule in found for name in rule.channels} | {""}:
        _some_time_left([rule for rule in found if not rule.channels or channel in rule.channels])
    return found


def quiet_by(rules: Sequence[QuietHours], channel: str, topic: str) -> dict[str, Any]:
    """The part of a bundle's body that says which quiet hours hold for it; nothing when none do."""
    ours = [
        {"from": one.start, "to": one.end, "weekdays": list(one.weekdays), "holidays": list(one.holidays)}
        for one in rules
        if one.applies(channel, topic)
    ]
    return {"quiet_hours": ours} if ours else {}


def quiet_for(bundle: Bundle, time_zone: str) -> Callable[[str], str] | None:
    """From a recipient's zone to what is kept with their shard; None when the bundle has no quiet hours."""
    rules = bundle.body.get("quiet_hours")
    if not rules:
        return None
    families: dict[tuple[timedelta | None, ...], str] = {}

    @lru_cache(maxsize=2048)
    def said(zone: str) -> str:
        known = _known(zone) or _known(time_zone) or ZoneInfo("UTC")
        family = families.setdefault(_clocks(known), known.key)
        return json.dumps({"zone": family, "rules": rules}, sort_keys=True)

    return said


@dataclass
class Waiting:
    """How many people of a stream would wait if the send began at *now*, by the local time they wait for."""

    quiet: Callable[[str], str] | None
    now: float
    until: Counter[str] = field(default_factory=Counter)
    last: float = 0.0
    """When the last of them may go (epoch seconds); 0 when nobody waits."""

    def watch(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches, counted as they go by."""
        for batch in batches:
            if self.quiet is not None:
                self._count(batch)
            yield batch

    def _count(self, batch: pa.RecordBatch) -> None:
        assert self.quiet is not None  # noqa: S101 — asked just before
        zones = pa.nulls(batch.num_rows, pa.string())
        if "timezone" in batch.schema.names:
            zones = batch.column("timezone").cast(pa.string())
        for counted in pc.value_counts(pc.fill_null(zones, "")).to_pylist():
            quiet = self.quiet(counted["values"])
            until = quiet_until(quiet, self.now)
            if until > self.now:
                local = datetime.fromtimestamp(until, ZoneInfo(json.loads(quiet)["zone"]))
                self.until[f"{local:%H:%M}"] += counted["counts"]
                self.last = max(self.last, until)


def _one(raw: Mapping[str, Any], lines: Mapping[str, int]) -> QuietHours:
    for key in raw:
        if key not in _KNOWN:
            raise _wrong(f"Unknown key 'quiet_hours.{key}'", f"Known: {', '.join(sorted(_KNOWN))}.", lines, "T880", key)
    holidays = tuple(str(day) for day in raw.get("holidays", ()))
    for day in holidays:
        if not _HOLIDAY.fullmatch(day):
            raise _wrong(f"{day!r} is no day", 'Write it like "12-25" or "2026-04-03".', lines, "T881", "holidays")
    return QuietHours(
        _minutes(raw, "from", lines),
        _minutes(raw, "to", lines),
        _weekdays(raw, lines),
        tuple(raw.get("channels", ())),
        tuple(raw.get("except_topics", ())),
        holidays,
    )


def _minutes(raw: Mapping[str, Any], key: str, lines: Mapping[str, int]) -> int:
    value = str(raw.get(key, ""))
    if not _TIME.fullmatch(value):
        raise _wrong(f"quiet_hours.{key} = {value!r} is no time", f'Write it like {key} = "21:00".', lines, "T881", key)
    hour, minute = value.split(":")
    return int(hour) * 60 + int(minute)


def _weekdays(raw: Mapping[str, Any], lines: Mapping[str, int]) -> tuple[int, ...]:
    names = [str(name).lower() for name in raw.get("weekdays", _DAYS)]
    for name in names:
        if name not in _DAYS:
            raise _wrong(f"{name!r} is no day of the week", f"Use {', '.join(_DAYS)}.", lines, "T881", "weekdays")
    return tuple(sorted({_DAYS.index(name) for name in names}))


def _some_time_left(rules: Sequence[QuietHours]) -> None:
    """Rules that leave no minute of a whole week would hold every send for ever."""
    week = bytearray(7 * 24 * 60)
    for rule in rules:
        length = (rule.end - rule.start) % (24 * 60) or 24 * 60
        for day in rule.weekdays:
            for minute in range(day * 1440 + rule.start, day * 1440 + rule.start + length):
                week[minute % len(week)] = 1
    if rules and all(week):
        raise _wrong("The quiet hours leave no time at all in the week", "Shorten one of them.", {}, "T881", "from")


def _wrong(what: str, todo: str, lines: Mapping[str, int], code: str, key: str) -> ConfigError:
    return ConfigError(f"{what}.", place=Place(_FILE, lines.get(f"quiet_hours.{key}")), todo=todo, code=code)


def _known(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=1024)
def _clocks(zone: ZoneInfo) -> tuple[timedelta | None, ...]:
    """How far its clocks are from UTC on each of the next days, twice a day: what makes two zones one to us."""
    today = datetime.now(UTC).replace(hour=0, minute=30, second=0, microsecond=0)
    return tuple((today + timedelta(hours=12 * n)).astimezone(zone).utcoffset() for n in range(2 * _YEAR))
