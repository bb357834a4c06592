"""A feed's quality: each rule with its last verdict, and how many were kept day by day."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from twain.ledger.lake import Lake
from twain.records import Feed, Level
from twain_web.rooms.feeds import words
from twain_web.rooms.feeds.models import FeedHealth

_DAYS = 90


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it asks, and what the last check found; *level* is empty before the first."""

    words: str
    field: str
    expected: str
    level: str = ""
    level_words: str = ""
    colour: str = "secondary"
    said: str = ""
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """The checks of one day: how many rules were kept, warned, held; the rows last seen; what was wrong."""

    day: date
    kept: int
    warned: int
    held: int
    rows: int | None
    wrong: tuple[str, ...]


def rules(feed: Feed, health: FeedHealth | None) -> list[Rule]:
    """Every rule of the contract as last checked; before the first check, as the contract says it. The worst first."""
    if health is None or not health.verdicts or health.contract != feed.contract_hash:
        return [_declared(feed, rule, "") for rule in feed.quality] + [
            _declared(feed, rule, one.business_name) for one in feed.fields.values() for rule in one.quality
        ]
    order = {Level.HOLD: 0, Level.WARN: 1, Level.PASS: 2}
    verdicts = sorted(health.verdicts, key=lambda v: order[Level(v["level"])])
    return [_checked(feed, verdict) for verdict in verdicts]


def days(history: Lake, feed: str) -> list[Day]:
    """The last 90 days on which the feed was checked, oldest first; of each rule, the day's worst verdict."""
    found: dict[date, list[dict[str, Any]]] = {}
    for row in history.checks(feed, time.time() - _DAYS * 86_400):
        found.setdefault(timezone.localtime(row["at"]).date(), []).append(row)
    return [_day(day, rows) for day, rows in sorted(found.items())]


def chart(shown: Sequence[Day]) -> dict[str, Any]:
    """The days as the chart's script reads them."""
    return {
        "days": [day.day.isoformat() for day in shown],
        "series": [
            {"name": _("kept"), "level": "green", "values": [day.kept for day in shown]},
            {"name": _("warning"), "level": "amber", "values": [day.warned for day in shown]},
            {"name": _("holds sends"), "level": "red", "values": [day.held for day in shown]},
        ],
        "rules": _("Rules"),
    }


def _declared(feed: Feed, rule: Any, name: str) -> Rule:  # noqa: ANN401 — a record of the contract
    return Rule(words.rule(rule), name or feed.title, words.limit(rule))


def _checked(feed: Feed, verdict: dict[str, Any]) -> Rule:
    level = Level(verdict["level"])
    one = feed.fields.get(verdict["field"])
    return Rule(
        words=_kept_words(feed, verdict) if level is Level.PASS else verdict["business"],
        field=one.business_name if one else feed.title,
        expected=verdict["expected"],
        level=str(level),
        level_words=str(words.LEVELS[level]),
        colour=words.COLOURS[level],
        said=verdict["technical"],
        sql=verdict["sql"],
    )


def _kept_words(feed: Feed, verdict: dict[str, Any]) -> str:
    """What a rule that is kept asks for: in IT's words, else in ours."""
    one = feed.fields.get(verdict["field"])
    declared = one.quality if one else feed.quality
    said = next((r for r in declared if r.business and verdict["check"] in (r.name, f"quality:{r.metric}")), None)
    return said.business if said else words.asked(verdict["check"], verdict["expected"]) or verdict["business"]


def _day(day: date, rows: list[dict[str, Any]]) -> Day:
    order = [Level.PASS, Level.WARN, Level.HOLD]
    worst: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        at = (row["check"], row["field"], row["expected"] if row["check"] not in ("rows", "schema") else "")
        if at not in worst or order.index(Level(row["level"])) >= order.index(Level(worst[at]["level"])):
            worst[at] = row
    levels = [Level(row["level"]) for row in worst.values()]
    seen = [row["observed"] for row in rows if row["check"] == "rows" and row["observed"] is not None]
    wrong = tuple(row["business"] for row in worst.values() if row["level"] != "pass")
    kept, warned, held = (levels.count(level) for level in order)
    return Day(day, kept, warned, held, int(seen[-1]) if seen else None, wrong)
