"""How a feed is now, for the data catalogue: how old its newest row is, whether it keeps its rules, which campaigns read it.

The first two ask the company's database under the source's *interactive* limits, and only in the hours in which IT gives bulk
reads: a look that nobody waits for must never be the one that hurts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from twain.errors import SourceLimit, TwainError
from twain.feeds import measures
from twain.feeds.checks import check_feed, epoch_of
from twain.feeds.reading import refuse_hours
from twain.flows.campaigns import Campaign
from twain.flows.check import check_campaign
from twain.flows.checked import keep_verdicts
from twain.flows.instance import Instance
from twain.flows.prepare import Question, answer
from twain.flows.publish import campaign_body
from twain.records import Feed, Problem, Verdict


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
        instance.tag("catalogue", "watch"), instance.limits(feed.source, interactive=True)
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
        instance.tag("catalogue", "watch"), instance.limits(feed.source, interactive=True)
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


@dataclass(frozen=True, slots=True)
class CampaignReading:
    """What one campaign of the files reads, (feed, field) each; when it goes next; and what is wrong in its files."""

    title: str
    owner: str
    reads: frozenset[tuple[str, str]]
    next_at: datetime | None
    problems: tuple[Problem, ...]


def campaign_reading(instance: Instance, name: str) -> CampaignReading:
    """Read one campaign's files, and compile it to see what it reads. Nothing is asked of any database."""
    problems = tuple(check_campaign(instance, name))
    try:
        return read_of(instance, instance.workspace.campaign(name), problems)
    except TwainError:
        return CampaignReading(name, "", frozenset(), None, problems)


def read_of(instance: Instance, campaign: Campaign, problems: tuple[Problem, ...] = ()) -> CampaignReading:
    """The same of a campaign that is kept somewhere else than in files."""
    now = datetime.fromtimestamp(instance.clock.now(), ZoneInfo(instance.settings.time_zone))
    next_at = campaign.send_at.following(now) if campaign.send_at else None
    return CampaignReading(campaign.title, str(campaign.owner), _lineage(instance, campaign), next_at, problems)


def _lineage(instance: Instance, campaign: Campaign) -> frozenset[tuple[str, str]]:
    try:
        feed = instance.workspace.feed(campaign.feed)
        body = campaign_body(instance.workspace, campaign)
        question = Question(body, feed, instance.workspace.feeds, instance.dialect(feed.source), instance.today())
        return answer(question, instance.settings.base_url)[1].statement.lineage
    except TwainError:
        return frozenset()  # its problems say why
