"""Other people's calendars: freezes read from iCalendar, plans written as it (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import icalendar

from twain.calendars.parts import Freeze, Import
from twain.errors import ConfigError

#: In bytes, and in events: more is no freeze calendar.
MAX_SIZE = 1 << 20
MOST_EVENTS = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One event to be written. *begins* and *ends* are aware; *uid* stays the same when it moves."""

    uid: str
    title: str
    begins: datetime
    ends: datetime
    text: str = ""
    changed_at: datetime | None = None


def read_freezes(text: bytes, origin: Import, zone: str = "UTC") -> tuple[Freeze, ...]:
    """The events of an ICS as freezes; a whole day is one on the clocks of *zone*. Raises ConfigError T912.

    A repeating event is not unfolded but refused: half a freeze would be worse than none.
    """
    name = origin.file
    if len(text) > MAX_SIZE:
        raise _unreadable(name, "it is larger than 1 MB")
    try:
        events = icalendar.Calendar.from_ical(text).events
        if len(events) > MOST_EVENTS:
            raise _unreadable(name, f"it has more than {MOST_EVENTS} events")
        return tuple(_freeze(event, origin, name, ZoneInfo(zone)) for event in events)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise _unreadable(name, f"{type(error).__name__}: {error}"[:200]) from error


def write(name: str, entries: Iterable[Entry], now: datetime) -> bytes:
    """An ICS of these events: in UTC, one UID each, for calendars that subscribe."""
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


def _freeze(event: icalendar.Event, origin: Import, name: str, zone: ZoneInfo) -> Freeze:
    if "RRULE" in event or "RDATE" in event:
        raise _unreadable(name, f"the event {_title(event)!r} repeats; write each freeze as an event of its own")
    begins, ends = _moment(event.start, zone), _moment(event.end, zone)
    if ends <= begins:
        raise _unreadable(name, f"the event {_title(event)!r} ends before it begins")
    return Freeze(_title(event), origin.kind, origin.classes, begins, ends, origin.effective_from)


def _title(event: icalendar.Event) -> str:
    text = "".join(c for c in str(event.get("SUMMARY", "")) if c.isprintable())
    return text.strip()[:120] or "Freeze"


def _moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.replace(tzinfo=zone) if value.tzinfo is None else value


def _unreadable(name: str, why: str) -> ConfigError:
    return ConfigError(
        f"The calendar {name} cannot be read: {why}.", todo="Export it again as iCalendar (.ics).", code="T912"
    )
