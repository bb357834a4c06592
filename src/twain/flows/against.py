"""``twain check --against``: what the contracts here break, compared with a git revision, and the patch that mends it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from twain.errors import ConfigError, Place, TwainError
from twain.feeds.contract import SUFFIX, read_contract
from twain.feeds.lineage import Break, Use, breaks
from twain.feeds.relations import link
from twain.flows.campaigns import Campaign
from twain.flows.counting import compiled, find_rule
from twain.flows.files import read_text
from twain.flows.instance import Instance
from twain.flows.mending import Mending, mend
from twain.flows.mentions import Mention, Reader
from twain.flows.prepare import Question, answer
from twain.flows.publish import campaign_body
from twain.flows.workspace import references, used_audiences
from twain.records import Feed, Owner, Right

_WRITTEN = ("campaigns/*/*.toml", "campaigns/*/*.mjml", "campaigns/*/*.html", "campaigns/*/*.txt", "audiences/*.toml",
            "fragments/*.sql", f"feeds/*{SUFFIX}")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of contracts breaks, soonest send first, and how the workspace's files could follow."""

    broken: tuple[Break, ...]
    mending: Mending


def check_against(instance: Instance, revision: str) -> Change:
    """Compare the contracts here with those of *revision*. Raises ConfigError when git does not know it."""
    return compare(instance, _feeds_at(instance, revision))


def compare(instance: Instance, old: Mapping[str, Feed]) -> Change:
    """Compare the contracts here with *old* ones, which everything here was written for."""
    wrong = {p.place.file for p in instance.workspace.problems if p.severity == "error" and p.place}
    known = {name: feed for name, feed in old.items() if not feed.place or feed.place.file not in wrong}
    files = _Files(instance, known)
    broken = breaks(known, instance.workspace.feeds, list(files.uses()))
    return Change(tuple(broken), mend(instance, broken, files.texts, files.mentions, known))


@dataclass
class _Files:
    """The workspace's files as they lie here, read against the contracts as they were."""

    instance: Instance
    feeds: Mapping[str, Feed]

    @cached_property
    def texts(self) -> dict[str, str]:
        """Path from the workspace's folder → text, line ends as they are."""
        root = self.instance.root
        paths = sorted({path for pattern in _WRITTEN for path in root.glob(pattern)})
        return {path.relative_to(root).as_posix(): _verbatim(path) for path in paths}

    @cached_property
    def mentions(self) -> list[Mention]:
        """Every mention of a field in every campaign, audience and fragment."""
        found = [m for name in self._campaigns() for m in self._of_campaign(self.instance.workspace.campaign(name))]
        found += [m for name in self.instance.workspace.audiences for m in self._of_audience(name)]
        found += [m for name in self.instance.workspace.fragments for m in self._of_fragment(name)]
        return list(dict.fromkeys(found))

    def uses(self) -> Iterator[Use]:
        """Everything that worked with those contracts, and what of them it reads."""
        workspace = self.instance.workspace
        for name in self._campaigns():
            campaign = workspace.campaign(name)
            lineage = self._lineage(campaign)
            shared = used_audiences(campaign.audience, workspace.audiences)
            mentions = [*self._of_campaign(campaign), *(m for a in shared for m in self._of_audience(a))]
            trees = [campaign.audience, *shared.values()]
            mentions += [m for f in references(trees, "fragment") for m in self._of_fragment(f)]
            if lineage:
                when = _next(self.instance, campaign)
                yield _use("campaign", name, campaign.owner, when, lineage, mentions, campaign.place("audience"))
        for name in workspace.audiences:
            lineage = self._lineage_of_audience(name)
            mentions = list(self._of_audience(name))
            if lineage and mentions:
                place = Place(f"audiences/{name}.toml", 1)
                yield _use("audience", name, self._owner(name), None, lineage, mentions, place)

    def _campaigns(self) -> Iterator[str]:
        for name in self.instance.workspace.campaigns():
            try:
                feed = self.instance.workspace.campaign(name).feed
            except TwainError:
                continue  # plain ``twain check`` says what is wrong with it
            if feed in self.feeds:
                yield name

    def _lineage(self, campaign: Campaign) -> frozenset[tuple[str, str]]:
        feed = self.feeds[campaign.feed]
        try:
            body = campaign_body(self.instance.workspace, campaign)
            dialect = self.instance.dialect(feed.source)
            question = Question(body, feed, self.feeds, dialect, self.instance.today())
            return answer(question, self.instance.settings.base_url)[1].statement.lineage
        except TwainError:
            return frozenset()  # it was broken before this change, or follows it already

    def _lineage_of_audience(self, name: str) -> frozenset[tuple[str, str]]:
        before = replace(self.instance, workspace=replace(self.instance.workspace, feeds=self.feeds))
        try:
            return compiled(before, find_rule(before, name, self._notes(name).get("feed", ""))).statement.lineage
        except TwainError:
            return frozenset()

    def _of_campaign(self, campaign: Campaign) -> Iterator[Mention]:
        reader, feed = Reader(self.feeds), self.feeds[campaign.feed]
        related = {column.name: {"relation": column.relation} for column in campaign.related}
        yield from reader.campaign(self.texts.get(campaign.file, ""), campaign.file, feed)
        files = {place.file for c in campaign.contents for part, place in c.places.items() if part in ("body", "text")}
        for file in sorted(files & self.texts.keys()):
            yield from reader.liquid(self.texts[file], file, feed, related)

    def _of_audience(self, name: str) -> Iterator[Mention]:
        file = f"audiences/{name}.toml"
        feed = self.feeds.get(self._notes(name).get("feed", "")) or self._only_feed()
        if feed is not None:
            yield from Reader(self.feeds).audience(self.texts.get(file, ""), file, feed)

    def _of_fragment(self, name: str) -> Iterator[Mention]:
        file = f"fragments/{name}.sql"
        dialects = {
            self.instance.dialect(f.source) for f in self.feeds.values() if f.source in self.instance.settings.sources
        }
        for dialect in sorted(dialects)[:1]:
            yield from Reader(self.feeds).fragment(self.texts.get(file, ""), file, dialect)

    def _notes(self, audience: str) -> Mapping[str, str]:
        return self.instance.workspace.audience_notes.get(audience, {})

    def _only_feed(self) -> Feed | None:
        mailable = [f for f in self.feeds.values() if any(x.role == "email" for x in f.fields.values())]
        return mailable[0] if len(mailable) == 1 else None

    def _owner(self, audience: str) -> Owner:
        """Who the file says; the title from policy, where the file has the name alone."""
        said = self._notes(audience).get("owner", "")
        person = next((p for p in self.instance.workspace.policy.people.values() if p.name == said), None)
        return Owner(person.name, person.title, person.email) if person else Owner(said or "nobody named", "")


