"""What a rule means, written a second time in plain Python, row by row, from the tree: the oracle of the property tests."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from tests.audience_company import CUSTOMERS, FEEDS
from twain.records import Feed, RelatedColumn

Row = Mapping[str, Any]
Data = Mapping[str, Sequence[Row]]


class Naive:
    """Judges rows one at a time. *fragments* are predicates on a customer, *audiences* trees."""

    def __init__(self, data: Data, today: date, audiences: Mapping[str, Any], fragments: Mapping[str, Any]) -> None:
        self.data, self.today, self.audiences, self.fragments = data, today, audiences, fragments

    def matches(self, tree: Mapping[str, Any], row: Row, feed: Feed = CUSTOMERS) -> bool:  # noqa: PLR0911 — one way per kind
        if "all" in tree:
            return all(self.matches(t, row, feed) for t in tree["all"])
        if "any" in tree:
            return any(self.matches(t, row, feed) for t in tree["any"])
        if "not" in tree:
            return not self.matches(tree["not"], row, feed)
        if "audience" in tree:
            return self.matches(self.audiences[tree["audience"]], row, feed)
        if "fragment" in tree:
            return self.fragments[tree["fragment"]](row)
        if "related" in tree:
            return self.related(tree, row, feed)
        if "anniversary" in tree:
            return row[tree["anniversary"]] is not None and self.anniversary(tree, row[tree["anniversary"]])
        return self.test(tree, row[tree["field"]])

    def belonging(self, feed: Feed, relation: str, row: Row, where: Any = None) -> list[Row]:
        link = feed.relations[relation]
        mine = row[link.field]
        rows = [r for r in self.data[link.feed] if mine is not None and r[link.other_field] == mine]
        return [r for r in rows if where is None or self.matches(where, r, FEEDS[link.feed])]

    def related(self, tree, row, feed) -> bool:
        rows = self.belonging(feed, tree["related"], row, tree.get("where"))
        span = tree.get("within")
        if span and "days" in span:
            rows = [r for r in rows if self.recent(r[span["field"]], span["days"])]
        elif span:
            low, high = (
                date.fromisoformat(span[k]) if k in span else d for k, d in (("from", date.min), ("to", date.max))
            )
            rows = [r for r in rows if r[span["field"]] is not None and low <= day(r[span["field"]]) <= high]
        if tree.get("none"):
            return not rows
        least = tree.get("at_least", 0 if "at_most" in tree else 1)
        return least <= len(rows) <= tree.get("at_most", len(rows))

    def recent(self, value: Any, days: int) -> bool:
        return value is not None and self.today - timedelta(days) <= day(value) <= self.today

    def test(self, tree, value) -> bool:  # noqa: PLR0911 — one way per kind
        op, wanted = tree.get("op", "eq"), tree.get("value")
        if op in ("is_null", "not_null"):
            return (value is None) == (op == "is_null")
        if value is None:
            return False
        if op in ("is_true", "is_false"):
            return value is (op == "is_true")
        if op == "within_last_days":
            return self.recent(value, wanted)
        if op == "older_than_days":
            return day(value) < self.today - timedelta(wanted)
        if op in ("in", "not_in"):
            return any(self.compare("eq", value, w) for w in wanted) == (op == "in")
        if op == "between":
            return self.compare("ge", value, wanted[0]) and self.compare("le", value, wanted[1])
        return self.compare(op, value, wanted)

    def compare(self, op, value, wanted) -> bool:
        if isinstance(value, date) and isinstance(wanted, str):
            wanted = datetime.fromisoformat(wanted) if len(wanted) > 10 else date.fromisoformat(wanted)
        if isinstance(value, datetime) and not isinstance(wanted, datetime):
            value = value.date()
        return {
            "eq": lambda: value == wanted, "ne": lambda: value != wanted,
            "lt": lambda: value < wanted, "le": lambda: value <= wanted,
            "gt": lambda: value > wanted, "ge": lambda: value >= wanted,
            "contains": lambda: wanted in value,
            "starts_with": lambda: value.startswith(wanted),
            "ends_with": lambda: value.endswith(wanted),
        }[op]()  # fmt: skip

    def anniversary(self, tree, value) -> bool:
        born, on = day(value), self.today - timedelta(tree.get("days", 0))
        leap = tree.get("feb29", "feb28")
        years, months = tree.get("years", 0), tree.get("months", 0)
        if years or months:
            return plus_months(plus_years(born, years, leap), months) == on
        if tree.get("every", "year") == "month":
            return any(plus_months(born, n) == on for n in range(1, 12 * 130))
        return any(plus_years(born, n, leap) == on for n in range(1, 130))

    # ------------------------------------------------------------ related data

    def column(self, spec: RelatedColumn, row: Row) -> Any:  # noqa: PLR0911 — one way per kind
        rows = self.belonging(CUSTOMERS, spec.relation, row, spec.where)
        if not spec.aggregate:
            return [{f: r[f] for f in spec.fields} for r in in_order(rows, spec.order)[: spec.limit]]
        if spec.aggregate == "count":
            return len(rows)
        if spec.aggregate == "latest":
            newest = in_order(rows[::-1], "-" + spec.order)
            return newest[0][spec.field] if newest else None
        values = [r[spec.field] for r in rows if r[spec.field] is not None]
        if spec.aggregate == "sum":
            return sum(values)
        if not values:
            return None
        if spec.aggregate == "most_frequent":
            return min(Counter(values).items(), key=lambda item: (-item[1], item[0]))[0]
        return {"min": min, "max": max, "avg": lambda v: sum(v) / len(v)}[spec.aggregate](values)


def in_order(rows: Sequence[Row], order: str) -> list[Row]:
    """Sorted by *order*; equals stay as they come, and what is missing comes last. Without an order: as they come."""
    name = order.removeprefix("-")
    if not name:
        return list(rows)
    there = sorted((r for r in rows if r[name] is not None), key=lambda r: r[name], reverse=order.startswith("-"))
    return there + [r for r in rows if r[name] is None]


def day(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else value


def plus_years(born: date, years: int, leap: str) -> date:
    year = born.year + years
    if (born.month, born.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 2, 28) if leap == "feb28" else date(year, 3, 1)
    return born.replace(year=year)


def plus_months(born: date, months: int) -> date:
    year, month = divmod(born.year * 12 + born.month - 1 + months, 12)
    return date(year, month + 1, min(born.day, calendar.monthrange(year, month + 1)[1]))
