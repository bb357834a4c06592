"""Leads in IT's own systems, exactly once: real tables with INSERT alone, a webhook that checks, a process that is killed."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import replace

import duckdb
import psycopg
import pytest
from psycopg import sql

from tests.conftest import READER_PASSWORD, with_parts
from twain.demo.start import copy_workspace
from twain.errors import ConfigError
from twain.flows import intake
from twain.flows.instance import open_instance
from twain.flows.signing_up import sealed_outgoing
from twain.flows.suppressing import hasher
from twain.flows.write_back import gather_wishes
from twain.records import Outgoing, Suppression

TABLE = "create table leads (lead_id varchar(80) primary key, email varchar(254), given_name varchar(80))"
COLUMNS = 'table = "leads"\nid = "lead_id"\ncolumns = { email = "email", first_name = "given_name" }\n'
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
KILLED = """
import os, signal, sys
from pathlib import Path
from twain.flows.instance import open_instance
from twain.flows.intake import deliver_outgoing
with open_instance(Path(sys.argv[1])) as instance:
    deliver_outgoing(instance, written=lambda item: os.kill(os.getpid(), signal.SIGKILL))
"""


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "workspace"
    copy_workspace(folder)
    return folder


def declare(root, text):
    with (root / "twain.toml").open("a") as file:
        file.write(f'\n[intakes.crm]\n{text}\n[write_back]\nintake = "crm"\n')


def hand_over(instance, number=1, **payload):
    now, identifier = instance.clock.now(), f"lead-{number}"
    told = {"id": identifier, "kind": "lead", "email": f"{number}@example.com", "first_name": "Anna", **payload}
    sealed = sealed_outgoing(instance, identifier, told)
    item = Outgoing(identifier, "lead", "news", "crm", b"a" * 32, now, sealed, due=now, give_up_at=now + 600)
    instance.ledger.hand_over([item])
    return identifier


def state(instance, identifier="lead-1"):
    one = instance.ledger.one_outgoing(identifier)
    return one.state, one.problem


@contextmanager
def writer(url):
    """IT's database, and the URL of a login that may insert into leads and do nothing else."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(TABLE)
        role = sql.Identifier(name := f"writer_{os.urandom(4).hex()}")
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(READER_PASSWORD)))
        owner.execute(sql.SQL("GRANT INSERT ON leads TO {}").format(role))
        try:
            yield owner, with_parts(url, user=name, password=READER_PASSWORD)
        finally:
            owner.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))


def test_insert_alone_is_enough_and_a_killed_process_writes_nothing_twice(root, postgres_database, monkeypatch):
    with writer(postgres_database) as (owner, url):
        monkeypatch.setenv("CRM_URL", url)
        declare(root, f'kind = "table"\nurl_env = "CRM_URL"\n{COLUMNS}')
        with open_instance(root) as instance:
            hand_over(instance)
        died = subprocess.run([sys.executable, "-c", KILLED, str(root)], check=False, env=dict(os.environ), timeout=60)
        assert died.returncode == -signal.SIGKILL
        assert owner.execute("select count(*) from leads").fetchone() == (1,)
        with open_instance(root) as instance:
            assert state(instance)[0] == "waiting"
            intake.retry(instance, "lead-1")
            assert intake.deliver_outgoing(instance).written == 1
            assert state(instance) == ("written", "")
        assert owner.execute("select * from leads").fetchall() == [("lead-1", "1@example.com", "Anna")]
        with psycopg.connect(url) as theirs, pytest.raises(psycopg.errors.InsufficientPrivilege):
            theirs.execute("select * from leads")


def test_a_row_refused_by_another_key_is_not_taken_for_written(root, postgres_database, monkeypatch):
    with writer(postgres_database) as (owner, url):
        owner.execute("create unique index one_address on leads (email)")
        owner.execute("insert into leads values ('theirs', '1@example.com', 'Ben')")
        monkeypatch.setenv("CRM_URL", url)
        declare(root, f'kind = "table"\nurl_env = "CRM_URL"\n{COLUMNS}')
        with open_instance(root) as instance:
            hand_over(instance)
            assert intake.deliver_outgoing(instance).dead == 1
            assert "one_address" in state(instance)[1]
            assert READER_PASSWORD not in state(instance)[1]
            owner.execute("delete from leads")
            assert intake.retry(instance) == 1
            assert intake.deliver_outgoing(instance).written == 1


