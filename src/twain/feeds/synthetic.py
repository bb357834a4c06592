"""Samples of a feed for people to look at: made up from what its contract says, never read from a database.

The same contract always gives the same rows. A value obeys the field's own quality rules where they say what is valid (a list of
values, a pattern); otherwise it follows the field's words and type.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from twain.feeds.names import words
from twain.records import Feed, Field, Role, Scalar

_FIRST = ("Amelie", "Bartholomäus", "Chiara", "Dmitri", "Eun-ji", "Fatou", "Göran", "Hélène")
_LAST = ("Albrecht", "Baptista de Oliveira", "Czerny", "D’Angelo", "Eriksson", "Fjeld", "García", "Hoàng")
_CITIES = ("Aachen", "Bergen", "Coimbra", "Dijon", "Espoo", "Freiburg", "Graz", "Hasselt")
_STREETS = ("Am Anger 3", "Birkenweg 14 b", "Calle Mayor 7", "Domgasse 1", "Elm Road 22")
_GOODS = ("Lantern", "Rucksack 30 l", "Rain jacket", "Trail shoes", "Water bottle")
_TONGUES = ("de", "en", "fr", "it", "pl")
_COUNTRIES = ("AT", "BE", "CH", "DE", "FR", "IT")
_ZONES = ("Europe/Berlin", "Europe/Lisbon", "America/Recife", "Asia/Seoul")
_CURRENCIES = ("EUR", "CHF", "SEK")
_TODAY = date(2026, 1, 31)

#: Words of a field's name or business name → what such a field holds. The first that fits wins.
_MEANINGS: tuple[tuple[frozenset[str], Sequence[str]], ...] = (
    (frozenset({"first", "given", "forename", "firstname", "vorname"}), _FIRST),
    (frozenset({"last", "family", "surname", "lastname", "nachname"}), _LAST),
    (frozenset({"street", "strasse"}), _STREETS),
    (frozenset({"city", "town", "stadt", "ort"}), _CITIES),
    (frozenset({"country", "nation", "land"}), _COUNTRIES),
    (frozenset({"language", "sprache", "locale", "lang"}), _TONGUES),
    (frozenset({"zone", "timezone"}), _ZONES),
    (frozenset({"currency"}), _CURRENCIES),
    (frozenset({"product", "article", "item", "title"}), _GOODS),
    (frozenset({"postcode", "zip", "plz"}), ("01067", "1010", "4000-007", "75011")),
)
_ATOM = re.compile(r"\\[dws]|\[(?:\\.|[^\]\\])+\]|\\.|[^\\\[\](){}*+?|.^$]|\.")
_TIMES = re.compile(r"\{(\d+)(?:,(\d*))?\}|[*+?]")


def samples(feed: Feed, rows: int = 5) -> list[dict[str, Scalar]]:
    """*rows* made-up rows, field name → value. An optional field is empty in one of them, because it will be in life."""
    return [{f.name: _value(feed, f, row) for f in feed.fields.values()} for row in range(rows)]


def _value(feed: Feed, field: Field, row: int) -> Scalar:
    dice = _Dice(f"{feed.name}.{field.name}.{row}")
    if not (field.required or field.name == feed.key or field.role) and row == 3:
        return None
    valid = [v for rule in field.quality for v in rule.arguments.get("validValues", ())]
    if valid:
        return dice.one_of(valid)
    return _MAKERS[field.type](field, row, dice)


class _Dice:
    """Numbers that look thrown and are always the same for the same words."""

    def __init__(self, words_: str) -> None:
        self._seed, self._throws = words_, 0

    def below(self, limit: int) -> int:
        self._throws += 1
        digest = hashlib.sha256(f"{self._seed}#{self._throws}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % max(limit, 1)

    def one_of(self, values: Sequence[Scalar]) -> Scalar:
        return values[self.below(len(values))]


def _text(field: Field, row: int, dice: _Dice) -> str:
    for pattern in (str(p) for rule in field.quality if (p := rule.arguments.get("pattern"))):
        fitting = [v for v in _meant(field) if re.search(pattern, v)]
        return str(dice.one_of(fitting)) if fitting else _by_pattern(pattern, dice)
    if field.role is Role.EMAIL:
        return f"person{row + 1}@example.com"
    if field.role is Role.PHONE:
        return f"+49 30 5550{row + 101}"
    meant = _meant(field)
    return str(dice.one_of(meant)) if meant else f"{field.business_name} {row + 1}"


def _meant(field: Field) -> Sequence[str]:
    by_role: dict[Role | None, Sequence[str]] = {Role.TIMEZONE: _ZONES, Role.LANGUAGE: _TONGUES}
    if field.role in by_role:
        return by_role[field.role]
    seen = {word.lower() for word in (*words(field.name), *field.business_name.split())}
    return next((values for known, values in _MEANINGS if known & seen), ())


def _by_pattern(pattern: str, dice: _Dice) -> str:
    """A text that a simple pattern matches; an empty one where the pattern is more than characters and how often they come."""
    made, at, body = "", 0, pattern.removeprefix("^").removesuffix("$")
    while at < len(body):
        atom = _ATOM.match(body, at)
        if atom is None:
            return ""
        times = _TIMES.match(body, atom.end())
        at = times.end() if times else atom.end()
        least = int(times[1] or 1) if times else 1
        made += "".join(_character(atom[0], dice) for _ in range(min(least, 40)))
    return made if re.search(pattern, made) else ""


def _character(atom: str, dice: _Dice) -> str:
    allowed = [c for c in "ABCDEFGHJKLMNPRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789-_ ./" if re.fullmatch(atom, c)]
    return str(dice.one_of(allowed)) if allowed else atom.removeprefix("\\")


def _integer(field: Field, row: int, dice: _Dice) -> int:
    if field.role is Role.KEY or field.unique or words(field.name)[-1:] == ["id"]:
        return 1001 + 37 * row
    return dice.below(500)


def _number(_: Field, row: int, dice: _Dice) -> float:
    return 10 * row + dice.below(9000) / 100


def _day(field: Field, _: int, dice: _Dice) -> date:
    born = {"birth", "born", "birthday", "birthdate", "geburtsdatum"}
    if born & {word.lower() for word in (*words(field.name), *field.business_name.split())}:
        return date(1950, 1, 1) + timedelta(days=dice.below(50 * 365))
    return _TODAY - timedelta(days=dice.below(3 * 365))


def _moment(field: Field, row: int, dice: _Dice) -> datetime:
    day = _TODAY if field.role is Role.UPDATED_AT else _day(field, row, dice)
    return datetime(day.year, day.month, day.day, dice.below(24), dice.below(60))  # noqa: DTZ001 — as many tables hold it


def _truth(_: Field, row: int, dice: _Dice) -> bool:
    return bool((row + dice.below(2)) % 2)


_MAKERS: dict[str, Callable[[Field, int, _Dice], Scalar]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _truth,
    "date": _day,
    "timestamp": _moment,
}
