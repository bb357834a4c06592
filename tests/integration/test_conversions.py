"""Conversions from the company's own data: counted in each kind of database, exactly, once, and only of people."""

import os
import re
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from tests.returned_company import DAY, PEOPLE, RUN, SENT, company, happened, order, shop
from twain.errors import ConfigError, RuleError, SourceLimit
from twain.flows import conversions
from twain.flows.campaigns import Campaign
from twain.flows.conversions import AGAIN_AFTER, check_conversion, count_conversions, due, last_count, measures_lift
from twain.flows.forgetting import forget, known
from twain.insight.rates import difference, rate
from twain.ledger.bundles import make_bundle
from twain.ledger.converted import CONVERSIONS, HELD_OUT, ConversionBook
from twain.ledger.lake import Lake
from twain.records import Conversion, Owner, Sender

RULE = {"feed": "orders", "time": "ordered_at", "within": 7 * DAY, "of": "clicked", "value": "total",
        "where": {"not": {"field": "status", "op": "eq", "value": "cancelled"}}}  # fmt: skip


class Clock:
    """Stands where it is put."""

    def __init__(self, now):
        self.time = now

    def now(self):
        return self.time

    def boottime(self):
        return self.time


@pytest.fixture(params=["duckdb", "sqlite", "postgres"])
def database(request, tmp_path):
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    with shop(request.param, tmp_path, url) as (where, write):
        yield request.param, where, write


@pytest.fixture(scope="module")
def contracts(tmp_path_factory):
    """A workspace whose database nobody asks."""
    folder = tmp_path_factory.mktemp("contracts")
    with company(folder, "duckdb", f'path = "{folder}/none.duckdb"', None) as here:
        yield here


@pytest.fixture
def small(tmp_path):
    with shop("sqlite", tmp_path) as (where, write):
        yield where, write


def rows_of(here):
    return sorted(
        (r["key"], r["value"]) for f in here.history.files("conversions") for r in pq.read_table(f).to_pylist()
    )


def counted(here, now=SENT + DAY):
    ours = replace(here, clock=Clock(now))
    return count_conversions(ours, ours.ledger.run(RUN))


def test_the_same_in_every_database(database, tmp_path):
    kind, where, write = database
    with company(tmp_path, kind, where, RULE) as here:
        happened(here, (0, "click", SENT + 60, False), (1, "click", SENT + 60, True), (2, "click", SENT + 3600, False),
                 (2, "click", SENT + 2 * DAY, False), (3, "click", SENT + 60, False), (4, "open", SENT + 60, False))  # fmt: skip
        for one in (
            order(1, 1, SENT + 30),  # before the click
            order(2, 1, SENT + 90, 12.5),
            order(3, 1, SENT + 60 + 7 * DAY, 7.5),  # the last second of the week
            order(4, 1, SENT + 61 + 7 * DAY),  # too late
            order(5, 2, SENT + 90),  # only a machine clicked
            order(6, 3, SENT + 8.5 * DAY, 3.0),  # within a week of the second click
            order(7, 4, SENT + 90, status="cancelled"),
            order(8, 5, SENT + 90),  # opened, did not click
            order(9, 41, SENT + 90),  # somebody we never mailed
        ):
            write(one)
        done = counted(here)
        assert rows_of(here) == [("1", 7.5), ("1", 12.5), ("3", 3.0)]
        assert (done.people, done.times, done.value) == (2, 3, 23.0)
        assert done.closes == SENT + 9 * DAY
        assert last_count(here, here.ledger.run(RUN)) == done


def test_by_a_date_and_from_the_send(database, tmp_path):
    kind, where, write = database
    rule = {"feed": "orders", "time": "day", "within": 2 * DAY, "of": "sent"}
    with company(tmp_path, kind, where, rule) as here:
        for number, customer, days in ((1, 1, -1), (2, 2, 0), (3, 3, 2), (4, 4, 3)):
            write(order(number, customer, SENT + days * DAY))
        done = counted(here)
        assert rows_of(here) == [("2", None), ("3", None)]
        assert (done.people, done.value, done.closes) == (2, 0.0, SENT + 2 * DAY)