def test_a_table_without_the_key_takes_nothing(root, postgres_database, monkeypatch):
    with writer(postgres_database) as (owner, url):
        owner.execute("alter table leads drop constraint leads_pkey")
        monkeypatch.setenv("CRM_URL", url)
        declare(root, f'kind = "table"\nurl_env = "CRM_URL"\n{COLUMNS}')
        with open_instance(root) as instance:
            (problem,) = intake.test_intakes(instance)
            assert problem.code == "T872"
            hand_over(instance)
            assert intake.deliver_outgoing(instance).dead == 1
        assert owner.execute("select count(*) from leads").fetchone() == (0,)


def test_an_intake_out_of_reach_keeps_no_other_waiting(root, monkeypatch):
    monkeypatch.setenv("CRM_URL", f"postgresql://twain:{READER_PASSWORD}@127.0.0.1:1/crm")
    declare(root, f'kind = "table"\nurl_env = "CRM_URL"\n{COLUMNS}')
    with closing(sqlite3.connect(root / "shop.db")) as theirs:
        theirs.execute(TABLE)
    with (root / "twain.toml").open("a") as file:
        file.write(f'\n[intakes.shop]\nkind = "table"\npath = "shop.db"\nengine = "sqlite"\n{COLUMNS}')
    with open_instance(root) as instance:
        for number in range(1, 6):
            hand_over(instance, number)
        gone = [instance.ledger.one_outgoing(f"lead-{number}") for number in range(1, 6)]
        payload = {"id": "lead-9", "kind": "lead", "email": "9@example.com", "first_name": "Ben"}
        instance.ledger.hand_over([
            replace(gone[0], id="lead-9", intake="shop", sealed=sealed_outgoing(instance, "lead-9", payload))
        ])  # fmt: skip
        done = intake.deliver_outgoing(instance)
        assert (done.written, done.waiting, done.dead) == (1, 1, 0)
        assert state(instance, "lead-9") == ("written", "")
        tries = [instance.ledger.one_outgoing(f"lead-{number}").tries for number in range(1, 6)]
        assert sorted(tries) == [0, 0, 0, 0, 1], "asked once in a round, not once for each that waits"
        assert intake.deliver_outgoing(instance, "shop") == intake.Delivered()
    with closing(sqlite3.connect(root / "shop.db")) as theirs:
        assert theirs.execute("select * from leads").fetchall() == [("lead-9", "9@example.com", "Ben")]


def test_a_database_that_is_gone_is_tried_again_until_the_time_is_over(root, monkeypatch):
    monkeypatch.setenv("CRM_URL", f"postgresql://twain:{READER_PASSWORD}@127.0.0.1:1/crm")
    declare(root, f'kind = "table"\nurl_env = "CRM_URL"\n{COLUMNS}')
    with open_instance(root) as instance:
        hand_over(instance)
        assert intake.deliver_outgoing(instance).waiting == 1
        item = instance.ledger.one_outgoing("lead-1")
        assert 4 < item.due - instance.clock.now() < 12
        assert item.problem.startswith("T871")
        assert READER_PASSWORD not in item.problem
        instance.ledger.retry_outgoing("lead-1", instance.clock.now() + 1)
        assert intake.deliver_outgoing(instance).dead == 1
        assert intake.shown(instance, "lead-1")[1]["email"] == "1@example.com"


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_file_is_written_once_too(root, engine):
    connect = (
        (lambda: closing(sqlite3.connect(root / "crm.db")))
        if engine == "sqlite"
        else (lambda: duckdb.connect(str(root / "crm.db")))
    )
    with connect() as theirs:
        theirs.execute(TABLE)
    declare(root, f'kind = "table"\npath = "crm.db"\nengine = "{engine}"\n{COLUMNS}')
    with open_instance(root) as instance:
        hand_over(instance)
        item = instance.ledger.take_outgoing("lead-1")
        (crm,) = (intake._Intakes(instance).get("crm"),)
        crm.write(item.id, intake.payload_of(instance, item))
        intake.retry(instance, "lead-1")
        assert intake.deliver_outgoing(instance).written == 1
    with connect() as theirs:
        assert theirs.execute("select * from leads").fetchall() == [("lead-1", "1@example.com", "Anna")]
        theirs.execute("create unique index one_address on leads (email)")
    with open_instance(root) as instance:
        hand_over(instance, 2, email="1@example.com")
        assert intake.deliver_outgoing(instance).dead == 1


