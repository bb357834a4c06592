"""Business time: a team's hours on its own wall clocks, without holidays, and without hard freezes of a change class.

A moment is working time when the wall clock shows a working minute of a day on which those hours are in force. In spring a shift
across the missing hour is shorter, in autumn one across the repeated hour is longer: what counts is what the clock shows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from twain.calendars.parts import Calendar, Holidays, Hours, Span, in_force
from twain.errors import ConfigError

#: Nobody's queue is longer; a calendar without hours ends the search here.
FARTHEST = timedelta(days=3 * 366)
_DAY = timedelta(days=1)


def hours_between(calendar: Calendar, begins: datetime, ends: datetime, change: str = "") -> float:
    """Business hours from *begins* to *ends* (aware), without hard freezes of the class *change*."""
    return sum(span.hours for span in working(calendar, begins, ends, change))


def add_hours(calendar: Calendar, begins: datetime, hours: float, change: str = "") -> datetime:
    """The first moment by which so many business hours will have passed; with 0, the next working moment. In UTC.

    Raises ConfigError T910 when the calendar has not so many within three years.
    """
    left, step, start = timedelta(hours=hours), timedelta(days=7), begins.astimezone(UTC)
    limit = start + FARTHEST
    while start < limit:
        for span in working(calendar, start, start + step, change):
            if left <= span.ends - span.begins:
                return span.begins + left
            left -= span.ends - span.begins
        start += step
    raise ConfigError(
        f"Calendar {calendar.name!r} has no {hours:g} business hours within three years.",
        todo=f"Give calendars/{calendar.name}.toml working hours.",
        code="T910",
    )


def working(calendar: Calendar, begins: datetime, ends: datetime, change: str = "") -> list[Span]:
    """Working time between two moments as spans in UTC that do not touch, in order."""
    first, last = begins.astimezone(UTC), ends.astimezone(UTC)
    if last <= first:
        return []
    open_spans = merged(_clipped(_shifts(calendar, first, last), first, last))
    frozen = [f.span for f in calendar.freezes if change and f.kind == "hard" and change in f.classes]
    return without(open_spans, merged(frozen))


@lru_cache(maxsize=32)
def measure(calendar: Calendar, change: str = "") -> Measure:
    """As :func:`hours_between`, for whoever asks often: each year of a calendar is added up once."""
    return Measure(calendar, change)


class Measure:
    """Business hours of one calendar and change class, between any two moments."""

    def __init__(self, calendar: Calendar, change: str) -> None:
        self._calendar, self._change = calendar, change
        self._years: dict[int, tuple[list[float], list[float], float]] = {}

    def __call__(self, begins: datetime, ends: datetime) -> float:
        """From *begins* to *ends* (aware); 0 when the second is not later."""
        first, last = begins.astimezone(UTC), ends.astimezone(UTC)
        if last <= first:
            return 0.0
        whole = sum(self._year(year)[2] for year in range(first.year, last.year))
        return whole + self._until(last) - self._until(first)

    def _until(self, moment: datetime) -> float:
        """Hours of its year before a moment."""
        opens, before, _whole = self._year(moment.year)
        at = moment.timestamp()
        n = bisect_right(opens, at)
        return min(before[n], before[n - 1] + (at - opens[n - 1]) / 3600) if n else 0.0

    def _year(self, year: int) -> tuple[list[float], list[float], float]:
        """When each span opens, the hours before each (one more than spans: the whole), and the whole."""
        if year not in self._years:
            spans = working(
                self._calendar, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC), self._change
            )
            before = [0.0, *accumulate(span.hours for span in spans)]
            self._years[year] = ([span.begins.timestamp() for span in spans], before, before[-1])
        return self._years[year]


def is_holiday(calendar: Calendar, day: date) -> str:
    """The name of a day on which nobody works by this calendar's holidays; empty on others."""
    return _holiday(in_force(calendar.holidays, day), day)


