"""The red switch, suppression, backup and restore, and the gateway: what operators do outside a send."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from twain.errors import ConfigError, LedgerError
from twain.flows.instance import Instance
from twain.flows.suppressing import hasher
from twain.ledger.house import backup_house, restore_house
from twain.records import Stop, Suppression
from twain.returns.suppression import SCOPES, is_scope
from twain.returns.tokens import TokenRef
from twain.snapshot.spool import read_shard
from twain.vault import SUPPRESSION_FILE

LEDGER_COPY = "ledger.db"


def stop(instance: Instance, scope: str, why: str) -> Stop:
    """Stop all sends, one channel, or all reads from a source, at once."""
    _known_scope(instance, scope)
    order = Stop(scope, instance.person, why or "no reason given", instance.clock.now())
    instance.ledger.set_stop(order)
    return order


def lift(instance: Instance, scope: str) -> bool:
    """Lift a stop; False when there was none."""
    _known_scope(instance, scope)
    return instance.ledger.lift_stop(scope, instance.person)


def _known_scope(instance: Instance, scope: str) -> None:
    known = [
        "all",
        *(f"channel:{c}" for c in instance.settings.channels),
        *(f"source:{s}" for s in instance.settings.sources),
    ]
    if scope not in known:
        raise ConfigError(f"There is nothing called {scope!r} to stop.", todo=f"Known: {', '.join(known)}.")


def suppress_addresses(
    instance: Instance,
    addresses: Iterable[str],
    reason: str,
    origin: str,
    *,
    scope: str = "all",
    until: float | None = None,
) -> tuple[int, list[str]]:
    """Suppress addresses; returns how many are new, and those that are no addresses. Raises ConfigError T861 for no scope."""
    if not is_scope(scope):
        raise ConfigError(f"{scope!r} is not a scope.", todo=SCOPES, code="T861")
    refused: list[str] = []
    count, hash_of = 0, hasher(instance)
    batch: list[Suppression] = []
    for raw in addresses:
        digest = hash_of(raw)
        if digest is None:
            refused.append(raw)
            continue
        batch.append(Suppression(digest, reason, origin, instance.clock.now(), scope=scope, until=until))
        if len(batch) == 5000:
            count += instance.ledger.suppress(batch)
            batch = []
    return count + instance.ledger.suppress(batch), refused


def backup(instance: Instance, target: Path) -> bool:
    """Copy the ledger, the suppression key and the house to a folder, while all go on; returns whether the house is in it.

    It is not when there is none yet, or when its tables are in PostgreSQL.
    """
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    instance.ledger.backup(target / LEDGER_COPY)
    key = instance.settings.state / SUPPRESSION_FILE
    if key.exists():
        copy = target / SUPPRESSION_FILE
        copy.touch(mode=0o600)
        copy.write_bytes(key.read_bytes())
    return backup_house(instance.settings.state, target)


def restore(instance: Instance, origin: Path) -> bool:
    """Put a backup in place; sends stay blocked until suppression has been reconciled. Returns whether the house came back, too.

    A house that is there already is left as it is.
    """
    key, kept = instance.settings.state / SUPPRESSION_FILE, origin / SUPPRESSION_FILE
    if kept.exists() and key.exists() and key.read_bytes() != kept.read_bytes():
        raise LedgerError(
            "The backup was made with another suppression key: nobody who unsubscribed would be recognised.",
            todo=f"Put {kept} in the place of {key} first.",
            code="T763",
        )
    instance.ledger.restore(origin / LEDGER_COPY)
    return restore_house(origin, instance.settings.state)


def reconciled(instance: Instance) -> None:
    """Say, by name, that suppression is complete again after a restore."""
    instance.ledger.mark_restored(False, instance.person)  # noqa: FBT003 — the state itself


class Unsubscriber:
    """From a token to the address it was made for: what the gateway needs to obey it."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def __call__(self, token: TokenRef) -> bytes | None:
        """The 32-byte address hash, from the delivery history or, while the send goes on, from the spool."""
        known = self._instance.history.address_hash(token.run_id, token.shard, token.row)
        return known or self._from_spool(token)

    def _from_spool(self, token: TokenRef) -> bytes | None:
        instance = self._instance
        try:
            run = instance.ledger.run(token.run_id)
            shard = next((s for s in instance.ledger.shards(run.id) if s.number == token.shard), None)
            if shard is None or token.row >= shard.rows:
                return None
            table = read_shard(shard, instance.vault.unseal(run.sealed_key, run.id))
        except LedgerError:
            return None
        found: bytes = table.column("address_hash")[token.row].as_py()
        return found
