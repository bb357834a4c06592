"""``twain audience``: count, SQL, explanation and sample of a campaign's or a shared audience's rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlglot

from twain.audiences.compile import compile_audience, compile_sample
from twain.audiences.split import splitter
from twain.audiences.words import explain
from twain.errors import ConfigError
from twain.feeds.spares import warm
from twain.flows.campaigns import campaign_names
from twain.flows.instance import Instance
from twain.flows.prepare import personalisable
from twain.flows.workspace import Workspace
from twain.ports import Session
from twain.records import Audience, Feed, Funnel, Right, Role
from twain.snapshot.take import count_funnel


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule to be looked at: a campaign's, or a shared audience's."""

    name: str
    tree: Mapping[str, Any]
    feed: Feed
    split: Callable[[bytes], int] | None = None


def find_rule(instance: Instance, name: str, feed: str = "") -> Rule:
    """A campaign's rule by its name, or a file of ``audiences/`` (on *feed*, or the one feed there is)."""
    workspace = instance.workspace
    if name in campaign_names(workspace.root):
        campaign = workspace.campaign(name)
        split = splitter(campaign.name, campaign.holdout, campaign.arms) if campaign.holdout else None
        return Rule(name, campaign.audience, workspace.feed(campaign.feed, campaign.place("feed")), split)
    if name in workspace.audiences:
        return Rule(name, workspace.audiences[name], workspace.feed(feed or _mailable(workspace)))
    known = ", ".join([*campaign_names(workspace.root), *workspace.audiences]) or "none yet"
    raise ConfigError(f"There is no campaign or audience {name!r}.", todo=f"Known: {known}.")


def compiled(instance: Instance, rule: Rule) -> Audience:
    """The rule as it runs for counting: no template columns."""
    return compile_audience(
        rule.tree,
        feed=rule.feed,
        feeds=instance.workspace.feeds,
        fields=(),
        related=(),
        dialect=instance.dialect(rule.feed.source),
        today=instance.today(),
        audiences=instance.workspace.audiences,
        fragments=instance.workspace.fragments,
        local_dates=instance.local_dates_of(rule.tree),
    )


def pretty_sql(audience: Audience) -> str:
    """The statement, laid out for reading."""
    dialect = audience.statement.dialect
    return sqlglot.parse_one(audience.statement.sql, read=dialect).sql(dialect=dialect, pretty=True)


def count(
    instance: Instance,
    rule: Rule,
    *,
    full: bool = False,
    opened: Callable[[Session, Audience], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Funnel:
    """Count the very way a send goes, so that the two agree.

    The source's interactive limits hold; with *full* those of a send do, its hours included. *opened* is handed the session
    and what will run in it, before it does (to show its cost, to interrupt it from elsewhere); *progress* is told the rows read
    so far.
    """
    audience = compiled(instance, rule)
    source = instance.source(rule.feed.source)
    limits = instance.limits(rule.feed.source, interactive=not full)
    with source.session(instance.tag(rule.name, "full-count" if full else "count"), limits) as session:
        if opened:
            opened(session, audience)
        funnel = count_funnel(
            session.stream(audience.statement),
            spool=instance.settings.spool,
            hash_address=instance.vault.hash_addresses,
            split=rule.split,
            history=instance.key_sets(audience),
            progress=progress,
        )
    if rule.name in campaign_names(instance.root):
        # What was seen here is what the send is held against, should the audience have jumped meanwhile.
        instance.ledger.remember_check(f"audience:{rule.name}", {"audience": float(funnel.audience)})
    return funnel


def get_ready(instance: Instance, feed: Feed) -> None:
    """Have a reading process loaded for the next count over *feed*, so that it does not wait for that. Returns at once."""
    warm(instance.source_settings(feed.source).kind)


def words(instance: Instance, rule: Rule) -> str:
    """The rule in plain English, by business names."""
    audiences = instance.workspace.audiences
    return "\n".join(explain(rule.tree, rule.feed, instance.workspace.feeds, audiences=audiences))


def sample(instance: Instance, rule: Rule, limit: int) -> pa.Table:
    """A few people of the audience; only fields with the preview right are shown, the others stay out."""
    shown = [n for n in personalisable(rule.feed) if Right.PREVIEW in rule.feed.fields[n].rights]
    audience = compile_sample(
        rule.tree,
        feed=rule.feed,
        feeds=instance.workspace.feeds,
        fields=shown,
        related=(),
        dialect=instance.dialect(rule.feed.source),
        today=instance.today(),
        audiences=instance.workspace.audiences,
        fragments=instance.workspace.fragments,
        limit=limit,
    )
    source = instance.source(rule.feed.source)
    limits = instance.limits(rule.feed.source, interactive=True)
    with source.session(instance.tag(rule.name, "sample"), limits) as session:
        return session.table(audience.statement).select(["key", *shown])


def mailable_feeds(workspace: Workspace) -> list[Feed]:
    """The feeds whose rows are people with an address: those an audience can stand on, by name."""
    return sorted((f for f in workspace.feeds.values() if f.with_role(Role.EMAIL)), key=lambda feed: feed.name)


def _mailable(workspace: Workspace) -> str:
    feeds = mailable_feeds(workspace)
    if len(feeds) != 1:
        raise ConfigError("It is not clear on which feed this audience stands.", todo="Name it: --feed <name>.")
    return feeds[0].name
