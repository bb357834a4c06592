"""The plan of a demo company, and drawing from it: random streams, skewed choices, Arrow columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from twain.demo.tables import BY_NAME, MONEY

Numbers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

YEARS = 5
ORDERS_PER_CUSTOMER = 5
DAY = 86_400
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make. *orders* None = five per customer. *as_of* is "now" in the company's world (UTC): nothing is newer."""

    customers: int = 100_000
    seed: int = 7
    orders: int | None = None
    as_of: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def order_count(self) -> int:
        """All orders together."""
        return self.customers * ORDERS_PER_CUSTOMER if self.orders is None else self.orders

    @property
    def now(self) -> int:
        """*as_of* in epoch seconds."""
        return int(self.as_of.timestamp())


def day_of(year: int) -> int:
    """1 January of *year* in days since 1970."""
    return (date(year, 1, 1) - EPOCH).days


def stream(plan: Plan, *purpose: int) -> np.random.Generator:
    """The random stream of one purpose; each is independent of all others."""
    return np.random.default_rng([plan.seed, *purpose])


def table_rows(table: str, columns: Mapping[str, object]) -> pa.RecordBatch:
    """One batch of *table*, its columns in the schema's order and types."""
    schema = BY_NAME[table].schema
    arrays = [pc.cast(pa.array(columns[f.name]), f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def as_moments(seconds: Numbers) -> pa.Array:
    """Epoch seconds as timestamps (UTC)."""
    return pa.array(seconds * 1_000_000).cast(pa.timestamp("us"))


def as_dates(days: Numbers) -> pa.Array:
    """Days since 1970 as dates."""
    return pa.array(days.astype(np.int32)).cast(pa.date32())


def as_euros(amounts: Numbers) -> pa.Array:
    """Whole euros as money."""
    return pa.array(amounts).cast(pa.decimal128(21, 2)).cast(MONEY)


def draw(weights: Reals, rng: np.random.Generator, count: int) -> Numbers:
    """*count* indexes into *weights*, each as likely as its weight."""
    edges = np.cumsum(weights)
    drawn: Numbers = np.searchsorted(edges, rng.random(count) * edges[-1], side="right")
    return np.minimum(drawn, len(weights) - 1)


def zipf(count: int, exponent: float = 1.0) -> Reals:
    """Weights of *count* things, the first the most popular: 1 / rank ** *exponent*."""
    ranks = np.arange(1, count + 1, dtype=np.float64)
    return ranks**-exponent
