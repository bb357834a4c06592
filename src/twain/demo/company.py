"""Nordlicht Outdoor, the demo company: customers, orders, visits, stores and products that never existed.

The same (customers, orders, seed, as_of) always give the same rows, whatever the database. Rows come in batches of
20 000 customers with everything that belongs to them, so memory stays flat for any size. Every address lies in a domain
that RFC 2606 and RFC 6761 reserve: no mail of the demonstration can reach anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twain.demo.dirt import dirty_addresses, dirty_names
from twain.demo.draw import (
    DAY,
    YEARS,
    Numbers,
    Plan,
    Reals,
    as_dates,
    as_euros,
    as_moments,
    draw,
    stream,
    table_rows,
    zipf,
)
from twain.demo.goods import RANGES
from twain.demo.people import STORE_OF_CITY, CityFacts, Named, birthdays, consents, domains, local_parts, phones, tiers
from twain.demo.places import CITIES
from twain.demo.shop import Days, Goods, make_products, make_stores

BATCH = 20_000
VISITS_PER_CUSTOMER = 3


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of one table; *planted* counts the dirt in them by kind."""

    table: str
    rows: pa.RecordBatch
    planted: Mapping[str, int] = field(default_factory=dict)


def generate(customers: int, seed: int, *, orders: int | None = None, as_of: datetime | None = None) -> Iterator[Part]:
    """Yield the company's rows, table by table within each batch, references before what refers to them.

    Without *as_of* the company lives now: the shape is the same every day, only the dates move along.
    """
    plan = Plan(customers, seed, orders) if as_of is None else Plan(customers, seed, orders, as_of)
    stores, products = make_stores(plan), make_products(plan)
    yield Part("stores", stores)
    yield Part("products", products)
    days = Days.of(plan)
    goods = Goods.of(products)
    for number in range(-(-plan.customers // BATCH)):
        yield from _Batch(plan, number, days, goods).parts()


class _Batch:
    """Up to 20 000 customers with their orders and visits; each purpose has a random stream of its own."""

    def __init__(self, plan: Plan, number: int, days: Days, goods: Goods) -> None:
        self.plan, self.number, self.days, self.goods = plan, number, days, goods
        self.first = number * BATCH
        self.count = min(BATCH, plan.customers - self.first)
        self.ids = np.arange(self.first + 1, self.first + self.count + 1)
        rng = self.rng(3)
        self.zeal = np.where(rng.random(self.count) < 0.12, 0.0, rng.lognormal(0.0, 1.0, self.count))
        self.city = draw(np.array([c.weight for c in CITIES]), rng, self.count)
        self.joined = self.days.now // DAY - rng.integers(0, YEARS * 365 + 1500, self.count)

    def rng(self, purpose: int) -> np.random.Generator:
        """The random stream of one purpose in this batch."""
        return stream(self.plan, purpose, self.number)

    def parts(self) -> Iterator[Part]:
        """Customers, then orders with their lines, then visits."""
        orders, lines = self.orders_and_lines()
        yield self.customers()
        yield Part("orders", orders)
        yield Part("order_lines", lines)
        yield Part("visits", self.visits())

    def share(self, total: int) -> tuple[int, int]:
        """This batch's (first, count) of *total* things, so that all batches together have exactly *total*."""
        start = total * self.first // self.plan.customers
        return start, total * (self.first + self.count) // self.plan.customers - start

    def buyers(self, rng: np.random.Generator, count: int, weights: Reals) -> Numbers:
        """*count* customers' positions in this batch; everybody alike should nobody be keen."""
        return draw(weights if weights.any() else np.ones(self.count), rng, count)

    # -- customers

    def customers(self) -> Part:
        """The customers themselves, with their dirt. Must come after the orders, which say when each one joined."""
        rng = self.rng(4)
        named = Named.of(self.city, rng)
        locals_ = local_parts(named.joined, self.ids, rng)
        addresses = dirty_addresses(locals_, domains(self.count, rng), self.rng(5))
        consent = consents(self.count, rng)
        facts = CityFacts.of(self.city, rng)
        updated = self.days.now - np.minimum(rng.exponential(40 * DAY, self.count), 900 * DAY).astype(np.int64)
        updated[0] = self.days.now - 300
        rows = table_rows("customers", {
            "customer_id": self.ids,
            "email": addresses.values,
            "first_name": dirty_names(named.first, self.rng(6)),
            "last_name": named.last,
            "birth_date": birthdays(self.count, rng),
            "phone": phones(self.count, rng),
            "language": facts.language,
            "city": facts.name,
            "postcode": facts.postcode,
            "country": facts.country,
            "time_zone": facts.time_zone,
            "tier": tiers(self.zeal, rng),
            "points": (self.zeal * 400 + rng.integers(0, 300, self.count)).astype(np.int64),
            "home_store_id": facts.store,
            "newsletter_consent": consent,
            "customer_since": as_dates(self.joined),
            "updated_at": as_moments(updated),
        })  # fmt: skip
        return Part("customers", rows, {**addresses.planted, **_refusals(consent)})

    # -- orders and visits

    def orders_and_lines(self) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """Orders by time within the batch, and their lines."""
        rng = self.rng(7)
        start, count = self.share(self.plan.order_count)
        moments = np.sort(self.days.moments(rng, count))
        if self.number == 0 and count:
            moments[-1] = max(moments[-1], self.days.now - 300)
        buyers = self.buyers(rng, count, self.zeal)
        np.minimum.at(self.joined, buyers, moments // DAY)
        ids = np.arange(start + 1, start + count + 1)
        order, product, lines, amounts, quantity = self.lines(ids, moments, rng)
        first = np.searchsorted(order, np.arange(count))
        orders = table_rows("orders", {
            "order_id": ids,
            "customer_id": self.ids[buyers],
            "store_id": self.where_bought(buyers, rng),
            "ordered_at": as_moments(moments),
            "status": pa.array(["delivered", "returned", "cancelled", "open"]).take(
                pa.array(np.where(moments > self.days.now - 3 * DAY, 3, draw(np.array([0.9, 0.07, 0.03]), rng, count)))
            ),
            "items": np.bincount(order, quantity, count).astype(np.int64),
            "total": as_euros(np.bincount(order, amounts, count).astype(np.int64)),
            "product_id": product[first] + 1,
            "product_name": self.goods.names.take(pa.array(product[first])),
            "category": self.goods.categories.take(pa.array(product[first])),
        })  # fmt: skip
        return orders, lines

    def lines(
        self, ids: Numbers, moments: Numbers, rng: np.random.Generator
    ) -> tuple[Numbers, Numbers, pa.RecordBatch, Numbers, Numbers]:
        """The orders' lines: (position of the order, product's index, rows, amount, quantity), each as long as the lines."""
        per_order = 1 + draw(np.array([0.45, 0.27, 0.15, 0.08, 0.05]), rng, len(ids))
        order = np.repeat(np.arange(len(ids)), per_order)
        product = self.goods.bought(moments[order], rng)
        quantity = 1 + draw(np.array([0.82, 0.13, 0.05]), rng, len(order))
        starts = np.cumsum(per_order) - per_order
        price = self.goods.prices[product]
        rows = table_rows("order_lines", {
            "order_id": ids[order],
            "line": np.arange(len(order)) - starts[order] + 1,
            "product_id": product + 1,
            "quantity": quantity,
            "unit_price": as_euros(price),
        })  # fmt: skip
        return order, product, rows, price * quantity, quantity

    def where_bought(self, buyers: Numbers, rng: np.random.Generator) -> pa.Array:
        """The customer's home store for 35 % of orders where there is one; online (null) otherwise."""
        store = STORE_OF_CITY[self.city[buyers]]
        return pa.array(store, mask=(store == 0) | (rng.random(len(buyers)) > 0.35))

    def visits(self) -> pa.RecordBatch:
        """Visits to the web shop: the keen come more often, but everybody looks in."""
        rng = self.rng(8)
        start, count = self.share(self.plan.customers * VISITS_PER_CUSTOMER)
        moments = np.sort(self.days.moments(rng, count))
        if self.number == 0 and count:
            moments[-1] = max(moments[-1], self.days.now - 60)
        return table_rows("visits", {
            "visit_id": np.arange(start + 1, start + count + 1),
            "customer_id": self.ids[self.buyers(rng, count, np.sqrt(self.zeal) + 0.2)],
            "visited_at": as_moments(moments),
            "category": pa.array([r.category for r in RANGES]).take(pa.array(draw(zipf(len(RANGES), 0.5), rng, count))),
            "device": pa.array(["phone", "laptop", "tablet"]).take(
                pa.array(draw(np.array([0.62, 0.31, 0.07]), rng, count))
            ),
            "seconds": np.minimum(rng.lognormal(4.2, 1.0, count), 7200).astype(np.int64),
        })  # fmt: skip


def _refusals(consent: pa.Array) -> dict[str, int]:
    unknown = consent.null_count
    return {"consent_withdrawn": len(consent) - unknown - pc.sum(consent).as_py(), "consent_unknown": unknown}


def midnight(day: date) -> datetime:
    """An *as_of* for a whole day (UTC), for data that must be the same tomorrow."""
    return datetime.combine(day, time(), UTC)