def holidays_of(calendar: Calendar, first: date, last: date) -> list[tuple[date, str]]:
    """Days off between two days, both included, with their names."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [(day, name) for day in days if (name := is_holiday(calendar, day))]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same moments as spans in order that neither overlap nor touch."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: s.begins):
        if span.ends <= span.begins:
            continue
        if found and span.begins <= found[-1].ends:
            found[-1] = Span(found[-1].begins, max(found[-1].ends, span.ends))
        else:
            found.append(span)
    return found


def without(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """What is left of *spans* outside of *holes*; both in order and merged."""
    left = list(spans)
    for hole in holes:
        left = [piece for span in left for piece in _cut(span, hole)]
    return left


def _cut(span: Span, hole: Span) -> Iterator[Span]:
    if not span.overlaps(hole):
        yield span
        return
    if span.begins < hole.begins:
        yield Span(span.begins, hole.begins)
    if hole.ends < span.ends:
        yield Span(hole.ends, span.ends)


def _clipped(spans: Iterable[Span], first: datetime, last: datetime) -> Iterator[Span]:
    for span in spans:
        if span.begins < last and first < span.ends:
            yield Span(max(span.begins, first), min(span.ends, last))


def _shifts(calendar: Calendar, first: datetime, last: datetime) -> Iterator[Span]:
    """Every shift of every day that may touch the time between two moments: zones reach a day to either side."""
    for n in range((last.date() - first.date()).days + 3):
        day = first.date() + timedelta(days=n - 1)
        hours = in_force(calendar.hours, day)
        if hours is not None and not is_holiday(calendar, day):
            yield from _shifts_of(hours, day)


def _shifts_of(hours: Hours, day: date) -> Iterator[Span]:
    for weekday, opens, closes in hours.week:
        if weekday == day.weekday():
            yield from _wall(hours.zone, day, opens, closes)


def _wall(zone: str, day: date, opens: int, closes: int) -> Iterator[Span]:
    """When the clocks of *zone* show *day* between two minutes: one piece per offset from UTC that the day has."""
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    for offset, since, until in _offsets(zone, day):
        begins, ends = midnight + timedelta(minutes=opens) - offset, midnight + timedelta(minutes=closes) - offset
        begins, ends = max(begins, since), min(ends, until)
        if begins < ends:
            yield Span(begins, ends)


@lru_cache(maxsize=4096)
def _offsets(zone: str, day: date) -> tuple[tuple[timedelta, datetime, datetime], ...]:
    """The offsets of a local day with the time in which each holds; almost always one."""
    where = ZoneInfo(zone)
    begins = datetime.combine(day, datetime.min.time(), where)
    ends = datetime.combine(day + _DAY, datetime.min.time(), where).replace(fold=1)
    before, after = begins.utcoffset() or timedelta(), ends.utcoffset() or timedelta()
    ever = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    if before == after:
        return ((before, *ever),)
    change = _change(
        where, begins.replace(tzinfo=UTC) - max(before, after), ends.replace(tzinfo=UTC) - min(before, after)
    )
    return ((before, ever[0], change), (after, change, ever[1]))


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The second at which the offset changes between two moments in UTC."""
    low, high = low - timedelta(hours=1), high + timedelta(hours=1)
    old = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == old else (low, middle)
    return high


def _holiday(part: Holidays | None, day: date) -> str:
    if part is None or day in part.worked:
        return ""
    if day in part.closed:
        return "Closed"
    return _public(part.country, part.region, day.year).get(day, "") if part.country else ""


@lru_cache(maxsize=512)
def _public(country: str, region: str, year: int) -> dict[date, str]:
    """Public holidays of a year. Raises ConfigError T911 for a country or region that the package does not know."""
    from holidays import country_holidays, list_supported_countries  # noqa: PLC0415 — most workspaces ask for none

    regions = list_supported_countries().get(country)
    if regions is None or (region and region not in regions):
        raise ConfigError(
            f"No public holidays are known for {country} {region}".strip() + ".",
            todo="Write the country by its ISO 3166-1 code and the region by its ISO 3166-2 code, such as DE and BE.",
            code="T911",
        )
    return dict(country_holidays(country, subdiv=region or None, years=year).items())
