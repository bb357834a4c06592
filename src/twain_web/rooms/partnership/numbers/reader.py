"""Reads a year of records: two or three queries a room, however much there is of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from twain.flows.capacity import capacity_of
from twain.flows.instance import Instance
from twain.ports import Ledger
from twain.records import Run, RunState
from twain_web import engine
from twain_web.rooms.capacity.public import plan_records
from twain_web.rooms.desk.public import measure, request_records
from twain_web.rooms.incidents.public import incidents
from twain_web.rooms.partnership.meetings import Carried, Met
from twain_web.rooms.partnership.models import Item, StatusCheck, VendorReview
from twain_web.rooms.partnership.numbers.listing import Page, page
from twain_web.rooms.partnership.numbers.measures.planning import confirmations
from twain_web.rooms.partnership.numbers.models import CatalogueDay, SpfDay
from twain_web.rooms.partnership.numbers.periods import months, quarters
from twain_web.rooms.partnership.numbers.records import Catalogue, Records, Sent, Spf, Told, Vendor
from twain_web.rooms.partnership.reads import surveys, vendors

MOST_SENDS = 5_000
_OVER = frozenset({RunState.FINISHED, RunState.CANCELLED, RunState.EXPIRED})
_BROKEN_OFF = frozenset({RunState.CANCELLED, RunState.EXPIRED})
#: What IT needs of notice at the beginning of the year is learned from the year before.
_BEFORE = timedelta(days=365)


def numbers(by: str = "month", now: datetime | None = None) -> Page:
    """The page by ``month`` or ``quarter``, as it is now."""
    return page(read(now), by, settings.TIME_ZONE)


def read(now: datetime | None = None) -> Records:
    """Everything that the numbers are counted from, since the oldest period that is shown."""
    moment = now or timezone.now()
    today = timezone.localdate(moment)
    since = min(months(today, settings.TIME_ZONE)[0].begins, quarters(today, settings.TIME_ZONE)[0].begins)
    here, hours, plans = engine.instance(), measure(), plan_records(since - _BEFORE)
    return Records(
        now=moment,
        hours=hours,
        day=timezone.localdate,
        requests=request_records(since - _BEFORE),
        plans=plans,
        confirmed=confirmations(plans, hours),
        slots=here.ledger.slots(since=since.timestamp()),
        capacity=capacity_of(here),
        sends=_sends(here, since),
        incidents=incidents(since),
        checks=[Met(*row) for row in StatusCheck.objects.values_list("planned_for", "held_on")],
        items=_items(),
        catalogue=_catalogue(timezone.localdate(since)),
        spf=_spf(timezone.localdate(since)),
        survey=_survey(today),
        vendors=[_vendor(one) for one in VendorReview.objects.all()],
        feed_titles=tuple((feed.name, feed.title) for feed in here.workspace.feeds.values() if feed.fields),
    )


def _vendor(one: VendorReview) -> Vendor:
    """Scores are looked at of those alone that are not decided: there are few at a time."""
    return Vendor(one.asked_at, one.decided_at, 0 if one.decided_at else vendors.card(one).disagreements)


def _items() -> list[Carried]:
    rows = Item.objects.values_list("raised_in__held_on", "settled_in__held_on")
    return [Carried(raised, settled) for raised, settled in rows if raised is not None]


def _catalogue(since: date) -> list[Catalogue]:
    rows = CatalogueDay.objects.filter(day__gte=since)
    return [Catalogue(*row) for row in rows.values_list("day", "fields_read", "fields_owned", "feeds", "unused")]


def _spf(since: date) -> list[Spf]:
    return [Spf(*row) for row in SpfDay.objects.filter(day__gte=since).values_list("day", "domain", "lookups")]


def _survey(today: date) -> list[Told]:
    return [
        Told(one.quarter, one.side.value, one.told.answered, one.told.share, one.told.bound)
        for one in surveys.published(today)
    ]


def _sends(here: Instance, since: datetime) -> list[Sent]:
    """Real sends: not to one person, and not a part of an audience. What has not begun yet is none."""
    runs = here.ledger.runs(limit=MOST_SENDS)
    return [_sent(here.ledger, run) for run in runs if not run.scope and _began(run) >= since and _counts(run)]


def _counts(run: Run) -> bool:
    return run.started_at is not None or run.state in _OVER


def _began(run: Run) -> datetime:
    return datetime.fromtimestamp(run.started_at or run.created_at, UTC)


def _sent(ledger: Ledger, run: Run) -> Sent:
    feeds, yeses = _of_bundle(_Known(ledger, run.bundle))
    held = _was_held(_Known(ledger, run.id)) if run.state in _OVER else _held(ledger, run.id)
    return Sent(run.campaign, _began(run), feeds, yeses, held, run.state not in _BROKEN_OFF)


@dataclass(frozen=True, slots=True)
class _Known:
    """A name under which something is kept for good in a control store, with the ledger to read it from once."""

    ledger: Ledger = field(compare=False)
    name: str
    store: str = field(default_factory=lambda: settings.TWAIN.control_url)


@lru_cache(maxsize=MOST_SENDS)
def _of_bundle(known: _Known) -> tuple[tuple[str, ...], int]:
    """The feeds that a bundle's queries read, with which it was published, and how many said yes to exactly it."""
    bundle = known.ledger.bundle(known.name)
    return tuple(sorted(bundle.body["contracts"])), len(known.ledger.approvals(known.name))


@lru_cache(maxsize=MOST_SENDS)
def _was_held(known: _Known) -> bool:
    return _held(known.ledger, known.name)


def _held(ledger: Ledger, run_id: str) -> bool:
    return any(event.kind == "held" for event in ledger.timeline(run_id))
