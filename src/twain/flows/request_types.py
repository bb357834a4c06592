"""``requests/<type>.toml``: what Marketing may ask IT for, and IT's own procedure for each. A versioned file of IT's.

::

    title = "A new field"                      # as it stands in the list
    explain = "Something more about …"         # one or two sentences, in Marketing's words
    change = "normal"                          # standard: agreed in advance; normal: one named peer looks; emergency
    probe = "column"                           # the automatic check that sees when it is there
    answers = "pnair"                          # who answers where the feed names nobody; a user name or an address
    respond_within = "2 days"                  # working days or hours until it goes to the delegate, then the bridge person
    procedure = ["…", "…"]                     # the steps, in plain words

    [estimate]                                 # shown until six were closed
    name = "Priya Nair"
    title = "Senior DBA"
    at_least_days = 2                          # working days
    at_most_days = 6
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twain.errors import ConfigError, Place, TwainError
from twain.flows.files import read_text
from twain.flows.toml_places import key_lines, parse_toml
from twain.records import Owner, Problem

FOLDER = "requests"
#: How a change may be made: ITIL's three kinds, which IT's own procedures speak of.
CHANGE_CLASSES = ("standard", "normal", "emergency")
#: What can be observed, and what has to be known for it. The house has one file for each.
PROBES: Mapping[str, tuple[str, ...]] = {
    "column": ("feed", "field"),
    "feed": ("feed",),
    "grant": ("source", "table"),
    "dns": ("domain",),
    "page": ("url", "text"),
    "lead": ("form",),
    "capacity": ("campaign", "channel", "at", "people"),
    "integration": ("webhook", "url", "answer"),
    "vendor": ("vendor",),
    "asker": (),
}
#: What may stay unknown: a send that has no campaign yet is looked for by its time alone; of an integration one thing is
#: enough; a review that was begun from its request is known without the vendor's name.
MAY_BE_EMPTY = frozenset(
    {
        ("capacity", "campaign"),
        ("integration", "webhook"),
        ("integration", "url"),
        ("integration", "answer"),
        ("vendor", "vendor"),
    }
)
_KEYS = {"title", "explain", "change", "probe", "answers", "respond_within", "procedure", "estimate", "access", "hosts"}
_ESTIMATE = {"name", "title", "at_least_days", "at_most_days"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}")
_TIME = re.compile(r"^(\d{1,3})\s*(hours?|h|days?|d)$")
_HOURS_A_DAY = 8.0
_MOST_STEPS = 12


@dataclass(frozen=True, slots=True)
class Estimate:
    """IT's own range in working days, by somebody who is named."""

    by: Owner
    at_least_days: float
    at_most_days: float


@dataclass(frozen=True, slots=True)
class RequestType:
    """One thing that may be asked for. *respond_hours* are working hours; *access* is asked for a time; *hosts* may be inside."""

    name: str
    title: str
    explain: str
    change: str
    probe: str
    procedure: tuple[str, ...]
    estimate: Estimate
    answers: str = ""
    respond_hours: float = 2 * _HOURS_A_DAY
    access: bool = False
    hosts: tuple[str, ...] = ()
    file: str = ""
    places: Mapping[str, int] = field(default_factory=dict)


def load_request_types(root: Path) -> tuple[dict[str, RequestType], list[Problem]]:
    """Every type of the workspace by name, and what is wrong with the others (T920)."""
    types: dict[str, RequestType] = {}
    problems: list[Problem] = []
    for path in sorted((root / FOLDER).glob("*.toml")):
        try:
            types[path.stem] = read_request_type(path)
        except TwainError as error:
            problems.append(Problem.of(error))
    return types, problems


