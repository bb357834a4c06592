"""A required field on a table, a view and a query: what the database could declare is advice, what it holds is the verdict."""

import json
import sqlite3
from contextlib import closing

import duckdb
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.conftest import make_reader
from twain.cli.app import main
from twain.feeds.reading import open_source
from twain.records import Limits, Tag
from twain.settings import SourceSettings

MADE = (
    "create table people (id integer primary key, email text)",
    "insert into people values (1, 'ana@example.com'), (2, 'bo@example.com')",
    "create view visible as select id, email from people",
)


@pytest.fixture(params=["duckdb", "sqlite", "postgres"])
def shop(request, tmp_path, postgres_database):
    """A company with a table and a view of it: its settings, and a way to change it."""
    if request.param == "postgres":
        with psycopg.connect(postgres_database, autocommit=True) as owner:
            for statement in MADE:
                owner.execute(statement)
            reader = make_reader(owner, postgres_database, "people", "visible")
            yield SourceSettings("shop", "postgres", {"url": reader}), owner.execute
            role = sql.Identifier(str(conninfo_to_dict(reader)["user"]))
            owner.execute(sql.SQL("drop owned by {}; drop role {}").format(role, role))
        return
    path = tmp_path / f"shop.{request.param}"

    def change(*statements):
        with closing((duckdb if request.param == "duckdb" else sqlite3).connect(str(path))) as con:
            for statement in statements:
                con.execute(statement)
            con.commit()

    change(*MADE)
    yield SourceSettings("shop", request.param, {"path": str(path)}), change


def test_every_engine_tells_a_view_from_a_table(shop):
    source = open_source(shop[0], {})
    assert {table.name: table.view for table in source.tables()} == {"people": False, "visible": True}
    with source.session(Tag("t", "p", "check"), Limits()) as session:
        relations = ("people", "visible", "(SELECT id, email FROM people)")
        assert [session.describe(relation).view for relation in relations] == [False, True, True]


CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: {name}
version: 1.0.0
status: active
customProperties:
  - {{property: twain.source, value: shop}}
  - {{property: twain.owner, value: {{name: Priya Nair, title: Senior DBA}}}}
{query}schema:
  - name: {name}
{table}    properties:
      - name: id
        logicalType: integer
        primaryKey: true
        customProperties: [{{property: twain.reviewed, value: {{by: A B, "on": "2026-01-31"}}}}]
      - name: email
        logicalType: string
        required: true
        customProperties: [{{property: twain.reviewed, value: {{by: A B, "on": "2026-01-31"}}}}]
"""


@pytest.fixture
def workspace(shop, tmp_path, monkeypatch):
    root = tmp_path / "w"
    (root / "feeds").mkdir(parents=True)
    settings, change = shop
    where = f'path = "{settings.options["path"]}"' if "path" in settings.options else 'url_env = "SHOP_URL"'
    monkeypatch.setenv("SHOP_URL", settings.options.get("url", "x"))
    (root / "twain.toml").write_text(f'[sources.shop]\nkind = "{settings.kind}"\n{where}\n')
    query = "  - {property: twain.query, value: 'SELECT id, email FROM people'}\n"
    for name, lines in {
        "table": {"query": "", "table": "    physicalName: people\n"},
        "view": {"query": "", "table": "    physicalName: visible\n"},
        "asked": {"query": query, "table": ""},
    }.items():
        (root / f"feeds/{name}.odcs.yaml").write_text(CONTRACT.format(name=name, **lines))
    monkeypatch.chdir(root)
    return change


def checked(capsys, code):
    with pytest.raises(SystemExit) as ended:
        main(["check", "--json"])
    assert ended.value.code == code
    return json.loads(capsys.readouterr().out)


def verdicts(answer):
    return {
        (v["feed"], v["level"]) for v in answer["checks"] if (v["check"], v["field"]) == ("quality:nullValues", "email")
    }


def test_what_a_view_cannot_promise_is_counted_not_lamented(workspace, capsys):
    answer = checked(capsys, 0)
    assert [(p["severity"], p["code"], p["file"]) for p in answer["problems"]] == [
        ("warning", "T223", "feeds/table.odcs.yaml")
    ]
    assert verdicts(answer) == {("table", "pass"), ("view", "pass"), ("asked", "pass")}
    assert {v["level"] for v in answer["checks"]} == {"pass"}, "and no verdict of a send says 'may be NULL'"
    workspace("insert into people values (3, null)")
    assert verdicts(checked(capsys, 2)) == {("table", "hold"), ("view", "hold"), ("asked", "hold")}
