"""A test lead that arrives, a slot that is booked: both seen where IT keeps them, in real systems that are started here."""

from __future__ import annotations

import base64
import http.server
import json
import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

import duckdb
import psycopg
import pytest
from psycopg import sql

from tests.conftest import READER_PASSWORD, with_parts
from twain.demo.start import copy_workspace
from twain.flows.capacity import book, demand_for
from twain.flows.instance import open_instance
from twain_web.rooms.desk.probes import probe

TABLE = "create table leads (lead_id varchar(80) primary key, email varchar(254) unique, given_name varchar(80))"
COLUMNS = 'table = "leads"\nid = "lead_id"\ncolumns = { email = "email", first_name = "given_name" }\n'
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
TARGET = {"form": "newsletter", "mark": "5eed5eed5eed5eed"}
ROW = ("test-lead-5eed5eed5eed5eed", "test-lead-5eed5eed5eed5eed@twain.invalid", "TEST 5eed5eed5eed5eed, from Twain")
HOSTILE = b"<script>alert(1)</script>\x00{{7*7}}\r\nSet-Cookie: a=b"


@pytest.fixture
def route(tmp_path):
    """A workspace whose form leads to an intake with these lines."""
    copy_workspace(tmp_path)
    form = tmp_path / "forms" / "newsletter.toml"
    form.write_text(form.read_text().replace("# intake =", "intake ="))

    @contextmanager
    def opened(intake: str):
        with (tmp_path / "twain.toml").open("a") as file:
            file.write(f"\n[intakes.crm]\n{intake}\n")
        with open_instance(tmp_path) as instance:
            yield instance

    return opened


def look(instance):
    return probe("lead").observe(instance, TARGET, None)


def test_with_insert_alone_the_row_is_seen_and_it_stays_one(route, postgres_database, monkeypatch):
    with psycopg.connect(postgres_database, autocommit=True) as owner:
        owner.execute(TABLE)
        name = f"writer_{os.urandom(4).hex()}"
        role = sql.Identifier(name)
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(READER_PASSWORD)))
        monkeypatch.setenv("CRM_URL", with_parts(postgres_database, user=name, password=READER_PASSWORD))
        try:
            with route(f'kind = "table"\nurl_env = "CRM_URL"\n{COLUMNS}') as instance:
                refused = look(instance)
                assert (refused.there, READER_PASSWORD in refused.technical) == (False, False)
                owner.execute(sql.SQL("GRANT INSERT ON leads TO {}").format(role))
                for _ in range(3):
                    seen = look(instance)
                    assert (seen.there, "its row is there" in seen.words) == (True, True)
                assert owner.execute("select * from leads").fetchall() == [ROW]
                moved_away = "create rule away as on insert to leads do instead nothing"
                owner.execute("delete from leads")
                owner.execute(moved_away)
                assert look(instance).there is False, "taken without an error, and not there"
                owner.execute("drop rule away on leads")
                owner.execute(sql.SQL("REVOKE INSERT ON leads FROM {}").format(role))
                assert look(instance).there is False
        finally:
            owner.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))


def test_a_file_of_its_is_looked_into_and_one_that_is_gone_is_no_answer(route, tmp_path):
    with closing(sqlite3.connect(tmp_path / "crm.sqlite")) as file:
        file.execute(TABLE)
    with route(f'kind = "table"\npath = "crm.sqlite"\nengine = "sqlite"\n{COLUMNS}') as instance:
        assert look(instance).there is True
        with closing(sqlite3.connect(tmp_path / "crm.sqlite")) as file:
            assert file.execute("select * from leads").fetchall() == [ROW]
        (tmp_path / "crm.sqlite").unlink()
        assert look(instance).there is None


def test_a_duckdb_file_too(route, tmp_path):
    with duckdb.connect(tmp_path / "crm.duckdb") as file:
        file.execute(TABLE)
    with route(f'kind = "table"\npath = "crm.duckdb"\nengine = "duckdb"\n{COLUMNS}') as instance:
        assert look(instance).there is True


class _Crm(http.server.BaseHTTPRequestHandler):
    status: ClassVar[int] = 204
    report: ClassVar[tuple[int, bytes]] = (404, b"")
    seen: ClassVar[list[tuple[str, str, str]]] = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.headers["webhook-id"], body["type"], json.dumps(body["data"])))
        self._answer(self.status, HOSTILE if self.status >= 400 else b"")

    def do_GET(self):
        assert self.headers["webhook-signature"].startswith("v1,")
        self.seen.append((self.headers["webhook-id"], "asked", self.path))
        self._answer(*self.report)

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def crm(monkeypatch):
    _Crm.seen, _Crm.status, _Crm.report = [], 204, (404, b"")
    monkeypatch.setenv("CRM_SECRET", SECRET)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Crm) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        monkeypatch.setenv("CRM_HOOK", f"http://127.0.0.1:{server.server_port}/hook")
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_webhook_says_that_it_took_the_marked_lead(route, crm):
    with route('kind = "webhook"\nurl_env = "CRM_HOOK"\nsecret_env = "CRM_SECRET"') as instance:
        _Crm.status = 422
        refused = look(instance)
        assert (refused.there, "<" in refused.words + refused.technical) == (False, False)
        _Crm.status = 503
        assert look(instance).there is None
        _Crm.status = 204
        assert look(instance).there is True
    identifier, kind, told = _Crm.seen[-1]
    lead = json.loads(told)
    assert (identifier, kind, lead["test"]) == (ROW[0], "twain.lead", True)
    assert (lead["email"], lead["first_name"], lead["form"]) == (ROW[1], ROW[2], "newsletter")
    assert {one[0] for one in _Crm.seen} == {ROW[0]}, "the same id at every try: kept once"


