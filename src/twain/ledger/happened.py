"""What recipients did, as rows of the delivery history's ``events``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

EVENTS = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("feed", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("arm", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("link", pa.int32(), nullable=False),
        pa.field("machine", pa.bool_(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
        pa.field("client", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("ms", tz="UTC"), nullable=False),
    ]
)
#: What stands in a column that whoever wrote the events had nothing to say about.
_UNSAID: Mapping[str, Any] = {"id": "", "arm": "", "link": -1, "why": "", "client": ""}


def event_table(events: pa.Table) -> pa.Table:
    """*events* in the columns of EVENTS; those of ``_UNSAID`` may be missing."""
    for name, value in _UNSAID.items():
        if name not in events.column_names:
            filled = pa.repeat(pa.scalar(value, EVENTS.field(name).type), events.num_rows)
            events = events.append_column(name, filled)
    return events.select(EVENTS.names).cast(EVENTS)


def shards_of(events: pa.Table) -> dict[str, list[int]]:
    """Run id → numbers of the shards that *events* are of: what the manifest says of a file."""
    pairs = events.select(["run_id", "shard"]).group_by(["run_id", "shard"]).aggregate([]).sort_by("shard")
    found: dict[str, list[int]] = {}
    for run, shard in zip(pairs.column("run_id").to_pylist(), pairs.column("shard").to_pylist(), strict=True):
        found.setdefault(run, []).append(shard)
    return found


def first_at(events: pa.Table) -> Any:  # noqa: ANN401 — a datetime
    """When the first of them happened."""
    return pc.min(events.column("at")).as_py()