def test_counting_again_counts_once_and_what_was_cancelled_goes(small, tmp_path):
    where, write = small
    with company(tmp_path, "sqlite", where, {**RULE, "of": "sent"}) as here:
        write(order(1, 1, SENT + 60, 5.0))
        write(order(2, 2, SENT + 60, 6.0))
        counted(here)
        files = here.history.files("conversions")
        counted(here, SENT + 2 * DAY)
        assert here.history.files("conversions") == files
        write("update orders set status = 'cancelled'")
        assert counted(here).people == 0
        assert here.history.files("conversions") == here.history.damaged() == []


def test_when_it_is_due(small, tmp_path):
    where, _ = small
    with company(tmp_path, "sqlite", where, {**RULE, "of": "sent"}) as here:

        def due_at(moment):
            return list(due(replace(here, clock=Clock(moment))))

        assert due_at(SENT + 60) == [RUN]
        counted(here, SENT + 60)
        assert due_at(SENT + AGAIN_AFTER) == []
        assert due_at(SENT + 60 + AGAIN_AFTER) == [RUN]
        counted(here, SENT + 7 * DAY - 60)
        assert due_at(SENT + 7 * DAY) == [RUN]  # once more, now that the time is over
        counted(here, SENT + 7 * DAY + 60)
        assert due_at(SENT + 30 * DAY) == []


def test_a_send_that_is_no_longer_among_the_newest_is_counted_to_the_end(small, tmp_path, monkeypatch):
    monkeypatch.setattr(conversions, "_NEWEST", 0)
    with company(tmp_path, "sqlite", small[0], {**RULE, "of": "sent"}) as here:
        later = replace(here, clock=Clock(SENT + 7 * DAY))
        assert list(due(later)) == []
        counted(here, SENT + 7 * DAY - 60)
        assert list(due(later)) == [RUN]


def test_while_nobody_has_clicked_it_is_counted_again_only_when_something_came(small, tmp_path):
    with company(tmp_path, "sqlite", small[0], RULE) as here:
        counted(here, SENT + 60)
        later = replace(here, clock=Clock(SENT + 60 + AGAIN_AFTER))
        for came, expected in ((SENT, []), (SENT + 120, [RUN])):
            for file in here.history.files("deliveries"):
                os.utime(file, (came, came))
            assert list(due(later)) == expected


def test_whoever_was_erased_stays_a_number(small, tmp_path):
    where, write = small
    with company(tmp_path, "sqlite", where, {**RULE, "of": "sent"}) as here:
        write(order(1, 1, SENT + 60, 5.0))
        write(order(2, 2, SENT + 60, 6.0))
        counted(here)
        (told,) = known(here, "2")["conversions"]
        assert (told["run_id"], told["value"], told["counted_from"], told["at"]) == (RUN, 6.0, "sent", SENT + 60)
        assert forget(here, "2").left == 0
        assert ConversionBook(here.settings.history).of_key("customers", "2") == []
        assert rows_of(here) == [("", 6.0), ("1", 5.0)]
        counted(here)
        assert rows_of(here) == [("", 6.0), ("1", 5.0)]


def test_what_the_mail_moved_against_those_held_out(small, tmp_path):
    where, write = small
    with company(tmp_path, "sqlite", where, {**RULE, "of": "sent"}) as here:
        book, run = ConversionBook(here.settings.history), here.ledger.run(RUN)
        book.write_held_out(run, "customers", [str(n) for n in range(90, 110)], SENT)
        book.write_held_out(
            run, "customers", [str(n) for n in range(101, 111)], SENT
        )  # a second attempt at its snapshot
        for number, customer in enumerate((*range(1, 31), 101, 102)):
            write(order(number, customer, SENT + 60))
        compared = counted(here).compared
        assert (compared.meant.part, compared.meant.whole) == (30, PEOPLE)
        assert (compared.held.part, compared.held.whole) == (2, 10)
        assert compared.lift == difference(rate(30, 40), rate(2, 10))
        assert compared.lift.told_apart
        assert last_count(here, run).compared == compared
        assert len(rows_of(here)) == 30  # of the held out nobody is written down
        forget(here, "101")
        assert len(list(book.anchors(RUN, "held out"))) == 9
        assert here.history.damaged() == []


