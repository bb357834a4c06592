"""Frequency caps: who has had enough messages lately, counted over every campaign.

Counted are the delivery history and, whole, every audience that is frozen and not in the history yet: who is about to get a
message has it already, as far as the next campaign is concerned. By address, not by key: one person in two feeds is one.

What this cannot see is an audience frozen in the very same moment: two sends that read their people at once may each take
the last free place of somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from twain.flows.instance import Instance
from twain.flows.policy import Cap, Policy
from twain.records import Bundle, Run, RunState
from twain.snapshot.spool import read_shard
from twain.snapshot.take import Marks, marks_of

_FROZEN = frozenset({RunState.SENDING, RunState.PAUSED, RunState.HELD, RunState.RECONCILING})
_ALL = 1_000_000  # runs of one instance, for ever

Counts = tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]
"""Marks of addresses, and how many messages each had."""


def capped_by(policy: Policy, channel: str, topic: str) -> dict[str, Any]:
    """The part of a bundle's body that says which caps hold for it; nothing when none does."""
    caps = [asdict(cap) for cap in policy.caps if cap.applies(channel, topic)]
    return {"caps": caps} if caps else {}


def had_enough(instance: Instance, bundle: Bundle, run_id: str = "") -> Callable[[], Marks] | None:
    """What tells everybody whom a cap of this bundle leaves out; None when it has no cap. *run_id*: the send that asks."""
    caps = [Cap(**said) for said in bundle.body.get("caps", [])]

    def beyond_any() -> Marks:
        return np.unique(np.concatenate([_beyond(cap, instance, run_id) for cap in caps]))

    return beyond_any if caps else None


def _beyond(cap: Cap, instance: Instance, run_id: str) -> Marks:
    counts = [*_had(cap, instance), *_about_to_get(cap, instance, run_id)]
    if not counts:
        return np.zeros(0, np.uint64)
    people, places = np.unique(np.concatenate([marks for marks, _ in counts]), return_inverse=True)
    messages = np.bincount(places, weights=np.concatenate([had for _, had in counts]))
    enough: Marks = people[messages >= cap.most]
    return enough


def _had(cap: Cap, instance: Instance) -> Iterator[Counts]:
    since = instance.clock.now() - cap.within
    uncounted = _bundles_of(instance, cap.except_topics)
    for batch in instance.history.contacts(since, channels=cap.channels, but_bundles=uncounted):
        yield marks_of(batch.column("address_hash")), batch.column("messages").to_numpy()


def _about_to_get(cap: Cap, instance: Instance, run_id: str) -> Iterator[Counts]:
    for run in instance.ledger.runs(limit=_ALL, states=_FROZEN):
        if run.id != run_id and run.sealed_key and cap.applies(run.channel, _topic(instance, run.bundle)):
            yield from _frozen(instance, run)


def _frozen(instance: Instance, run: Run) -> Iterator[Counts]:
    data_key = instance.vault.unseal(run.sealed_key, run.id)
    archived = instance.ledger.archived(run.id)
    for shard in instance.ledger.shards(run.id):
        if shard.number not in archived:
            hashes = read_shard(shard, data_key).column("address_hash").combine_chunks()
            yield marks_of(hashes), np.ones(len(hashes), np.int64)


def _bundles_of(instance: Instance, topics: Sequence[str]) -> list[str]:
    if not topics:
        return []
    bundles = {run.bundle for run in instance.ledger.runs(limit=_ALL)}
    return [bundle for bundle in sorted(bundles) if _topic(instance, bundle) in topics]


def _topic(instance: Instance, bundle: str) -> str:
    body: Mapping[str, Any] = instance.ledger.bundle(bundle).body
    return str(body.get("topic", ""))
