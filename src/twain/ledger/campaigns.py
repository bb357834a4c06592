"""Bundles and what hangs on them: approvals, link tables, the figures of the last checks."""

from __future__ import annotations

import json
from collections.abc import Mapping

from twain.errors import LedgerError
from twain.ledger.book import Book
from twain.ledger.bundles import canonical_json, digest_of
from twain.ledger.driver import Transaction
from twain.records import Approval, Bundle


class Campaigns(Book):
    """Content-addressed bundles, and the rows that name them."""

    def publish(self, bundle: Bundle) -> None:
        """Keep a bundle for ever under its hash; a second time changes nothing. Raises LedgerError T704 if it lies."""
        if digest_of(bundle.campaign, bundle.body) != bundle.hash:
            raise LedgerError(
                f"The bundle of {bundle.campaign!r} is not what its hash {bundle.hash[:12]} says.",
                todo="Make it with make_bundle() and do not change it afterwards.",
                code="T704",
            )
        body = canonical_json(bundle.body)
        with self._driver.writing() as tx:
            tx.run("bundle_add", hash=bundle.hash, campaign=bundle.campaign, body=body, at=tx.moment.wall)

    def bundle(self, digest: str) -> Bundle:
        """The bundle with this hash; raises LedgerError T705."""
        with self._driver.reading() as tx:
            return need_bundle(tx, digest)

    def approve(self, approval: Approval) -> None:
        """Remember one person's yes to one bundle; a second time changes nothing."""
        with self._driver.writing() as tx:
            need_bundle(tx, approval.bundle)
            tx.run(
                "approval_add",
                bundle=approval.bundle,
                person=approval.person,
                role=approval.role,
                at=approval.at,
                note=approval.note,
            )

    def approvals(self, digest: str) -> list[Approval]:
        """Every approval of this bundle, oldest first."""
        with self._driver.reading() as tx:
            return [Approval(**dict(row)) for row in tx.all("approval_list", bundle=digest)]

    def remember_links(self, bundle: str, links: Mapping[int, str]) -> None:
        """Keep the targets of a bundle's tracked links, never to be purged. Raises LedgerError T706 on a changed target."""
        with self._driver.writing() as tx:
            tx.many("link_add", [{"bundle": bundle, "number": n, "target": t} for n, t in links.items()])
            kept = {row["number"]: row["target"] for row in tx.all("link_list", bundle=bundle)}
            changed = sorted(n for n, target in links.items() if kept[n] != target)
            if changed:
                raise LedgerError(
                    f"Link {changed[0]} of bundle {bundle[:12]} already leads elsewhere.",
                    todo="Publish the changed content as a new bundle.",
                    code="T706",
                )

    def links(self, bundle: str) -> dict[int, str]:
        """The targets of a bundle's tracked links, by number; empty when none are known."""
        with self._driver.reading() as tx:
            return {row["number"]: row["target"] for row in tx.all("link_list", bundle=bundle)}

    def remember_check(self, feed: str, figures: Mapping[str, float]) -> None:
        """Keep the figures of a feed's last checks, to compare the next with."""
        with self._driver.writing() as tx:
            tx.run("check_set", feed=feed, figures=json.dumps(dict(figures), sort_keys=True), at=tx.moment.wall)

    def last_check(self, feed: str) -> Mapping[str, float]:
        """The figures last remembered for a feed; empty when there are none."""
        with self._driver.reading() as tx:
            row = tx.one("check_get", feed=feed)
        return _figures(row["figures"]) if row else {}

    def last_checks(self, prefix: str) -> dict[str, Mapping[str, float]]:
        """The same of all whose name begins so; *prefix* ends with a colon."""
        with self._driver.reading() as tx:
            rows = list(tx.all("check_list", first=prefix, after=f"{prefix[:-1]};"))  # the character after the colon
        return {row["feed"]: _figures(row["figures"]) for row in rows}


def _figures(kept: str) -> dict[str, float]:
    return {name: float(value) for name, value in json.loads(kept).items()}


def need_bundle(tx: Transaction, digest: str) -> Bundle:
    """The bundle with this hash; raises LedgerError T705."""
    row = tx.one("bundle_get", hash=digest)
    if row is None:
        raise LedgerError(f"There is no bundle {digest[:12]!r} in the ledger.", todo="Publish it first.", code="T705")
    return Bundle(row["hash"], row["campaign"], json.loads(row["body"]))
