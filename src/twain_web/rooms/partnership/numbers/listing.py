"""The numbers both leads look at, in the order of what the two teams do with each other: each in one plain sentence.

A number whose source has nothing yet says so, and what to do; it is never a zero that reads as a fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from twain_web.rooms.partnership.models import Side
from twain_web.rooms.partnership.numbers.measures import asking, domains, planning, sending, together
from twain_web.rooms.partnership.numbers.periods import Period, months, quarters, whole
from twain_web.rooms.partnership.numbers.points import Measure, Point
from twain_web.rooms.partnership.numbers.records import Records

Words = str | Promise
#: The article's survey of marketers about their IT: so many said above average or better.
ARTICLE_GOOD = 64.0


@dataclass(frozen=True, slots=True)
class Line:
    """One series: the same measure in every period, and in all of them together."""

    name: str
    all: Point
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """One number. *unit*: ``%``, ``h``, ``d`` or ``""`` (a count); *missing*: why there is nothing yet, and what to do.

    *periods*: keys of its points, oldest first; *beside*: what is shown next to it for comparison, or None. *since*: the first
    day that counts.
    """

    id: str
    flow: int
    title: str
    unit: str
    explained: str
    periods: tuple[str, ...]
    lines: tuple[Line, ...]
    since: date
    missing: str = ""
    beside: float | None = None
    quarterly: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page."""

    title: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """All of it: the keys of the periods, oldest first, and the parts."""

    by: str
    periods: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    id: str
    flow: int
    title: Words
    unit: str
    explained: Words
    todo: Words
    lines: tuple[tuple[Words, Measure], ...]
    beside: float | None = None
    quarterly: bool = False


def _one(measure: Measure) -> tuple[tuple[Words, Measure], ...]:
    return (("", measure),)


_CATALOGUE = (
    _Kind(
        "fields-owned", 1, _("Fields with an owner and a business word"), "%",
        _("Of the fields that campaigns read: those with a business term, whose feed's owner can sign in here and be asked."),
        _("the house looks once a day, as soon as a campaign reads a field."),
        _one(together.fields_owned),
    ),
    _Kind(
        "unused-feeds", 1, _("Feeds that nothing uses"), "",
        _("Feeds of the catalogue that no campaign reads and no audience is built on. Looked at every quarter of an hour."),
        _("the house looks once a day, as soon as there is a feed with a reviewed field."),
        _one(together.unused_feeds),
    ),
)  # fmt: skip
_ASKING = (
    _Kind(
        "already-available", 2, _("Already available"), "",
        _("Questions that the catalogue answered while they were typed, and whose answer was used within ten working days."),
        _("nobody has asked yet. Requests, New: the catalogue answers while you type."),
        _one(asking.already_available),
    ),
    _Kind(
        "asks-per-ten", 2, _("Questions to IT for each ten campaigns"), "",
        _("Everything IT was asked for at the desk, for each ten different campaigns that were sent."),
        _("no campaign was sent yet."),
        _one(asking.asks_per_ten),
    ),
    _Kind(
        "promises-kept", 3, _("Promised days kept"), "%",
        _("Of what came and had been promised: there by the first day that IT gave. A later day that was given does not count."),
        _("nothing that was promised has come yet. IT gives a day with its answer."),
        _one(asking.promises_kept),
    ),
    _Kind(
        "promised-vs-actual", 3, _("Days after the promised day"), "d",
        _("From the first day that IT gave to the day it was there: the middle one. Below zero is earlier than promised."),
        _("nothing that was promised has come yet. IT gives a day with its answer."),
        _one(asking.promised_vs_actual),
    ),
    _Kind(
        "clarifying", 3, _("Rounds of asking back"), "",
        _("Questions that IT had to ask back, for each request that came. Fewer means that the first words were clear."),
        _("nothing that was asked for has come yet."),
        _one(asking.clarifying),
    ),
    _Kind(
        "domain-hours", 4, _("Sender domain: hours until all is right"), "h",
        _("From asking until every authoritative name server answers right, by the clock on the wall: the middle one."),
        _("no sender domain was asked for and seen yet. Requests, New, A sender domain."),
        _one(asking.domain_hours),
    ),
)  # fmt: skip
_PLANNING = (
    _Kind(
        "notice", 5, _("Notice given and notice needed"), "h",
        _("IT's working hours from a plan's announcement to its day (the middle one), beside what 85 of 100 plans needed until "
          "IT had confirmed them."),
        _("no plan that was announced has its day in these months. Calendar: write a plan down and announce it."),
        ((_("Given"), planning.notice_given), (_("Needed"), planning.notice_needed)),
    ),
    _Kind(
        "capacity-booked", 6, _("Capacity booked"), "%",
        _("Messages that were booked, as a share of all that the channels may send by day and by night; and the fullest hour."),
        _("nothing is booked, or IT has declared no limit in capacity.toml."),
        ((_("Of all hours"), planning.booked), (_("Fullest hour"), planning.fullest_hour)),
    ),
    _Kind(
        "forecast-error", 6, _("Forecast of clicks: how far off"), "%",
        _("Of the clicks that really came, the share that was expected in another hour or not at all: the middle send."),
        _("no booked send is two days old yet. It is measured by itself then."),
        _one(planning.forecast_error),
    ),
)  # fmt: skip
_SENDING = (
    _Kind(
        "auto-approved", 7, _("Sends agreed in advance"), "%",
        _("Sends that needed nobody's yes, because the policy of both teams allows them."),
        _("nothing was sent yet."),
        _one(sending.auto_approved),
    ),
    _Kind(
        "change-fails", 7, _("Sends that went wrong"), "%",
        _("Sends that were held on their way, stopped for good, or expired, of all that began."),
        _("nothing was sent yet."),
        _one(sending.change_fails),
    ),
    _Kind(
        "expedites", 7, _("In a hurry"), "",
        _("Plans announced later than IT needs, and sends booked beyond the limits by an exception."),
        _("nothing was planned or booked yet."),
        _one(sending.expedites),
    ),
    _Kind(
        "to-acknowledge", 8, _("Incidents: hours until somebody has it"), "h",
        _("From a failed check until somebody said that they are on it, by the clock on the wall: the middle one."),
        _("no check has failed yet that somebody took on."),
        _one(together.to_acknowledge),
    ),
    _Kind(
        "to-restore", 8, _("Incidents: hours until it is mended"), "h",
        _("From a failed check until the same check passed again, by the clock on the wall: the middle one."),
        _("no failed check has passed again yet."),
        _one(together.to_restore),
    ),
)  # fmt: skip
_TOGETHER = (
    _Kind(
        "checks-on-time", 10, _("Status checks held on time"), "%",
        _("Status checks that were held by the day for which they were first planned, of all that were due."),
        _("none was due yet. Status check, Plan the next one."),
        _one(together.checks_on_time),
    ),
    _Kind(
        "items-carried", 10, _("Items carried over"), "",
        _("What was open when the last status check began, and still was when it ended."),
        _("no status check was held yet. Status check, Plan the next one."),
        _one(together.items_carried),
    ),
    _Kind(
        "above-average", 11, _("Above average or better"), "%",
        _("What each team says of the other in the survey: told when a quarter is over and five or more have answered, beside "
          "the 64 of 100 marketers who said so of their IT when an analysts' survey asked them."),
        _("no quarter that is over has five answers of a team. The survey is part of the status check."),
        (
            (_("Marketing says"), together.above_average(Side.MARKETING.value)),
            (_("IT says"), together.above_average(Side.IT.value)),
        ),
        beside=ARTICLE_GOOD, quarterly=True,
    ),
    _Kind(
        "vendor-disagreements", 12, _("Open disagreements about vendors"), "",
        _("Rows of vendor reviews on which the two teams' means still differ by 1.5 or more, of reviews that are not decided."),
        _("no vendor is looked at yet. Vendor reviews, New."),
        _one(together.open_disagreements),
    ),
    _Kind(
        "vendor-lead", 12, _("Vendor reviews: days until the decision"), "d",
        _("From the question to the decision, days of the calendar: the middle one."),
        _("no review is decided yet."),
        _one(together.vendor_lead),
    ),
)  # fmt: skip
_PARTS: tuple[tuple[Words, tuple[_Kind, ...]], ...] = (
    (_("The data catalogue"), _CATALOGUE),
    (_("Requests"), _ASKING),
    (_("Plans and capacity"), _PLANNING),
    (_("Sends and incidents"), _SENDING),
    (_("Talking to each other"), _TOGETHER),
)
_READ_BY = _Kind(
    "read-by", 9, _("Read by mails"), "",
    _("Sends whose audience, message or checks really read a feed, feed by feed: what a feed did for others."),
    _("nothing was sent yet."), (),
)  # fmt: skip
_SPF = _Kind(
    "spf-lookups", 4, _("SPF: look-ups of ten"), "",
    _("DNS look-ups that the SPF record of a sender domain needs, the worst domain first, on the last day looked at. Receivers "
      "stop at ten and then take none of it."),
    _("in production the house counts them once a day; before that nothing leaves this machine."), (),
    beside=float(domains.LIMIT),
)  # fmt: skip


