"""A contract against the table as it is now: gone, renamed, of another type, empty where it must not be."""

from __future__ import annotations

from dataclasses import replace

from tests.feed_contracts import CUSTOMER, feed_of, line_of
from twain.feeds.contract import compare_live
from twain.ports import LiveColumn, LiveTable
from twain.records import Feed, Role

_LIVE = LiveTable(
    "sales.customers",
    (
        LiveColumn("customer_id", "bigint", "integer", nullable=False, primary_key=True),
        LiveColumn("FirstName", "text", "string", nullable=True),
        LiveColumn("Email", "text", "string", nullable=False),
        LiveColumn("ChangedAt", "timestamptz", "timestamp", nullable=True),
        LiveColumn("unreviewed", "xml", "string", nullable=True),
    ),
)


def with_column(which: str, **changes) -> LiveTable:
    return replace(_LIVE, columns=tuple(replace(c, **changes) if c.name == which else c for c in _LIVE.columns))


def with_field(**changes) -> Feed:
    feed = feed_of(CUSTOMER)
    return replace(feed, fields={**feed.fields, "ChangedAt": replace(feed.fields["ChangedAt"], **changes)})


def test_a_table_that_fits():
    assert compare_live(feed_of(CUSTOMER), _LIVE) == []


def test_a_renamed_column_names_its_successor():
    (problem,) = compare_live(feed_of(CUSTOMER), with_column("FirstName", name="first_name"))
    assert (problem.severity, problem.code) == ("error", "T221")
    assert "physicalName: first_name" in problem.todo
    assert problem.place.line == line_of(CUSTOMER, "- name: FirstName")
    assert "“First name” of Customers" in problem.business


def test_a_column_that_is_gone_with_no_successor():
    live = replace(_LIVE, columns=tuple(c for c in _LIVE.columns if c.name != "ChangedAt"))
    (problem,) = compare_live(feed_of(CUSTOMER), live)
    assert "Bring the column back" in problem.todo


def test_another_type():
    (problem,) = compare_live(feed_of(CUSTOMER), with_column("ChangedAt", type="string", physical_type="text"))
    assert (problem.severity, problem.code) == ("error", "T222")
    assert "timestamp" in problem.what
    assert "string" in problem.business


def test_sqlite_types_only_warn():
    (problem,) = compare_live(feed_of(CUSTOMER), with_column("ChangedAt", type="number"), "sqlite")
    assert problem.severity == "warning"


def test_in_sqlite_a_date_in_text_and_a_truth_in_whole_numbers_are_nothing_to_warn_of():
    live = with_column("ChangedAt", type="string", physical_type="TEXT")
    assert compare_live(feed_of(CUSTOMER), live, "sqlite") == []
    agreed = with_field(type="boolean", role=None)
    assert compare_live(agreed, with_column("ChangedAt", type="integer"), "sqlite") == []
    assert [p.code for p in compare_live(agreed, with_column("ChangedAt", type="integer"), "duckdb")] == ["T222"]
    assert [p.code for p in compare_live(agreed, with_column("ChangedAt", type="string"), "sqlite")] == ["T222"]


def test_without_the_field_of_consent_the_advice_is_not_to_remove_it():
    consent = with_field(type="boolean", role=Role.CONSENT)
    live = replace(_LIVE, columns=tuple(c for c in _LIVE.columns if c.name != "ChangedAt"))
    (problem,) = compare_live(consent, live)
    assert "remove" not in problem.todo
    assert "who agreed" in problem.todo


def test_a_whole_number_serves_as_a_number_but_not_the_other_way():
    feed = feed_of(CUSTOMER.replace("logicalType: integer", "logicalType: number"))
    assert compare_live(feed, _LIVE) == []
    assert [p.code for p in compare_live(feed_of(CUSTOMER), with_column("customer_id", type="number"))] == ["T222"]


def test_may_be_empty_where_the_contract_says_required():
    (problem,) = compare_live(feed_of(CUSTOMER), with_column("Email", nullable=True))
    assert (problem.severity, problem.code) == ("warning", "T223")
    assert "missing for some people" in problem.business


def test_a_view_or_a_query_can_promise_nothing_so_there_is_nothing_to_say():
    live = with_column("Email", nullable=True)
    assert compare_live(feed_of(CUSTOMER), replace(live, view=True)) == []
    asking = replace(feed_of(CUSTOMER), table="", query="SELECT 1")
    assert compare_live(asking, live) == []
    gone = replace(live, view=True, columns=live.columns[:-3])
    assert {p.code for p in compare_live(feed_of(CUSTOMER), gone)} == {"T221"}, "all else is told as ever"


def test_case_counts_in_postgres_only():
    live = with_column("Email", name="EMAIL")
    assert compare_live(feed_of(CUSTOMER), live, "duckdb") == []
    assert [p.code for p in compare_live(feed_of(CUSTOMER), live, "postgres")] == ["T221"]


def test_what_nobody_reviewed_is_nobodys_problem():
    live = replace(_LIVE, columns=_LIVE.columns[:-1])
    assert compare_live(feed_of(CUSTOMER), live) == []