def test_a_click_cannot_be_held_against_a_holdout():
    body = {"conversion": RULE, "holdout": 0.1}
    assert not measures_lift(make_bundle("spring", body))
    assert measures_lift(make_bundle("spring", {**body, "conversion": {**RULE, "of": "sent"}}))
    assert not measures_lift(make_bundle("spring", {"conversion": {**RULE, "of": "sent"}, "holdout": 0.0}))


def test_it_is_written_by_its_contract(small, tmp_path):
    where, write = small
    with company(tmp_path, "sqlite", where, {**RULE, "of": "sent"}) as here:
        write(order(1, 1, SENT + 60, 5.0))
        counted(here)
        (file,) = here.history.files("conversions", RUN)
        assert pq.read_schema(file).equals(CONVERSIONS)
        for table, schema in (("conversions", CONVERSIONS), ("holdouts", HELD_OUT)):
            assert re.findall(r"^      - name: (\w+)$", Lake.contract(table), re.MULTILINE) == schema.names
        (row,) = pq.read_table(file).to_pylist()
        assert (row["key"], row["arm"], row["value"]) == ("1", "A", 5.0)
        assert row["at"] == datetime.fromtimestamp(SENT + 60, UTC)


def test_many_people_in_batches(small, tmp_path, monkeypatch):
    where, write = small
    monkeypatch.setattr("twain.flows.conversions._KEYS", 3)
    monkeypatch.setattr("twain.flows.conversions._STATEMENTS", 4)
    with company(tmp_path, "sqlite", where, {**RULE, "of": "sent"}) as here:
        write(
            "with recursive r(i) as (select 1 union all select i + 1 from r where i < 49) "
            "insert into orders select i, i, '2026-11-21 10:00:00', '2026-11-21', 'open', i from r"
        )
        assert counted(here).people == PEOPLE


def test_the_companys_hours_hold(small, tmp_path):
    where, _ = small
    with company(tmp_path, "sqlite", f'{where}\nhours = "00:00-00:00"', RULE) as here:
        happened(here, (0, "click", SENT + 60, False))
        with pytest.raises(SourceLimit, match="bulk reads"):
            counted(here)
        assert last_count(here, here.ledger.run(RUN)) is None


def test_without_a_rule_it_says_what_to_do(small, tmp_path):
    with company(tmp_path, "sqlite", small[0], None) as here:
        assert list(due(here)) == []
        with pytest.raises(ConfigError, match="declares no conversion") as refused:
            counted(here)
        assert refused.value.shown_code == "T890"


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"feed": "customers"}, ConfigError, "no relation leads"),
        ({"time": "status"}, ConfigError, "holds string"),
        ({"value": "ordered_at"}, ConfigError, "holds timestamp"),
        ({"time": "placed"}, RuleError, "placed"),
        ({"value": "status"}, ConfigError, "holds string"),
        ({"value": "order_id"}, RuleError, "order_id"),  # a right to filter alone does not let a value out
        ({"where": {"field": "email", "op": "eq", "value": "x"}}, RuleError, "email"),
        ({"where": {"history": "mailed"}}, RuleError, "past sends"),
        ({"where": {"fragment": "many-returns"}}, RuleError, "fragment"),
    ],
)
def test_a_rule_reads_nothing_it_may_not(contracts, change, kind, words):
    rule = Conversion(**{**RULE, **change})
    sender, owner = Sender("news@example.com"), Owner("Lena Hoffmann", "Campaign Manager")
    campaign = Campaign(
        "spring", "Spring", owner, "customers", "mail", "", {"all": []}, (), (), sender, conversion=rule,
        places={"conversion": 7}, file="campaigns/spring/campaign.toml",
    )  # fmt: skip
    with pytest.raises(kind, match=words) as refused:
        check_conversion(contracts, campaign)
    assert (refused.value.place.file, refused.value.place.line) == ("campaigns/spring/campaign.toml", 7)