@contextmanager
def receiver(*statuses):
    """A webhook of IT's: verifies, keeps each id once, answers these statuses in order and 204 after them."""
    seen, refused, waiting = {}, [], list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            said = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
            mac = base64.b64encode(hmac.new(b"k" * 32, said, hashlib.sha256).digest()).decode()
            genuine = self.headers["webhook-signature"] == f"v1,{mac}"
            if genuine:
                seen.setdefault(self.headers["webhook-id"], json.loads(body))
            else:
                refused.append(body)
            self.send_response((waiting.pop(0) if waiting else 204) if genuine else 401)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/in", seen, refused
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_is_signed_and_repeated_under_the_same_id(root, monkeypatch):
    with receiver(500, 302, 204, 422) as (url, seen, refused):
        monkeypatch.setenv("CRM_HOOK", url)
        monkeypatch.setenv("CRM_SECRET", SECRET)
        declare(root, 'kind = "webhook"\nurl_env = "CRM_HOOK"\nsecret_env = "CRM_SECRET"')
        with open_instance(root) as instance:
            hand_over(instance)
            for expected in ("waiting", "waiting", "written"):
                intake.deliver_outgoing(instance)
                assert state(instance)[0] == expected
                instance.ledger.retry_outgoing("lead-1", instance.clock.now() + 600)
            hand_over(instance, 2)
            assert intake.deliver_outgoing(instance).dead == 1
            assert state(instance, "lead-2")[1].startswith("T872")
    assert refused == []
    assert seen["lead-1"]["type"] == "twain.lead"
    assert seen["lead-1"]["data"]["email"] == "1@example.com"
    assert set(seen) == {"lead-1", "lead-2"}


@pytest.mark.parametrize(
    "text",
    [
        'kind = "fax"',
        'kind = "table"\npath = "a.db"\ntable = "a;b"\ncolumns = ["email"]',
        'kind = "webhook"\nurl_env = "HOOK"\n',
    ],
)
def test_what_is_declared_wrongly_is_told(root, text, monkeypatch):
    monkeypatch.setenv("HOOK", "http://crm.example.com/in")
    declare(root, text)
    with open_instance(root) as instance:
        assert {p.code for p in intake.check_intakes(instance)} == {"T873"}
        with pytest.raises(ConfigError):
            intake.shown(instance, "lead-9")


def test_who_unsubscribes_is_written_back_once(root):
    with closing(sqlite3.connect(root / "crm.db")) as theirs:
        theirs.execute(
            "create table leads (lead_id text primary key, kind text, address_hash text, scope text, at text)"
        )
    columns = 'table = "leads"\nid = "lead_id"\ncolumns = ["kind", "address_hash", "scope", "at"]\n'
    declare(root, f'kind = "table"\npath = "crm.db"\nengine = "sqlite"\n{columns}')
    with open_instance(root) as instance:
        anna, ben, old = (hasher(instance)(f"{n}@example.com") for n in ("anna", "ben", "old"))
        instance.ledger.suppress([
            Suppression(anna, "unsubscribed", "one-click:r1.0.7", 1_700_000_000.0, own=True),
            Suppression(ben, "erased", "twain forget", 1.0),
            Suppression(old, "imported", "import of old.csv", 1.0),
        ])  # fmt: skip
        assert [gather_wishes(instance), gather_wishes(instance)] == [1, 0]
        (waiting,) = intake.lag(instance)
        assert (waiting.kind, waiting.number, waiting.oldest) == ("unsubscribe", 1, 1_700_000_000.0)
        assert intake.deliver_outgoing(instance).written == 1
        assert intake.lag(instance) == []
    with closing(sqlite3.connect(root / "crm.db")) as theirs:
        (row,) = theirs.execute("select kind, address_hash, scope, at from leads").fetchall()
    assert row == ("unsubscribe", anna.hex(), "all", "2023-11-14T22:13:20+00:00")
