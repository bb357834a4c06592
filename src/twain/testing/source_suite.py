# ruff: noqa: D102, S101 — a suite of tests: their names say what they promise, and they assert it
"""The contract of a company database. A new kind of source subclasses :class:`SourceContract` and keeps every test.

The subclass gives one fixture, ``company``, of class scope: a database that holds :data:`PEOPLE` in a table ``people`` and
:data:`MANY` rows ``1 … n`` in the column ``n`` of a table ``numbers``, and knows how to change it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pytest

from twain.errors import GuardError, SourceError, SourceLimit, SourceUnavailable
from twain.feeds.checks import check_feed
from twain.feeds.reading import Reading, open_source
from twain.ports import Source
from twain.records import (
    Column,
    Feed,
    Field,
    FieldType,
    Freshness,
    Limits,
    Owner,
    Quality,
    Right,
    Scalar,
    Statement,
    Tag,
)
from twain.settings import SourceSettings

TAG = Tag("spring", "priya@example.com", "send")
MANY = 3000

#: id, name, huge (exact digits), balance, born, seen (an instant), active, note
PEOPLE: tuple[tuple[Any, ...], ...] = (
    (
        1,
        "Jürgen O’Neill",
        "170141183460469231731687303715884105727",
        "12.50",
        "1984-02-29",
        "2024-03-31T01:30:00Z",
        True,
        None,
    ),
    (
        2,
        "山田 😀",
        "-170141183460469231731687303715884105727",
        "-0.01",
        "1900-01-01",
        "2024-10-27T00:30:00.123456Z",
        False,
        "",
    ),
    (3, "line\nbreak 'quote\" \\ %(p0)s $p0 :p0", "0", "99999999.99", "2100-12-31", "1970-01-01T00:00:00Z", None, "x"),
    (9223372036854775807, "", None, None, None, None, True, None),
)

COLUMNS = (
    Column("id", "integer"),
    Column("name", "string"),
    Column("huge", "string"),
    Column("balance", "number"),
    Column("born", "date"),
    Column("seen", "timestamp"),
    Column("active", "boolean"),
    Column("note", "string"),
)


@dataclass(frozen=True)
class Company:
    """One database of the suite. *write* runs a statement as its owner, from outside, while Twain may be reading.

    *locks_writers*: the engine itself keeps writers out while somebody reads. *gone* makes the database unreachable.
    """

    settings: SourceSettings
    write: Callable[[str], None]
    gone: Callable[[], AbstractContextManager[None]]
    locks_writers: bool = False


def feed(name: str, source: str) -> Feed:
    """A feed on the table of the same name, enough for the guard to let statements over it through."""
    return Feed(
        name=name,
        title=name.title(),
        source=source,
        key="id",
        fields={},
        owner=Owner("Priya Nair", "Senior DBA"),
        version="1.0.0",
        contract_hash="0",
        table=name,
    )


class SourceContract:
    """What every source promises."""

    mark: Callable[[str], str] = staticmethod(lambda name: f"${name}")  # how the dialect writes a bound parameter

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, company: Company) -> Source:
        return opened(company.settings)

    @pytest.fixture(scope="class")
    @classmethod
    def session(cls, source: Source) -> Iterator[Reading]:
        """One session for the tests that only read and leave it usable."""
        with source.session(TAG, Limits(timeout_seconds=60.0)) as session:
            assert isinstance(session, Reading)
            yield session

    def ask(self, sql: str, *columns: Column, **params: Scalar) -> Statement:
        return Statement(sql, params, self.dialect, columns)

    dialect = "duckdb"

    # ------------------------------------------------------------ types

    def test_every_type_arrives_as_the_contract_says(self, session: Reading) -> None:
        names = ", ".join(column.name for column in COLUMNS)
        got = session.table(self.ask(f"SELECT {names} FROM people ORDER BY id", *COLUMNS))
        assert got.schema.types == [
            pa.int64(),
            pa.string(),
            pa.string(),
            pa.float64(),
            pa.date32(),
            pa.timestamp("us", "UTC"),
            pa.bool_(),
            pa.string(),
        ]
        assert [tuple(row.values()) for row in got.to_pylist()] == [_read(row) for row in PEOPLE]

    def test_columns_go_by_position_and_take_the_statement_s_names(self, session: Reading) -> None:
        got = session.table(self.ask("SELECT id AS a, id AS a FROM people WHERE id = 1", _INT, Column("b", "string")))
        assert got.to_pylist() == [{"n": 1, "b": "1"}]

    def test_an_empty_answer_has_the_columns_all_the_same(self, session: Reading) -> None:
        got = session.table(self.ask("SELECT id, born FROM people WHERE id < 0", _INT, Column("born", "date")))
        assert got.num_rows == 0
        assert got.schema.names == ["n", "born"]

    def test_bound_parameters_keep_their_types_and_never_become_sql(self, session: Reading) -> None:
        for row in PEOPLE:
            asked = self.ask(f"SELECT id FROM people WHERE name = {self.mark('p0')}", _INT, p0=row[1])
            assert session.table(asked).to_pylist() == [{"n": row[0]}]
        born = self.ask(f"SELECT id FROM people WHERE born = {self.mark('p0')}", _INT, p0=date(1984, 2, 29))
        assert session.table(born).to_pylist() == [{"n": 1}]

    def test_a_parameter_s_marker_inside_a_text_is_text(self, session: Reading) -> None:
        sql = f"SELECT '{self.mark('p0')}' AS t FROM people WHERE id = {self.mark('p0')}"
        assert session.table(self.ask(sql, Column("t", "string"), p0=1)).to_pylist() == [{"t": self.mark("p0")}]

    def test_parameters_with_a_common_beginning_are_told_apart(self, session: Reading) -> None:
        sql = f"SELECT {self.mark('p10')} AS a, {self.mark('p1')} AS b FROM people WHERE id = 1"
        got = session.table(self.ask(sql, Column("a", "string"), Column("b", "string"), p1="one", p10="ten"))
        assert got.to_pylist() == [{"a": "ten", "b": "one"}]

    def test_null_true_and_numbers_can_be_bound(self, session: Reading) -> None:
        marks = ", ".join(f"{self.mark(name)} AS {name}" for name in ("a", "b", "c", "d"))
        kinds = (Column("a", "string"), Column("b", "boolean"), Column("c", "integer"), Column("d", "number"))
        sql = f"SELECT {marks} FROM people WHERE id = 1"
        got = session.table(self.ask(sql, *kinds, a=None, b=True, c=-(2**63), d=0.1))
        assert got.to_pylist() == [{"a": None, "b": True, "c": -(2**63), "d": 0.1}]

    def test_a_value_that_is_no_number_is_refused_by_column_and_kept_out_of_the_message(self, session: Reading) -> None:
        with pytest.raises(SourceError) as caught:
            session.table(self.ask("SELECT name FROM people WHERE id = 3", Column("wrong", "integer")))
        assert caught.value.shown_code == "T302"
        assert "break" not in str(caught.value)
        assert session.table(self.ask("SELECT COUNT(*) FROM people", _INT)).to_pylist() == [{"n": len(PEOPLE)}]

    # ------------------------------------------------------------ the guard, and what is missing

    def test_a_statement_the_guard_refuses_never_runs_and_the_session_goes_on(self, session: Reading) -> None:
        for sql in ("DELETE FROM people", "SELECT 1 FROM people; DELETE FROM people", "SELECT * FROM elsewhere"):
            with pytest.raises(GuardError):
                session.table(self.ask(sql, _INT))
        assert session.table(self.ask("SELECT COUNT(*) FROM people", _INT)).to_pylist() == [{"n": len(PEOPLE)}]

    def test_a_parameter_without_a_value_is_refused(self, session: Reading) -> None:
        with pytest.raises(GuardError, match="p7"):
            session.table(self.ask(f"SELECT id FROM people WHERE id = {self.mark('p7')}", _INT))

    def test_a_column_that_is_gone_says_that_the_schema_changed(self, session: Reading) -> None:
        with pytest.raises(SourceError) as caught:
            session.table(self.ask("SELECT shoe_size FROM people", _INT))
        assert caught.value.shown_code == "T301"
        assert "IT" in caught.value.business
        assert session.table(self.ask("SELECT COUNT(*) FROM people", _INT)).to_pylist() == [{"n": len(PEOPLE)}]

    def test_nothing_may_be_asked_while_a_stream_is_open(self, session: Reading) -> None:
        stream = session.stream(self.ask("SELECT n FROM numbers", _INT))
        first = next(stream)
        with pytest.raises(SourceError, match="stream is still open"):
            session.table(self.ask("SELECT COUNT(*) FROM people", _INT))
        assert first.num_rows + sum(batch.num_rows for batch in stream) == MANY

    # ------------------------------------------------------------ description

    def test_tables_and_columns_are_described(self, source: Source) -> None:
        found = {table.name: table for table in source.tables()}
        assert {"people", "numbers"} <= found.keys()
        columns = {column.name: column.type for column in found["people"].columns}
        assert list(columns) == [column.name for column in COLUMNS]
        assert (columns["id"], columns["name"], columns["born"]) == ("integer", "string", "date")

    def test_a_query_can_be_described(self, session: Reading) -> None:
        live = session.describe("(SELECT id, name AS called FROM people)")
        assert [(column.name, column.type) for column in live.columns] == [("id", "integer"), ("called", "string")]
        assert live.view, "a query declares nothing of its own"

    def test_a_relation_that_is_not_there_is_named(self, session: Reading) -> None:
        with pytest.raises(SourceError, match="nowhere"):
            session.describe("nowhere")

    def test_only_a_select_can_be_described(self, session: Reading) -> None:
        with pytest.raises(GuardError):
            session.describe("(DELETE FROM people)")

    # ------------------------------------------------------------ pre-send checks

    def test_pre_send_checks_count_the_same_on_every_engine(self, session: Reading) -> None:
        live = session.describe("people")
        now = datetime(2024, 10, 27, 1, 30, tzinfo=UTC).timestamp()
        verdicts, figures = check_feed(session, _CHECKED, live, now=now, last={"rows": 4.0}, thresholds={})
        assert figures == {"rows": 4.0, "newest": pytest.approx(now - 3600, abs=1)}
        assert {(v.check, v.field): v.observed for v in verdicts if v.observed is not None} == {
            ("quality:nullValues", "id"): 0.0,
            ("quality:nullValues", "note"): 50.0,
            ("quality:missingValues", "note"): 3.0,
            ("quality:invalidValues", "name"): 3.0,
            ("quality:invalidValues", "active"): 1.0,
            ("quality:invalidValues", "balance"): 2.0,
            ("quality:duplicateValues", "id"): 0.0,
            ("quality:duplicateValues", "active"): 1.0,
            ("quality:duplicateValues", ""): 1.0,
            ("quality:sql", "name"): 1.0,
            ("freshness", "seen"): pytest.approx(3600, abs=1),
            ("rows", ""): 4.0,
        }
        for verdict in verdicts:
            if verdict.sql:  # what is shown can be run
                assert session.table(self.ask(verdict.sql, Column("n", "string"))).num_rows == 1

    # ------------------------------------------------------------ one state

    def test_a_session_sees_one_state_while_others_write(self, company: Company, source: Source) -> None:
        count = self.ask("SELECT COUNT(*) FROM people", _INT)
        insert = "INSERT INTO people (id, name) VALUES (77, 'late')"
        with source.session(TAG, Limits()) as session:
            before = session.table(count).to_pylist()
            if company.locks_writers:
                with pytest.raises(Exception, match="lock"):
                    company.write(insert)
            else:
                company.write(insert)
            with pytest.raises(SourceError):
                session.table(self.ask("SELECT shoe_size FROM people", _INT))  # a failed statement does not end it
            assert session.table(count).to_pylist() == before
        if not company.locks_writers:
            with source.session(TAG, Limits()) as session:
                assert session.table(count).to_pylist() == [{"n": before[0]["n"] + 1}]
            company.write("DELETE FROM people WHERE id = 77")

    # ------------------------------------------------------------ limits

    def test_a_slow_query_ends_at_its_time_and_the_session_goes_on(self, source: Source) -> None:
        with source.session(TAG, Limits(timeout_seconds=0.7)) as session:
            began = time.monotonic()
            with pytest.raises(SourceLimit) as caught:
                session.table(self.ask(SLOW, _INT))
            assert time.monotonic() - began < 2.5
            assert caught.value.shown_code == "T321"
            assert session.table(self.ask("SELECT COUNT(*) FROM people", _INT)).num_rows == 1

    def test_interactive_questions_have_their_own_time(self, company: Company) -> None:
        quick = opened(replace(company.settings, interactive_timeout_seconds=0.5))
        count = replace(TAG, purpose="count")
        with quick.session(count, Limits()) as session, pytest.raises(SourceLimit, match=r"0\.5 s"):
            session.table(self.ask(SLOW, _INT))

    def test_more_rows_than_allowed_are_refused(self, source: Source) -> None:
        with source.session(TAG, Limits(max_rows=10)) as session:
            with pytest.raises(SourceLimit) as caught:
                list(session.stream(self.ask("SELECT n FROM numbers", _INT)))
            assert caught.value.shown_code == "T323"
            assert session.table(self.ask("SELECT n FROM numbers WHERE n <= 10", _INT)).num_rows == 10

    def test_leaving_a_stream_early_ends_the_query_at_once(self, source: Source) -> None:
        sql = "SELECT a.n FROM numbers a, numbers b, numbers c"
        began = time.monotonic()
        with source.session(TAG, Limits()) as session:
            stream = session.stream(self.ask(sql, _INT))
            with closing(stream):  # type: ignore[type-var]  # an iterator that is a generator
                assert next(stream).num_rows > 0
        assert time.monotonic() - began < 10.0

    def test_a_query_can_be_interrupted_from_another_thread(self, source: Source) -> None:
        with source.session(TAG, Limits(timeout_seconds=30.0)) as session:
            timer = threading.Timer(0.3, session.interrupt)
            timer.start()
            began = time.monotonic()
            with pytest.raises(SourceError):
                session.table(self.ask(SLOW, _INT))
            assert time.monotonic() - began < 10.0
            timer.join()

    def test_interrupted_twice_the_reading_process_ends(self, source: Source) -> None:
        with source.session(TAG, Limits()) as session:
            session.interrupt()
            session.interrupt()
            with pytest.raises(SourceUnavailable):
                session.table(self.ask(SLOW, _INT))

    def test_a_killed_child_is_told_from_an_empty_answer(self, source: Source) -> None:
        with source.session(TAG, Limits()) as session:
            assert isinstance(session, Reading)
            session.child.kill()
            with pytest.raises(SourceUnavailable) as caught:
                session.table(self.ask("SELECT COUNT(*) FROM people", _INT))
            assert caught.value.shown_code == "T312"

    def test_a_database_that_is_gone_is_unavailable_in_both_languages(self, company: Company, source: Source) -> None:
        with company.gone(), pytest.raises(SourceUnavailable) as caught, source.session(TAG, Limits()):
            pass
        assert "Nothing was sent" in caught.value.business
        assert company.settings.name in str(caught.value)
        with source.session(TAG, Limits()) as session:
            assert session.table(self.ask("SELECT COUNT(*) FROM people", _INT)).num_rows == 1


SLOW = "SELECT SUM(a.n * b.n - c.n * d.n) FROM numbers a, numbers b, numbers c, numbers d"
_INT = Column("n", "integer")


_rule = partial(Quality, operator="mustBeLessOrEqualTo", limit=100.0)


def _field(name: str, kind: FieldType, *rules: Quality) -> Field:
    return Field(name, name, kind, name.title(), frozenset(Right), quality=rules)


_CHECKED = replace(
    feed("people", "shop"),
    fields={
        "id": _field("id", "integer"),
        "name": _field(
            "name",
            "string",
            _rule("invalidValues", arguments={"pattern": "^J.*n"}),
            _rule("sql", query="SELECT COUNT(*) FROM {object} WHERE {property} = ''"),
        ),
        "balance": _field("balance", "number", _rule("invalidValues", arguments={"validValues": [12.5]})),
        "seen": _field("seen", "timestamp"),
        "active": _field(
            "active", "boolean", _rule("invalidValues", arguments={"validValues": [True]}), _rule("duplicateValues")
        ),
        "note": _field(
            "note",
            "string",
            _rule("nullValues", unit="percent"),
            _rule("missingValues", arguments={"missingValues": [None, ""]}),
        ),
    },
    freshness=Freshness("seen", 86400.0),
    quality=(_rule("duplicateValues", arguments={"properties": ["active", "note"]}),),
)


def opened(settings: SourceSettings) -> Source:
    """The source with its two feeds."""
    return open_source(settings, {name: feed(name, settings.name) for name in ("people", "numbers")})


def _read(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of PEOPLE as it should arrive."""
    key, name, huge, balance, born, seen, active, note = row
    return (
        key,
        name,
        huge,
        float(balance) if balance else None,
        date.fromisoformat(born) if born else None,
        datetime.fromisoformat(seen).astimezone(UTC) if seen else None,
        active,
        note,
    )
