"""One customer, as both teams may see them: every feed's rows by key, live, masked by right; why in an audience or not.

Nothing is kept: the rows are read in the company's database when somebody looks, under the source's interactive limits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from twain.audiences.compile import compile_audience
from twain.audiences.words import explain
from twain.errors import ConfigError
from twain.flows.counting import Rule
from twain.flows.instance import Instance
from twain.flows.preview import MASK
from twain.ports import Session
from twain.records import Audience, Feed, Field, RelatedColumn, Right, Role, Suppression
from twain.snapshot.address import canonical

MOST_RELATED = 20


@dataclass(frozen=True, slots=True)
class Value:
    """One field of one row. *masked*: the reader has no right to see it; *shown* then tells nothing."""

    field: str
    business_name: str
    shown: object
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one feed that belong to the customer, newest first; at most ``MOST_RELATED``."""

    feed: Feed
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, slots=True)
class Customer:
    """One person, as their databases know them now."""

    key: str
    feed: Feed
    own: tuple[Value, ...]
    related: tuple[Rows, ...]
    may_be_mailed: tuple[tuple[str, bool, str], ...]
    """(question, answer, why): has an address, agreed, is not suppressed."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of an audience's rule, and whether this customer meets it."""

    words: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Membership:
    """Why somebody is in an audience or not: its conditions one by one. All of them must hold."""

    name: str
    inside: bool
    clauses: tuple[Clause, ...]


def find_key(instance: Instance, feed: Feed, wanted: str) -> str | None:
    """The key of somebody, by key or by address; None when nobody is found.

    An address is looked up as it was typed and in its canonical form, and among everybody who was ever mailed by its hash.
    """
    address = canonical(wanted)
    if isinstance(address, str):
        return wanted if _exists(instance, feed, wanted) else None
    email = feed.with_role(Role.EMAIL)
    if email is not None:
        spellings = sorted({wanted, address.address, address.compared})
        rule = {"field": email.name, "op": "in", "value": spellings}
        keys = _keys(instance, _open(feed, Right.FILTER), {"all": [rule]})
        if keys:
            return keys[0]
    return instance.history.key_of_address(instance.vault.address_hash(address.compared.encode()), feed.name)


def look_up(instance: Instance, feed: Feed, key: str, *, reveal: bool = False) -> Customer:
    """Read somebody's rows now. Fields without the preview right are masked unless *reveal*; unreviewed ones do not exist.

    Whoever calls with *reveal* has checked the right and written the audit row. Raises ConfigError for an unknown key,
    SourceError when the database does not answer.
    """
    feeds = _readable(instance, feed) if not reveal else _revealed(instance)
    read = feeds[feed.name]
    shown = _previewable(read)
    related = [_related(name, feeds[r.feed]) for name, r in feed.relations.items() if r.feed in feeds]
    statement = _compile(instance, read, feeds, {"all": []}, key, shown, [c for c in related if c.fields])
    with _session(instance, feed) as session:
        found = session.table(statement.statement).to_pylist()
    if not found:
        raise ConfigError(f"There is nobody with the key {key!r} in {feed.title}.", todo="Check the number.")
    row = found[0]
    return Customer(
        key=key,
        feed=feed,
        own=tuple(_values(feed, row, shown)),
        related=tuple(_rows(instance, feed, row, feeds)),
        may_be_mailed=tuple(_mailable(instance, feed, row)),
    )


def why(instance: Instance, rule: Rule, key: str) -> Membership:
    """Whether somebody is in an audience, condition by condition, asked of the database and of our own history."""
    tree = rule.tree
    parts = tree["all"] if isinstance(tree.get("all"), list) and len(tree) == 1 else [tree]
    feeds = instance.workspace.feeds
    with _session(instance, rule.feed) as session:
        clauses = [Clause(_words(instance, rule, part), _holds(instance, session, rule, part, key)) for part in parts]
        inside = all(c.holds for c in clauses) and bool(clauses or _exists(instance, feeds[rule.feed.name], key))
    return Membership(rule.name, inside, tuple(clauses))


def _words(instance: Instance, rule: Rule, part: Mapping[str, Any]) -> str:
    lines = explain({"all": [part]}, rule.feed, instance.workspace.feeds, audiences=instance.workspace.audiences)
    return "\n".join(line.removeprefix("  ") for line in lines[1:])


def _holds(instance: Instance, session: Session, rule: Rule, part: Mapping[str, Any], key: str) -> bool:
    audience = _compile(instance, rule.feed, instance.workspace.feeds, {"all": [part]}, key, (), ())
    if not session.table(audience.statement).num_rows:
        return False
    return all(_in(keys, key) is not negated for negated, keys in instance.key_sets(audience))


def _in(keys: Iterator[pa.Array], key: str) -> bool:
    return any(key in batch.to_pylist() for batch in keys)


def _exists(instance: Instance, feed: Feed, key: str) -> bool:
    audience = _compile(instance, feed, instance.workspace.feeds, {"all": []}, key, (), ())
    with _session(instance, feed) as session:
        return bool(session.table(audience.statement).num_rows)


