"""Suppression and stops: whom nobody may mail, and the red switch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from twain.ledger.book import Book
from twain.ledger.driver import Transaction
from twain.records import Stop, Suppression

_PAGE = 10_000


class Suppressions(Book):
    """Addresses that must not be mailed, by HMAC; stops; the block after a restore."""

    def suppress(self, entries: Iterable[Suppression]) -> int:
        """Add addresses; one that is there already keeps its first reason. Returns how many are new."""
        with self._driver.writing() as tx:
            return add_suppressions(tx, list(entries))

    def unsuppress(self, address_hash: bytes, person: str) -> bool:
        """Remove one address, and write down who did; False when it was not there."""
        with self._driver.writing() as tx:
            gone = tx.run("suppression_drop", address_hash=address_hash) > 0
            if gone:
                _audit(tx, person, "unsuppress", address_hash.hex())
        return gone

    def suppressed_since(self, seq: int) -> tuple[list[bytes], int]:
        """Hashes added after *seq*, and the newest seq. Removals need a fresh read from 0."""
        with self._driver.reading() as tx:
            rows = tx.all("suppression_since", seq=seq)
        return [bytes(row["address_hash"]) for row in rows], rows[-1]["seq"] if rows else seq

    def suppression(self, address_hash: bytes) -> Suppression | None:
        """The entry of one address, or None when it may be mailed."""
        with self._driver.reading() as tx:
            row = tx.one("suppression_one", address_hash=address_hash)
        return (
            Suppression(bytes(row["address_hash"]), row["reason"], row["origin"], row["at"], row["seq"])
            if row
            else None
        )

    def suppressions(self) -> Iterator[Suppression]:
        """Every suppressed address in order of entry, read page by page."""
        seq = -1
        while True:
            with self._driver.reading() as tx:
                rows = tx.all("suppression_page", seq=seq, limit=_PAGE)
            for row in rows:
                yield Suppression(bytes(row["address_hash"]), row["reason"], row["origin"], row["at"], row["seq"])
            if len(rows) < _PAGE:
                return
            seq = rows[-1]["seq"]

    def set_stop(self, stop: Stop) -> None:
        """Press the red switch: no claim within its scope succeeds after this returns."""
        with self._driver.writing() as tx:
            tx.run("stop_set", scope=stop.scope, person=stop.person, why=stop.why, at=stop.at)
            _audit(tx, stop.person, "stop", stop.scope)

    def lift_stop(self, scope: str, person: str) -> bool:
        """Lift one stop, and write down who did; False when there was none."""
        with self._driver.writing() as tx:
            lifted = tx.run("stop_lift", scope=scope) > 0
            if lifted:
                _audit(tx, person, "lift stop", scope)
        return lifted

    def stops(self) -> list[Stop]:
        """Every stop in force, oldest first."""
        with self._driver.reading() as tx:
            return [Stop(row["scope"], row["person"], row["why"], row["at"]) for row in tx.all("stop_list")]

    def needs_reconciling(self) -> bool:
        """Whether the ledger was restored from a backup and suppression has not been reconciled since."""
        with self._driver.reading() as tx:
            row = tx.one("meta_get", key="needs_reconciling")
        return row is not None and row["value"] == "1"

    def mark_restored(self, restored: bool, person: str) -> None:  # noqa: FBT001 — the new state itself
        """True: just restored, block every claim. False: suppression is reconciled, go on."""
        with self._driver.writing() as tx:
            tx.run("meta_set", key="needs_reconciling", value="1" if restored else "0")
            _audit(tx, person, "restored" if restored else "reconciled", "ledger")


def add_suppressions(tx: Transaction, entries: Sequence[Suppression]) -> int:
    """Add addresses within a transaction; returns how many are new."""
    rows = [{"address_hash": e.address_hash, "reason": e.reason, "origin": e.origin, "at": e.at} for e in entries]
    first = take_numbers(tx, "suppression", len(rows))
    return tx.many("suppression_add", [{**row, "seq": first + n} for n, row in enumerate(rows)]) if rows else 0


def take_numbers(tx: Transaction, counter: str, count: int) -> int:
    """The first of *count* numbers. The counter's row stays locked until commit: they become visible in their order."""
    row = tx.one("counter_take", name=counter, step=count)
    return int(row["value"]) - count + 1 if row else 1


def _audit(tx: Transaction, person: str, action: str, subject: str) -> None:
    tx.run("audit_add", at=tx.moment.wall, person=person, action=action, subject=subject)
