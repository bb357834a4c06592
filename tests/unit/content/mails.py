"""Mails and people that the content tests share: clearly made up."""

from __future__ import annotations

from typing import Any

from twain.content.links import LinkPlan
from twain.content.program import CompiledProgram, compile_program
from twain.records import Column, Content, Sender, Stamp

SENDER = Sender("news@shop.example", "Shop", postal_address="Market Street 1")
PLAN = LinkPlan("https://click.shop.example")
ORDERS = Column("orders", "rows", items=(Column("title", "string"), Column("price", "number"), Column("url", "string")))
COLUMNS = (
    Column("first_name", "string"),
    Column("city", "string"),
    Column("points", "integer"),
    Column("total", "number"),
    Column("gold", "boolean"),
    Column("since", "date"),
    Column("page", "string"),
    ORDERS,
)
ROW: dict[str, Any] = {
    "first_name": "Zoë",
    "city": "Łódź",
    "points": 7,
    "total": 1234.5,
    "gold": True,
    "since": "2024-02-29",
    "page": "https://shop.example/p?a=1&b=2",
    "orders": '[{"title": "Kettle & <pot>", "price": 9.5, "url": "https://shop.example/k"}]',
    "address": "person@mail.example",
}


def stamp(number: int = 1) -> Stamp:
    return Stamp(b"<r.1.%d@shop.example>" % number, b"tok-%d_x" % number, b"Mon, 23 Nov 2026 09:00:00 +0000")


def program(
    body: str, *, subject: str = "Hello", markup: Any = "html", text: str = "", preheader: str = "", **options: Any
) -> CompiledProgram:
    settings = {"columns": COLUMNS, "defaults": {}, "sender": SENDER, "links": PLAN, "business_names": {}} | options
    return compile_program(Content(subject, body, markup, text, preheader), **settings)


def columns_of(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
