"""The demo company's tables: their Arrow schemas, keys and references, and how each engine spells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

Kind = Literal["duckdb", "postgres", "sqlite"]

MONEY = pa.decimal128(10, 2)
MOMENT = pa.timestamp("us")


@dataclass(frozen=True, slots=True)
class Table:
    """One table. *references*: column → ``table(column)``. All moments are UTC."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    references: Mapping[str, str] = field(default_factory=dict)


#: What may be missing in a row, as life has it. Everything else is NOT NULL.
_MAY_BE_MISSING = frozenset(
    {"email", "first_name", "last_name", "birth_date", "phone", "language", "city", "postcode", "time_zone"}
    | {"home_store_id", "newsletter_consent", "store_id"}
)


def _table(name: str, key: tuple[str, ...], references: Mapping[str, str], /, **columns: pa.DataType) -> Table:
    fields = [pa.field(column, kind, nullable=column in _MAY_BE_MISSING - {*key}) for column, kind in columns.items()]
    return Table(name, pa.schema(fields), key, references)


#: In an order in which each table's references already exist.
TABLES: tuple[Table, ...] = (
    _table(
        "stores",
        ("store_id",),
        {},
        store_id=pa.int64(),
        name=pa.string(),
        street=pa.string(),
        city=pa.string(),
        country=pa.string(),
        opened_on=pa.date32(),
        updated_at=MOMENT,
    ),
    _table(
        "products",
        ("product_id",),
        {},
        product_id=pa.int64(),
        sku=pa.string(),
        name=pa.string(),
        category=pa.string(),
        price=MONEY,
        in_stock=pa.int64(),
        launched_on=pa.date32(),
        discontinued=pa.bool_(),
        updated_at=MOMENT,
    ),
    _table(
        "customers",
        ("customer_id",),
        {"home_store_id": "stores(store_id)"},
        customer_id=pa.int64(),
        email=pa.string(),
        first_name=pa.string(),
        last_name=pa.string(),
        birth_date=pa.date32(),
        phone=pa.string(),
        language=pa.string(),
        city=pa.string(),
        postcode=pa.string(),
        country=pa.string(),
        time_zone=pa.string(),
        tier=pa.string(),
        points=pa.int64(),
        home_store_id=pa.int64(),
        newsletter_consent=pa.bool_(),
        customer_since=pa.date32(),
        updated_at=MOMENT,
    ),
    _table(
        "orders",
        ("order_id",),
        {
            "customer_id": "customers(customer_id)",
            "store_id": "stores(store_id)",
            "product_id": "products(product_id)",
        },
        order_id=pa.int64(),
        customer_id=pa.int64(),
        store_id=pa.int64(),
        ordered_at=MOMENT,
        status=pa.string(),
        items=pa.int64(),
        total=MONEY,
        product_id=pa.int64(),
        product_name=pa.string(),
        category=pa.string(),
    ),
    _table(
        "order_lines",
        ("order_id", "line"),
        {"order_id": "orders(order_id)", "product_id": "products(product_id)"},
        order_id=pa.int64(),
        line=pa.int64(),
        product_id=pa.int64(),
        quantity=pa.int64(),
        unit_price=MONEY,
    ),
    _table(
        "visits",
        ("visit_id",),
        {"customer_id": "customers(customer_id)"},
        visit_id=pa.int64(),
        customer_id=pa.int64(),
        visited_at=MOMENT,
        category=pa.string(),
        device=pa.string(),
        seconds=pa.int64(),
    ),
)

BY_NAME: Mapping[str, Table] = {table.name: table for table in TABLES}

#: The table that says "this database is demo data of ours": nothing without it is ever overwritten.
MARKER = "twain_demo"

_TYPES: Mapping[Kind, Mapping[pa.DataType, str]] = {
    "duckdb": {pa.int64(): "BIGINT", pa.string(): "VARCHAR", MONEY: "DECIMAL(10, 2)", pa.bool_(): "BOOLEAN"},
    "postgres": {pa.int64(): "bigint", pa.string(): "text", MONEY: "numeric(10, 2)", pa.bool_(): "boolean"},
    "sqlite": {pa.int64(): "INTEGER", pa.string(): "TEXT", MONEY: "DECIMAL(10, 2)", pa.bool_(): "BOOLEAN"},
}
_DATES: Mapping[pa.DataType, str] = {pa.date32(): "DATE", MOMENT: "TIMESTAMP"}


def create_sql(table: Table, kind: Kind, *, constraints: bool) -> str:
    """``CREATE TABLE`` for one engine; without *constraints* for loading first and adding them after."""
    types = {**_DATES, **_TYPES[kind]}
    parts = [f"{f.name} {types[f.type]}{'' if f.nullable else ' NOT NULL'}" for f in table.schema]
    if constraints:
        parts.append(f"PRIMARY KEY ({', '.join(table.key)})")
        parts += [f"FOREIGN KEY ({column}) REFERENCES {target}" for column, target in table.references.items()]
    return f"CREATE TABLE {table.name} (\n  " + ",\n  ".join(parts) + "\n)"


def key_sql(table: Table) -> str:
    """The ``ALTER TABLE`` that gives a loaded table its primary key."""
    return f"ALTER TABLE {table.name} ADD PRIMARY KEY ({', '.join(table.key)})"


def reference_sql(table: Table) -> list[str]:
    """The ``ALTER TABLE`` statements that give a loaded table its foreign keys."""
    return [
        f"ALTER TABLE {table.name} ADD FOREIGN KEY ({column}) REFERENCES {target}"
        for column, target in table.references.items()
    ]


def index_sql(table: Table) -> list[str]:
    """The indexes that joins along the references want; none where the key already begins with the column."""
    return [
        f"CREATE INDEX {table.name}_{column} ON {table.name} ({column})"
        for column in table.references
        if table.key[0] != column
    ]
