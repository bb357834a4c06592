"""Suppressions from and to files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from twain.flows.instance import Instance
from twain.records import OldList, Problem, Suppression
from twain.returns.suppression import read_suppressions, write_suppressions
from twain.snapshot.address import canonical

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: new ones, those known already, and the lines that were no addresses."""

    added: int
    known: int
    problems: tuple[Problem, ...]


def import_suppressions(instance: Instance, file: Path, reason: str) -> Imported:
    """Take over a CSV file, line by line; good lines are kept whatever the others are."""
    problems: list[Problem] = []
    added = read = 0
    batch: list[Suppression] = []
    with file.open("rb") as opened:
        entries = read_suppressions(
            opened,
            name=file.name,
            hash_of=hasher(instance),
            reason=reason,
            origin=f"import of {file.name}",
            at=instance.clock.now(),
        )
        for found in entries:
            if isinstance(found, Problem):
                problems.append(found)
                continue
            read += 1
            batch.append(found)
            if len(batch) == _BATCH:
                added += instance.ledger.suppress(batch)
                batch = []
    added += instance.ledger.suppress(batch)
    if read or not problems:
        instance.ledger.settle_old_list(OldList("imported", instance.person, file.name, instance.clock.now()))
    return Imported(added, read - added, tuple(problems))


def hasher(instance: Instance) -> Callable[[str], bytes | None]:
    """From an address as somebody wrote it to its hash; None when it is not an address."""

    def hash_of(raw: str) -> bytes | None:
        found = canonical(raw)
        return None if isinstance(found, str) else instance.vault.address_hash(found.compared.encode())

    return hash_of


def export_suppressions(instance: Instance, out: TextIO) -> int:
    """Write every suppression; returns how many."""
    return write_suppressions(out, instance.ledger.suppressions())
