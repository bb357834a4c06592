"""Pre-send checks: what holds, what warns, what passes; in business words and in numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from twain.errors import SourceError, SourceUnavailable
from twain.feeds.checks import check_audience, check_feed
from twain.feeds.conform import schema
from twain.ports import LiveColumn, LiveTable
from twain.records import Field, Freshness, Funnel, Level, Owner, Quality, Right, Role
from twain.testing.source_suite import feed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


class Answers:
    """A session that answers each statement with the next of its rows, or raises it."""

    dialect = "duckdb"

    def __init__(self, *rows):
        self.rows = list(rows)
        self.asked = []

    def table(self, statement):
        self.asked.append(statement.sql)
        row = self.rows.pop(0)
        if isinstance(row, Exception):
            raise row
        return pa.table([pa.array([value]) for value in row], names=[c.name for c in statement.columns]).cast(
            schema(statement.columns)
        )


def field(name, kind="string", **more):
    return Field(name, name, kind, name.title(), frozenset(Right), **more)


def customers(*fields, **more):
    known = {"id": field("id", role=Role.KEY)} | {f.name: f for f in fields}
    return replace(feed("people", "shop"), title="Customers", fields=known, **more)


def live(a_feed, **changed):
    columns = {f.column: LiveColumn(f.column, f.type, f.type, nullable=False) for f in a_feed.fields.values()} | changed
    return LiveTable("people", tuple(column for column in columns.values() if column))


def run(a_feed, *rows, last=None, thresholds=None, **changed):
    session = Answers(*rows)
    verdicts, figures = check_feed(
        session, a_feed, live(a_feed, **changed), now=NOW, last=last or {}, thresholds=thresholds or {}
    )
    return {verdict.check: verdict for verdict in verdicts}, figures, session


def test_all_is_well():
    verdicts, figures, session = run(customers(), (1000, 0), (0,), last={"rows": 990.0})
    assert {v.level for v in verdicts.values()} == {Level.PASS}
    assert figures == {"rows": 1000.0}
    assert len(session.asked) == 2


@pytest.mark.parametrize(("missing", "level"), [(0, Level.PASS), (3, Level.HOLD)])
def test_a_required_field_is_judged_by_its_values_not_by_its_declaration(missing, level):
    verdicts, _, _ = run(
        customers(field("email", required=True)),
        (1000, 0, missing),
        (0,),
        email=LiveColumn("email", "text", "string", nullable=True),
    )
    assert verdicts["schema"].level is Level.PASS
    assert verdicts["quality:nullValues"].level is level


def test_two_queries_suffice_for_many_rules():
    rules = tuple(Quality("invalidValues", "mustBe", 0, arguments={"pattern": f"^{i}"}) for i in range(10))
    many = customers(*(field(f"f{i}", quality=rules, unique=True) for i in range(5)))
    _, _, session = run(many, (1000, 0, *[0] * 50), (0,) * 6)
    assert len(session.asked) == 2


def test_a_lost_column_holds_before_anything_is_asked():
    a_feed = customers(field("email"))
    verdicts, figures, session = run(a_feed, email=None)
    assert verdicts["schema"].level is Level.HOLD
    assert "Email" in verdicts["schema"].business
    assert verdicts["schema"].owner == Owner("Priya Nair", "Senior DBA")
    assert (figures, session.asked) == ({}, [])


@pytest.mark.parametrize(
    ("operator", "limit", "value", "keeps"),
    [
        ("mustBe", 3.0, 3, True),
        ("mustNotBe", 3.0, 3, False),
        ("mustBeLessThan", 3.0, 3, False),
        ("mustBeLessOrEqualTo", 3.0, 3, True),
        ("mustBeGreaterThan", 3.0, 3, False),
        ("mustBeGreaterOrEqualTo", 3.0, 3, True),
        ("mustBeBetween", (1.0, 3.0), 3, True),
        ("mustBeBetween", (4.0, 5.0), 3, False),
    ],
)
def test_every_comparison(operator, limit, value, keeps):
    verdicts, _, _ = run(
        customers(field("city", quality=(Quality("nullValues", operator, limit),))), (10, 0, value), (0,)
    )
    verdict = next(v for v in verdicts.values() if v.check == "quality:nullValues" and v.field == "city")
    assert verdict.level is (Level.PASS if keeps else Level.HOLD)
    assert verdict.observed == 3.0


def test_percent_severity_and_words():
    rule = Quality("missingValues", "mustBeLessThan", 5.0, "percent", {"missingValues": ["", "-"]}, severity="warning")
    verdicts, _, _ = run(customers(field("city", quality=(rule,))), (200, 0, 20), (0,))
    verdict = verdicts["quality:missingValues"]
    assert verdict.level is Level.WARN
    assert verdict.observed == 10.0
    assert verdict.business == "“City” of Customers is missing in 20 of 200 rows."
    assert verdict.technical == "people.city: missingValues is 10 %, mustBeLessThan 5 %."
    assert "IN ('', '-')" in verdict.sql


def test_a_repeated_key_holds():
    verdicts, _, _ = run(customers(), (10, 0), (2,))
    assert verdicts["quality:duplicateValues"].level is Level.HOLD


@pytest.mark.parametrize(
    ("newest", "level"),
    [
        (datetime(2026, 3, 1, 11, 30, tzinfo=UTC), Level.PASS),
        (datetime(2026, 3, 1, 3, tzinfo=UTC), Level.HOLD),
        (None, Level.HOLD),
    ],
)
def test_freshness(newest, level):
    a_feed = customers(field("seen", "timestamp"), freshness=Freshness("seen", 3600.0))
    verdicts, figures, _ = run(a_feed, (10, newest, 0), (0,))
    assert verdicts["freshness"].level is level
    assert figures.get("newest") == (newest.timestamp() if newest else None)


def test_stale_prices_are_told_in_hours():
    a_feed = customers(field("seen", "timestamp"), freshness=Freshness("seen", 3600.0))
    verdicts, _, _ = run(a_feed, (10, datetime(2026, 3, 1, 3, tzinfo=UTC), 0), (0,))
    assert verdicts["freshness"].business == "The newest of Customers is 9 h old; it may be 60 min old."


def test_a_date_counts_until_its_day_is_over():
    a_feed = customers(field("day", "date"), freshness=Freshness("day", 3600.0))
    assert run(a_feed, (10, date(2026, 3, 1), 0), (0,))[0]["freshness"].level is Level.PASS
    assert run(a_feed, (10, date(2026, 2, 28), 0), (0,))[0]["freshness"].level is Level.HOLD


@pytest.mark.parametrize(
    ("rows", "before", "agreed", "level"),
    [
        (1000, None, None, Level.PASS),
        (1000, 900.0, None, Level.PASS),
        (1000, 100.0, None, Level.WARN),
        (1000, 900.0, 0.05, Level.HOLD),
        (0, None, None, Level.HOLD),
    ],
)
def test_row_drift(rows, before, agreed, level):
    last = {} if before is None else {"rows": before}
    verdicts, _, _ = run(customers(max_row_drift=agreed), (rows, 0), (0,), last=last)
    assert verdicts["rows"].level is level


def test_it_s_own_sql_runs_on_the_feed_s_table():
    rule = Quality("sql", "mustBe", 0, query="SELECT COUNT(*) FROM ${object} WHERE {property} = 'x'", name="no x")
    verdicts, _, session = run(customers(field("city", quality=(rule,))), (10, 0), (0,), (4,))
    assert verdicts["no x"].level is Level.HOLD
    assert session.asked[-1] == 'SELECT COUNT(*) FROM "people" WHERE "city" = \'x\''


def test_a_check_that_cannot_be_made_holds_but_a_lost_database_is_the_caller_s():
    verdicts, _, _ = run(customers(), SourceError("no", business="no", code="T301"), (0,))
    assert verdicts["quality"].level is Level.HOLD
    assert "could not be checked" in verdicts["quality"].business
    with pytest.raises(SourceUnavailable):
        run(customers(), SourceUnavailable("gone"))


# ------------------------------------------------------------ the audience


def people(matched=1000, **excluded):
    return Funnel(matched, excluded, matched - sum(excluded.values()))


def audience(funnel, estimate=None, ceiling=None, **thresholds):
    found = check_audience(funnel, estimate=estimate, ceiling=ceiling, thresholds=thresholds)
    return {verdict.check: verdict for verdict in found}


@pytest.mark.parametrize(("bad", "level"), [(10, Level.PASS), (100, Level.WARN), (300, Level.HOLD)])
def test_addresses(bad, level):
    assert audience(people(invalid=bad // 2, no_address=bad - bad // 2))["address"].level is level


def test_consent_warns_and_holds_where_policy_says_so():
    assert audience(people(consent=900))["consent"].level is Level.WARN
    assert audience(people(consent=900), min_consent=0.5)["consent"].level is Level.HOLD
    assert audience(people(consent=100), min_consent=0.5)["consent"].level is Level.PASS


@pytest.mark.parametrize(
    ("estimate", "level"), [(990.0, Level.PASS), (400.0, Level.HOLD), (3000.0, Level.HOLD), (0.0, Level.HOLD)]
)
def test_an_audience_that_jumps_is_held(estimate, level):
    assert audience(people(), estimate)["jump"].level is level


def test_a_few_people_more_are_no_jump():
    assert audience(people(40), 5.0)["jump"].level is Level.PASS


def test_the_approved_ceiling_is_kept_to_the_person():
    assert audience(people(), ceiling=1000)["ceiling"].level is Level.PASS
    held = audience(people(), ceiling=999)["ceiling"]
    assert held.level is Level.HOLD
    assert held.business == "1,000 people would get this; it was planned for at most 999."


def test_nobody_at_all_is_not_an_error():
    assert audience(people(0)) == {}
