"""``policy.toml``: the rules both teams agreed on, in a versioned file, enforced by the product."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twain.errors import ConfigError, Place
from twain.feeds.checks import DEFAULTS
from twain.feeds.names import did_you_mean
from twain.flows.files import read_text
from twain.flows.quiet import QuietHours, read_quiet_hours
from twain.flows.toml_places import key_lines
from twain.flows.topics import Recipients, read_recipients
from twain.flows.warm_ups import read_warm_ups
from twain.records import SoftRule
from twain.records.warming import WarmUp
from twain.settings import seconds

_FILE = "policy.toml"
_KEYS = {"approval", "people", "checks", "cap", "bounces", "retention", "brakes", "topic", "recipients", "quiet_hours",
         "incidents", "warm_up"}  # fmt: skip
_KEPT = {"deliveries", "events", "bounces", "checks", "conversions", "holdouts"}
_BRAKES = ("complaints", "bounces", "unsubscribes")
_RESUME = ("by itself", "ask")
_WHEN = {"ceiling_over", "topic", "channel", "always"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may approve: full name, real title, roles as policy names them."""

    id: str
    name: str
    title: str
    roles: tuple[str, ...]
    email: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.title}" if self.title else self.name


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Which sends need whose yes."""

    when: Mapping[str, Any]
    needs: int = 1
    roles: tuple[str, ...] = ()
    not_author: bool = True

    def applies(self, body: Mapping[str, Any]) -> bool:
        """Whether a bundle's body falls under this rule. A send without a ceiling is above every ceiling."""
        ceiling, limit = body.get("ceiling"), self.when.get("ceiling_over")
        if limit is not None and ceiling is not None and ceiling <= limit:
            return False
        return all(body.get(key) == self.when[key] for key in ("topic", "channel") if key in self.when)


@dataclass(frozen=True, slots=True)
class Cap:
    """Nobody gets more than *most* messages in *within* seconds on *channels* (empty: all of them, together).

    Campaigns of *except_topics* are neither held back nor counted: a delivery notice is not advertising.
    """

    most: int
    within: float
    channels: tuple[str, ...] = ()
    except_topics: tuple[str, ...] = ()

    def applies(self, channel: str, topic: str) -> bool:
        """Whether it holds for a campaign."""
        return (not self.channels or channel in self.channels) and topic not in self.except_topics


@dataclass(frozen=True, slots=True)
class Brakes:
    """Shares of what was sent at which a running send is held: *limits* by ``complaints``, ``bounces``, ``unsubscribes``.

    Nothing is judged before *min_sent* messages. *roles*: who may release it; empty: whoever may resume a send.
    """

    limits: Mapping[str, float] = field(default_factory=dict)
    min_sent: int = 1_000
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incidents:
    """What was agreed for checks that fail: how a held send goes on, and within how many working hours of IT somebody answers.

    *resume* ``by itself``: once every check passes again, never after its "not after". ``ask``: whoever launched it says so.
    """

    resume: str = "by itself"
    respond_hours: float = 2.0


@dataclass(frozen=True, slots=True)
class Policy:
    """The working agreement in force."""

    approvals: tuple[ApprovalRule, ...] = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    checks: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULTS))
    bounces: SoftRule = field(default_factory=SoftRule)
    caps: tuple[Cap, ...] = ()
    brakes: Brakes = field(default_factory=Brakes)
    recipients: Recipients = field(default_factory=Recipients)
    quiet_hours: tuple[QuietHours, ...] = ()
    warm_ups: tuple[WarmUp, ...] = ()
    incidents: Incidents = field(default_factory=Incidents)
    retention: Mapping[str, float] = field(default_factory=dict)
    """Table of the delivery history → seconds its rows are kept; a table that is not named is kept for ever."""

    def rules_for(self, body: Mapping[str, Any]) -> list[ApprovalRule]:
        """The approval rules a bundle falls under."""
        return [rule for rule in self.approvals if rule.applies(body)]


def read_policy(root: Path) -> Policy:
    """Read ``policy.toml``; without the file nothing needs approval and the checks have their defaults."""
    path = root / _FILE
    if not path.is_file():
        return Policy()
    text = read_text(path, root, Place(_FILE))
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"Not valid TOML: {error}.", place=Place(_FILE), todo="Correct the line.") from error
    lines = key_lines(text)
    _known(raw, _KEYS, "", lines)
    return Policy(
        approvals=tuple(_rule(rule, lines) for rule in raw.get("approval", [])),
        people={i: _person(i, p) for i, p in raw.get("people", {}).items()},
        checks={**DEFAULTS, **_checks(raw.get("checks", {}), lines)},
        bounces=_bounces(raw.get("bounces", {}), lines),
        caps=tuple(_cap(cap, lines) for cap in raw.get("cap", [])),
        brakes=_brakes(raw.get("brakes", {}), lines),
        recipients=read_recipients(raw, lines),
        quiet_hours=read_quiet_hours(raw.get("quiet_hours", []), lines),
        warm_ups=read_warm_ups(raw.get("warm_up", []), lines),
        incidents=_incidents(raw.get("incidents", {}), lines),
        retention=_retention(raw.get("retention", {}), lines),
    )


