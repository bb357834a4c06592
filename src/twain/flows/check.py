"""``twain check``: every file of the workspace, offline and then live; and what a contract change would break."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from twain.content.check import check_content
from twain.errors import ConfigError, TwainError
from twain.feeds.checks import check_feed
from twain.feeds.contract import compare_live, read_contract
from twain.feeds.lineage import Break, Use, breaks
from twain.feeds.relations import link
from twain.flows.campaigns import Campaign
from twain.flows.files import read_text
from twain.flows.instance import Instance
from twain.flows.prepare import Question, answer
from twain.flows.publish import campaign_body
from twain.records import Feed, Level, Problem, Verdict

T = TypeVar("T")

_WRITTEN = frozenset({".toml", ".mjml", ".html", ".txt"})


def check_offline(instance: Instance) -> list[Problem]:
    """Everything that can be known without a database. Order: contracts, then campaigns by name."""
    problems = list(instance.workspace.problems)
    if not instance.workspace.feeds and not problems:
        problems.append(Problem("warning", "T110", "There are no feeds yet.", "Draft some: twain connect <source>."))
    for name in instance.workspace.campaigns():
        problems += check_campaign(instance, name)
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


def check_live(instance: Instance) -> tuple[list[Problem], list[Verdict]]:
    """Each feed against its database: columns and types, then quality, freshness and drift. Says every source's error."""
    problems: list[Problem] = []
    verdicts: list[Verdict] = []
    for feed in instance.workspace.feeds.values():
        _try(lambda feed=feed: _live(instance, feed, problems, verdicts), problems)  # type: ignore[misc]
    return problems, verdicts


def check_against(instance: Instance, revision: str) -> list[Break]:
    """What the contracts as they lie here break, compared with a git revision: each use, its owner, its place."""
    old = _feeds_at(instance, revision)
    texts = {str(path.relative_to(instance.root)): read_text(path, path.parent) for path in _texts(instance)}
    return breaks(old, instance.workspace.feeds, uses(instance, old), texts)


def uses(instance: Instance, feeds: Mapping[str, Feed]) -> list[Use]:
    """What every campaign reads, as it stood with *feeds*."""
    found: list[Use] = []
    for name in instance.workspace.campaigns():
        campaign = instance.workspace.campaign(name)
        if campaign.feed not in feeds:
            continue
        lineage = _lineage(instance, campaign, feeds)
        if lineage:
            found.append(
                Use("campaign", name, str(campaign.owner), None, frozenset(lineage), campaign.place("audience"))
            )
    return found


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
        found.append(Problem("error", error.shown_code, error.what, error.todo, error.place, error.business))
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


def _lineage(instance: Instance, campaign: Campaign, feeds: Mapping[str, Feed]) -> set[tuple[str, str]]:
    feed = feeds[campaign.feed]
    body = campaign_body(instance.workspace, campaign)
    question = Question(body, feed, feeds, instance.dialect(feed.source), instance.today())
    try:
        return set(answer(question, instance.settings.base_url)[1].statement.lineage)
    except TwainError:
        return set()  # it was broken before this change: plain ``twain check`` says how


def _texts(instance: Instance) -> list[Path]:
    written = [path for path in instance.root.glob("campaigns/*/*") if path.suffix in _WRITTEN]
    return [*instance.root.glob("feeds/*.odcs.yaml"), *written]


def _feeds_at(instance: Instance, revision: str) -> dict[str, Feed]:
    read = (read_contract(text, path)[0] for path, text in _contracts_at(instance, revision).items())
    return link({feed.name: feed for feed in read if feed is not None})[0]


def _contracts_at(instance: Instance, revision: str) -> dict[str, str]:
    if revision.startswith("-"):
        raise ConfigError(f"{revision!r} is not a git revision.", todo="Name a branch, tag or commit.")
    listed = _git(instance, "ls-tree", "--name-only", revision, "feeds/")
    paths = [line for line in listed.splitlines() if line.endswith(".odcs.yaml")]
    return {path: _git(instance, "show", f"{revision}:./{path}") for path in paths}


def _git(instance: Instance, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=instance.root, capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise ConfigError(
            f"git could not read {words[-1]!r}: {done.stderr.strip()[:200]}", todo="Name a branch, tag or commit."
        )
    return done.stdout


def sorted_problems(problems: list[Problem]) -> Iterator[Problem]:
    """Errors first, then by place."""
    yield from sorted(problems, key=lambda p: (p.severity, str(p.place or ""), p.what))