def page(records: Records, by: str, zone: str) -> Page:
    """Every number by ``month`` or ``quarter``."""
    today = records.day(records.now)
    of_year = quarters(today, zone)
    periods = of_year if by == "quarter" else months(today, zone)
    parts = []
    for title, kinds in _PARTS:
        found = [_number(kind, records, of_year if kind.quarterly else periods, kind.lines) for kind in kinds]
        parts.append(Part(str(title), tuple(_completed(found, records, periods))))
    return Page(by, tuple(one.key for one in periods), tuple(parts))


def _completed(found: list[Number], records: Records, periods: tuple[Period, ...]) -> list[Number]:
    """With the numbers whose lines depend on what there is: one for each sender domain, one for each feed."""
    for at, one in enumerate(found):
        if one.id == "domain-hours":
            worst = tuple((domain, domains.lookups_of(domain)) for domain in domains.worst_now(records))
            return [*found[: at + 1], _number(_SPF, records, periods, worst)]
        if one.id == "to-restore":
            lines = tuple((title, sending.read_by(feed)) for feed, title in records.feed_titles)
            return [*found, _number(_READ_BY, records, periods, lines)]
    return found


def _number(
    kind: _Kind, records: Records, periods: tuple[Period, ...], measures: tuple[tuple[Words, Callable[..., Point]], ...]
) -> Number:
    lines = tuple(
        Line(str(name), measure(records, whole(periods)), tuple(measure(records, one) for one in periods))
        for name, measure in measures
    )
    known = [
        line for line in lines if line.all.value is not None or any(point.value is not None for point in line.points)
    ]
    missing = "" if known else str(_("Not measured yet: %s")) % kind.todo
    return Number(
        kind.id, kind.flow, str(kind.title), kind.unit, str(kind.explained), tuple(one.key for one in periods), tuple(known),
        records.day(periods[0].begins), missing, kind.beside, kind.quarterly,
    )  # fmt: skip
