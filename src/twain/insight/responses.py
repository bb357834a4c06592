"""What came back of a send, small enough to keep: by kind, variant, provider, hour and link, people and machines apart.

One pass of DuckDB over the events, returned mail and conversions of one send. Every number of *messages* counts each message
once, in the hour of its first event; so hours and variants add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

By = Literal["whole", "arm", "lane", "hour", "link"]
_READ = "read_parquet($files_{table}, hive_partitioning = false) where run_id = $run"
_PARTS = {
    "events": f"""select kind, machine, arm, shard, "row", "at", link, null::double as value
        from {_READ.format(table="events")} and kind <> 'canary'""",
    "bounces": f"""select unnest(if(kind = 'bounce', [kind, kind || ':' || cause], [kind])) as kind, false as machine,
        '' as arm, shard, "row", "at", -1 as link, null::double as value from {_READ.format(table="bounces")} and believed""",
    "conversions": f"""select 'conversion' as kind, false as machine, arm, shard, "row", "at", -1 as link, value
        from {_READ.format(table="conversions")}""",
}
_LANES = f"select shard, any_value(lane) as lane from {_READ.format(table='deliveries')} group by shard"
_SENT = f"""
union all select 'lane', lane, fate, false, count(*), count(*), null
    from {_READ.format(table="deliveries")} and fate in ('sent', 'failed') group by all
"""
_COUNTED = """
with happened as ({parts}),
lanes as materialized ({lanes}),
firsts as materialized (
    select kind, machine, shard, "row", any_value(arm) as arm, min("at") as first, count(*) as times, sum(value) as value
    from happened group by kind, machine, shard, "row"
)
select 'whole', '', kind, machine, sum(times), count(*), sum(value) from firsts group by all
union all select 'arm', arm, kind, machine, sum(times), count(*), sum(value) from firsts where arm <> '' group by all
union all select 'lane', lane, kind, machine, sum(times), count(*), sum(value)
    from firsts join lanes using (shard) group by all
union all select 'hour', epoch(date_trunc('hour', first))::bigint::varchar, kind, machine, sum(times), count(*), sum(value)
    from firsts group by all
union all select 'link', link::varchar, kind, machine, count(*), count(distinct (shard, "row")), null
    from happened where link >= 0 group by all
"""
_NOTHING = """select '' as kind, false as machine, '' as arm, 0 as shard, 0 as "row", now() as "at", -1 as link,
    null::double as value where false"""
TABLES = ("deliveries", *_PARTS)
Files = Mapping[str, Sequence[Path]]
"""Table of the history → its files that hold something of one send."""


@dataclass(frozen=True, slots=True)
class Line:
    """So often (*times*), to so many *messages*, something of one *kind* happened; *value* is what it was worth together.

    *by* and *name* say of what part of the send. Kinds: open, click, view, unsubscribe, conversion, complaint, bounce (and
    each of its causes, ``bounce:hard``), reply, auto_reply; by
    provider also sent and failed, so that its rates need nothing else.
    """

    by: By
    name: str
    kind: str
    machine: bool
    times: int
    messages: int
    value: float


@dataclass(frozen=True, slots=True)
class Responses:
    """All that came back of one send. The *stamp* tells which files it was read from."""

    run_id: str
    stamp: str
    lines: tuple[Line, ...] = ()

    def people(self, kind: str, by: By = "whole", name: str = "") -> int:
        """Messages to which a person did this."""
        return self._found(kind, by, name, machine=False).messages

    def machines(self, kind: str, by: By = "whole", name: str = "") -> int:
        """Messages to which a machine did this."""
        return self._found(kind, by, name, machine=True).messages

    def value(self, kind: str, by: By = "whole", name: str = "") -> float:
        """What it was worth together."""
        return self._found(kind, by, name, machine=False).value

    def names(self, by: By) -> list[str]:
        """The parts there are figures of; hours and links in order."""
        found = {line.name for line in self.lines if line.by == by}
        return sorted(found, key=float) if by in ("hour", "link") else sorted(found)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON: the inverse of ``from_json``."""
        return {"run": self.run_id, "stamp": self.stamp, "lines": [list(asdict(line).values()) for line in self.lines]}

    def _found(self, kind: str, by: By, name: str, *, machine: bool) -> Line:
        same = (one for one in self.lines if (one.by, one.name, one.kind, one.machine) == (by, name, kind, machine))
        return next(same, Line(by, name, kind, machine, 0, 0, 0.0))


def from_json(kept: Mapping[str, Any]) -> Responses:
    """Responses that were kept as JSON."""
    return Responses(kept["run"], kept["stamp"], tuple(Line(*line) for line in kept["lines"]))


def respond(run_id: str, stamp: str, files: Files) -> Responses:
    """Read what came back of a send from the history's *files*; without any, nothing has."""
    deliveries = files.get("deliveries")
    parts = [_PARTS[table] for table in _PARTS if files.get(table)]
    if not parts and not deliveries:
        return Responses(run_id, stamp)
    parts = parts or [_NOTHING]
    lanes = _LANES if deliveries else "select 0 as shard, '' as lane where false"
    query = _COUNTED.format(parts=" union all ".join(parts), lanes=lanes) + (_SENT if deliveries else "")
    values = {f"files_{table}": [str(file) for file in files[table]] for table in TABLES if files.get(table)}
    with duckdb.connect(config={"memory_limit": "256MB", "threads": 2}) as engine:
        rows = engine.execute(query, {"run": run_id, **values}).fetchall()
    return Responses(
        run_id, stamp, tuple(sorted(_lines(rows), key=lambda line: (line.by, line.name, line.kind, line.machine)))
    )


def _lines(rows: Sequence[tuple[Any, ...]]) -> Iterator[Line]:
    for by, name, kind, machine, times, messages, value in rows:
        yield Line(by, name, kind, machine, int(times), int(messages), float(value or 0.0))
