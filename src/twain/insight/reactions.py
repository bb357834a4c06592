"""What people, and machines, did with a send's messages: opens and clicks, counted apart, from the delivery history's events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

_COUNTED = """
with happened as (
    select kind, machine, shard, "row", link, why from read_parquet($files, hive_partitioning = false) where run_id = $run
)
select 'kind' as what, kind, '' as word, machine, count(*), count(distinct (shard, "row")) from happened group by all
union all
select 'link', kind, link::varchar, machine, count(*), count(distinct (shard, "row"))
from happened where kind = 'click' group by all
union all
select 'why', kind, why, machine, count(*), count(distinct (shard, "row")) from happened where machine group by all
"""


@dataclass(frozen=True, slots=True)
class Count:
    """How often something happened, and to how many different messages."""

    times: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Reactions:
    """One send's: *people* and *machines* by kind (open, click, view, unsubscribe, canary).

    *links*: a link's number → people's clicks on it; *why*: what told machines → how often.
    """

    people: Mapping[str, Count] = field(default_factory=dict)
    machines: Mapping[str, Count] = field(default_factory=dict)
    links: Mapping[int, Count] = field(default_factory=dict)
    why: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Plain JSON: kind → people and machines, each as times and messages."""
        kinds = sorted({*self.people, *self.machines})
        shown = {
            kind: {"people": _pair(self.people.get(kind)), "machines": _pair(self.machines.get(kind))} for kind in kinds
        }
        return {
            **shown,
            "links": {str(n): _pair(count) for n, count in self.links.items()},
            "machines_by": dict(self.why),
        }


def reactions(run_id: str, files: Sequence[Path]) -> Reactions:
    """Count one send's events in the Parquet *files* that hold some of them."""
    if not files:
        return Reactions()
    with duckdb.connect(config={"memory_limit": "256MB", "threads": 2}) as engine:
        rows = engine.execute(_COUNTED, {"files": [str(file) for file in files], "run": run_id}).fetchall()
    people: dict[str, Count] = {}
    machines: dict[str, Count] = {}
    links: dict[int, Count] = {}
    why: dict[str, int] = {}
    for what, kind, word, machine, times, messages in sorted(rows):
        if what == "kind":
            (machines if machine else people)[kind] = Count(times, messages)
        elif what == "link" and not machine:
            links[int(word)] = Count(times, messages)
        elif what == "why":
            why[word] = why.get(word, 0) + times
    return Reactions(people, machines, links, why)


def _pair(count: Count | None) -> dict[str, int]:
    one = count or Count()
    return {"times": one.times, "messages": one.messages}
