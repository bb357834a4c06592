"""Suppression and stops: whom nobody may mail, and the red switch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from twain.ledger.book import Book, need_run
from twain.ledger.driver import Row, Transaction
from twain.records import Stop, Suppression

_PAGE = 10_000


class Suppressions(Book):
    """Addresses that must not be mailed, by HMAC; stops; the block after a restore."""

    def suppress(self, entries: Iterable[Suppression]) -> int:
        """Add addresses; what is there already keeps its first reason, but a pause gives way to what lasts longer.

        Returns how many are new or last longer.
        """
        with self._driver.writing() as tx:
            return add_suppressions(tx, list(entries))

    def unsuppress(self, address_hash: bytes, person: str) -> bool:
        """Remove one address from everything, and write down who did; False when it was not there."""
        with self._driver.writing() as tx:
            gone = tx.run("suppression_drop", address_hash=address_hash) > 0
            if gone:
                _audit(tx, person, "unsuppress", address_hash.hex())
        return gone

    def take_back(self, address_hash: bytes, scopes: Iterable[str]) -> int:
        """Somebody takes their own wish back, for these scopes. What is not their own stays. Returns how many wishes."""
        with self._driver.writing() as tx:
            return tx.many(
                "suppression_take_back", [{"address_hash": address_hash, "scope": scope} for scope in scopes]
            )

    def drop_wishes(self, hashes: Iterable[bytes]) -> int:
        """Of the erased: forget what they wanted in particular; what suppresses them wholly stays. Returns how many rows."""
        with self._driver.writing() as tx:
            return tx.many("suppression_drop_wishes", [{"address_hash": digest} for digest in hashes])

    def suppressed_since(self, seq: int, run_id: str = "") -> tuple[list[bytes], int]:
        """Hashes added after *seq* that must not get this run, and the newest seq. Removals need a fresh read from 0.

        The run's channel and topic decide whose scoped wishes count; without a run all of them do.
        """
        with self._driver.reading() as tx:
            # The number first: whatever has one up to it is there to be read.
            newest = tx.one("counter_get", name="suppression")
            scopes = self._scopes_of(tx, run_id) if run_id else ()
            rows = tx.all(
                "suppression_since",
                seq=seq,
                now=tx.moment.wall,
                every=int(not run_id),
                scopes=tx.listed(scopes),
            )
        return [bytes(row["address_hash"]) for row in rows], max(seq, int(newest["value"]) if newest else 0)

    def _scopes_of(self, tx: Transaction, run_id: str) -> tuple[str, ...]:
        """The scopes of a run; they never change, so each run is looked up once."""
        known = self._scopes.get(run_id)
        if known is None:
            run = need_run(tx, run_id)
            row = tx.one("bundle_get", hash=run.bundle)
            topic = json.loads(row["body"]).get("topic", "") if row else ""
            known = ("all", f"channel:{run.channel}", *([f"topic:{topic}"] if topic else []))
            self._scopes[run_id] = known
        return known

    def suppression(self, address_hash: bytes) -> Suppression | None:
        """The strictest entry of one address that is in force, or None when nothing at all is."""
        return next(iter(self.suppressions_of(address_hash)), None)

    def suppressions_of(self, address_hash: bytes) -> list[Suppression]:
        """Every entry of one address that is in force, the widest first."""
        with self._driver.reading() as tx:
            rows = tx.all("suppression_of", address_hash=address_hash, now=tx.moment.wall)
        return [_suppression_from(row) for row in rows]

    def suppressions(self, after: int = -1) -> Iterator[Suppression]:
        """Every suppressed address in order of entry (those after a seq), pauses that are over too, read page by page."""
        seq = after
        while True:
            with self._driver.reading() as tx:
                rows = tx.all("suppression_page", seq=seq, limit=_PAGE)
            for row in rows:
                yield _suppression_from(row)
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
    """Add addresses within a transaction; returns how many are new or last longer."""
    rows = [
        {"address_hash": e.address_hash, "scope": e.scope, "own": int(e.own), "reason": e.reason, "origin": e.origin,
         "at": e.at, "until": e.until}
        for e in entries
    ]  # fmt: skip
    first = take_numbers(tx, "suppression", len(rows))
    return tx.many("suppression_add", [{**row, "seq": first + n} for n, row in enumerate(rows)]) if rows else 0


def _suppression_from(row: Row) -> Suppression:
    return Suppression(
        bytes(row["address_hash"]), row["reason"], row["origin"], row["at"], row["seq"],
        row["scope"], row["until"], bool(row["own"]),
    )  # fmt: skip


def take_numbers(tx: Transaction, counter: str, count: int) -> int:
    """The first of *count* numbers. The counter's row stays locked until commit: they become visible in their order."""
    row = tx.one("counter_take", name=counter, step=count)
    return int(row["value"]) - count + 1 if row else 1


def _audit(tx: Transaction, person: str, action: str, subject: str) -> None:
    tx.run("audit_add", at=tx.moment.wall, person=person, action=action, subject=subject)
