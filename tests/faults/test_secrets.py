"""X15: secrets from the environment appear in no output, error, log, ledger, history, journal, backup or message."""

import logging

import psycopg
import pytest
from psycopg import sql

from tests.conftest import with_parts
from twain.testing.relay import Relay

CANARY = "c4n4ry-7f3a9e51d0b8"
PLACES = ("relay", "crm", "control", "instance")
SECRETS = {place: f"{CANARY}-{place}-{'x9Kq' * 8}" for place in PLACES}

COMMANDS = [
    ("check",), ("check", "--offline"), ("feeds",), ("audience", "count", "summer-thanks"), ("audience", "sql", "summer-thanks"),
    ("audience", "sample", "summer-thanks"), ("audience", "explain", "summer-thanks"), ("preview", "summer-thanks"),
    ("send", "summer-thanks", "--dry-run"), ("send", "summer-thanks", "--limit", "5"), ("runs",), ("run", "r"), ("missed", "r"),
    ("trace", "1"), ("channel", "test", "mail"), ("stop",), ("reconciled",), ("suppress", "add", "x@example.com"),
    ("suppress", "export"), ("connect", "crm"), ("approve", "summer-thanks"), ("resume", "r"), ("resolve", "r", "--sent"),
]  # fmt: skip


@pytest.fixture
def relay():
    with Relay() as made:
        made.script.accounts = {b"twain": SECRETS["relay"].encode()}
        yield made


@pytest.fixture
def secretive(demo, relay, postgres_database, monkeypatch):
    """The demo with a relay that wants a password, a Postgres source and a Postgres control store, all by environment."""
    with psycopg.connect(postgres_database, autocommit=True) as owner:
        owner.execute("create table people (id bigint primary key, email text)")
        name = sql.Identifier(psycopg.conninfo.conninfo_to_dict(postgres_database)["dbname"])
        owner.execute(sql.SQL("create role {} login password {}").format(name, sql.Literal(SECRETS["crm"])))
        owner.execute(sql.SQL("grant select on people to {}").format(name))
    reader = psycopg.conninfo.conninfo_to_dict(postgres_database)["dbname"]
    monkeypatch.setenv("RELAY_PASSWORD", SECRETS["relay"])
    monkeypatch.setenv("CRM_URL", with_parts(postgres_database, user=reader, password=SECRETS["crm"]))
    monkeypatch.setenv("CONTROL_URL", with_parts(postgres_database, password=SECRETS["control"]))
    monkeypatch.setenv("TWAIN_SECRET", SECRETS["instance"])
    demo.edit(
        "twain.toml",
        f"port = {demo.sink.port}",
        f'port = {relay.port}\nusername = "twain"\npassword_env = "RELAY_PASSWORD"',
    )
    with (demo.root / "twain.toml").open("a") as toml:
        toml.write('\n[sources.crm]\nkind = "postgres"\nurl_env = "CRM_URL"\n[control]\nurl_env = "CONTROL_URL"\n')
        toml.write('[secret]\nenv = "TWAIN_SECRET"\n')
    return demo


def leaks(text):
    return [place for place in PLACES if SECRETS[place] in text] or ([CANARY] if CANARY in text else [])


def test_no_command_and_no_file_shows_a_secret(secretive, relay, caplog):
    caplog.set_level(logging.DEBUG)
    answers = {}
    for words in COMMANDS:
        for more in ((), ("--json",)):
            answers[words] = secretive.twain(*words, *more)
            assert leaks(answers[words].out + answers[words].err) == [], words
    assert answers["send", "summer-thanks", "--limit", "5"].json["sent"] == 5, "the password was used"
    assert answers[("connect", "crm")].code == 0
    assert answers[("channel", "test", "mail")].code == 0
    assert leaks(caplog.text) == []
    assert [m for m in relay.received if leaks(m.data.decode("latin-1"))] == []
    secretive.twain("backup", str(secretive.root / "kept"))
    files = [path for path in secretive.root.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if leaks(path.read_bytes().decode("latin-1"))] == []


def test_the_control_store_holds_none(secretive, postgres_database):
    assert secretive.twain("send", "summer-thanks", "--limit", "3", "--json").code == 0
    with psycopg.connect(postgres_database) as admin:
        tables = admin.execute("select table_name from information_schema.tables where table_schema = 'twain_ledger'")
        for (table,) in tables.fetchall():
            name = sql.Identifier("twain_ledger", table)
            rows = admin.execute(sql.SQL("select t::text from {} t").format(name)).fetchall()
            assert leaks("".join(row[0] for row in rows)) == [], table


@pytest.mark.parametrize(
    ("variable", "wrong", "command"),
    [
        ("RELAY_PASSWORD", f"wrong-{CANARY}", ("send", "summer-thanks")),
        ("RELAY_PASSWORD", f"wrong-{CANARY}", ("channel", "test", "mail")),
        ("CRM_URL", f"postgresql://u:{CANARY}@127.0.0.1:9/x", ("connect", "crm")),
        ("CRM_URL", f"postgresql://u:{CANARY}@[bad/x", ("connect", "crm")),
        ("CRM_URL", f"{CANARY} is no address", ("connect", "crm")),
        ("CONTROL_URL", f"postgresql://u:{CANARY}@127.0.0.1:9/x", ("runs",)),
        ("CONTROL_URL", f"postgresql://u:{CANARY}@[bad/x", ("runs",)),
        ("CONTROL_URL", f"oracle://u:{CANARY}@host/x", ("runs",)),
        ("TWAIN_SECRET", CANARY[:12], ("send", "summer-thanks")),
    ],
)
def test_no_failure_shows_one(secretive, monkeypatch, variable, wrong, command):
    monkeypatch.setenv(variable, wrong)
    for more in ((), ("--json",)):
        answer = secretive.twain(*command, *more)
        assert answer.code in (2, 5, 6, 7), (answer.out, answer.err)
        assert CANARY[:12] not in answer.out + answer.err
        assert "Traceback" not in answer.err
