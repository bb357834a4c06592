"""Who the customers are: where they live, what they are called, at which reserved domain their mail would arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twain.demo.draw import EPOCH, Numbers, Reals, day_of, draw, zipf
from twain.demo.names import local_part, names
from twain.demo.places import CITIES, STORE_STREETS

_DOMAINS = ("mail.example", "example.com", "post.example", "web.example", "example.org", "freemail.test", "example.net",
            "berlin.example", "alpen.example", "uni.example", "outlook.test", "bücher.example")  # fmt: skip
_SMALL_DOMAINS = 3_000

_WITH_STORE = [city.name for city in CITIES if city.name in STORE_STREETS]
STORE_OF_CITY = np.array([_WITH_STORE.index(c.name) + 1 if c.name in STORE_STREETS else 0 for c in CITIES])


@dataclass(frozen=True, slots=True)
class CityFacts:
    """What a customer's row says because of the city; a few have lost their time zone or language on the way."""

    name: pa.Array
    country: pa.Array
    time_zone: pa.Array
    language: pa.Array
    postcode: pa.Array
    store: pa.Array

    @classmethod
    def of(cls, city: Numbers, rng: np.random.Generator) -> CityFacts:
        """One row per customer, by the position of the customer's city."""

        def column(values: list[str], lost: float) -> pa.Array:
            taken = pa.array(values).take(pa.array(city))
            return pc.if_else(pa.array(rng.random(len(city)) < lost), pa.scalar(None, pa.string()), taken)

        variants = [_postcode(c.postcode, n) for c in CITIES for n in range(97)]
        store = STORE_OF_CITY[city]
        return cls(
            name=column([c.name for c in CITIES], 0.002),
            country=column([c.country for c in CITIES], 0.0),
            time_zone=column([c.time_zone for c in CITIES], 0.005),
            language=column([c.language for c in CITIES], 0.003),
            postcode=pa.array(variants).take(pa.array(city * 97 + rng.integers(0, 97, len(city)))),
            store=pa.array(store, mask=store == 0),
        )


def _postcode(pattern: str, n: int) -> str:
    digits = iter(f"{(n * 7919 + 13) % 10_000_000:07d}"[::-1])
    return "".join(next(digits) if c == "#" else c for c in pattern)


@dataclass(frozen=True, slots=True)
class Words:
    """One kind of names, all pools end to end. *slugs* are their local parts; *starts* and *sizes* are by pool."""

    words: pa.Array
    slugs: pa.Array
    starts: Numbers
    sizes: Numbers

    @classmethod
    def of(cls, pools: list[tuple[str, ...]]) -> Words:
        """Lay the pools end to end."""
        words = [word for pool in pools for word in pool]
        sizes = np.array([len(pool) for pool in pools])
        return cls(pa.array(words), pa.array([local_part(w) or "x" for w in words]), np.cumsum(sizes) - sizes, sizes)

    def pick(self, pool: Numbers, rng: np.random.Generator) -> Numbers:
        """One word's index per customer, from the customer's pool; those that stand first are more common."""
        return self.starts[pool] + (self.sizes[pool] * rng.random(len(pool)) ** 1.6).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Named:
    """First names, family names, and both together as the local part of an address would hold them."""

    first: pa.Array
    last: pa.Array
    joined: pa.Array

    @classmethod
    def of(cls, city: Numbers, rng: np.random.Generator) -> Named:
        """Names that fit the cities."""
        pools = names()
        order = list(pools)
        pool = np.array([order.index(c.names) for c in CITIES])[city]
        firsts, lasts = Words.of([f for f, _ in pools.values()]), Words.of([n for _, n in pools.values()])
        first, last = pa.array(firsts.pick(pool, rng)), pa.array(lasts.pick(pool, rng))
        joined = pc.binary_join_element_wise(firsts.slugs.take(first), lasts.slugs.take(last), ".")
        return cls(firsts.words.take(first), lasts.words.take(last), joined)


def local_parts(names: pa.Array, ids: Numbers, rng: np.random.Generator) -> pa.Array:
    """Distinct local parts: the name and the customer's number; some tagged, some with an apostrophe, some capitalised."""
    style = rng.random(len(ids))
    tail = pc.if_else(pa.array(style < 0.01), "+outdoor", "")
    middle = pc.if_else(pa.array((style >= 0.01) & (style < 0.013)), "'", "")
    names = pc.if_else(pa.array((style > 0.5) & (style < 0.53)), pc.utf8_title(names), names)
    return pc.binary_join_element_wise(names, middle, pa.array(ids).cast(pa.string()), tail, "")


def domains(count: int, rng: np.random.Generator) -> pa.Array:
    """Reserved domains: a few big providers, and thousands of small ones."""
    small = [f"firma{n}.{('example', 'test')[n % 2]}" for n in range(1, _SMALL_DOMAINS + 1)]
    weights = np.concatenate([zipf(len(_DOMAINS)) * 3.0, zipf(_SMALL_DOMAINS, 0.6) * 0.005])
    weights[len(_DOMAINS) - 1] = 0.02  # one internationalised domain, rarely
    return pa.array([*_DOMAINS, *small]).take(pa.array(draw(weights, rng, count)))


def birthdays(count: int, rng: np.random.Generator) -> pa.Array:
    """Days between 1938 and 2008; 6 % unknown, and more leap days than nature would give."""
    days = rng.integers(day_of(1938), day_of(2009), count)
    leap = rng.random(count) < 0.002
    years = rng.integers(1940 // 4, 2008 // 4 + 1, count) * 4
    leap_days = np.array([(date(y, 2, 29) - EPOCH).days for y in range(1940, 2009, 4)])[(years - 1940) // 4]
    days = np.where(leap, leap_days, days).astype(np.int32)
    return pa.array(days, mask=rng.random(count) < 0.06).cast(pa.date32())


def phones(count: int, rng: np.random.Generator) -> pa.Array:
    """Numbers that Ofcom keeps for drama (+44 7700 900000 to 900999); 40 % unknown."""
    numbers = pa.array(rng.integers(7_700_900_000, 7_700_901_000, count)).cast(pa.string())
    known = pc.binary_join_element_wise("+44", numbers, "")
    return pc.if_else(pa.array(rng.random(count) < 0.4), pa.scalar(None, pa.string()), known)


def tiers(zeal: Reals, rng: np.random.Generator) -> pa.Array:
    """Gold for the keenest 9 %, silver for the next 24 %; the rest bronze."""
    score = zeal * rng.lognormal(0.0, 0.3, len(zeal))
    rank = np.argsort(np.argsort(-score, kind="stable"), kind="stable") / len(zeal)
    return pa.array(["gold", "silver", "bronze"]).take(pa.array((rank >= 0.09).astype(int) + (rank >= 0.33)))


def consents(count: int, rng: np.random.Generator) -> pa.Array:
    """Withdrawn by 8 %, never asked for 1.5 %."""
    drawn = rng.random(count)
    return pa.array(drawn >= 0.08, mask=(drawn >= 0.08) & (drawn < 0.095))
