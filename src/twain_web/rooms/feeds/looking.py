"""What happens by itself in this room: feeds are looked at, campaigns' reads worked out, the workspace pulled."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone

from twain.errors import SourceBusy, SourceLimit, TwainError
from twain.flows.catalogue import (
    CampaignReading,
    Look,
    campaign_reading,
    look_at_all,
    look_at_newest,
    may_look,
    read_of,
)
from twain.flows.instance import Instance
from twain.records import Feed, Verdict
from twain_web import engine
from twain_web.reconcile import NotNow, reconciler
from twain_web.rooms.feeds import actions
from twain_web.rooms.feeds.health import interval
from twain_web.rooms.feeds.models import CampaignReads, FeedHealth, WorkspaceState
from twain_web.rooms.feeds.reads import MADE, Made

_BETWEEN_CHECKS = timedelta(hours=6)
_A_ROUND = 3  # feeds: sends read the same databases


# ---------------------------------------------------------------- how feeds are


def feeds_due() -> list[str]:
    """Feeds that nobody has looked at for their interval, longest waiting first; those of closed sources wait."""
    instance = engine.instance()
    known = {h.feed: h for h in FeedHealth.objects.all()}
    now = timezone.now()
    due = [f for f in instance.workspace.feeds.values() if f.fields and _is_due(f, known.get(f.name), now)]
    due.sort(key=lambda f: known[f.name].next_at if f.name in known else datetime.min.replace(tzinfo=UTC))
    open_now = {name: may_look(instance, name) for name in {f.source for f in due} & instance.settings.sources.keys()}
    return [f.name for f in due if open_now.get(f.source)]


@reconciler("feeds.health", every=5.0, due=feeds_due, hands=2, most=_A_ROUND)
def look(name: str) -> None:
    """Look at one feed: its newest row; every few hours, and when its contract changed, all of its rules."""
    instance = engine.instance()
    feed = instance.workspace.feeds[name]
    health = FeedHealth.objects.filter(feed=name).first() or FeedHealth(feed=name)
    now = timezone.now()
    whole = health.contract != feed.contract_hash or not health.checked_at or now - health.checked_at > _BETWEEN_CHECKS
    health.contract, health.next_at, health.trouble = feed.contract_hash, now + interval(feed), {}
    try:
        _note(health, _seen(instance, feed, health, whole=whole))
    except SourceBusy as busy:
        raise NotNow from busy  # people go first; meanwhile the feeds of other sources have their turn
    except TwainError as error:
        health.trouble = _trouble(error)
    health.save()


def _is_due(feed: Feed, health: FeedHealth | None, now: datetime) -> bool:
    return health is None or health.contract != feed.contract_hash or health.next_at <= now


def _seen(instance: Instance, feed: Feed, health: FeedHealth, *, whole: bool) -> Look:
    if not whole:
        return look_at_newest(instance, feed)
    try:
        return look_at_all(instance, feed)
    except SourceBusy:
        raise
    except SourceLimit as error:
        # Too much for a look that nobody waits for: sends check it under their own limits, here its age must do.
        health.trouble, health.checked_at = _trouble(error), timezone.now()
        return look_at_newest(instance, feed)


def _note(health: FeedHealth, seen: Look) -> None:
    health.looked_at = datetime.fromtimestamp(seen.at, UTC)
    health.newest = datetime.fromtimestamp(seen.newest, UTC) if seen.newest is not None else None
    if seen.verdicts:
        health.checked_at, health.rows = health.looked_at, seen.rows
        health.verdicts = [_plain(verdict) for verdict in seen.verdicts]


def _plain(verdict: Verdict) -> dict[str, object]:
    return asdict(verdict) | {"level": str(verdict.level), "owner": str(verdict.owner or "")}


def _trouble(error: TwainError) -> dict[str, str]:
    return {"business": error.business, "technical": error.what, "todo": error.todo, "code": error.shown_code}


# ---------------------------------------------------------------- what campaigns read


def campaigns_due() -> list[str]:
    """Campaigns whose files, or the contracts, are not those that were read last (today), and those that are gone.

    Those that were never read come first: of the others something is known.
    """
    known, stamps = dict(CampaignReads.objects.values_list("campaign", "stamp")), _stamps()
    changed = [name for name in {**known, **stamps} if known.get(name) != stamps.get(name)]
    return sorted(changed, key=known.__contains__)


@reconciler("feeds.campaigns", every=10.0, due=campaigns_due, hands=1)
def read_campaign(name: str) -> None:
    """Work out what one campaign reads, and what is wrong in its files."""
    made = _made().get(name)
    if made is None and name not in engine.workspace().campaigns():
        CampaignReads.objects.filter(campaign=name).delete()
        return
    instance, stamp = engine.instance(), _stamp(_shared(), name, made)
    found = _read_made(instance, made) if made else campaign_reading(instance, name)
    CampaignReads.objects.update_or_create(
        campaign=name,
        defaults={
            "stamp": stamp,
            "made": made is not None,
            "url": made.url if made else "",
            "title": found.title[:200],
            "owner": found.owner[:200],
            "next_at": found.next_at,
            "reads": [list(pair) for pair in sorted(found.reads)],
            "problems": [actions.plain_problem(problem) for problem in found.problems],
        },
    )


def read_those_made_here() -> None:
    """Read now what has changed of the campaigns made in the house: whoever asks what a change breaks wants no old answer."""
    made = _made()
    for name in campaigns_due():
        if name in made:
            read_campaign(name)


def _stamps() -> dict[str, str]:
    shared, made = _shared(), _made()
    names = [*made, *engine.workspace().campaigns()]
    return {name: _stamp(shared, name, made.get(name)) for name in names}


def _stamp(shared: str, name: str, made: Made | None) -> str:
    """It changes with whatever could change what a campaign reads; for those in files with the day, too."""
    folder = engine.workspace().root / "campaigns" / name
    own = made.stamp if made else f"{timezone.localdate()} {_times(folder)}"
    return hashlib.sha256(f"{shared} {own}".encode()).hexdigest()


def _shared() -> str:
    """What all campaigns stand on: contracts, and the audiences and fragments of the workspace's files."""
    workspace = engine.workspace()
    contracts = "".join(feed.contract_hash for feed in workspace.feeds.values())
    return f"{contracts} {_times(workspace.root / 'audiences', workspace.root / 'fragments')}"


