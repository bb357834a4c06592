"""Who was erased: only HMACs, kept so that what a send under way still knows of them is never written down."""

from __future__ import annotations

from collections.abc import Iterable

from twain.ledger.book import Book
from twain.ledger.rewriting import NOBODY

#: Is nobody's HMAC: 31 bytes.
_NO_HASH = b"\0" * 31


class Erasures(Book):
    """The list of the erased, and the places in the ledger itself that may name them."""

    def remember_erased(self, subjects: Iterable[bytes], person: str) -> int:
        """Add HMACs of addresses and keys; returns how many are new. Writes down who asked, never about whom."""
        rows = [{"subject": subject, "at": self._clock.now(), "person": person} for subject in subjects]
        with self._driver.writing() as tx:
            new = tx.many("erasure_add", rows) if rows else 0
            tx.run("audit_add", at=tx.moment.wall, person=person, action="erase", subject=f"{len(rows)} identifiers")
        return new

    def erased(self) -> frozenset[bytes]:
        """Every HMAC on the list."""
        with self._driver.reading() as tx:
            return frozenset(bytes(row["subject"]) for row in tx.all("erasure_list"))

    def unname(self, keys: Iterable[tuple[str, str]], hashes: Iterable[bytes]) -> int:
        """Take somebody, by (feed, key) pairs and HMACs of addresses, out of what the ledger itself notes of them.

        That is: sends that were made for them alone (``--to``), and mail that came back. Returns how many rows.
        """
        with self._driver.writing() as tx:
            changed = 0
            for feed, key in keys:
                changed += tx.run("run_unname", named=f"to:{key}")
                changed += tx.run("returned_unname", feed=feed, key=key, address_hash=_NO_HASH, nobody=NOBODY)
            for digest in hashes:
                changed += tx.run("returned_unname", feed="", key="", address_hash=digest, nobody=NOBODY)
            return changed