def read_request_type(path: Path) -> RequestType:
    """One file. Raises ConfigError T920 with file, line and what to do; T112 for what is no text."""
    file = f"{FOLDER}/{path.name}"
    text = read_text(path, path.parent, Place(file))
    return _Reader(file, parse_toml(text, file, "T920"), key_lines(text)).read(path.stem)


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str
    raw: Mapping[str, Any]
    lines: Mapping[str, int]

    def read(self, name: str) -> RequestType:
        if not _NAME.fullmatch(name):
            raise self.wrong("", f"{name!r} is not a type's name.", "Names are lower-case letters, digits, - and _.")
        self.known(self.raw, _KEYS, "")
        return RequestType(
            name=name,
            title=self.text(self.raw, "title", 80),
            explain=self.text(self.raw, "explain", 400),
            change=self.one_of("change", CHANGE_CLASSES),
            probe=self.one_of("probe", tuple(PROBES)),
            procedure=self.steps(),
            estimate=self.estimate(),
            answers=self.text(self.raw, "answers", 200) if "answers" in self.raw else "",
            respond_hours=self.hours(),
            access=self.raw.get("access", False) is True,
            hosts=self.hosts(),
            file=self.file,
            places=self.lines,
        )

    def steps(self) -> tuple[str, ...]:
        given = self.raw.get("procedure")
        if not isinstance(given, list) or not 1 <= len(given) <= _MOST_STEPS or not all(map(_is_line, given)):
            raise self.wrong(
                "procedure", f"procedure must be 1 to {_MOST_STEPS} steps, each one line of text.",
                "Write what happens, one step a line, in words that Marketing knows.",
            )  # fmt: skip
        return tuple(str(step).strip() for step in given)

    def estimate(self) -> Estimate:
        given = self.raw.get("estimate")
        if not isinstance(given, Mapping):
            raise self.wrong("estimate", "[estimate] is missing.", "Name who estimates, and the range in working days.")
        self.known(given, _ESTIMATE, "estimate.")
        low, high = self.days(given, "at_least_days"), self.days(given, "at_most_days")
        if low > high:
            raise self.wrong("estimate.at_most_days", "The range ends before it begins.", "Put the larger number last.")
        by = Owner(self.text(given, "name", 120, "estimate."), self.text(given, "title", 120, "estimate."))
        return Estimate(by, low, high)

    def days(self, table: Mapping[str, Any], key: str) -> float:
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 400:
            raise self.wrong(f"estimate.{key}", f"{key} must be a number of working days, 0 to 400.", "Correct it.")
        return float(value)

    def hours(self) -> float:
        given = self.raw.get("respond_within", "2 days")
        found = _TIME.match(str(given).strip())
        if found is None or int(found[1]) == 0:
            raise self.wrong("respond_within", f"{given!r} is not a working time.", "Write it like 4 hours or 2 days.")
        return int(found[1]) * (_HOURS_A_DAY if found[2].startswith("d") else 1.0)

    def hosts(self) -> tuple[str, ...]:
        given = self.raw.get("hosts", [])
        if not isinstance(given, list) or not all(isinstance(one, str) and _is_line(one) for one in given):
            raise self.wrong("hosts", "hosts must be a list of host names.", 'Write hosts = ["www.example.com"].')
        return tuple(one.strip().lower() for one in given)

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.raw.get(key)
        if value not in choices:
            raise self.wrong(key, f"{key} must be one of: {', '.join(choices)}.", f"It says {value!r}.")
        return str(value)

    def text(self, table: Mapping[str, Any], key: str, longest: int, prefix: str = "") -> str:
        value = table.get(key)
        if not _is_line(value) or len(str(value)) > longest:
            raise self.wrong(
                prefix + key, f"{prefix}{key} must be a line of text, {longest} letters at most.", "Write it."
            )
        return str(value).strip()

    def known(self, table: Mapping[str, Any], keys: set[str], prefix: str) -> None:
        for key in sorted(table.keys() - keys):
            raise self.wrong(prefix + key, f"{prefix}{key} is not known here.", f"Known: {', '.join(sorted(keys))}.")

    def wrong(self, key: str, what: str, todo: str) -> ConfigError:
        return ConfigError(what, todo=todo, place=Place(self.file, self.lines.get(key)), code="T920")


def _is_line(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()
