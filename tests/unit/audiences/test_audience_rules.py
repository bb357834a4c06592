"""What may stand in a rule, and what is said about what may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.audience_company import CUSTOMERS, FEEDS
from twain.audiences.compile import compile_audience, compile_count, compile_sample
from twain.audiences.history import take_out
from twain.audiences.parse import parse_rule
from twain.audiences.rules import All, Not, Related, Test
from twain.errors import RuleError
from twain.records import Feed, HistoryTest, RelatedColumn, Right

COMMON = {"feed": CUSTOMERS, "feeds": FEEDS, "dialect": "duckdb", "today": date(2024, 5, 31)}
GOLD = {"field": "gold", "op": "is_true"}


def _refused(tree, **more) -> RuleError:
    with pytest.raises(RuleError) as caught:
        parse_rule(tree, CUSTOMERS, FEEDS, **more)
    return caught.value


@pytest.mark.parametrize(
    ("tree", "code", "says"),
    [
        ([], "T400", "audience: a rule is an object"),
        ({}, "T400", "no key that names its kind"),
        ({"all": [], "any": []}, "T400", "has all and any"),
        ({"all": [GOLD, {"any": []}]}, "T400", "audience.all[1]: any of nothing"),
        ({"all": GOLD}, "T400", "audience.all: is not a list"),
        ({"not": {"not": {"feild": 1}}}, "T400", "audience.not.not: has no key"),
        ({"field": "gold", "op": "is_true", "valeu": 1}, "T400", "'valeu' means nothing here"),
        ({"field": "gold", "op": "is_true", "value": True}, "T411", "takes no value"),
        ({"field": "country", "op": "equals", "value": "x"}, "T411", "'equals' is no operator"),
        ({"field": "country", "op": "is_true"}, "T411", "does not go with country, a string"),
        ({"field": "visits", "op": "contains", "value": "1"}, "T411", "contains does not go with visits"),
        ({"field": "gold", "op": "lt", "value": True}, "T411", "lt does not go with gold"),
        ({"field": "visits", "op": "within_last_days", "value": 3}, "T411", "within_last_days does not go"),
        ({"field": "country", "value": 3}, "T412", "3 does not fit country"),
        ({"field": "country", "value": None}, "T412", "nothing does not fit country"),
        ({"field": "country", "value": "a\0b"}, "T412", "does not fit country"),
        ({"field": "country", "value": "\ud800"}, "T412", "does not fit country"),
        ({"field": "visits", "value": 1.5}, "T412", "does not fit visits"),
        ({"field": "visits", "value": True}, "T412", "does not fit visits"),
        ({"field": "visits", "value": 2**63}, "T412", "does not fit visits"),
        ({"field": "spent", "value": float("nan")}, "T412", "does not fit spent"),
        ({"field": "spent", "value": "1"}, "T412", "does not fit spent"),
        ({"field": "birthday", "value": "2023-02-29"}, "T412", "does not fit birthday"),
        ({"field": "birthday", "value": "2023-02-01T10:00"}, "T412", "does not fit birthday"),
        ({"field": "seen", "value": "2023-02-01T10:00:00+02:00"}, "T412", "does not fit seen"),
        ({"field": "seen", "value": "2023-02-30T10:00:00"}, "T412", "does not fit seen"),
        ({"field": "country", "op": "in", "value": "Germany"}, "T412", "in needs a list"),
        ({"field": "country", "op": "in", "value": []}, "T412", "in needs a list"),
        ({"field": "country", "op": "in", "value": ["a", None]}, "T412", "nothing does not fit"),
        ({"field": "visits", "op": "between", "value": [1, 2, 3]}, "T412", "between needs two"),
        ({"field": "country", "op": "contains", "value": ""}, "T412", "needs some text"),
        ({"field": "birthday", "op": "within_last_days", "value": -1}, "T412", "not a whole number"),
        ({"related": "order"}, "T413", "no related feed 'order'"),
        ({"related": "orders", "none": True, "at_least": 1}, "T400", "none is true, and stands without"),
        ({"related": "orders", "none": False}, "T400", "none is true"),
        ({"related": "orders", "at_least": 0}, "T412", "at_least"),
        ({"related": "orders", "at_least": 3, "at_most": 2}, "T412", "at_most"),
        ({"related": "orders", "where": {"field": "country", "value": "x"}}, "T410", "audience.where: orders has no field"),
        ({"related": "orders", "within": {"days": 3}}, "T400", "audience.within: is not a span"),
        ({"related": "orders", "within": {"field": "ordered"}}, "T400", "either days, or from and to"),
        ({"related": "orders", "within": {"field": "ordered", "days": 3, "to": "2024-01-01"}}, "T400", "either days"),
        ({"related": "orders", "within": {"field": "title", "from": "a"}}, "T411", "does not go with title"),
        ({"anniversary": "name"}, "T411", "name is no date"),
        ({"anniversary": "birthday", "feb29": "feb30"}, "T412", "'feb30' is unknown"),
        ({"anniversary": "birthday", "every": "week"}, "T400", "every is year or month"),
        ({"anniversary": "birthday", "every": "year", "years": 2}, "T400", "every is year or month"),
        ({"anniversary": "birthday", "years": -2}, "T412", "not a whole number"),
        ({"audience": "nobody"}, "T414", "no audience 'nobody'"),
        ({"fragment": "nothing"}, "T415", "no fragment 'nothing'"),
        ({"history": "opened"}, "T400", "'opened' is unknown"),
        ({"history": "mailed", "within_days": 0}, "T412", "not a number of days"),
        ({"related": "orders", "where": {"history": "mailed"}}, "T416", "cannot stand over a related feed"),
        ({"related": "orders", "where": {"audience": "x"}}, "T414", "cannot stand over a related feed"),
        ({"related": "orders", "where": {"fragment": "x"}}, "T415", "cannot stand over a related feed"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tree, code, says):
    error = _refused(tree)
    assert error.shown_code == code
    assert says in error.what
    assert error.todo


@pytest.mark.parametrize(
    ("written", "meant"),
    [("contry", "country"), ("nation", "country"), ("First Name", "name"), ("Store visit", "visits")],
)
def test_an_unknown_field_names_the_nearest_business_word(written, meant):
    error = _refused({"field": written, "value": 1})
    assert f"Did you mean {meant} (“{CUSTOMERS.fields[meant].business_name}”)?" in error.todo


@pytest.mark.parametrize("size", [{"all": [GOLD] * 3000}, {"field": "visits", "op": "in", "value": list(range(6000))}])
def test_no_rule_is_too_large_for_a_database(size):
    assert _refused(size).shown_code in ("T400", "T412")


def test_no_rule_is_too_deep():
    tree = GOLD
    for _ in range(500):
        tree = {"not": tree}
    assert "too large" in _refused(tree).what


def test_audiences_in_a_circle_are_named():
    circle = {"a": {"all": [{"audience": "b"}]}, "b": {"not": {"audience": "a"}}}
    assert "a → b → a" in _refused({"audience": "a"}, audiences=circle).what


def test_dates_may_be_native_or_iso_and_amounts_mean_ranges():
    native = parse_rule({"field": "birthday", "value": date(2000, 1, 2)}, CUSTOMERS, FEEDS)
    assert native == parse_rule({"field": "birthday", "value": "2000-01-02"}, CUSTOMERS, FEEDS)
    none = parse_rule({"related": "orders", "none": True}, CUSTOMERS, FEEDS)
    assert isinstance(none, Related)
    assert (none.at_least, none.at_most) == (0, 0)


# ---------------------------------------------------------------- X20: fields without the right


def _errors(name: str, feed: Feed) -> list[RuleError]:
    """Every way in which a field could be used to find out what it holds."""
    common = {**COMMON, "feed": feed}
    attempts = [
        lambda: compile_audience({"field": name, "op": "gt", "value": 1}, fields=(), **common),
        lambda: compile_count({"not": {"field": name, "op": "is_null"}}, **common),
        lambda: compile_count({"any": [{"field": name, "op": "starts_with", "value": "a"}, GOLD]}, **common),
        lambda: compile_count({"anniversary": name}, **common),
        lambda: compile_count({"audience": "x"}, audiences={"x": {"field": name, "value": 1}}, **common),
        lambda: compile_sample({"field": name, "value": 1}, fields=(), **common),
        lambda: compile_sample(GOLD, fields=(name,), extreme=(name,), **common),
    ]
    return [_raised(attempt) for attempt in attempts]


def _raised(attempt) -> RuleError:
    with pytest.raises(RuleError) as caught:
        attempt()
    return caught.value


@pytest.mark.parametrize("name", ["salary", "secret"])
def test_a_hidden_field_is_refused_exactly_as_one_that_does_not_exist(name):
    without = replace(CUSTOMERS, fields={n: f for n, f in CUSTOMERS.fields.items() if n != name})
    for hidden, absent in zip(_errors(name, CUSTOMERS), _errors(name, without), strict=True):
        assert (str(hidden), hidden.business) == (str(absent), absent.business)
        assert hidden.shown_code == absent.shown_code == "T410"


def test_no_suggestion_ever_names_a_hidden_field():
    for mistyped in ("secrt", "Salary", "salari", "margn", "hints"):
        error = _refused({"field": mistyped, "value": 1})
        related = _refused({"related": "orders", "where": {"field": mistyped, "value": 1}})
        for text in (str(error), error.business, str(related)):
            assert not {"secret", "salary", "margin", "hint", "Secret", "Margin"} & set(
                text.replace("(", " ").split(" ")
            ) - {mistyped}


@pytest.mark.parametrize(
    "column",
    [
        RelatedColumn("r", "orders", fields=("margin",), limit=1),
        RelatedColumn("r", "orders", aggregate="sum", field="margin"),
        RelatedColumn("r", "orders", aggregate="max", field="margin"),
        RelatedColumn("r", "orders", aggregate="latest", field="title", order="margin"),
        RelatedColumn("r", "orders", fields=("title",), limit=1, order="-margin"),
        RelatedColumn("r", "orders", fields=("title",), limit=1, order="hint"),
        RelatedColumn("r", "orders", aggregate="count", where={"field": "margin", "op": "gt", "value": 1}),
        RelatedColumn("r", "orders", aggregate="count", where={"field": "hint", "value": "x"}),
    ],
)
def test_related_data_obeys_the_rights_in_columns_sort_and_where(column):
    error = _raised(lambda: compile_audience(GOLD, fields=(), related=[column], **COMMON))
    assert error.shown_code == "T410"


def test_template_columns_need_the_right_asked_for():
    assert _raised(lambda: compile_audience(GOLD, fields=("note",), **COMMON)).shown_code == "T410"
    assert compile_audience(GOLD, fields=("salary",), **COMMON).statement.columns[-1].name == "salary"
    preview = {"fields": ("salary",), "right": Right.PREVIEW}
    assert _raised(lambda: compile_audience(GOLD, **preview, **COMMON)).shown_code == "T410"


def test_no_statement_reads_a_column_nobody_may_use():
    rich = compile_audience(
        {"fragment": "all_of_them"}, fields=("name",), fragments={"all_of_them": "SELECT id FROM customers"}, **COMMON
    ).statement
    assert "c_secret" not in rich.sql
    assert "c_salary" not in rich.sql
    assert not {("customers", "secret"), ("customers", "salary")} & rich.lineage


# ---------------------------------------------------------------- what comes out


def test_columns_come_in_their_order_with_what_the_contract_promises():
    audience = compile_audience(GOLD, fields=("name", "tongue", "name"), related=[
        RelatedColumn("last", "orders", fields=("title", "id"), order="-ordered", limit=3),
        RelatedColumn("spent_most", "orders", aggregate="max", field="total"),
        RelatedColumn("bought", "orders", aggregate="count"),
    ], **COMMON)  # fmt: skip
    assert [(c.name, c.type, c.nullable) for c in audience.statement.columns] == [
        ("key", "string", False), ("address", "string", True), ("consent", "boolean", True), ("timezone", "string", True),
        ("language", "string", True), ("name", "string", True), ("tongue", "string", True), ("last", "rows", False),
        ("spent_most", "number", True), ("bought", "integer", False),
    ]  # fmt: skip
    assert [(i.name, i.nullable) for i in audience.statement.columns[7].items] == [("title", True), ("id", False)]


def test_values_are_bound_and_never_written_into_the_sql():
    evil = "x'); DROP TABLE t_customers; --"
    for dialect, mark in (("duckdb", "$p0"), ("postgres", "%(p0)s"), ("sqlite", ":p0")):
        statement = compile_count(
            {"any": [{"field": "country", "value": evil}, {"field": "name", "op": "contains", "value": evil}]},
            **{**COMMON, "dialect": dialect},
        ).statement
        assert evil not in statement.sql
        assert "DROP" not in statement.sql
        assert mark in statement.sql
        assert list(statement.params.values()) == [evil, evil]


def test_two_columns_of_one_name_are_refused():
    count = RelatedColumn("name", "orders", aggregate="count")
    assert _raised(lambda: compile_audience(GOLD, fields=("name",), related=[count], **COMMON)).shown_code == "T417"
    key = RelatedColumn("key", "orders", aggregate="count")
    assert _raised(lambda: compile_audience(GOLD, fields=(), related=[key], **COMMON)).shown_code == "T417"


@pytest.mark.parametrize(
    "spec",
    [
        {"aggregate": "sum"}, {"aggregate": "count", "field": "title"}, {"aggregate": "latest", "field": "title"},
        {"aggregate": "sum", "field": "title"}, {"aggregate": "max", "field": "paid"}, {"aggregate": "median", "field": "total"},
        {"fields": ("title",)}, {"limit": 3}, {"fields": ("title",), "limit": 1000}, {"aggregate": "count", "limit": 2},
    ],
)  # fmt: skip
def test_related_data_has_one_of_two_shapes(spec):
    column = RelatedColumn("r", "orders", **spec)
    assert _raised(lambda: compile_audience(GOLD, fields=(), related=[column], **COMMON)).shown_code == "T417"


def test_a_feed_without_addresses_can_be_counted_but_not_mailed():
    orders = {**COMMON, "feed": FEEDS["orders"]}
    assert compile_count({"field": "paid", "op": "is_true"}, **orders)
    assert _raised(lambda: compile_audience({"all": []}, fields=(), **orders)).shown_code == "T417"


def test_lineage_names_everything_that_is_read():
    tree = {"related": "orders", "where": {"field": "paid", "op": "is_true"}}
    assert compile_count(tree, **COMMON).statement.lineage == {
        ("customers", "id"), ("orders", "customer_id"), ("orders", "paid"),
    }  # fmt: skip


def test_the_hash_is_the_rules_meaning():
    one, same, other = (
        compile_count(tree, **COMMON).rule_hash
        for tree in (GOLD, {"op": "is_true", "field": "gold"}, {"field": "gold", "op": "is_false"})
    )
    assert one == same != other


def test_a_query_of_its_own_can_be_a_feed():
    query = "SELECT c_id, c_gold, c_email FROM t_customers WHERE c_name LIKE 'A%'"
    own = replace(CUSTOMERS, table="", query=query, relations={})
    sql = compile_count(GOLD, **{**COMMON, "feed": own, "feeds": {"customers": own}}).statement.sql
    assert "FROM (SELECT c_id, c_gold, c_email FROM t_customers WHERE c_name LIKE 'A%') AS \"origin\"" in sql


# ---------------------------------------------------------------- history

MAILED, CLICKED = {"history": "mailed", "within_days": 30}, {"history": "clicked", "campaign": "spring"}


@pytest.mark.parametrize(
    ("tree", "tests"),
    [
        (MAILED, [("mailed", False)]),
        ({"not": MAILED}, [("mailed", True)]),
        ({"all": [GOLD, MAILED, {"not": CLICKED}]}, [("mailed", False), ("clicked", True)]),
        ({"not": {"any": [MAILED, GOLD]}}, [("mailed", True)]),
        ({"not": {"not": CLICKED}}, [("clicked", False)]),
        ({"all": [{"audience": "quiet"}]}, [("mailed", True)]),
    ],
)
def test_history_is_taken_out_of_the_root(tree, tests):
    quiet = {"quiet": {"all": [{"not": MAILED}, GOLD]}}
    audience = compile_count(tree, audiences=quiet, **COMMON)
    assert [(t.kind, t.negated) for t in audience.history] == tests


def test_what_is_left_is_the_rest():
    rule, tests = take_out(parse_rule({"all": [GOLD, {"not": {"any": [MAILED, GOLD]}}]}, CUSTOMERS, FEEDS))
    assert tests == (HistoryTest("mailed", negated=True, within_days=30),)
    gold = Test(CUSTOMERS.fields["gold"], "is_true")
    assert isinstance(rule, All)
    assert rule.rules[0] == gold
    assert isinstance(rule.rules[1], Not)


@pytest.mark.parametrize(
    "tree",
    [
        {"any": [MAILED, GOLD]},
        {"not": {"all": [MAILED, GOLD]}},
        {"all": [{"any": [GOLD, {"not": MAILED}]}]},
        {"not": {"audience": "quiet"}},
    ],
)
def test_history_anywhere_else_is_refused(tree):
    quiet = {"quiet": {"all": [{"not": MAILED}, GOLD]}}
    assert _raised(lambda: compile_count(tree, audiences=quiet, **COMMON)).shown_code == "T416"


def test_a_feed_that_is_there_but_not_tied_yet_is_no_feed_that_is_not_there():
    untied = replace(CUSTOMERS, relations={})
    with pytest.raises(RuleError) as caught:
        parse_rule({"related": "orders"}, untied, FEEDS)
    assert caught.value.shown_code == "T413"
    assert "orders is there, but nobody has reviewed" in caught.value.what
    assert "twain review orders" in caught.value.todo


def test_days_of_what_is_no_date_and_a_field_without_the_right_say_what_it_can_do():
    error = _refused({"related": "orders", "within": {"field": "title", "days": 3}})
    assert "within does not go with title" in error.what
    assert "logicalType: date or timestamp" in error.todo
    assert "reviewed with the right filter" in _refused({"field": "zzz", "value": 1}).todo
