"""What has to be written into a system of IT's: kept before anybody is answered, tried until it is there, never lost silently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Literal

from twain.ledger.book import Book
from twain.ledger.driver import Row, Transaction
from twain.records import IntakeTries, OnItsWay, Outgoing, OutgoingState, Waiting

#: The longest that one try may take before somebody else makes it again; in seconds.
TRY_SECONDS = 120.0
#: Under these names ``meta`` keeps when an intake last refused (with the error's code), and when it last took something.
_FAILED, _WRITTEN, _AFTER = "intake:failed:", "intake:written:", "intake;"


class OutgoingBook(Book):
    """Leads and consents on their way to an intake."""

    def hand_over(self, items: Sequence[Outgoing]) -> int:
        """Add some; one with an id that is there already changes nothing. Returns how many are new."""
        with self._driver.writing() as tx:
            return add_outgoing(tx, items)

    def write_back_from(self, items: Sequence[Outgoing], cursor: str, position: int) -> int:
        """Add some together with how far their origin was read (``meta``), in one transaction."""
        with self._driver.writing() as tx:
            new = add_outgoing(tx, items)
            tx.run("meta_set", key=cursor, value=str(position))
        return new

    def position(self, cursor: str) -> int:
        """How far an origin was read; 0 at first."""
        with self._driver.reading() as tx:
            row = tx.one("meta_get", key=cursor)
        return int(row["value"]) if row else 0

    def outgoing_due(self, limit: int = 100) -> dict[str, list[str]]:
        """Those to be tried now: intake → their ids, the most urgent first, *limit* of each intake at most."""
        found: dict[str, list[str]] = defaultdict(list)
        with self._driver.reading() as tx:
            for row in tx.all("outgoing_due", now=self._clock.now(), limit=limit):
                found[row["intake"]].append(row["id"])
        return dict(found)

    def take_outgoing(self, identifier: str) -> Outgoing | None:
        """Claim one for a try; None when somebody else has it. If this process dies, it is due again two minutes later."""
        now = self._clock.now()
        with self._driver.writing() as tx:
            if not tx.run("outgoing_take", id=identifier, now=now, until=now + TRY_SECONDS):
                return None
            row = tx.one("outgoing_one", id=identifier)
        return None if row is None else _from_row(row)

    def settle_outgoing(self, item: Outgoing, state: OutgoingState, *, due: float = 0.0, problem: str = "") -> None:
        """What became of a try. Written: its contents go. Otherwise they stay, until it is written or given up by hand."""
        written, now = state == "written", self._clock.now()
        outcome = f"{now!r}" if written else f"{now!r} {problem.split(' ', 1)[0]}"
        with self._driver.writing() as tx:
            tx.run(
                "outgoing_settle", id=item.id, state=state, due=due, problem=problem,
                written_at=now if written else 0.0, sealed=b"" if written else item.sealed,
            )  # fmt: skip
            tx.run("meta_set", key=(_WRITTEN if written else _FAILED) + item.intake, value=outcome)

    def intake_tries(self) -> list[IntakeTries]:
        """How the last tries at each intake went, by name; of those alone at which one was made."""
        with self._driver.reading() as tx:
            kept = {row["key"]: row["value"] for row in tx.all("intake_tries", first=_FAILED, after=_AFTER)}
        names = sorted({key.removeprefix(_FAILED).removeprefix(_WRITTEN) for key in kept})
        return [_tries(name, kept.get(_FAILED + name, "0"), kept.get(_WRITTEN + name, "0")) for name in names]

    def retry_outgoing(self, identifier: str, give_up_at: float) -> bool:
        """Try one again now, dead or not; False when it is written, or there is none."""
        with self._driver.writing() as tx:
            return tx.run("outgoing_retry", id=identifier, now=self._clock.now(), give_up_at=give_up_at) > 0

    def outgoing(self, *, state: OutgoingState | Literal[""] = "", kind: str = "", limit: int = 50) -> list[Outgoing]:
        """The newest: all, or of one state or kind."""
        with self._driver.reading() as tx:
            return [_from_row(row) for row in tx.all("outgoing_page", state=state, kind=kind, limit=limit)]

    def one_outgoing(self, identifier: str) -> Outgoing | None:
        """One by its id."""
        with self._driver.reading() as tx:
            row = tx.one("outgoing_one", id=identifier)
        return None if row is None else _from_row(row)

    def unwritten(self) -> list[Waiting]:
        """What is not written yet, by kind, intake and state."""
        with self._driver.reading() as tx:
            return [Waiting(**dict(row)) for row in tx.all("outgoing_lag")]

    def tally_outgoing(self) -> list[OnItsWay]:
        """How many there are by kind, form, intake and state, written ones too."""
        with self._driver.reading() as tx:
            return [OnItsWay(**dict(row)) for row in tx.all("outgoing_tally")]


def add_outgoing(tx: Transaction, items: Iterable[Outgoing]) -> int:
    """Add some within a transaction; returns how many are new."""
    return sum(tx.run("outgoing_add", **asdict(item)) for item in items)


def _tries(intake: str, failed: str, written: str) -> IntakeTries:
    at, _, code = failed.partition(" ")
    return IntakeTries(intake, float(at), float(written), code)


def _from_row(row: Row) -> Outgoing:
    values: dict[str, Any] = {name: row[name] for name in Outgoing.__slots__}
    return Outgoing(**values | {name: bytes(values[name]) for name in ("address_hash", "sealed")})
