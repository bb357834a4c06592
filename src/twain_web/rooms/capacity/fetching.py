"""Calendars at addresses (``[[import]] url = …``): read every hour, looked at, and kept beside the ledger.

What cannot be read changes nothing: the last good one stays in force, and the calendar's page says since when and why.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from twain.calendars.ics import MAX_SIZE, read_events
from twain.calendars.parts import Import
from twain.errors import ConfigError, TwainError
from twain.flows.capacity_files import FETCHED, read_capacity
from twain_web import addresses, engine
from twain_web.reconcile import reconciler

EVERY, AFTER_A_FAILURE = 3600.0, 900.0  # seconds
_MOST = 20
_TODO = "Name a public https address, or have IT allow the host under [webhooks] in twain.toml."


@dataclass(frozen=True, slots=True)
class Fetched:
    """One calendar at an address. *name*: its host; *good_at*: when it was last read and good; *problem*: why not since then."""

    key: str
    name: str
    calendar: str
    what: str
    good_at: datetime | None
    tried_at: datetime | None
    problem: str = ""


def fetched() -> list[Fetched]:
    """Every address that a calendar names, and how it stands."""
    return [_told(title, one) for title, one in _named()]


def due() -> list[str]:
    """Those to be read now."""
    now = engine.instance().clock.now()
    return [one.kept_as for _title, one in _named() if _wait_until(_state(one.kept_as)) <= now]


@reconciler("calendars", every=20.0, due=due, hands=1)
def fetch(key: str) -> None:
    """Read one, and keep it if it is good."""
    origin = next((one for _title, one in _named() if one.kept_as == key), None)
    if origin is None:
        return
    now, before = engine.instance().clock.now(), _state(key)
    try:
        _keep(key, _read(origin))
    except TwainError as error:
        _note(key, {**before, "tried": now, "problem": error.what[:300]})
    else:
        _note(key, {"tried": now, "good": now})


def _read(origin: Import) -> bytes:
    """The calendar, looked at as a whole. Raises ConfigError: T929 for the address, T965 for the answer, T912 for its events."""
    here = engine.instance().settings
    allowed = here.webhooks.allow
    parts, address = addresses.checked(origin.url, allowed, production=here.production, todo=_TODO, https=True)
    try:
        got = addresses.get(parts, address, accept="text/calendar", most=MAX_SIZE + 1, ca_file=here.webhooks.ca_file)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unread(origin, type(error).__name__) from error
    if got.status != http.client.OK:
        raise _unread(origin, f"HTTP {got.status}")
    read_events(got.body, origin, here.time_zone)
    return got.body


def _unread(origin: Import, why: str) -> ConfigError:
    return ConfigError(
        f"{origin.name} did not give its calendar: {why}.",
        todo="The last good one is in force. See to its address.",
        code="T965",
    )


def _named() -> Iterator[tuple[str, Import]]:
    """The addresses, each once. Calendars that cannot be read name none; twain check says what is wrong with them."""
    seen: set[str] = set()
    with suppress(TwainError):
        for calendar in read_capacity(settings.TWAIN.root, settings.TIME_ZONE).calendars:
            for one in calendar.imports:
                if one.url and one.kept_as not in seen and len(seen) < _MOST:
                    seen.add(one.kept_as)
                    yield calendar.title, one


def _told(title: str, one: Import) -> Fetched:
    state = _state(one.kept_as)
    good, tried = (datetime.fromtimestamp(state[at], UTC) if state.get(at) else None for at in ("good", "tried"))
    words = {"freeze": _("Freezes"), "maintenance": _("Maintenance"), "holiday": _("Holidays")}
    return Fetched(one.kept_as, one.name, title, words[one.what], good, tried, str(state.get("problem", "")))


def _wait_until(state: dict[str, Any]) -> float:
    if not state.get("tried"):
        return 0.0
    return float(state["tried"]) + (AFTER_A_FAILURE if state.get("problem") else EVERY)


def _folder() -> Path:
    folder: Path = settings.TWAIN.root / FETCHED
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _state(key: str) -> dict[str, Any]:
    try:
        found = json.loads((_folder() / f"{key}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(key: str, text: bytes) -> None:
    _replace(_folder() / key, text)


def _note(key: str, state: dict[str, Any]) -> None:
    _replace(_folder() / f"{key}.json", json.dumps(state).encode())


def _replace(path: Path, text: bytes) -> None:
    """Whole or not at all: others read it at the same moment."""
    if path.is_file() and path.read_bytes() == text:
        return
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(text)
    new.replace(path)
