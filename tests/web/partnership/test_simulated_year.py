"""A year of two teams: it adds up, its forecasts are kept as often as they say, no send exceeds the capacity, and the numbers of
the partnership page are those that anybody can count from the raw rows.
"""

from __future__ import annotations

import html
import json
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from typer.testing import CliRunner

from tests.house_template import migrated
from tests.web.partnership.naive_numbers import Raw, month
from tests.web.partnership.simulated_house import live, looking_back, opened, signed_in_as
from twain.cli.app import app
from twain.errors import ConfigError, WrongState
from twain.ledger.stores import open_ledger
from twain_web import commands
from twain_web.roles import Role
from twain_web.rooms.partnership.numbers.reader import numbers
from twain_web.rooms.partnership.public import mark, simulate
from twain_web.rooms.partnership.public import numbers as program
from twain_web.rooms.people.actions import enter_person
from twain_web.simulated import live_a_year, write_workspace

FINAL = {"deflected", "confirmed", "withdrawn", "declined_with_alternative"}


@pytest.fixture(scope="module")
def lived(tmp_path_factory, django_db_setup, django_db_blocker):
    """One whole year."""
    with django_db_blocker.unblock():
        yield live(tmp_path_factory.mktemp("year"), seed=11, requests=300)


@pytest.fixture(scope="module")
def other(tmp_path_factory, django_db_setup, django_db_blocker):
    """Another one, with fewer requests."""
    with django_db_blocker.unblock():
        yield live(tmp_path_factory.mktemp("other"), seed=12, requests=180)


@pytest.fixture
def page(lived, django_db_blocker):
    """A client at the end of the year."""
    with django_db_blocker.unblock(), looking_back(lived) as client:
        yield client


# ---------------------------------------------------------------- the year itself


def test_every_request_ends_and_what_ends_was_really_moved(lived):
    states = {row["state"] for row in lived.rows("house.db", "select state from desk_room_request")}
    assert lived.year.requests == len(lived.rows("house.db", "select id from desk_room_request")) == 300
    assert lived.year.open_requests == 0
    assert states <= FINAL
    verbs = {row["verb"] for row in lived.rows("house.db", "select distinct verb from desk_room_event")}
    assert verbs >= {
        "take", "ask", "question", "reply", "promise", "start", "wait", "arrive", "show", "decline", "adopt", "agree",
        "withdraw", "observe", "confirm", "not_yet", "regress", "settle", "escalate",
    }  # fmt: skip
    kinds = {row["kind"] for row in lived.rows("house.db", "select distinct kind from desk_room_request")}
    assert len(kinds) == 9


def test_the_forecast_is_kept_as_often_as_it_says(lived, other):
    for year in (lived.year, other.year):
        assert year.forecasts >= 60
        assert 0.80 <= year.p85_kept <= 0.92, year


def test_no_hour_of_any_send_holds_more_than_it_may(lived, other):
    late = datetime(2025, 7, 1, tzinfo=ZoneInfo("UTC")).timestamp() / 3600
    for one in (lived, other):
        hours = {}
        for row in one.rows("ledger.db", "select * from slots where state = 'taken' and exception = ''"):
            for resource, hour, amount in json.loads(row["loads"]):
                hours[resource, hour] = hours.get((resource, hour), 0.0) + amount
        limits = {"source:shop": lambda _h: 2, "website:shop": lambda _h: 600,
                  "channel:mail": lambda h: 30_000 if h >= late else 25_000}  # fmt: skip
        over = [key for key, amount in hours.items() if amount > limits[key[0]](key[1]) + 0.5]
        assert (over, one.year.capacity_exceeded) == ([], 0)
        assert one.year.held > 0, "a year in which nobody was ever held proves nothing"


def test_a_folder_with_anything_in_it_stays_as_it_is(tmp_path):
    """A year's calendars take the place of others: of somebody's own, were it made among their files."""
    mine = tmp_path / "calendars" / "mine.ics"
    mine.parent.mkdir()
    mine.write_text("my own")
    with pytest.raises(WrongState, match="is not empty") as refused:
        live_a_year(1, tmp_path)
    assert refused.value.shown_code == "T961"
    assert [path.name for path in tmp_path.rglob("*")] == ["calendars", "mine.ics"]
    assert mine.read_text() == "my own"


