"""Erasure (GDPR Article 17), access (Article 15) and retention: what we still know of a person, and how it goes.

Whoever is erased is suppressed first: nobody is mailed again because we forgot not to. The HMAC of the address is all that stays.
A send under way holds its people sealed in the spool until it ends; what it then writes down names nobody who was erased.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from twain.errors import ConfigError, TwainError
from twain.flows.counting import mailable_feeds
from twain.flows.customer import find_key, look_up
from twain.flows.erased import key_mark
from twain.flows.instance import Instance
from twain.flows.suppressing import hasher
from twain.ledger.converted import ConversionBook
from twain.ledger.rewriting import Rewriter, Subject
from twain.records import Feed, Role, Run, Shard, Signup, Suppression
from twain.snapshot.spool import read_shard

REASON = "erased"


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody, as we know them. *subject* says which rows are theirs; *addresses* (HMACs) are not to be mailed again.

    Asked by key, rows go by key alone: others may share the address. *unread*: feeds whose database could not be asked.
    """

    subject: Subject
    addresses: tuple[bytes, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What an erasure did. *left* is what a query finds afterwards: 0. *sealed*: sends that hold them until they end."""

    addresses: int
    keys: int
    rows: int
    left: int
    sealed: tuple[str, ...]
    unread: tuple[str, ...]


def forget(instance: Instance, who: str) -> Forgotten:
    """Erase somebody, by address or key, everywhere but on the suppression list. Repeating it does no harm.

    Raises ConfigError when nobody is known by that name, or several people share the address.
    """
    found = find(instance, who)
    subject = found.subject
    if not found.addresses and not subject.keys:
        raise ConfigError(
            f"Nothing is known here about {who!r}.", todo="Check the spelling: an address, or a feed's key."
        )
    now = instance.clock.now()
    instance.ledger.suppress([Suppression(digest, REASON, "twain forget", now) for digest in found.addresses])
    instance.ledger.drop_wishes(found.addresses)
    marks = [*subject.hashes, *(key_mark(instance, feed, key) for feed, key in subject.keys)]
    instance.ledger.remember_erased(marks, instance.person)
    instance.ledger.unname(subject.keys, subject.hashes)
    instance.ledger.forget_signups(found.addresses)
    history = Rewriter(instance.settings.history)
    rows = history.erase(subject)
    sealed = tuple(run.id for run in _holding(instance, subject))
    return Forgotten(len(found.addresses), len(subject.keys), rows, history.count(subject), sealed, found.unread)


def find(instance: Instance, who: str) -> Found:
    """Look somebody up in the history and, where it answers, in the company's databases."""
    digest = hasher(instance)(who)
    history = Rewriter(instance.settings.history)
    asked = Subject((digest,), ()) if digest else Subject((), tuple((feed.name, who) for feed in _mailable(instance)))
    hashes, keys = history.known_as(asked)
    live = _Live(instance)
    live.look(who)
    keys, hashes = keys | live.keys, hashes | live.hashes | ({digest} if digest else set())
    _one_person(who, keys)
    subject = Subject((digest,) if digest else (), tuple(sorted(keys)))
    return Found(subject, tuple(sorted(hashes)), tuple(live.unread))


class _Live:
    """What the company's databases know of somebody, feed by feed."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.keys: set[tuple[str, str]] = set()
        self.hashes: set[bytes] = set()
        self.unread: list[str] = []

    def look(self, who: str) -> None:
        """Ask every feed that people are mailed from."""
        for feed in _mailable(self._instance):
            try:
                key = find_key(self._instance, feed, who)
                if key is not None:
                    self._take(feed, key)
            except TwainError:
                self.unread.append(feed.name)

    def _take(self, feed: Feed, key: str) -> None:
        self.keys.add((feed.name, key))
        email = feed.with_role(Role.EMAIL)
        own = look_up(self._instance, feed, key, reveal=True).own
        digest_of = hasher(self._instance)
        addresses = [value.shown for value in own if email is not None and value.field == email.name]
        self.hashes |= {digest for address in addresses if (digest := digest_of(str(address)))}


def _one_person(who: str, keys: set[tuple[str, str]]) -> None:
    """Two people behind one address are two people: whoever asks says which of them is meant."""
    by_feed: dict[str, list[str]] = {}
    for feed, key in sorted(keys):
        by_feed.setdefault(feed, []).append(key)
    shared = [f"{feed}: {', '.join(several)}" for feed, several in by_feed.items() if len(several) > 1]
    if shared:
        raise ConfigError(
            f"Several people were mailed at {who!r} ({'; '.join(shared)}).",
            todo="Name the one that is meant by key, or each of them, one after the other.",
        )


def known(instance: Instance, who: str) -> dict[str, Any]:
    """Everything Twain itself keeps about somebody (Article 15): deliveries, conversions, suppression, sends that hold them."""
    found = find(instance, who)
    deliveries = [
        row for feed, key in found.subject.keys for row in instance.history.of_key(key) if row["feed"] == feed
    ]
    entries = [entry for digest in found.addresses for entry in instance.ledger.suppressions_of(digest)]
    return {
        "asked": who,
        "addresses": [digest.hex() for digest in found.addresses],
        "keys": [{"feed": feed, "key": key} for feed, key in found.subject.keys],
        "deliveries": [{**row, "address_hash": bytes(row["address_hash"]).hex()} for row in deliveries],
        "conversions": [
            row
            for feed, key in found.subject.keys
            for row in ConversionBook(instance.settings.history).of_key(feed, key)
        ],
        "suppressed": [_told(entry) for entry in entries],
        "signups": [_proof(one) for digest in found.addresses for one in instance.ledger.signups_of(digest)],
        "held_by_sends": [run.id for run in _holding(instance, found.subject)],
        "feeds_not_asked": list(found.unread),
    }


def forget_again(instance: Instance) -> int:
    """Erase once more whoever was erased before: an old copy of the history may have been put back. How many rows."""
    erased = instance.ledger.erased()
    if not erased:
        return 0
    history = Rewriter(instance.settings.history)
    pairs = [(feed, key) for feed, key in history.people() if key_mark(instance, feed, key) in erased]
    return history.erase(Subject(tuple(erased), tuple(pairs)))


def retain(instance: Instance) -> dict[str, int]:
    """Drop what is older than ``policy.toml`` says under ``[retention]``; rows per table of the history."""
    history, now = Rewriter(instance.settings.history), instance.clock.now()
    kept = instance.workspace.policy.retention
    return {table: history.drop_before(table, now - seconds) for table, seconds in kept.items()}


# ------------------------------------------------------------ inside


def _proof(one: Signup) -> dict[str, Any]:
    """What proves a consent (Article 7 (1)): which words, when, from where, and when it was confirmed."""
    return {
        "form": one.form,
        "state": one.state,
        "topic": one.topic,
        "language": one.language,
        "consent_version": one.version,
        "consent_hash": one.text_hash.hex(),
        "asked_at": one.at,
        "asked_from": one.network,
        "confirmed_at": one.confirmed_at or None,
        "confirmed_from": one.confirmed_from,
    }


def _told(entry: Suppression) -> dict[str, Any]:
    told = {"scope": entry.scope, "until": entry.until, "own_wish": entry.own}
    return {"reason": entry.reason, "origin": entry.origin, "at": entry.at, **told}


def _mailable(instance: Instance) -> list[Feed]:
    return mailable_feeds(instance.workspace)


def _holding(instance: Instance, subject: Subject) -> Iterator[Run]:
    """Sends whose sealed audience still holds somebody."""
    for run in instance.ledger.runs(limit=1_000_000):
        if run.sealed_key:
            feed = instance.ledger.bundle(run.bundle).body["feed"]
            keys = [key for its, key in subject.keys if its == feed]
            if any(_holds(instance, run, shard, subject.hashes, keys) for shard in instance.ledger.shards(run.id)):
                yield run


def _holds(instance: Instance, run: Run, shard: Shard, hashes: Sequence[bytes], keys: Sequence[str]) -> bool:
    table = read_shard(shard, instance.vault.unseal(run.sealed_key, run.id))
    by_hash = pc.is_in(table.column("address_hash").cast(pa.binary(32)), value_set=pa.array(hashes, pa.binary(32)))
    by_key = pc.is_in(table.column("key"), value_set=pa.array(keys, pa.string()))
    return bool(pc.any(pc.or_(by_hash, by_key)).as_py())
