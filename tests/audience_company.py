"""A small company for audience tests: customers with orders, orders with lines; its rows are lists of dicts by logical name."""

from __future__ import annotations

from collections.abc import Iterable

from twain.records import Feed, Field, FieldType, Owner, Relation, Right, Role

EVERY = frozenset(Right)
OWNER = Owner("Mira Okafor", "Data engineer")


def field(name: str, type_: FieldType = "string", rights: Iterable[Right] = EVERY, **more) -> Field:
    """A field; its column is called otherwise, so that a mix-up shows."""
    column = more.pop("column", f"c_{name}")
    business = more.pop("business_name", name.replace("_", " "))
    return Field(name, column, type_, business, frozenset(rights), **more)


def feed(name: str, fields: Iterable[Field], key: str = "id", **more) -> Feed:
    """A feed on the table t_<name>."""
    more = {"table": f"t_{name}", "title": name.capitalize(), **more}
    return Feed(
        name=name,
        source="shop",
        key=key,
        fields={f.name: f for f in fields},
        owner=OWNER,
        version="1",
        contract_hash="h",
        **more,
    )


CUSTOMERS = feed(
    "customers",
    [
        field("id", "integer", role=Role.KEY, required=True),
        field("email", role=Role.EMAIL, business_name="E-mail address"),
        field("agreed", "boolean", role=Role.CONSENT, business_name="Newsletter consent"),
        field("zone", role=Role.TIMEZONE, business_name="Time zone"),
        field("tongue", role=Role.LANGUAGE, business_name="Language"),
        field("name", business_name="First name", synonyms=("forename",)),
        field("country", business_name="Country", synonyms=("nation",)),
        field("visits", "integer", business_name="Store visits"),
        field("spent", "number", business_name="Money spent"),
        field("gold", "boolean", business_name="Gold member"),
        field("birthday", "date", business_name="Birthday"),
        field("seen", "timestamp", business_name="Last seen"),
        field("salary", "number", {Right.PERSONALISE}, business_name="Salary"),
        field("secret", rights=(), business_name="Secret"),
        field("note", rights={Right.FILTER}, business_name="Note"),
    ],
    relations={
        "orders": Relation("orders", "orders", "id", "customer_id"),
        "namesakes": Relation("namesakes", "orders", "name", "title"),
    },
)
ORDERS = feed(
    "orders",
    [
        field("id", "integer", role=Role.KEY, required=True),
        field("customer_id", "integer", ()),
        field("title", business_name="Title"),
        field("total", "number", business_name="Total"),
        field("pieces", "integer", business_name="Pieces"),
        field("paid", "boolean", business_name="Paid"),
        field("ordered", "date", business_name="Order date"),
        field("shipped", "timestamp", business_name="Shipping time"),
        field("margin", "number", (), business_name="Margin"),
        field("hint", rights={Right.PERSONALISE}, business_name="Hint"),
    ],
    relations={"lines": Relation("lines", "lines", "id", "order_id")},
)
LINES = feed(
    "lines",
    [
        field("id", "integer", role=Role.KEY, required=True),
        field("order_id", "integer", ()),
        field("genre", business_name="Genre"),
        field("amount", "integer", business_name="Amount"),
    ],
)
FEEDS = {f.name: f for f in (CUSTOMERS, ORDERS, LINES)}

TYPES: dict[str, dict[str, str]] = {
    "duckdb": {
        "string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE",
        "timestamp": "TIMESTAMP",
    },
    "postgres": {
        "string": "varchar(200)", "integer": "bigint", "number": "double precision", "boolean": "boolean", "date": "date",
        "timestamp": "timestamp",
    },
    "sqlite": {
        "string": "TEXT", "integer": "INTEGER", "number": "REAL", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "DATETIME",
    },
}  # fmt: skip


def ddl(one: Feed, dialect: str) -> str:
    """The table under a feed."""
    columns = ", ".join(f'"{f.column}" {TYPES[dialect][f.type]}' for f in one.fields.values())
    return f'CREATE TABLE "{one.table}" ({columns})'
