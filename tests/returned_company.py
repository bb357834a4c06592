"""A company whose orders come after our messages, on each kind of database, with one finished send in its history."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa

from tests.conftest import fresh_database, make_reader
from twain.flows.instance import Instance, open_instance
from twain.ledger.bundles import make_bundle
from twain.ledger.happened import EVENTS
from twain.records import Fate, Run, RunState, Shard, ShardOutcomes

RUN, PEOPLE, SENT = "r0converted", 40, datetime(2026, 11, 20, 9, tzinfo=UTC).timestamp()
DAY = 86_400.0
_TABLE = (
    "create table orders (order_id {i} primary key, customer_id {i}, ordered_at {t}, day date, status {s}, total {n})"
)
_KINDS = {
    "duckdb": {"i": "bigint", "t": "timestamp", "s": "varchar", "n": "decimal(10, 2)"},
    "sqlite": {"i": "integer", "t": "timestamp", "s": "text", "n": "numeric"},
    "postgres": {"i": "bigint", "t": "timestamp", "s": "text", "n": "numeric(10, 2)"},
}
_HEAD = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.{name}
version: "1.0.0"
customProperties:
  - {{property: twain.source, value: shop}}
  - {{property: twain.owner, value: {{name: Jonas Weber, title: Data Engineer}}}}
schema:
  - name: {name}
    physicalName: {name}
    businessName: {title}
    properties:
"""
_FIELD = """\
      - name: {name}
        logicalType: {kind}
{more}        classification: internal
        customProperties:
          - {{property: twain.rights, value: [{rights}]}}
          - {{property: twain.reviewed, value: {{by: Jonas Weber, "on": "2026-11-01"}}}}
"""
_TOML = """\
[workspace]
name = "test"
time_zone = "Europe/Berlin"

[sources.shop]
kind = "{kind}"
{where}
time_zone = "UTC"
"""

Write = Callable[[str], None]


def contracts() -> dict[str, str]:
    """Customers, and their orders: of these ``status`` may only be filtered by."""
    key = "        primaryKey: true\n"
    mail = _FIELD.format(name="email", kind="string", more="", rights="").replace(
        "customProperties:\n", "customProperties:\n          - {property: twain.role, value: email}\n"
    )
    link = "        relationships:\n          - {type: foreignKey, to: customers.customer_id}\n"
    every = "filter, personalise"
    fields = [
        ("ordered_at", "timestamp", every),
        ("day", "date", every),
        ("status", "string", "filter"),
        ("total", "number", every),
    ]
    return {
        "customers": _HEAD.format(name="customers", title="Customers")
        + _FIELD.format(name="customer_id", kind="integer", more=key, rights="filter")
        + mail,
        "orders": _HEAD.format(name="orders", title="Orders")
        + _FIELD.format(name="order_id", kind="integer", more=key, rights="filter")
        + _FIELD.format(name="customer_id", kind="integer", more=link, rights="filter")
        + "".join(_FIELD.format(name=n, kind=k, more="", rights=r) for n, k, r in fields),
    }


@contextmanager
def shop(kind: str, folder: Path, url: str = "") -> Iterator[tuple[str, Write]]:
    """The company's database: how twain.toml names it, and how its owner changes it meanwhile."""
    table = _TABLE.format(**_KINDS[kind])
    if kind == "postgres":
        with fresh_database(url) as own, psycopg.connect(own, autocommit=True) as owner:
            owner.execute(f"create schema inner_data; {table.replace('table orders', 'table inner_data.orders')}")
            owner.execute("create view orders as select * from inner_data.orders")
            reader = make_reader(owner, own, "orders")
            secret = folder.with_name(f"{folder.name}-url")
            secret.write_text(reader)
            yield (
                f'url_file = "{secret}"',
                lambda sql: (owner.execute(sql.replace("orders", "inner_data.orders")), None)[1],
            )
        return
    path = folder / f"shop.{kind}"

    def write(sql: str) -> None:
        opened = duckdb.connect(str(path)) if kind == "duckdb" else sqlite3.connect(path, isolation_level=None)
        with closing(opened) as con:
            con.execute(sql)

    write(table)
    yield f'path = "{path}"', write


@contextmanager
def company(folder: Path, kind: str, where: str, conversion: dict[str, object] | None) -> Iterator[Instance]:
    """A workspace on that database: forty customers, keys 1 to 40, each sent one message at SENT, in two variants by turns."""
    (folder / "twain.toml").write_text(_TOML.format(kind=kind, where=where))
    (folder / "feeds").mkdir()
    for name, text in contracts().items():
        (folder / "feeds" / f"{name}.odcs.yaml").write_text(text)
    with open_instance(folder) as instance:
        body = {
            "campaign": "spring",
            "feed": "customers",
            "arms": [{"name": "A"}, {"name": "B"}],
            "audience": {"all": []},
        }
        bundle = make_bundle("spring", {**body, **({"conversion": conversion} if conversion else {})})
        instance.ledger.publish(bundle)
        run = Run(RUN, bundle.hash, "spring", RunState.FINISHED, "mail", "never_twice", "p", SENT)
        instance.ledger.create_run(run)
        same = ([int(Fate.SENT)] * PEOPLE, [""] * PEOPLE, [""] * PEOPLE, [SENT] * PEOPLE)
        keys = [str(row + 1) for row in range(PEOPLE)]
        hashes = [bytes([row]) * 32 for row in range(PEOPLE)]
        outcomes = ShardOutcomes(run, Shard(RUN, 0, PEOPLE, "gmail.com", "p", "s"), *same, "customers")
        instance.history.write(outcomes, keys, hashes, ["A", "B"] * (PEOPLE // 2))
        yield instance


def happened(instance: Instance, *events: tuple[int, str, float, bool], link: int = 0) -> None:
    """Write (row, kind, epoch seconds, machine) into the history's events."""
    rows = [
        {
            "id": f"e{row}.{at}", "run_id": RUN, "shard": 0, "row": row, "campaign": "spring", "feed": "customers",
            "key": str(row + 1), "arm": "AB"[row % 2], "kind": kind, "link": link if kind == "click" else -1,
            "machine": machine, "why": "", "client": "", "at": int(at * 1000),
        }
        for row, kind, at, machine in events
    ]  # fmt: skip
    instance.history.write_events(f"file-{rows[0]['id']}-{len(rows)}", pa.Table.from_pylist(rows, EVENTS))


def order(number: int, customer: int, at: float, total: float = 10.0, status: str = "delivered") -> str:
    """An order, placed at epoch seconds *at*."""
    moment = datetime.fromtimestamp(at, UTC)
    return (
        f"insert into orders values ({number}, {customer}, '{moment:%Y-%m-%d %H:%M:%S}', '{moment:%Y-%m-%d}', "
        f"'{status}', {total})"
    )