def _known(table: Mapping[str, Any], keys: set[str], where: str, lines: Mapping[str, int]) -> None:
    for key in table:
        if key not in keys:
            dotted = f"{where}.{key}" if where else key
            raise ConfigError(
                f"Unknown key {dotted!r}.",
                place=Place(_FILE, lines.get(dotted)),
                todo=did_you_mean(key, keys),
            )


def _rule(raw: Mapping[str, Any], lines: Mapping[str, int]) -> ApprovalRule:
    _known(raw, {"when", "needs", "roles", "not_author"}, "approval", lines)
    when = raw.get("when", {"always": True})
    _known(when, _WHEN, "approval.when", lines)
    return ApprovalRule(
        when, int(raw.get("needs", 1)), tuple(raw.get("roles", ())), not_author=bool(raw.get("not_author", True))
    )


def _cap(raw: Mapping[str, Any], lines: Mapping[str, int]) -> Cap:
    _known(raw, {"most", "within", "channels", "except_topics"}, "cap", lines)
    most = raw.get("most")
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise ConfigError(
            f"cap.most = {most!r} is not a number of messages.",
            place=Place(_FILE, lines.get("cap.most")),
            todo="Write a whole number above 0.",
        )
    within = seconds(raw.get("within"), f"{_FILE}: cap.within")
    return Cap(most, within, tuple(raw.get("channels", ())), tuple(raw.get("except_topics", ())))


def _brakes(raw: Mapping[str, Any], lines: Mapping[str, int]) -> Brakes:
    _known(raw, {*_BRAKES, "min_sent", "roles"}, "brakes", lines)
    limits = {name: raw[name] for name in _BRAKES if name in raw}
    for name, limit in limits.items():
        if not isinstance(limit, int | float) or isinstance(limit, bool) or not 0 < limit <= 1:
            place = Place(_FILE, lines.get(f"brakes.{name}"))
            raise ConfigError(
                f"brakes.{name} = {limit!r} is not a share.",
                place=place,
                todo="Write it like 0.003: three of a thousand.",
            )
    least = raw.get("min_sent", Brakes().min_sent)
    if not isinstance(least, int) or isinstance(least, bool) or least < 1:
        place = Place(_FILE, lines.get("brakes.min_sent"))
        raise ConfigError(
            f"brakes.min_sent = {least!r} is not a number of messages.",
            place=place,
            todo="Write a whole number above 0.",
        )
    return Brakes({name: float(limit) for name, limit in limits.items()}, least, tuple(raw.get("roles", ())))


def _incidents(raw: Mapping[str, Any], lines: Mapping[str, int]) -> Incidents:
    """``[incidents]``: ``resume`` and ``respond_within``. T941 for a word that is none of those."""
    _known(raw, {"resume", "respond_within"}, "incidents", lines)
    usual = Incidents()
    resume = raw.get("resume", usual.resume)
    if resume not in _RESUME:
        raise ConfigError(
            f"incidents.resume = {resume!r} is not one of: {', '.join(_RESUME)}.",
            place=Place(_FILE, lines.get("incidents.resume")),
            todo='Write resume = "by itself" or resume = "ask".',
            code="T941",
        )
    if "respond_within" not in raw:
        return Incidents(resume)
    return Incidents(resume, seconds(raw["respond_within"], f"{_FILE}: incidents.respond_within") / 3600)


def _retention(raw: Mapping[str, Any], lines: Mapping[str, int]) -> dict[str, float]:
    _known(raw, _KEPT, "retention", lines)
    return {table: seconds(length, f"{_FILE}: retention.{table}") for table, length in raw.items()}


def _person(identifier: str, raw: Mapping[str, Any]) -> Person:
    return Person(
        id=identifier,
        name=str(raw.get("name", identifier)),
        title=str(raw.get("title", "")),
        roles=tuple(str(role) for role in raw.get("roles", ())),
        email=str(raw.get("email", "")),
    )


def _checks(raw: Mapping[str, Any], lines: Mapping[str, int]) -> dict[str, float]:
    _known(raw, set(DEFAULTS), "checks", lines)
    return {key: float(value) for key, value in raw.items()}


def _bounces(raw: Mapping[str, Any], lines: Mapping[str, int]) -> SoftRule:
    """``[bounces]``: so many soft bounces, of different sends, within so long end it for an address."""
    _known(raw, {"soft", "within"}, "bounces", lines)
    usual = SoftRule()
    times = raw.get("soft", usual.times)
    if not isinstance(times, int) or times < 1:
        place = Place(_FILE, lines.get("bounces.soft"))
        raise ConfigError(
            f"bounces.soft: {times!r} is no number of sends.", place=place, todo="Write it like soft = 3."
        )
    within = raw.get("within", usual.within_seconds)
    return SoftRule(times, seconds(within, f"{_FILE}: bounces.within"))
