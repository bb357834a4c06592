"""A calendar's file, read: ``calendars/<name>.toml`` → :class:`Calendar`. Errors name the file, the part and what to do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twain.calendars.business import is_holiday
from twain.calendars.parts import CLASSES, Calendar, Freeze, Holidays, Hours, Import, Kind, Maintenance
from twain.errors import ConfigError, Place

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SHIFT = re.compile(r"([A-Z][a-z]{2})(?: *- *([A-Z][a-z]{2}))? +(\d\d):(\d\d) *- *(\d\d):(\d\d)")
_TOUCHED = re.compile(r"(channel|source|website):[\w.\-]+")
_ICS = re.compile(r"[\w\-][\w.\-]*\.ics")
_URL = re.compile(r"https?://[!-~]{1,2000}")
_TABLES = {"title", "zone", "hours", "holidays", "freeze", "maintenance", "import"}
_KEYS = {
    "hours": {"effective_from", "zone", "week"},
    "holidays": {"effective_from", "country", "region", "closed", "worked"},
    "freeze": {"effective_from", "name", "kind", "classes", "from", "until", "why"},
    "maintenance": {"effective_from", "name", "touches", "from", "until", "why"},
    "import": {"effective_from", "file", "url", "what", "kind", "classes", "touches"},
}


def read_calendar(name: str, text: str, zone: str = "UTC") -> Calendar:
    """Read one calendar. *zone*: of moments without one, when the file names none. Raises ConfigError T911."""
    file = f"calendars/{name}.toml"
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"Not valid TOML: {error}.", place=Place(file), todo="Correct the line.", code="T911"
        ) from error
    found = _Reader(file, str(raw.get("zone", zone))).calendar(name, raw)
    for part in found.holidays:
        is_holiday(found, part.effective_from)  # an unknown country is said now, not at the first holiday
    return found


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str
    zone: str

    def calendar(self, name: str, raw: Mapping[str, Any]) -> Calendar:
        self.known(raw, _TABLES, "")
        self.where(self.zone, "zone")
        return Calendar(
            name=name,
            title=str(raw.get("title", name)),
            hours=tuple(self.hours(part) for part in self.parts(raw, "hours")),
            holidays=tuple(self.holidays(part) for part in self.parts(raw, "holidays")),
            freezes=tuple(self.freeze(part) for part in self.parts(raw, "freeze")),
            maintenance=tuple(self.maintenance(part) for part in self.parts(raw, "maintenance")),
            imports=tuple(self.imported(part) for part in self.parts(raw, "import")),
        )

    def fail(self, what: str, todo: str) -> ConfigError:
        return ConfigError(what, place=Place(self.file), todo=todo, code="T911")

    def known(self, table: Mapping[str, Any], keys: set[str], where: str) -> None:
        for key in sorted(table.keys() - keys):
            raise self.fail(f"Unknown key {key!r} {where}".strip() + ".", f"Known here: {', '.join(sorted(keys))}.")

    def parts(self, raw: Mapping[str, Any], table: str) -> Sequence[Mapping[str, Any]]:
        parts = raw.get(table, [])
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise self.fail(f"{table!r} is not a list of tables.", f"Begin each part with [[{table}]].")
        for part in parts:
            self.known(part, _KEYS[table], f"in [[{table}]]")
        return parts

    def day(self, raw: Mapping[str, Any], table: str) -> date:
        value = raw.get("effective_from")
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.fail(
                f"A part [[{table}]] does not say from which day on it holds.", "Add effective_from = 2026-01-01."
            )
        return value

    def where(self, zone: str, key: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise self.fail(f"{key}: there is no time zone {zone!r}.", "Write it like Europe/Berlin.") from error
        return zone

    def hours(self, raw: Mapping[str, Any]) -> Hours:
        week = tuple(shift for text in raw.get("week", []) for shift in self.shifts(str(text)))
        return Hours(self.day(raw, "hours"), self.where(str(raw.get("zone", self.zone)), "hours.zone"), week)

    def shifts(self, text: str) -> list[tuple[int, int, int]]:
        found = _SHIFT.fullmatch(text.strip())
        if found and found[1] in _DAYS and (found[2] or found[1]) in _DAYS:
            first, last = _DAYS.index(found[1]), _DAYS.index(found[2] or found[1])
            opens, closes = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
            if first <= last and opens < closes <= 24 * 60:
                return [(day, opens, closes) for day in range(first, last + 1)]
        raise self.fail(f"{text!r} are no working hours.", "Write them like Mon-Fri 09:00-17:00, one shift an entry.")

    def holidays(self, raw: Mapping[str, Any]) -> Holidays:
        return Holidays(
            self.day(raw, "holidays"),
            str(raw.get("country", "")),
            str(raw.get("region", "")),
            self.days(raw.get("closed", []), "closed"),
            self.days(raw.get("worked", []), "worked"),
        )

    def days(self, values: Any, key: str) -> tuple[date, ...]:  # noqa: ANN401 — whatever TOML holds
        if not isinstance(values, list) or not all(type(value) is date for value in values):
            raise self.fail(f"holidays.{key} is not a list of days.", f"Write {key} = [2026-12-24].")
        return tuple(values)

    def freeze(self, raw: Mapping[str, Any]) -> Freeze:
        kind, classes = self.of(raw, "freeze")
        begins, ends = self.between(raw, "freeze")
        return Freeze(
            self.named(raw, "freeze"), kind, classes, begins, ends, self.day(raw, "freeze"), str(raw.get("why", ""))
        )

    def of(self, raw: Mapping[str, Any], table: str) -> tuple[Kind, tuple[str, ...]]:
        kind, classes = raw.get("kind", "hard"), raw.get("classes", [])
        if kind not in ("hard", "soft"):
            raise self.fail(f"{table}.kind is {kind!r}.", 'Write kind = "hard" or "soft".')
        if not isinstance(classes, list) or not classes or not set(map(str, classes)) <= set(CLASSES):
            raise self.fail(
                f"A [[{table}]] does not say what it is for.", f"Add classes = […] of: {', '.join(CLASSES)}."
            )
        return cast("Kind", kind), tuple(map(str, classes))

    def named(self, raw: Mapping[str, Any], table: str) -> str:
        if not str(raw.get("name", "")).strip():
            raise self.fail(f"A [[{table}]] has no name.", 'Add name = "…": people read it.')
        return str(raw["name"])

    def between(self, raw: Mapping[str, Any], table: str) -> tuple[datetime, datetime]:
        begins, ends = self.moment(raw, "from", table), self.moment(raw, "until", table)
        if ends <= begins:
            raise self.fail(f"A [[{table}]] ends before it begins.", "until is later than from.")
        return begins, ends

    def moment(self, raw: Mapping[str, Any], key: str, table: str) -> datetime:
        value = raw.get(key)
        if type(value) is date:
            value = datetime.combine(value, time())
        if not isinstance(value, datetime):
            raise self.fail(f"{table}.{key} is no day or moment.", f"Write {key} = 2026-12-14T18:00:00.")
        return value.replace(tzinfo=ZoneInfo(self.zone)) if value.tzinfo is None else value.astimezone(UTC)

    def maintenance(self, raw: Mapping[str, Any]) -> Maintenance:
        touches = self.touched(raw, "maintenance")
        begins, ends = self.between(raw, "maintenance")
        day, why = self.day(raw, "maintenance"), str(raw.get("why", ""))
        return Maintenance(self.named(raw, "maintenance"), touches, begins, ends, day, why)

    def touched(self, raw: Mapping[str, Any], table: str) -> tuple[str, ...]:
        touches = raw.get("touches", [])
        if not isinstance(touches, list) or not touches or not all(_TOUCHED.fullmatch(str(t)) for t in touches):
            raise self.fail(
                f"A [[{table}]] does not say what it touches.", 'Write touches = ["channel:mail", "source:shop"].'
            )
        return tuple(map(str, touches))

    def imported(self, raw: Mapping[str, Any]) -> Import:
        file, url, what = str(raw.get("file", "")), str(raw.get("url", "")), raw.get("what", "freeze")
        if bool(file) == bool(url) or (file and not _ICS.fullmatch(file)) or (url and not _URL.fullmatch(url)):
            raise self.fail(
                "An [[import]] does not name one file or one address.",
                'Write file = "freezes.ics", which lies in calendars/, or url = "https://calendar.example.com/freezes.ics".',
            )
        if what not in ("freeze", "maintenance", "holiday"):
            raise self.fail(f"import.what is {what!r}.", 'Write what = "freeze", "maintenance" or "holiday".')
        kind: Kind = "hard"
        classes: tuple[str, ...] = ()
        if what == "freeze":
            kind, classes = self.of(raw, "import")
        touches = self.touched(raw, "import") if what == "maintenance" else ()
        return Import(kind, classes, self.day(raw, "import"), file, url, what, touches)
