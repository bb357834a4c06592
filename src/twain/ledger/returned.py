"""Mail that came back: each booked once, together with what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import pyarrow as pa

from twain.ledger.book import Book
from twain.ledger.driver import Row, Transaction
from twain.ledger.suppressions import add_suppressions, take_numbers
from twain.records import CameBack, SoftRule, Suppression

BOUNCES = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("feed", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("address_hash", pa.binary(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("words", pa.string(), nullable=False),
        pa.field("feedback", pa.string(), nullable=False),
        pa.field("proof", pa.string(), nullable=False),
        pa.field("believed", pa.bool_(), nullable=False),
        pa.field("followed", pa.string(), nullable=False),
        pa.field("via", pa.string(), nullable=False),
        pa.field("sent_at", pa.timestamp("ms", tz="UTC")),
        pa.field("at", pa.timestamp("ms", tz="UTC"), nullable=False),
    ]
)
_MOST_A_BATCH = 20_000
_ABOVE_ALL = 1 << 62


class ReturnedMail(Book):
    """Bounces, complaints and replies. A mail is known by its digest: read twice, by whatever way, it is booked once."""

    def book_returned(self, mails: Sequence[CameBack], rule: SoftRule) -> list[CameBack]:
        """Book mails and suppress whom they say to, in one transaction; returns those that were new, with what followed.

        A believed hard bounce or complaint suppresses at once, a soft bounce when *rule* is met.
        """
        if not mails:
            return []
        with self._driver.writing() as tx:
            first = take_numbers(tx, "returned", len(mails))  # also: two that book at once do it one after the other
            numbered = (replace(mail, seq=first + n) for n, mail in enumerate(mails))
            return [self._follow(tx, mail, rule) for mail in numbered if tx.run("returned_add", **_values(mail))]

    def returned(self, *, limit: int = 50, run_id: str = "", unproved: bool = False) -> list[CameBack]:
        """The newest mails that came back: all, those about one send, or only those that had no consequences."""
        with self._driver.reading() as tx:
            rows = tx.all("returned_page", seq=_ABOVE_ALL, believed=0 if unproved else 1, run_id=run_id, limit=limit)
        return [_from_row(row) for row in rows]

    def returned_for(self, run_id: str, shard: int, row: int) -> list[CameBack]:
        """What came back for one message, oldest first; proved only."""
        with self._driver.reading() as tx:
            return [_from_row(r) for r in tx.all("returned_message", run_id=run_id, shard=shard, row_number=row)]

    def returned_counts(self, run_id: str) -> Mapping[str, int]:
        """People of a send whose message came back, by ``bounce:hard``, ``complaint``, ``reply``, …; proved only."""
        with self._driver.reading() as tx:
            rows = tx.all("returned_counts", run_id=run_id)
        named = {f"{r['kind']}:{r['cause']}" if r["kind"] == "bounce" else r["kind"]: int(r["people"]) for r in rows}
        return dict(sorted(named.items()))

    def returned_batches(self) -> list[int]:
        """Batches that wait for the delivery history; what has no batch yet gets one, which nothing changes after."""
        with self._driver.writing() as tx:
            found = tx.one("returned_next_batch", limit=_MOST_A_BATCH)
            if found is not None and found["first"] is not None:
                tx.run("returned_take_batch", batch=found["first"], last=found["last"])
            return [int(row["batch"]) for row in tx.all("returned_batches")]

    def returned_batch(self, batch: int) -> list[CameBack]:
        """The mails of one batch."""
        with self._driver.reading() as tx:
            return [_from_row(row) for row in tx.all("returned_batch", batch=batch)]

    def returned_filed(self, batch: int) -> None:
        """The batch's file is true."""
        with self._driver.writing() as tx:
            tx.run("returned_filed", batch=batch)

    def returned_old(self, before: float) -> int:
        """Rows older than *before* that are in the delivery history name nobody here any more; returns how many.

        Digest, kind and message stay: a mail that is read again is still known.
        """
        with self._driver.writing() as tx:
            return tx.run("returned_old", before=before, nobody=bytes(32))

    def _follow(self, tx: Transaction, mail: CameBack, rule: SoftRule) -> CameBack:
        reason = _reason(tx, mail, rule)
        if not reason:
            return mail
        origin = f"{' '.join(filter(None, (mail.status, mail.words)))[:120]} (mail {mail.mail.hex()[:12]}, {mail.via})"
        new = add_suppressions(tx, [Suppression(mail.address_hash, reason, origin.strip()[:200], mail.at)])
        followed = f"suppressed: {reason}" if new else f"suppressed before: {reason}"
        tx.run("returned_followed", mail=mail.mail, followed=followed)
        return replace(mail, followed=followed)


def bounce_table(mails: Sequence[CameBack]) -> pa.Table:
    """Rows of the dataset ``bounces``."""
    return pa.Table.from_pylist([_lake_row(mail) for mail in mails], BOUNCES)


def _lake_row(mail: CameBack) -> dict[str, object]:
    told = asdict(mail)
    sent = int(mail.sent_at * 1000) if mail.sent_at else None
    return {
        **{name: told.get(name) for name in BOUNCES.names},
        "key": mail.recipient,
        "sent_at": sent,
        "at": int(mail.at * 1000),
    }


def _reason(tx: Transaction, mail: CameBack, rule: SoftRule) -> str:
    if not (mail.believed and mail.address_hash):
        return ""
    if mail.kind == "complaint":
        return "complaint"
    if mail.kind != "bounce":
        return ""
    if mail.cause == "hard":
        return "hard bounce"
    return "soft bounces" if mail.cause == "soft" and _too_often(tx, mail, rule) else ""


def _too_often(tx: Transaction, mail: CameBack, rule: SoftRule) -> bool:
    """So many different sends came back within the time, counted by when they were sent: bounces may be read much later."""
    span = rule.within_seconds
    rows = tx.all("returned_soft", address_hash=mail.address_hash, first=mail.sent_at - span, last=mail.sent_at + span)
    moments = sorted(float(row["sent_at"]) for row in rows)
    last = rule.times - 1
    return any(moments[n + last] - moments[n] <= span for n in range(len(moments) - last))


def _values(mail: CameBack) -> dict[str, object]:
    told = asdict(mail)
    told["row_number"] = told.pop("row")
    return {**told, "believed": int(mail.believed)}


def _from_row(row: Row) -> CameBack:
    same = (
        "at", "via", "kind", "cause", "status", "words", "feedback", "proof", "run_id", "shard", "campaign", "feed", "recipient",
        "sent_at", "followed", "seq",
    )  # fmt: skip
    return CameBack(
        mail=bytes(row["mail"]),
        believed=bool(row["believed"]),
        row=row["row_number"],
        address_hash=bytes(row["address_hash"]),
        **{name: row[name] for name in same},
    )
