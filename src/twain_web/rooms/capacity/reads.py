"""The year as pages and calendars show it: plans, sends, freezes, maintenance, holidays; notice given and needed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from twain.calendars.business import holidays_of, hours_between
from twain.calendars.ics import Entry
from twain.calendars.parts import Calendar
from twain.flows.capacity import capacity_of, demand_for, next_free, why_not
from twain.flows.capacity_told import hours_told
from twain_web import engine
from twain_web.rooms.capacity.known import campaign_names
from twain_web.rooms.capacity.models import Plan, Step
from twain_web.templatetags.house import people as shown_people

_S = Plan.State
#: Plans that IT needed this long for, at least, before a forecast is made of them.
ENOUGH = 6
#: Until then: business hours that are asked for, and said to be an estimate.
STATED_HOURS = 40.0
_MOST_RUNS = 1_000
#: What a freeze is about, in words.
_CLASSES = {
    "send": gettext_lazy("Sends"),
    "standard": gettext_lazy("Changes agreed in advance"),
    "normal": gettext_lazy("Other changes"),
    "emergency": gettext_lazy("Emergency changes"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing on the calendar. *kind*: plan, send, freeze, maintenance, holiday. Only plans ahead can be moved."""

    id: str
    kind: str
    title: str
    begins: datetime
    ends: datetime
    url: str = ""
    movable: bool = False
    whole_day: bool = False
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the calendar's script reads it."""
        return {
            "id": self.id, "title": self.title, "start": _wall(self.begins), "end": _wall(self.ends),
            "allDay": self.whole_day, "editable": self.movable, "durationEditable": False,
            "classNames": [f"capacity-{self.kind}"],
            "extendedProps": {"kind": self.kind, "url": self.url, "detail": self.detail},
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """Business hours of notice a plan gives IT, and how many are needed; *estimate* while there is too little history."""

    given: float
    needed: float
    estimate: bool
    plans: int

    @property
    def enough(self) -> bool:
        """Whether it is early enough."""
        return self.given >= self.needed


def _wall(moment: datetime) -> str:
    """On the reader's clock: pages and calendar show the same time, whatever zone the browser is in."""
    return timezone.localtime(moment).replace(tzinfo=None).isoformat()


def shown(first: datetime, last: datetime, *, may_move: bool = False) -> list[Shown]:
    """Everything between two moments, by when it begins."""
    instance = engine.instance()
    calendars = capacity_of(instance).calendars
    found = [*_plans(first, last, may_move), *_sends(first, last), *_closed(calendars, first, last)]
    return sorted(found, key=lambda one: (one.begins, one.title))


def _plans(first: datetime, last: datetime, may_move: bool) -> Iterator[Shown]:  # noqa: FBT001 — private, one caller
    plans = Plan.objects.filter(begins_at__gte=first - timedelta(days=1), begins_at__lt=last)
    for plan in plans.exclude(state=_S.WITHDRAWN).select_related("owner"):
        yield Shown(
            f"plan-{plan.pk}", "plan", plan.title, plan.begins_at, plan.ends_at, plan.url, may_move and plan.is_ahead,
            detail=f"{plan.get_state_display()} · {shown_people(plan.people)} · {plan.channel}",
        )  # fmt: skip


def _sends(first: datetime, last: datetime) -> Iterator[Shown]:
    own, names = set(Plan.objects.exclude(slot="").values_list("slot", flat=True)), campaign_names()
    booked = set()
    for slot in engine.ledger().slots(since=first.timestamp(), until=last.timestamp()):
        begins = datetime.fromtimestamp(slot.begins, UTC)
        booked.add(slot.run_id)
        if slot.id not in own and begins < last and slot.ends > first.timestamp():
            ends = max(datetime.fromtimestamp(slot.ends, UTC), begins + timedelta(minutes=30))
            detail = f"{shown_people(slot.people)} · {slot.channel}"
            yield Shown(f"send-{slot.id}", "send", names.get(slot.campaign, slot.campaign), begins, ends, detail=detail)
    yield from _sent(first, last, booked, names)


def _sent(first: datetime, last: datetime, booked: set[str], names: Mapping[str, str]) -> Iterator[Shown]:
    """Sends that began between two moments and had no room booked: nobody needs to book where IT has set no limits."""
    for run in engine.ledger().runs(limit=_MOST_RUNS):
        begins = datetime.fromtimestamp(run.started_at or run.created_at, UTC)
        if run.started_at and run.id not in booked and first <= begins < last and not run.scope:
            ends = datetime.fromtimestamp(run.ended_at, UTC) if run.ended_at else begins
            people = f"{shown_people(run.funnel.audience)} · " if run.funnel and run.funnel.audience is not None else ""
            yield Shown(f"run-{run.id}", "send", names.get(run.campaign, run.campaign), begins,
                        max(ends, begins + timedelta(minutes=30)), detail=f"{people}{run.channel}")  # fmt: skip


def _closed(calendars: tuple[Calendar, ...], first: datetime, last: datetime) -> Iterator[Shown]:
    zone = timezone.get_default_timezone()
    for calendar in calendars:
        for freeze in calendar.freezes:
            if freeze.span.begins < last and freeze.span.ends > first:
                kind = _("not allowed") if freeze.kind == "hard" else _("only after a word with IT")
                detail = f"{', '.join(str(_CLASSES.get(one, one)) for one in freeze.classes)}: {kind}"
                yield Shown(f"freeze-{calendar.name}-{freeze.name}", "freeze", freeze.name, freeze.span.begins,
                            freeze.span.ends, detail=detail)  # fmt: skip
        for work in calendar.maintenance:
            if work.span.begins < last and work.span.ends > first:
                yield Shown(f"work-{calendar.name}-{work.name}", "maintenance", work.name, work.span.begins,
                            work.span.ends, detail=", ".join(work.touches))  # fmt: skip
        for day, name in holidays_of(calendar, first.date(), last.date()):
            begins = datetime.combine(day, time(), zone)
            yield Shown(f"holiday-{calendar.name}-{day}", "holiday", f"{name} ({calendar.title})", begins,
                        begins + timedelta(days=1), whole_day=True)  # fmt: skip


def conflicts(plan: Plan, begins: datetime) -> list[str]:
    """What stands in a plan's way at a moment, in words; nothing when it fits."""
    instance = engine.instance()
    demand = demand_for(instance, plan.channel, plan.people, campaign=plan.campaign)
    found = []
    if reason := why_not(instance, demand, begins.timestamp(), but=plan.slot):
        found.append(reason)
    for calendar in capacity_of(instance).calendars:
        day = begins.astimezone(timezone.get_default_timezone()).date()
        found += [f"{name} ({calendar.title})" for _day, name in holidays_of(calendar, day, day)]
        found += [
            f"{f.name} ({_('freeze')})" for f in calendar.freezes
            if f.span.begins <= begins < f.span.ends and not (f.kind == "hard" and "send" in f.classes)
        ]  # fmt: skip
    return found


def free_from(plan: Plan, after: datetime) -> datetime | None:
    """The first moment at which a plan fits."""
    instance = engine.instance()
    demand = demand_for(instance, plan.channel, plan.people, campaign=plan.campaign)
    found = next_free(instance, demand, after.timestamp(), but=plan.slot)
    return None if found is None else datetime.fromtimestamp(found, UTC)


def notice_of(plan: Plan) -> Notice | None:
    """From its announcement to its day, in IT's business hours; None before it is announced, or without IT's calendar."""
    calendar = its_calendar()
    announced = plan.steps.filter(state=_S.ANNOUNCED).first()
    if calendar is None or announced is None:
        return None
    needed, seen = notice_needed(calendar)
    given = hours_between(calendar, announced.at, plan.begins_at)
    return Notice(round(given, 1), round(needed, 1), seen < ENOUGH, seen)


def notice_needed(calendar: Calendar) -> tuple[float, int]:
    """Business hours from announced to feasible in 85 of 100 past plans, and on how many that rests.

    The k-th smallest, k = ⌈0.85 (n + 1)⌉: unlike an interpolated percentile it keeps its promise in small groups.
    """
    steps = Step.objects.filter(state__in=(_S.ANNOUNCED, _S.FEASIBLE)).order_by("at", "id")
    announced: dict[int, datetime] = {}
    took: list[float] = []
    for plan_id, state, at in steps.values_list("plan_id", "state", "at"):
        if state == _S.ANNOUNCED:
            announced[plan_id] = at
        elif plan_id in announced:
            took.append(hours_between(calendar, announced[plan_id], at))
    if len(took) < ENOUGH:
        return STATED_HOURS, len(took)
    return sorted(took)[min(len(took), math.ceil(0.85 * (len(took) + 1))) - 1], len(took)


def its_calendar() -> Calendar | None:
    """The calendar whose hours are IT's: ``calendars/it.toml``, or the first one that has hours."""
    calendars = [one for one in capacity_of(engine.instance()).calendars if one.hours]
    return next((one for one in calendars if one.name == "it"), calendars[0] if calendars else None)


def entries(now: datetime) -> list[Entry]:
    """A year of it for calendars that subscribe: an idea is no date yet."""
    host = settings.WEB_URL.split("//")[-1].split(":")[0]
    ideas = {f"plan-{pk}" for pk in Plan.objects.filter(state=_S.IDEA).values_list("pk", flat=True)}
    return [
        Entry(f"{one.id}@{host}", one.title, one.begins, one.ends, one.detail)
        for one in shown(now - timedelta(days=31), now + timedelta(days=366))
        if one.id not in ideas
    ]


@dataclass(frozen=True, slots=True)
class Hour:
    """How much of a limit is booked in one hour, in whole messages, readers or clicks."""

    at: datetime
    booked: int
    limit: int

    @property
    def share(self) -> int:
        """The part that is booked, in per cent of the limit; an exception may go beyond it."""
        return round(100 * self.booked / self.limit) if self.limit else 100


@dataclass(frozen=True, slots=True)
class Room:
    """What is booked of one limit ahead: its fullest hour, and every hour in which there is something."""

    words: str
    fullest: Hour
    hours: tuple[Hour, ...]


def rooms_ahead(hours: int = 24) -> list[Room]:
    """What is booked of each limit in the next hours; only what something is booked of."""
    found: dict[str, list[Hour]] = {}
    for row in hours_told(engine.instance(), hours):
        if booked := round(row["booked"]):
            hour = Hour(datetime.fromisoformat(row["at"]), booked, int(row["limit"]))
            found.setdefault(row["of"], []).append(hour)
    return [Room(_resource(of), max(some, key=lambda one: one.share), tuple(some)) for of, some in found.items()]


def _resource(of: str) -> str:
    """What is limited, in words: "Clicks on shop"."""
    kind, _colon, name = of.partition(":")
    words = {"channel": _("Messages by %s"), "source": _("Readers of %s"), "website": _("Clicks on %s")}
    return words[kind] % name