@pytest.mark.parametrize(
    ("report", "there"),
    [
        ((404, b"no such lead"), False),
        ((200, b"<html>Welcome</html>"), False),
        ((200, HOSTILE), False),
        ((302, ROW[0].encode()), False),
        ((503, b""), None),
        ((200, b"x" * 70_000 + ROW[0].encode()), False),
        ((200, b'{"id": "' + ROW[0].encode() + b'"}' + HOSTILE), True),
    ],
)
def test_where_there_is_a_status_address_the_lead_must_be_reported(route, crm, report, there):
    _Crm.report = report
    more = f'status_url = "{crm}/leads/{{id}}"'
    with route(f'kind = "webhook"\nurl_env = "CRM_HOOK"\nsecret_env = "CRM_SECRET"\n{more}') as instance:
        seen = look(instance)
        assert seen.there is there
        assert "script" not in seen.words + seen.technical
    assert _Crm.seen[-1][2] == f"/leads/{ROW[0]}"


def test_nothing_is_sent_before_it_has_said_where_leads_go(route, crm):
    with route('kind = "webhook"\nurl_env = "CRM_HOOK"\nsecret_env = "CRM_SECRET"') as instance:
        for target in ({"form": "gift-cards"}, {"form": "../policy"}, {"form": ""}, {}):
            seen = probe("lead").observe(instance, target, None)
            assert (seen.there, seen.asked) == (False, False)
        form = instance.root / "forms" / "newsletter.toml"
        form.write_text(form.read_text().replace('intake = "crm"', 'intake = "elsewhere"'))
        assert (look(instance).there, look(instance).asked) == (False, False)
    assert _Crm.seen == []


LIMIT = '[[limit]]\nof = "channel:mail"\nsends_per_hour = {}\neffective_from = 2020-01-01\n'
FREEZE = """
[[freeze]]
effective_from = 2020-01-01
name = "Stocktaking"
kind = "hard"
classes = ["send"]
from = {}
until = {}
"""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A workspace with a limit of a hundred mails an hour, where Priya of IT acts; and a moment three days from now."""
    monkeypatch.setenv("TWAIN_PERSON", "pnair")
    copy_workspace(tmp_path)
    (tmp_path / "capacity.toml").write_text(LIMIT.format(100))
    (tmp_path / "calendars").mkdir(exist_ok=True)
    with open_instance(tmp_path) as instance:
        at = (datetime.now(ZoneInfo(instance.settings.time_zone)) + timedelta(days=3)).replace(
            hour=10, minute=0, second=0, microsecond=0
        )
        yield instance, at


def room(at, people=80, campaign="summer-thanks"):
    return {"campaign": campaign, "channel": "mail", "at": f"{at:%Y-%m-%dT%H:%M}", "people": str(people)}


def test_an_exception_is_seen_once_it_is_booked_beyond_the_limit(desk):
    instance, at = desk
    asked = room(at, 80)
    observe = probe("capacity").observe
    book(instance, "birthday", demand_for(instance, "mail", 60), at.timestamp())
    seen = observe(instance, asked, None)
    assert (seen.there, "channel mail is full" in seen.words) == (False, True)
    book(instance, "summer-thanks", demand_for(instance, "mail", 80), at.timestamp(), exception="the club turns ten")
    seen = observe(instance, asked, None)
    assert (seen.there, "the club turns ten" in seen.words) == (True, True)
    assert observe(instance, room(at, 81), None).there is False, "fewer were booked than are needed"
    assert observe(instance, room(at + timedelta(hours=5), 80), None).there is True, "then there is room without one"
    (slot,) = instance.ledger.slots(campaign="summer-thanks")
    instance.ledger.release_slot(slot.id)
    assert observe(instance, asked, None).there is False


def test_a_freeze_or_a_limit_that_it_changes_is_seen_in_its_files(desk):
    instance, at = desk
    observe, day = probe("capacity").observe, at.date()
    calendar = instance.root / "calendars" / "it.toml"
    calendar.write_text(FREEZE.format(day, day + timedelta(days=1)))
    seen = observe(instance, room(at), None)
    assert (seen.there, "Stocktaking" in seen.words) == (False, True)
    calendar.write_text(FREEZE.format(day + timedelta(days=1), day + timedelta(days=2)))
    assert observe(instance, room(at), None).there is True
    assert observe(instance, room(at, 30_000_000), None).there is False
    calendar.write_text("nonsense = ")
    assert observe(instance, room(at), None).there is None
    calendar.unlink()


def test_what_was_not_said_and_what_is_over_is_not_judged(desk):
    instance, at = desk
    observe = probe("capacity").observe
    for wrong in ({"at": "soon"}, {"people": "many"}, {"people": "0"}, {"at": ""}, {"at": "9999-12-31T23:59"}):
        assert observe(instance, room(at) | wrong, None).there is False
    assert observe(instance, room(at - timedelta(days=9)), None).there is None
