"""Other people's calendars: freezes, maintenance and holidays read from iCalendar, plans written as it (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from twain.calendars.parts import Freeze, Import, Maintenance
from twain.errors import ConfigError

if TYPE_CHECKING:
    import icalendar

#: In bytes, in lines and in events: more is no freeze calendar.
MAX_SIZE = 1 << 20
MOST_LINES = 50_000
MOST_EVENTS = 2_000
_LONGEST_HOLIDAY = 31
#: What the parser raises for what is none; OSError for a zone called as a folder of the database of zones is.
_BROKEN = (ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError, OSError)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event to be written. *begins* and *ends* are aware; *uid* stays the same when it moves."""

    uid: str
    title: str
    begins: datetime
    ends: datetime
    text: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What an ICS holds: one of the three, by what its import says that it is."""

    freezes: tuple[Freeze, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    closed: tuple[date, ...] = ()


def read_events(text: bytes, origin: Import, zone: str = "UTC") -> Imported:
    """The events of an ICS; a whole day is one on the clocks of *zone*. Raises ConfigError T912.

    A repeating event is not unfolded but refused: half a freeze would be worse than none, and a rule can repeat without end.
    So can the rules of a time zone: those that an ICS describes are left out, and a zone is known by its name or not at all.
    """
    import icalendar  # noqa: PLC0415 — whoever only sends does not load it

    name = origin.name
    if len(text) > MAX_SIZE:
        raise _unreadable(name, "it is larger than 1 MB")
    try:
        events = icalendar.Calendar.from_ical(_without_zones(text, name)).events
        if len(events) > MOST_EVENTS:
            raise _unreadable(name, f"it has more than {MOST_EVENTS} events")
        return _imported([_event(event, name, ZoneInfo(zone)) for event in events], origin)
    except _BROKEN as error:
        raise _unreadable(name, f"{type(error).__name__}: {error}"[:200]) from error


def _without_zones(text: bytes, name: str) -> bytes:
    """The ICS without the time zones that it describes: the parser would keep each for good, and reckon it at every look."""
    from icalendar.parser import Contentlines  # noqa: PLC0415 — whoever only sends does not load it

    lines = Contentlines.from_ical(text)  # type: ignore[no-untyped-call]  # it brings no types there
    if len(lines) > MOST_LINES:
        raise _unreadable(name, f"it has more than {MOST_LINES} lines")
    kept: list[str] = []
    described = False
    for line in lines:
        words = line.upper()
        described = described or words == "BEGIN:VTIMEZONE"
        if not described:
            kept.append(line)
            if words.startswith("END") and "VTIMEZONE" in words:
                raise _unreadable(name, "it describes a time zone in a form of its own")
        described = described and words != "END:VTIMEZONE"
    return "\r\n".join(kept).encode()


def _imported(events: list[tuple[str, datetime, datetime]], origin: Import) -> Imported:
    since = origin.effective_from
    if origin.what == "maintenance":
        return Imported(maintenance=tuple(Maintenance(t, origin.touches, b, e, since) for t, b, e in events))
    if origin.what == "holiday":
        days = {day for _title, begins, ends in events for day in _days(begins, ends, origin.name)}
        return Imported(closed=tuple(sorted(day for day in days if day >= since)))
    return Imported(tuple(Freeze(t, origin.kind, origin.classes, b, e, since) for t, b, e in events))


def _days(begins: datetime, ends: datetime, name: str) -> Iterator[date]:
    """The days that an event takes up, its last moment being the last one's."""
    if (ends - begins).days > _LONGEST_HOLIDAY:
        raise _unreadable(name, f"a holiday is longer than {_LONGEST_HOLIDAY} days")
    day, last = begins.date(), (ends - timedelta(microseconds=1)).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def write(name: str, entries: Iterable[Entry], now: datetime) -> bytes:
    """An ICS of these events: in UTC, one UID each, for calendars that subscribe."""
    import icalendar  # noqa: PLC0415 — whoever only sends does not load it

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Twain//Year calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for event in _events(entries, now):
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _events(entries: Iterable[Entry], now: datetime) -> Iterator[icalendar.Event]:
    import icalendar  # noqa: PLC0415 — whoever only sends does not load it

    for one in entries:
        event = icalendar.Event()
        event.add("uid", one.uid)
        event.add("dtstamp", (one.changed_at or now).astimezone(UTC))
        event.add("dtstart", one.begins.astimezone(UTC))
        event.add("dtend", one.ends.astimezone(UTC))
        event.add("summary", one.title)
        if one.text:
            event.add("description", one.text)
        event.add("transp", "TRANSPARENT")
        yield event


def _event(event: icalendar.Event, name: str, zone: ZoneInfo) -> tuple[str, datetime, datetime]:
    """Its title, beginning and end."""
    if "RRULE" in event or "RDATE" in event:
        raise _unreadable(name, f"the event {_title(event)!r} repeats; write each one as an event of its own")
    _refuse_unknown_zone(event, name)
    begins, ends = _moment(event.start, zone), _moment(event.end, zone)
    if ends <= begins:
        raise _unreadable(name, f"the event {_title(event)!r} ends before it begins")
    return _title(event), begins, ends


def _refuse_unknown_zone(event: icalendar.Event, name: str) -> None:
    """A time of nobody knows where would else be taken for one of ours."""
    for key in ("DTSTART", "DTEND"):
        value: Any = event.get(key)
        if value is not None and "TZID" in value.params and isinstance(value.dt, datetime) and value.dt.tzinfo is None:
            zone = "".join(c for c in str(value.params["TZID"]) if c.isprintable())[:60]
            raise _unreadable(name, f"the event {_title(event)!r} is in a time zone that nobody knows, {zone!r}")


def _title(event: icalendar.Event) -> str:
    text = "".join(c for c in str(event.get("SUMMARY", "")) if c.isprintable())
    return text.strip()[:120] or "Closed"


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.replace(tzinfo=zone) if value.tzinfo is None else value


def _unreadable(name: str, why: str) -> ConfigError:
    return ConfigError(
        f"The calendar {name} cannot be read: {why}.", todo="Export it again as iCalendar (.ics).", code="T912"
    )