def test_the_same_seed_is_the_same_year(tmp_path, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        first, second = (live(tmp_path / name, 5, 8) for name in ("a", "b"))
    told = [(one.year.states, one.year.p85_kept, one.year.ended, one.year.held) for one in (first, second)]
    assert told[0] == told[1]
    at = "select at, verb, request_id from desk_room_event order by id"
    assert [tuple(r) for r in first.rows("house.db", at)] == [tuple(r) for r in second.rows("house.db", at)]


def test_no_real_house_is_simulated_in(db, tmp_path):
    with pytest.raises(WrongState) as refused:
        simulate(1)
    assert refused.value.shown_code == "T960"
    write_workspace(tmp_path)
    with pytest.raises(WrongState) as refused:
        write_workspace(tmp_path)
    assert refused.value.shown_code == "T961"
    with opened(tmp_path):
        (tmp_path / ".twain").mkdir(exist_ok=True)
        mark()
        assert (tmp_path / ".twain" / "simulated").exists()


# ---------------------------------------------------------------- the numbers


def near(values, rel=1e-6):
    """These values, to the last digits; where there is none, there must be none."""
    return [None if value is None else pytest.approx(value, rel=rel) for value in values]


def told(page, by):
    answer = page.get(f"/partnership/?by={by}")
    assert answer.status_code == 200
    return answer


def numbers_of(page, by):
    """Through the API's own function, as it would be sent: id → (keys, line → values)."""
    return {
        one.id: (one.periods, {line.name: [p.value for p in line.points] for line in one.lines}, one)
        for part in numbers(by).parts
        for one in part.numbers
    }


@pytest.mark.parametrize("by", ["month", "quarter"])
def test_each_number_is_what_anybody_can_count(page, lived, by):
    found, raw = numbers_of(page, by), Raw(lived, by)
    counted = {
        "already-available": raw.already_available(), "asks-per-ten": raw.asks_per_ten(),
        "promises-kept": raw.promises_kept(), "promised-vs-actual": raw.promised_vs_actual(),
        "clarifying": raw.clarifying(), "domain-hours": raw.domain_hours(), "forecast-error": raw.forecast_error(),
        "auto-approved": raw.auto_approved(), "change-fails": raw.change_fails(), "expedites": raw.expedites(),
        "to-acknowledge": raw.incident_hours("acknowledge"), "to-restore": raw.incident_hours("restore"),
        "checks-on-time": raw.checks_on_time(), "vendor-lead": raw.vendor_lead(), "items-carried": raw.items_carried(),
        "fields-owned": raw.catalogue(lambda row: 100 * row["fields_owned"] / row["fields_read"] if row["fields_read"] else None),
        "unused-feeds": raw.catalogue(lambda row: row["unused"]),
    }  # fmt: skip
    for name, wanted in counted.items():
        keys, lines, _one = found[name]
        assert lines[""] == near([wanted.get(key) for key in keys], rel=1e-6), name
        assert any(value is not None for value in lines[""]), name


@pytest.mark.parametrize("by", ["month", "quarter"])
def test_numbers_with_several_lines(page, lived, by):
    found, raw = numbers_of(page, by), Raw(lived, by)
    keys, notice, _one = found["notice"]
    given = raw.notice_given()
    assert notice["Given"] == near([given.get(key) for key in keys], rel=1e-6)
    ends = [min(lived.ended, _first_after(key)) for key in keys]
    assert notice["Needed"] == near([raw.needed(end) for end in ends], rel=1e-6)
    fullest = raw.fullest_hour()
    assert found["capacity-booked"][1]["Fullest hour"] == near([fullest.get(key) for key in keys], rel=1e-4)
    assert max(v for v in found["capacity-booked"][1]["Fullest hour"] if v is not None) <= 100.01
    for feed, title in (("customers", "Customers"), ("orders", "Orders")):
        read = raw.read_by(feed)
        assert found["read-by"][1][title] == [read.get(key) for key in keys]
    _keys, spf, one = found["spf-lookups"]
    for domain in ("mail.nordlicht.example", "news.nordlicht.example"):
        needed, worst = raw.spf(domain)
        assert spf[domain] == near([needed.get(key) for key in keys])
    assert (next(iter(spf)), one.beside) == (worst, 10)
    for side, name in (("marketing", "Marketing says"), ("it", "IT says")):
        quarters, said, one = found["above-average"]
        share = raw.above_average(side, month(lived.ended, "quarter"))
        assert said[name] == near([share.get(key) for key in quarters])
        assert one.beside == 64


def _first_after(key):
    """The first moment after a month or quarter, in Berlin."""
    if "Q" in key:
        last = datetime(int(key[:4]), int(key[6]) * 3, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    else:
        last = datetime(int(key[:4]), int(key[5:]), 1, tzinfo=ZoneInfo("Europe/Berlin"))
    return (last + timedelta(days=32)).replace(day=1)


def test_the_page_says_the_same_and_names_nobody(page, lived):
    text = html.unescape(told(page, "quarter").content.decode())
    for name, (keys, lines, one) in numbers_of(page, "quarter").items():
        if one.missing:
            assert f"figures-{name}" not in text
            assert one.missing in text
            continue
        shown = json.loads(re.search(rf'id="figures-{name}" type="application/json">(.*?)</script>', text)[1])
        assert shown["at"] == list(keys)
        drawn = {line["name"]: line["values"] for line in shown["lines"]}
        for line, values in lines.items():
            assert drawn[line] == near([None if v is None else round(v, 1) for v in values]), name
    main = text[text.index("<main") : text.index("</main>")] if "<main" in text else text
    people = [row["full_name"] for row in lived.rows("house.db", "select full_name from people_person")]
    assert len(people) == 10
    assert [name for name in people if name in main] == []


def test_the_page_is_read_in_few_queries(page):
    told(page, "month")
    with CaptureQueriesContext(connection) as queries:
        told(page, "month")
    assert len(queries) <= 25, [q["sql"][:80] for q in queries]


def test_both_teams_and_programs_read_the_same(lived, django_db_blocker):
    with django_db_blocker.unblock():
        for username in ("lhoffmann", "pnair", "aberg"):
            with looking_back(lived, username) as client:
                assert client.get("/partnership/").status_code == 200


# ---------------------------------------------------------------- nothing yet


@pytest.fixture
def empty(tmp_path, django_db_setup, django_db_blocker):
    """Somebody in a house in which nothing has happened yet."""
    write_workspace(tmp_path)
    migrated(tmp_path / ".twain")
    with django_db_blocker.unblock(), opened(tmp_path):
        open_ledger(settings.TWAIN.control_url).close()
        yield signed_in_as(enter_person(
            by="a test", username="tklein", full_name="Tom Klein", title="Internal Auditor", email="tom@nordlicht.example",
            roles=[Role.AUDITOR],
        ))  # fmt: skip


def test_where_there_is_nothing_it_says_so_and_what_to_do(empty):
    text = html.unescape(empty.get("/partnership/").content.decode())
    for part in numbers().parts:
        for one in part.numbers:
            assert one.lines == ()
            assert one.missing.startswith("Not measured yet: ")
            assert one.missing in text
            assert one.explained in text
    assert 'data-figures="' not in text


def test_the_command_and_the_program_say_it_too(db, somebody, monkeypatch):
    priya = somebody(Role.DATA_OWNER, username="priya")
    monkeypatch.setattr(commands, "setup", lambda: None)
    monkeypatch.setattr(commands, "_me", lambda: "priya")
    done = CliRunner().invoke(app, ["desk", "numbers", "--by", "quarter", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    asked = program(by=priya, period="quarter")
    assert said["periods"] == list(asked.periods)
    assert [part["title"] for part in said["parts"]] == [part.title for part in asked.parts]
    assert "Not measured yet" in CliRunner().invoke(app, ["desk", "numbers"]).output
    with pytest.raises(ConfigError) as refused:
        program(by=priya, period="week")
    assert refused.value.shown_code == "T962"
