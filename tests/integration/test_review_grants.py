"""After ``twain review``: the statements it shows, run by the tables' owner, let Twain's login read just that, and work."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.acceptance.conftest import Demo
from tests.conftest import fresh_database, with_parts
from twain.flows.granting import login

ROWS = "(1, 'ana@example.com', true, 'Ana', 9.5), (2, 'bo@example.com', false, 'Bo', 8.0), (3, 'cy@example.com', true, 'Cy', 7.0)"


@pytest.fixture
def crm(postgres_url):
    """An owner's connection, and the URL of a login that may only look round yet, as IT lets it for drafting."""
    with fresh_database(postgres_url) as url, psycopg.connect(url, autocommit=True) as owner:
        owner.execute("create schema crm; revoke all on schema public from public")
        owner.execute(
            "create table crm.people (id bigint primary key, email text, consent boolean, name text, salary float8)"
        )
        owner.execute(f"insert into crm.people values {ROWS}")
        name = f"twain {conninfo_to_dict(url)['dbname']}"
        role = sql.Identifier(name)
        owner.execute(sql.SQL("create role {} login password 'once-only'").format(role))
        owner.execute(sql.SQL("grant usage on schema crm to {}; grant select on crm.people to {}").format(role, role))
        yield owner, with_parts(url, user=name, password="once-only"), name
        owner.execute(sql.SQL("drop owned by {}; drop role {}").format(role, role))


@pytest.fixture
def workspace(tmp_path, crm, monkeypatch):
    demo = Demo(tmp_path / "w", None)
    demo.root.mkdir()
    assert demo.twain("init").code == 0
    monkeypatch.setenv("CRM_URL", crm[1])
    with (demo.root / "twain.toml").open("a") as toml:
        toml.write('\n[sources.crm]\nkind = "postgres"\nurl_env = "CRM_URL"\n')
    assert demo.twain("connect", "crm").code == 0
    path = demo.root / "feeds/people.odcs.yaml"
    text = path.read_text()
    path.write_text(text[: text.index("      - name: salary")])  # what a salary is, is nobody's business here
    return demo


def test_the_grants_it_shows_are_enough_and_no_more(workspace, crm):
    owner, reader, name = crm
    reviewed = workspace.twain("review", "people", "--accept", "--owner", "Priya Nair, Senior DBA", "--json")
    assert reviewed.code == 0, reviewed.err
    assert (reviewed.json["role"], reviewed.json["owned"]) == (name, True)
    shown = workspace.twain("review", "people").out.splitlines()
    for statement in reviewed.json["grants"]:
        assert statement in shown, "whole and on a line of its own, however long"
        owner.execute(statement)
    with psycopg.connect(reader, autocommit=True) as login_:
        assert login_.execute("select name from crm.people order by id").fetchall() == [("Ana",), ("Bo",), ("Cy",)]
        for refused in ("select salary from crm.people", "select * from crm.people", "delete from crm.people"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                login_.execute(refused)
    checked = workspace.twain("check", "--json")
    assert (checked.code, checked.json["ok"]) == (0, True), checked.out
    (workspace.root / "audiences/all.toml").write_text('all = []\ndescription = "Everybody"\n')
    counted = workspace.twain("audience", "count", "all", "--json").json
    assert (counted["matched"], counted["excluded"]) == (3, {"consent": 1})
    assert "once-only" not in reviewed.out + "".join(shown)


def test_what_nobody_reviewed_is_not_granted(workspace, crm):
    path = workspace.root / "feeds/people.odcs.yaml"
    assert workspace.twain("review", "people", "--accept", "--owner", "Priya Nair, Senior DBA").code == 0
    text = path.read_text()
    start = text.index("      - name: name\n")
    path.write_text(text[:start])
    statements = workspace.twain("review", "people", "--json").json["grants"]
    assert statements[-1].startswith('GRANT SELECT ("id", "email", "consent") ON "crm"."people" TO ')


@pytest.mark.parametrize(
    ("url", "user"),
    [("postgresql://ann:secret@db/x", "ann"), ("postgres://a%40b:x@db/x", "a@b"), ("postgresql:///x?user=ann&host=/run", "ann"),
     ("host=db user=ann password=x", "ann"), ("user = 'ann o\\'hara' host=db", "ann o'hara"), ("host=db superuser=x", ""),
     ("postgresql://db/x", ""), ("postgresql://u:p@[bad/x", ""), ("", "")],
)  # fmt: skip
def test_whose_login_it_is_stands_in_the_address(url, user):
    assert login(url) == user


def test_without_a_user_in_the_address_it_says_what_to_replace(workspace, crm, monkeypatch):
    assert workspace.twain("review", "people", "--accept", "--owner", "Priya Nair, Senior DBA").code == 0
    bare = conninfo_to_dict(crm[1])
    monkeypatch.setenv("CRM_URL", f"host={bare['host']} dbname={bare['dbname']}")
    shown = workspace.twain("review", "people").out
    assert 'TO "twain";' in shown
    assert "write Twain's login in the place of twain" in shown


def test_a_walk_asks_who_answers_and_a_database_without_roles_needs_no_grants(tmp_path):
    demo = Demo(tmp_path / "w", None)
    demo.root.mkdir()
    demo.twain("init")
    with closing(sqlite3.connect(demo.root / "crm.sqlite")) as crm:
        crm.execute("create table people (id integer primary key, email text not null)")
    with (demo.root / "twain.toml").open("a") as toml:
        toml.write('\n[sources.crm]\nkind = "sqlite"\npath = "crm.sqlite"\n')
    demo.twain("connect", "crm")
    silent = demo.twain("review", "people", "--accept")
    assert "Nobody answers for this data yet" in silent.out
    answers = "Priya Nair\nSenior DBA\n"
    walked = subprocess.run(
        [sys.executable, "-m", "twain", "review", "people"], cwd=demo.root, input=answers, capture_output=True, text=True,
        check=True, timeout=60, env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )  # fmt: skip
    assert "Who answers for this data?" in walked.stdout
    assert "GRANT" not in walked.stdout
    assert demo.twain("review", "people", "--json").json["grants"] == []
    assert demo.twain("feeds", "--json").json["feeds"][0]["owner"] == "Priya Nair, Senior DBA"
