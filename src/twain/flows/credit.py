"""Read by this mail: the feeds and fields that a send's queries and template really read, with their owners.

From the bundle, compiled as it ran: what the rule looks at, what stands in the message, what the pre-send checks looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twain.feeds.contract import feeds_from_texts
from twain.flows.answers import responses_of
from twain.flows.instance import Instance
from twain.flows.prepare import Question, answer
from twain.insight.credit import Credit, FeedRead, credits_of
from twain.insight.responses import Responses
from twain.records import Bundle, Column, Feed, Run, Statement

Read = tuple[str, str]
"""(feed, field)."""


def reads_of(instance: Instance, bundle: Bundle) -> list[FeedRead]:
    """Every feed that a bundle reads, the audience's own first, then by title. Raises what compiling it raises."""
    feeds = feeds_from_texts(bundle.body["contracts"])
    own = feeds[bundle.body["feed"]]
    question = Question(
        bundle.body, own, feeds, instance.dialect(own.source), instance.today(), instance.local_dates(bundle.body)
    )
    programs, audience = answer(question, instance.settings.base_url)
    used = {name for program in programs for name in program.columns}
    rule = set(question.audience([], []).statement.lineage)
    message = set(_shown(audience.statement, used))
    whole = rule | message | set(audience.statement.lineage)
    names = sorted({feed for feed, _ in whole}, key=lambda name: (name != own.name, feeds[name].title))
    return [_read(feeds[name], rule, message, whole) for name in names]


def credit(instance: Instance, run: Run) -> list[Credit]:
    """What came of a send, for each feed that it read."""
    return credit_for(reads_of(instance, instance.ledger.bundle(run.bundle)), responses_of(instance, run))


def credit_for(reads: list[FeedRead], responses: Responses) -> list[Credit]:
    """People who clicked and people who converted, touched and shared."""
    came: Mapping[str, int] = {
        "clicks": responses.people("click"),
        "conversions": responses.people("conversion"),
    }
    return credits_of(reads, came)


def _shown(statement: Statement, used: set[str]) -> Iterator[Read]:
    for column in statement.columns:
        if column.name in used:
            yield from _fields(column)


def _fields(column: Column) -> Iterator[Read]:
    if column.items:
        for item in column.items:
            yield from _fields(item)
    elif column.feed and column.field:
        yield column.feed, column.field


def _read(feed: Feed, rule: set[Read], message: set[Read], whole: set[Read]) -> FeedRead:
    fields = sorted({name for one, name in whole if one == feed.name})
    by = [word for word, reads in (("audience", rule), ("message", message)) if any(f == feed.name for f, _ in reads)]
    checked = feed.quality or feed.freshness.field or any(f.quality for f in feed.fields.values())
    titles = tuple(feed.fields[name].business_name for name in fields)
    return FeedRead(feed.name, feed.title, feed.owner, titles, (*by, *(["checks"] if checked else [])))
