"""People who were erased stay out of what is written about sends that were under way."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from twain.flows.instance import Instance
from twain.ledger.rewriting import NOBODY
from twain.records import ShardOutcomes


def write_history(
    instance: Instance, outcomes: ShardOutcomes, people: pa.Table, arms: Sequence[str]
) -> tuple[str, str]:
    """Write a settled shard into the history, naming nobody who was erased; again when somebody was while it was written."""
    while True:
        erased = instance.ledger.erased()
        keys, hashes = _blank(instance, outcomes.feed, people, erased)
        written = instance.history.write(outcomes, keys, hashes, arms)
        if instance.ledger.erased() == erased:
            return written


def key_mark(instance: Instance, feed: str, key: str) -> bytes:
    """The HMAC of a key. No address holds a NUL, so none can be taken for one."""
    return instance.vault.address_hash(f"{feed}\0{key}".encode())


def _blank(instance: Instance, feed: str, people: pa.Table, erased: Set[bytes]) -> tuple[Any, Any]:
    keys, hashes = people.column("key"), people.column("address_hash")
    if not erased:
        return keys, hashes
    gone = [
        bytes(digest) in erased or key_mark(instance, feed, key) in erased
        for key, digest in zip(keys.to_pylist(), hashes.to_pylist(), strict=True)
    ]
    mask = pa.array(gone, pa.bool_())
    return pc.if_else(mask, "", keys), pc.if_else(mask, pa.scalar(NOBODY, hashes.type), hashes)
