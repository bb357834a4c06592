"""How a feed is now, for the data catalogue: how old its newest row is, and whether it keeps its contract's rules.

Both ask the company's database under the source's *interactive* limits, and only in the hours in which IT gives bulk reads: a
look that nobody waits for must never be the one that hurts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twain.errors import SourceLimit
from twain.feeds import measures
from twain.feeds.checks import check_feed, epoch_of
from twain.feeds.reading import refuse_hours
from twain.flows.checked import keep_verdicts
from twain.flows.instance import Instance
from twain.records import Feed, Level, Verdict


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a feed at epoch seconds *at*. *newest*: its newest row's moment; *rows*: how many there are.

    *verdicts* is empty when only the newest row was asked for. None stands for what was not asked or is not there.
    """

    feed: str
    at: float
    newest: float | None
    rows: int | None = None
    verdicts: Sequence[Verdict] = ()


def look_at_newest(instance: Instance, feed: Feed) -> Look:
    """Ask for the newest row's moment alone: one statement. Raises SourceError."""
    now = instance.clock.now()
    with instance.source(feed.source).session(
        instance.tag("catalogue", "check"), instance.limits(feed.source, interactive=True)
    ) as session:
        asked = [m for m in measures.aggregate(feed, session.dialect, now) if m.name == "newest"]
        if not asked:
            return Look(feed.name, now, None)
        value = session.table(measures.statement(feed, asked, session.dialect)).to_pylist()[0]["m0"]
    return Look(feed.name, now, None if value is None else epoch_of(value))


def look_at_all(instance: Instance, feed: Feed) -> Look:
    """Check every rule of the contract, as before a send; the verdicts go into the delivery history. Raises SourceError."""
    now = instance.clock.now()
    with instance.source(feed.source).session(
        instance.tag("catalogue", "check"), instance.limits(feed.source, interactive=True)
    ) as session:
        verdicts, figures = check_feed(
            session,
            feed,
            session.describe(feed.table or f"({feed.query})"),
            now=now,
            last=instance.ledger.last_check(feed.name),
            thresholds=instance.workspace.policy.checks,
        )
    keep_verdicts(instance, verdicts, {feed.name: feed})
    rows = figures.get("rows")
    return Look(feed.name, now, figures.get("newest"), None if rows is None else int(rows), tuple(verdicts))


def may_look(instance: Instance, source: str) -> bool:
    """Whether a look that nobody waits for may be taken now: nobody has stopped reading there, and IT's hours are open."""
    if any(stop.scope == f"source:{source}" for stop in instance.ledger.stops()):
        return False
    try:
        refuse_hours(instance.source_settings(source), instance.tag("catalogue"), instance.clock.now())
    except SourceLimit:
        return False
    return True


def worst(verdicts: Sequence[Verdict]) -> Level:
    """The gravest of some verdicts."""
    levels = {verdict.level for verdict in verdicts}
    return next((level for level in (Level.HOLD, Level.WARN) if level in levels), Level.PASS)