def _read_made(instance: Instance, made: Made) -> CampaignReading:
    """A campaign that is not planned to the end reads nothing yet."""
    try:
        return read_of(instance, made.record())
    except TwainError:
        return CampaignReading(made.slug, "", frozenset(), None, ())


def _made() -> dict[str, Made]:
    """Campaigns of the house, by a key that no file's name can be."""
    return {f"made/{made.slug}": made for source in MADE for made in source()}


def _times(*folders: Path) -> str:
    found = [p for folder in folders for p in sorted(folder.glob("*"))]
    return " ".join(f"{p.name}:{p.stat().st_mtime_ns}:{p.stat().st_size}" for p in found)


# ---------------------------------------------------------------- the workspace


def pull_due() -> list[str]:
    """This house's checkout of the workspace, when its interval is over or somebody asked."""
    here = actions.this_place()
    state = WorkspaceState.objects.filter(place=here).first()
    if state is not None and state.wanted_at is not None:
        return [here]
    every = engine.workspace().settings.pull_seconds
    if every is None:
        return []
    before = state.pulled_at if state else None
    return [here] if before is None or timezone.now() - before >= timedelta(seconds=every) else []


@reconciler("feeds.workspace", every=2.0, due=pull_due, hands=1)
def pull(_place: str = "") -> None:
    """Pull the workspace once."""
    actions.pull_workspace(by="twain")
