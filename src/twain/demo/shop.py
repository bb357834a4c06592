"""The company itself: its stores, what it sells, and the days on which people buy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from twain.demo.draw import (
    DAY,
    YEARS,
    Numbers,
    Plan,
    Reals,
    as_dates,
    as_euros,
    as_moments,
    day_of,
    draw,
    stream,
    table_rows,
    zipf,
)
from twain.demo.goods import LINES, RANGES
from twain.demo.places import CITIES, STORE_STREETS

#: Orders by month, January first: a spring of tents, a summer, and the weeks before Christmas.
_SEASON = np.array([0.7, 0.6, 0.8, 1.0, 1.25, 1.3, 1.2, 1.0, 0.8, 0.85, 1.35, 1.7])
_HOURS = np.array([1, 0.5, 0.3, 0.2, 0.2, 0.5, 1.5, 3, 4, 5, 6, 6, 7, 6, 5, 5, 6, 7, 9, 11, 12, 10, 6, 3])


def make_stores(plan: Plan) -> pa.RecordBatch:
    """The company's shops, one per city that has one."""
    cities = [city for city in CITIES if city.name in STORE_STREETS]
    rng = stream(plan, 1)
    count = len(cities)
    return table_rows("stores", {
        "store_id": np.arange(1, count + 1),
        "name": [f"Nordlicht {city.name}" for city in cities],
        "street": [STORE_STREETS[city.name] for city in cities],
        "city": [city.name for city in cities],
        "country": [city.country for city in cities],
        "opened_on": as_dates(rng.integers(day_of(1998), day_of(2024), count)),
        "updated_at": as_moments(plan.now - rng.integers(60, 20 * 3600, count)),
    })  # fmt: skip


def make_products(plan: Plan) -> pa.RecordBatch:
    """Everything it sells, the most popular first."""
    rng = stream(plan, 2)
    made = [(r, f"{line} {thing}") for r in RANGES for thing in r.things for line in LINES]
    made = [made[i] for i in rng.permutation(len(made))]
    low, high = np.array([r.low for r, _ in made]), np.array([r.high for r, _ in made])
    count = len(made)
    return table_rows("products", {
        "product_id": np.arange(1, count + 1),
        "sku": [f"NL-{n + 1000}" for n in range(count)],
        "name": [name for _, name in made],
        "category": [r.category for r, _ in made],
        "price": as_euros(np.round(low + (high - low) * rng.beta(1.4, 2.6, count)).astype(np.int64)),
        "in_stock": rng.poisson(30, count) * (rng.random(count) > 0.06),
        "launched_on": as_dates(rng.integers(day_of(2014), plan.now // DAY - 30, count)),
        "discontinued": rng.random(count) < 0.08,
        "updated_at": as_moments(plan.now - rng.integers(60, 20 * 3600, count)),
    })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goods:
    """The products as lookup columns, and how likely each is bought in winter and in summer."""

    names: pa.Array
    categories: pa.Array
    prices: Numbers
    winter: Reals
    summer: Reals

    @classmethod
    def of(cls, products: pa.RecordBatch) -> Goods:
        """From the table of products."""
        by_category = {r.category: (r.winter, r.summer) for r in RANGES}
        seasons = np.array([by_category[c] for c in products["category"].to_pylist()])
        popular = zipf(products.num_rows, 0.9)
        prices = products["price"].cast(pa.int64()).to_numpy()
        return cls(products["name"], products["category"], prices, popular * seasons[:, 0], popular * seasons[:, 1])

    def bought(self, moments: Numbers, rng: np.random.Generator) -> Numbers:
        """One product's index per moment, by season (winter is October to March)."""
        month = (moments // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        cold = (month <= 2) | (month >= 9)
        chosen = np.empty(len(moments), np.int64)
        chosen[cold] = draw(self.winter, rng, int(cold.sum()))
        chosen[~cold] = draw(self.summer, rng, int((~cold).sum()))
        return chosen


@dataclass(frozen=True, slots=True)
class Days:
    """How likely each of the last five years' days sees an order: more lately, by season, and on Sundays."""

    now: int
    weights: Reals

    @classmethod
    def of(cls, plan: Plan) -> Days:
        """The plan's last five years."""
        age = np.arange(YEARS * 365)
        days = plan.now // DAY - age
        month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        sunday = np.where((days + 4) % 7 == 0, 1.4, 1.0)
        return cls(plan.now, np.exp(-age / 650) * _SEASON[month] * sunday)

    def moments(self, rng: np.random.Generator, count: int) -> Numbers:
        """*count* epoch seconds, none after now."""
        day = self.now // DAY - draw(self.weights, rng, count)
        second = draw(_HOURS, rng, count) * 3600 + rng.integers(0, 3600, count)
        moments = day * DAY + second
        return np.where(moments >= self.now, moments - DAY, moments)