def _keys(instance: Instance, feed: Feed, tree: Mapping[str, Any]) -> list[str]:
    feeds = {**instance.workspace.feeds, feed.name: feed}
    audience = _compile(instance, feed, feeds, tree, None, (), ())
    with _session(instance, feed) as session:
        return [str(key) for key in session.table(audience.statement).column("key").to_pylist()]


def _session(instance: Instance, feed: Feed) -> Any:  # noqa: ANN401 — the source's context manager
    limits = instance.limits(feed.source, interactive=True)
    return instance.source(feed.source).session(instance.tag("customer page", "preview"), limits)


def _compile(
    instance: Instance,
    feed: Feed,
    feeds: Mapping[str, Feed],
    tree: Mapping[str, Any],
    key: str | None,
    fields: Sequence[str],
    related: Sequence[RelatedColumn],
) -> Audience:
    return compile_audience(
        tree,
        feed=feed,
        feeds=feeds,
        fields=fields,
        related=related,
        dialect=instance.dialect(feed.source),
        today=instance.today(),
        audiences=instance.workspace.audiences,
        fragments=instance.workspace.fragments,
        right=Right.PREVIEW,
        keys=None if key is None else [key],
        local_dates=instance.local_dates_of(tree),
    )


# ---------------------------------------------------------------- rights


def _readable(instance: Instance, feed: Feed) -> Mapping[str, Feed]:
    here = instance.workspace.feeds
    return {name: other for name, other in here.items() if other.source == feed.source or name == feed.name}


def _revealed(instance: Instance) -> Mapping[str, Feed]:
    return {name: _open(feed, Right.PREVIEW) for name, feed in instance.workspace.feeds.items()}


def _open(feed: Feed, right: Right) -> Feed:
    """The feed with one right on all its reviewed fields: only for what the caller has been allowed."""
    return replace(feed, fields={n: replace(f, rights=f.rights | {right}) for n, f in feed.fields.items()})


def _previewable(feed: Feed) -> list[str]:
    return [name for name, field in feed.fields.items() if Right.PREVIEW in field.rights]


def _related(name: str, feed: Feed) -> RelatedColumn:
    shown = _previewable(feed)
    dated = next((n for n in shown if feed.fields[n].type in ("date", "timestamp")), "")
    order = f"-{dated}" if dated else (shown[0] if shown else "")
    return RelatedColumn(name=name, relation=name, fields=tuple(shown), order=order, limit=MOST_RELATED)


# ---------------------------------------------------------------- what is shown


def _values(feed: Feed, row: Mapping[str, Any], shown: Sequence[str]) -> Iterator[Value]:
    for name, field in feed.fields.items():
        yield _value(field, row, name in shown)


def _value(field: Field, row: Mapping[str, Any], seen: bool) -> Value:  # noqa: FBT001 — the right itself
    return Value(field.name, field.business_name, row.get(field.name) if seen else MASK, masked=not seen)


def _rows(instance: Instance, feed: Feed, row: Mapping[str, Any], feeds: Mapping[str, Feed]) -> Iterator[Rows]:
    for name, relation in feed.relations.items():
        other = instance.workspace.feeds.get(relation.feed)
        if other is None or relation.feed not in feeds:
            continue
        shown = _previewable(feeds[relation.feed])
        items = json.loads(row[name]) if row.get(name) else []
        yield Rows(other, tuple(tuple(_values(other, _typed(other, item), shown)) for item in items))


def _typed(feed: Feed, item: Mapping[str, Any]) -> dict[str, Any]:
    """A related row as its contract types it: it came as JSON, which knows no dates. What does not read as one stays."""
    return {
        name: _as_time(feed.fields[name].type, value) if name in feed.fields else value for name, value in item.items()
    }


def _as_time(kind: str, value: object) -> object:
    read = {"date": date.fromisoformat, "timestamp": datetime.fromisoformat}.get(kind)
    if read is None or not isinstance(value, str):
        return value
    try:
        return read(value)
    except ValueError:
        return value


def _mailable(instance: Instance, feed: Feed, row: Mapping[str, Any]) -> Iterator[tuple[str, bool, str]]:
    address = canonical(row.get("address"))
    usable = not isinstance(address, str)
    yield "Has an address that mail can go to", usable, "" if usable else str(address).replace("_", " ")
    if feed.with_role(Role.CONSENT):
        agreed = row.get("consent") is True
        yield "Agreed to be written to", agreed, "" if agreed else "by the company's own data"
    if not isinstance(address, str):
        digest = instance.vault.address_hash(address.compared.encode())
        stopped = instance.ledger.suppression(digest)
        yield "Can still be written to", stopped is None, _stopped_words(stopped) if stopped else ""


def _stopped_words(stopped: Suppression) -> str:
    """What stops it, of what, and where that came from: "unsubscribed (channel mail), by the button of a message"."""
    scope = "" if stopped.scope == "all" else f" ({stopped.scope.replace(':', ' ')})"
    by_button = stopped.origin.startswith("one-click:")
    return f"{stopped.reason}{scope}, {'by the button of a message' if by_button else stopped.origin}"