def _use(
    kind: str,
    name: str,
    owner: Owner,
    when: datetime | None,
    lineage: frozenset[tuple[str, str]],
    mentions: list[Mention],
    place: Place,
) -> Use:
    """What is named nowhere (a key, an address, a field that joins) is read for the send itself: it needs no right."""
    needs: dict[tuple[str, str], frozenset[Right]] = dict.fromkeys(lineage, frozenset())
    places: dict[tuple[str, str], Place] = {}
    for mention in mentions:
        at = (mention.feed, mention.name)
        places.setdefault(at, mention.place)
        if at in needs and mention.right is not None:
            needs[at] |= {mention.right}
    relations = frozenset((m.feed, m.name) for m in mentions if m.relation)
    return Use(kind, name, owner, when, lineage, place, needs, relations, places)


def _next(instance: Instance, campaign: Campaign) -> datetime | None:
    now = datetime.fromtimestamp(instance.clock.now(), UTC).astimezone(ZoneInfo(instance.settings.time_zone))
    return campaign.send_at.following(now) if campaign.send_at else None


def _verbatim(path: Path) -> str:
    read_text(path, path.parent)  # its checks: what it is, and where it leads
    return path.read_bytes().decode("utf-8")


# ---------------------------------------------------------------- git


def _feeds_at(instance: Instance, revision: str) -> dict[str, Feed]:
    read = (read_contract(text, path)[0] for path, text in _contracts_at(instance, revision).items())
    return link({feed.name: feed for feed in read if feed is not None})[0]


def _contracts_at(instance: Instance, revision: str) -> dict[str, str]:
    if revision.startswith("-"):
        raise ConfigError(f"{revision!r} is not a git revision.", todo="Name a branch, tag or commit.")
    listed = _git(instance, "ls-tree", "--name-only", revision, "feeds/")
    paths = [line for line in listed.splitlines() if line.endswith(SUFFIX)]
    return {path: _git(instance, "show", f"{revision}:./{path}") for path in paths}


def _git(instance: Instance, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=instance.root, capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise ConfigError(
            f"git could not read {words[-1]!r}: {done.stderr.strip()[:200]}", todo="Name a branch, tag or commit."
        )
    return done.stdout
