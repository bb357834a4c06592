"""``twain check``: every file of the workspace, offline and then live. What a change of contracts breaks: ``against.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from twain.content.check import check_content
from twain.delivery.channels import open_channel
from twain.errors import ContentError, Place, TwainError
from twain.feeds.checks import check_feed
from twain.feeds.contract import compare_live
from twain.flows.campaigns import Campaign
from twain.flows.capacity_files import read_capacity
from twain.flows.check_consent import check_consents
from twain.flows.checked import keep_verdicts
from twain.flows.confirming import check_forms
from twain.flows.files import read_text
from twain.flows.instance import Instance
from twain.flows.intake import check_intakes
from twain.flows.prepare import Question, answer
from twain.flows.publish import campaign_body
from twain.flows.toml_places import key_lines
from twain.flows.topics_used import check_topics
from twain.records import Feed, Level, Problem, Verdict

T = TypeVar("T")
_SETTINGS = "twain.toml"


def check_offline(instance: Instance) -> list[Problem]:
    """Everything that can be known without a database. Order: contracts, then campaigns by name."""
    problems = [*instance.workspace.problems, *check_forms(instance), *check_intakes(instance)]
    _try(lambda: read_capacity(instance.root, instance.settings.time_zone), problems)
    if not instance.workspace.feeds and not problems:
        problems.append(Problem("warning", "T110", "There are no feeds yet.", "Draft some: twain connect <source>."))
    _try(lambda: problems.extend(_channels(instance)), problems)
    for name in instance.workspace.campaigns():
        problems += check_campaign(instance, name)
    problems += check_consents(instance)
    _try(lambda: problems.extend(check_topics(instance)), problems)
    return problems


def check_campaign(instance: Instance, name: str) -> list[Problem]:
    """One campaign: its files, its audience's rule, its words."""
    found: list[Problem] = []
    campaign = _try(lambda: instance.workspace.campaign(name), found)
    if campaign is not None:
        question = _try(lambda: _question(instance, campaign), found)
        if question is not None:
            _try(lambda: _words(campaign, question, found), found)
            _try(lambda: answer(question, instance.settings.base_url), found, unless=found)
    return found


def refuse_words(instance: Instance, campaign: Campaign) -> None:
    """Raise ContentError for the first of a campaign's words that :func:`check_campaign` calls an error."""
    feed = instance.workspace.feed(campaign.feed, campaign.place("feed"))
    body = campaign_body(instance.workspace, campaign)
    found: list[Problem] = []
    _words(
        campaign, Question(body, feed, instance.workspace.feeds, instance.dialect(feed.source), instance.today()), found
    )
    for problem in found:
        if problem.severity == "error":
            raise ContentError(
                problem.what, code=problem.code, todo=problem.todo, place=problem.place, business=problem.business
            )


def _channels(instance: Instance) -> Iterator[Problem]:
    """What is wrong with a channel's own options, found without connecting."""
    lines = key_lines(read_text(instance.root / _SETTINGS, instance.root, Place(_SETTINGS)))
    for name, settings in instance.settings.channels.items():
        found: list[Problem] = []
        _try(lambda settings=settings: open_channel(settings), found)  # type: ignore[misc]
        keys = [key for key in settings.options if any(f"{name}.{key}" in p.what for p in found)]
        line = lines.get(f"channels.{name}.{max(keys, key=len)}" if keys else f"channels.{name}")
        yield from (replace(p, place=p.place if p.place and p.place.line else Place(_SETTINGS, line)) for p in found)


def check_live(instance: Instance) -> tuple[list[Problem], list[Verdict]]:
    """Each feed against its database: columns and types, then quality, freshness and drift. Says every source's error."""
    problems: list[Problem] = []
    verdicts: list[Verdict] = []
    for feed in instance.workspace.feeds.values():
        _try(lambda feed=feed: _live(instance, feed, problems, verdicts), problems)  # type: ignore[misc]
    _try(lambda: keep_verdicts(instance, verdicts, instance.workspace.feeds), problems)
    return problems, verdicts


def is_red(problems: list[Problem], verdicts: list[Verdict]) -> bool:
    """Whether a build should stop."""
    return any(p.severity == "error" for p in problems) or any(v.level is Level.HOLD for v in verdicts)


def _try(work: Callable[[], T], found: list[Problem], *, unless: list[Problem] | None = None) -> T | None:
    """Do *work*; an error of ours becomes a finding. With *unless*: not when errors were found already."""
    if unless and any(p.severity == "error" for p in unless):
        return None
    try:
        return work()
    except TwainError as error:
        found.append(Problem.of(error))
    return None


def _question(instance: Instance, campaign: Campaign) -> Question:
    feed = instance.workspace.feed(campaign.feed, campaign.place("feed"))
    body = campaign_body(instance.workspace, campaign)
    question = Question(body, feed, instance.workspace.feeds, instance.dialect(feed.source), instance.today())
    try:
        question.audience((), ())
        question.offered()
    except TwainError as error:
        error.place = error.place or campaign.place("audience")
        raise
    return question


def _words(campaign: Campaign, question: Question, found: list[Problem]) -> None:
    names = {f.name: f.business_name for f in question.feed.fields.values()}
    for content in campaign.contents:
        found += check_content(
            content,
            columns=question.offered(),
            defaults=campaign.defaults,
            sender=campaign.sender,
            business_names=names,
        )


def _live(instance: Instance, feed: Feed, problems: list[Problem], verdicts: list[Verdict]) -> None:
    source = instance.source(feed.source)
    with source.session(instance.tag("check", "check"), instance.limits(feed.source)) as session:
        live = session.describe(feed.table or f"({feed.query})")
        found = compare_live(feed, live, session.dialect)
        problems += found
        if any(p.severity == "error" for p in found):
            return
        last = instance.ledger.last_check(feed.name)
        spoken, _ = check_feed(
            session, feed, live, now=instance.clock.now(), last=last, thresholds=instance.workspace.policy.checks
        )
    verdicts += spoken


def sorted_problems(problems: list[Problem]) -> Iterator[Problem]:
    """Errors first, then by place."""
    yield from sorted(problems, key=lambda p: (p.severity, str(p.place or ""), p.what))
