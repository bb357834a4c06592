"""What the workspace says of capacity and calendars: ``capacity.toml``, ``calendars/*.toml`` and the ICS files beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from twain.calendars.files import read_calendar
from twain.calendars.ics import Imported, read_events
from twain.calendars.parts import Calendar, Holidays, Hours, Import
from twain.calendars.slots import Capacity, read_limits
from twain.errors import ConfigError, Place, TwainError
from twain.flows.files import read_text
from twain.settings import ChannelSettings

FILE, FOLDER = "capacity.toml", "calendars"
#: Where the house keeps what it read last at the addresses that calendars name.
FETCHED = ".twain/calendars"
_EMPTY = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Twain//nothing yet//EN\r\nEND:VCALENDAR\r\n"
#: The calendar whose hours are those of the team that answers.
OF_IT = "it"
_WEEK = tuple((weekday, 9 * 60, 17 * 60) for weekday in range(5))


def read_capacity(root: Path, zone: str = "UTC") -> Capacity:
    """The capacity of a workspace as its files stand now. Without files nothing is limited. Raises ConfigError T911 to T913."""
    folders = (root / FOLDER).glob("*.toml"), (root / FOLDER).glob("*.ics"), (root / FETCHED).glob("*.ics")
    files = [root / FILE, *(file for folder in folders for file in folder)]
    stamp = tuple(sorted((str(f), f.stat().st_mtime_ns, f.stat().st_size) for f in files if f.is_file()))
    return _read(root, zone, stamp)


def hours_of_it(root: Path, zone: str) -> Calendar:
    """IT's own calendar, ``calendars/it.toml``. Without it, or while it cannot be read: Monday to Friday, 9 to 17, in *zone*.

    A file that cannot be read holds nobody up: ``twain check`` says what is wrong with it.
    """
    try:
        known = read_capacity(root, zone).calendars
    except TwainError:
        known = ()
    own = next((one for one in known if one.name == OF_IT and one.hours), None)
    return own or Calendar(OF_IT, hours=(Hours(date.min, zone, _WEEK),))


@lru_cache(maxsize=8)
def _read(root: Path, zone: str, _stamp: tuple[tuple[str, int, int], ...]) -> Capacity:
    path = root / FILE
    limits = read_limits(read_text(path, root, Place(FILE))) if path.is_file() else ()
    calendars = (root / FOLDER).glob("*.toml")
    return Capacity(limits, tuple(_calendar(file, zone) for file in sorted(calendars)))


def _calendar(path: Path, zone: str) -> Calendar:
    found = read_calendar(path.stem, read_text(path, path.parent), zone)
    for one in found.imports:
        found = _with(found, one, read_events(_ics(path.parent, one), one, zone))
    return found


def _with(calendar: Calendar, origin: Import, imported: Imported) -> Calendar:
    """A calendar and what was imported into it. Holidays join each part, from the day on from which they hold."""
    holidays = calendar.holidays
    if imported.closed:
        parts = holidays or (Holidays(origin.effective_from),)
        holidays = tuple(replace(part, closed=(*part.closed, *imported.closed)) for part in parts)
    return replace(
        calendar, freezes=(*calendar.freezes, *imported.freezes), holidays=holidays,
        maintenance=(*calendar.maintenance, *imported.maintenance),
    )  # fmt: skip


def _ics(folder: Path, origin: Import) -> bytes:
    """The export beside the calendar, or what was fetched last and could be read: nothing yet is an empty calendar."""
    if origin.url:
        kept = folder.parent / FETCHED / origin.kept_as
        return kept.read_bytes() if kept.is_file() else _EMPTY
    if not (folder / origin.file).is_file():
        place, todo = f"{FOLDER}/{origin.file}", f"Put the export at {FOLDER}/{origin.file}."
        raise ConfigError(f"There is no {place}.", place=Place(place), todo=todo, code="T912")
    return read_text(folder / origin.file, folder).encode()


def within_capacity(channel: ChannelSettings, capacity: Capacity, now: float) -> ChannelSettings:
    """A channel that keeps to what is declared for an hour, whatever its own limits allow: all its sends together."""
    most = capacity.limit(f"channel:{channel.name}", int(now // 3600))
    if most is None:
        return channel
    whole = dict(channel.limits.get("", {}))
    whole["per_hour"] = min(most, whole.get("per_hour", most))
    return replace(channel, limits={**channel.limits, "": whole})
