"""Whether the suppressions of the provider before us were taken over, or somebody answers for going without them."""

from __future__ import annotations

import json
from dataclasses import asdict

from twain.ledger.book import Book
from twain.records import OldList

_KEY = "old_list"


class OldLists(Book):
    """One note in the ledger, and a line in its audit for each time that it was written."""

    def old_list(self) -> OldList | None:
        """The last that was noted, or None."""
        with self._driver.reading() as tx:
            row = tx.one("meta_get", key=_KEY)
        return OldList(**json.loads(row["value"])) if row else None

    def settle_old_list(self, settled: OldList) -> None:
        """Note it. A waiver never replaces an import."""
        with self._driver.writing() as tx:
            row = tx.one("meta_get", key=_KEY)
            if row is None or settled.kind == "imported" or json.loads(row["value"])["kind"] == "waived":
                tx.run("meta_set", key=_KEY, value=json.dumps(asdict(settled)))
            action = f"{settled.kind} old suppressions"
            tx.run("audit_add", at=tx.moment.wall, person=settled.person, action=action, subject=settled.why)
