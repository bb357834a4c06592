"""Honest dirt: what real customer tables hold that a clean demonstration would hide.

Every share below is a share of customers. Each kind is here because it has broken a real mailing somewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]

#: First names as they arrive from web forms, imports and jokers: (share, value).
FIRST_NAMES: tuple[tuple[float, str | None], ...] = (
    (0.010, None),
    (0.005, ""),
    (0.001, "   "),
    (0.002, "Anna 🌲"),
    (0.001, "👩‍👩‍👧 Familie"),
    (0.0005, "Zoë\u202eevil"),
    (0.0005, "Anna\r\nBcc: everybody@example.com"),
    (0.0005, "Karl\nHeinz"),
    (0.0004, "{{ 7 | times: 7 }}"),
    (0.0003, "{% include 'secrets' %}"),
    (0.0004, "<b>Bold</b> & \"quoted\""),
    (0.0003, "=HYPERLINK(\"http://evil.example\")"),
    (0.0003, ".leading dot"),
    (0.0003, "Wolfeschlegelsteinhausenbergerdorff" * 4),
    (0.0004, "NULL"),
)  # fmt: skip

#: What spoils a valid address, given (local part, domain).
SPOILERS: tuple[Callable[[str, str], str], ...] = (
    lambda local, domain: f"{local} at {domain}",
    lambda local, domain: f"{local}@@{domain}",
    lambda local, _: f"{local}@",
    lambda _, domain: f"@{domain}",
    lambda local, domain: f"{local}@{domain}.",
    lambda local, domain: f"{local}..x@{domain}",
    lambda local, domain: f"{local} x@{domain}",
    lambda local, domain: f'"{local}\r\nRSET"@{domain}',
    lambda local, domain: f"{local}@{domain},second@{domain}",
    lambda local, domain: f"{local}@-{domain}",
    lambda local, _: f"{local}@localhost",
    lambda *_: "n/a",
)

NO_ADDRESS, EMPTY_ADDRESS, INVALID, DUPLICATE = 0.004, 0.001, 0.005, 0.010


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses after the dirt, and how many rows each kind of dirt has."""

    values: pa.Array
    planted: Mapping[str, int]


def dirty_names(names: pa.Array, rng: np.random.Generator) -> pa.Array:
    """Replace a small share of first names by :data:`FIRST_NAMES`."""
    edges = np.cumsum([share for share, _ in FIRST_NAMES])
    drawn = np.searchsorted(edges, rng.random(len(names)), side="right")
    hit = drawn < len(FIRST_NAMES)
    values = pa.array([value for _, value in FIRST_NAMES], pa.string())
    return pc.replace_with_mask(names, pa.array(hit), values.take(pa.array(drawn[hit])))


def dirty_addresses(locals_: pa.Array, domains: pa.Array, rng: np.random.Generator) -> Addresses:
    """Join local parts and domains (all distinct, all valid), then lose, spoil and repeat some of them."""
    clean = pc.binary_join_element_wise(locals_, domains, "@")
    edges = np.cumsum([NO_ADDRESS, EMPTY_ADDRESS, INVALID, DUPLICATE])
    kind = np.searchsorted(edges, rng.random(len(clean)), side="right")
    if not (kind == 4).any():
        kind[kind == 3] = 4  # nobody there to be the twin of
    rows = [np.flatnonzero(kind == k) for k in range(5)]
    lost = pc.if_else(pa.array(kind == 0), pa.scalar(None, pa.string()), clean)
    lost = pc.if_else(pa.array(kind == 1), "", lost)
    spoiled = _replace(lost, rows[2], _spoil(locals_, domains, rows[2]))
    repeated = _replace(spoiled, rows[3], _repeat(clean, rows[4], len(rows[3]), rng))
    counts = {"no_address": len(rows[0]) + len(rows[1]), "invalid": len(rows[2]), "duplicate": len(rows[3])}
    return Addresses(repeated, counts)


def _replace(values: pa.Array, rows: Numbers, new: pa.Array) -> pa.Array:
    mask = np.zeros(len(values), dtype=bool)
    mask[rows] = True
    return pc.replace_with_mask(values, pa.array(mask), new)


def _spoil(locals_: pa.Array, domains: pa.Array, rows: Numbers) -> pa.Array:
    pairs = zip(locals_.take(pa.array(rows)).to_pylist(), domains.take(pa.array(rows)).to_pylist(), strict=True)
    return pa.array([SPOILERS[n % len(SPOILERS)](*pair) for n, pair in enumerate(pairs)], pa.string())


def _repeat(clean: pa.Array, good: Numbers, wanted: int, rng: np.random.Generator) -> pa.Array:
    """Addresses of *wanted* other people: a third as they are, a third with the domain, a third all in capitals."""
    if not wanted or not len(good):
        return pa.nulls(wanted, pa.string())
    twins = clean.take(pa.array(rng.choice(good, wanted))).to_pylist()
    return pa.array([_variant(address, n) for n, address in enumerate(twins)], pa.string())


def _variant(address: str, n: int) -> str:
    local, _, domain = address.partition("@")
    return (address, f"{local}@{domain.upper()}", address.upper())[n % 3]
