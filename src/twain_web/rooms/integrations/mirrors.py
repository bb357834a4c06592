"""What pages and programs show of trackers: how each does, and a request's issue with its status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.flows.trackers import Tracker
from twain.records import Problem
from twain_web import engine
from twain_web.rooms.integrations.models import Tracked, TrackerState

_CODES = frozenset({"T967", "T968"})


@dataclass(frozen=True, slots=True)
class Mirror:
    """A request's issue: *where* it is, its *key* (empty until it is made), how it stands there; *why* it is not made or read."""

    where: str
    key: str
    url: str
    status: str
    over: bool
    gone: bool
    read_at: datetime | None
    why: str
    technical: str


@dataclass(frozen=True, slots=True)
class TrackerCard:
    """A tracker in a list. *level*: green, red or secondary; *said*: how it does; *test*: what the last test found."""

    name: str
    title: str
    project: str
    address: str
    requests: tuple[str, ...]
    every: float
    token: str
    level: str
    said: str
    why: str
    technical: str
    issues: int
    waiting: int
    last_ok_at: datetime | None
    tested_at: datetime | None
    test: str
    is_testing: bool


def mirrors(number: int) -> list[Mirror]:
    """What a request's page shows of it elsewhere."""
    known = engine.workspace().trackers
    return [_mirror(one, known.get(one.tracker)) for one in Tracked.objects.filter(request=number).order_by("pk")]


def _mirror(one: Tracked, tracker: Tracker | None) -> Mirror:
    where = tracker.title if tracker else one.tracker
    return Mirror(where, one.key, one.url, one.status, one.over, one.gone, one.read_at, one.why, one.technical)


def tracker_cards() -> list[TrackerCard]:
    """All of them, by name."""
    trackers = sorted(engine.workspace().trackers.values(), key=lambda one: one.name)
    if not trackers:
        return []
    states = {one.name: one for one in TrackerState.objects.all()}
    counted = Tracked.objects.order_by().values("tracker").annotate(
        issues=Count("pk", filter=~Q(key="")), waiting=Count("pk", filter=Q(key="", next_at__isnull=False))
    )  # fmt: skip
    numbers = {row["tracker"]: (row["issues"], row["waiting"]) for row in counted}
    return [
        _card(one, states.get(one.name) or TrackerState(name=one.name), *numbers.get(one.name, (0, 0)))
        for one in trackers
    ]


def _card(one: Tracker, state: TrackerState, issues: int, waiting: int) -> TrackerCard:
    level, said = "secondary", _("Not asked yet")
    if state.failing_since:
        level, said = "red", _("Failing since %s") % f"{timezone.localtime(state.failing_since):%d %b %H:%M}"
    elif state.last_ok_at:
        level, said = "green", _("Works")
    return TrackerCard(
        one.name, one.title, one.project, one.address, one.requests, one.every, one.token_ref, level, str(said), state.why,
        state.technical, issues, waiting, state.last_ok_at, state.tested_at, state.said, state.wanted_at is not None,
    )  # fmt: skip


def tracker_by_name(name: str) -> Tracker:
    """One tracker of the workspace; 404 for one that is not there."""
    found = engine.workspace().trackers.get(name)
    if found is None:
        raise Http404
    return found


def faults() -> list[Problem]:
    """What is wrong in the trackers' files."""
    found = (*engine.workspace().problems, *engine.workspace_faults())
    return [one for one in found if one.code in _CODES]
