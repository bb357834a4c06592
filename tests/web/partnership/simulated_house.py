"""A simulated year in a house of its own, inside this process: lived once a seed, and looked at by whoever asks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from tests.house_template import migrated
from twain.ledger.house import HOUSE_FILE
from twain.ledger.stores import open_ledger
from twain.settings import load_settings
from twain_web import engine
from twain_web.rooms.partnership.public import Year, mark, simulate
from twain_web.rooms.partnership.simulation.clock import SimulatedClock, living_by
from twain_web.simulated import write_workspace

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@dataclass(frozen=True)
class Lived:
    """A year that is over, and where its house lies."""

    year: Year
    folder: Path

    @property
    def ended(self) -> datetime:
        """The moment of the last thing that happened."""
        return datetime.fromisoformat(self.year.ended)

    def rows(self, store: str, query: str) -> list[sqlite3.Row]:
        """Raw rows of the house or the ledger, by SQLite itself."""
        with sqlite3.connect(self.folder / ".twain" / store) as raw:
            raw.row_factory = sqlite3.Row
            return raw.execute(query).fetchall()


def live(folder: Path, seed: int, requests: int) -> Lived:
    """Live a year in *folder*."""
    write_workspace(folder)
    migrated(folder / ".twain")
    with opened(folder):
        open_ledger(settings.TWAIN.control_url).close()
        mark()
        return Lived(simulate(seed, requests), folder)


@contextmanager
def looking_back(lived: Lived, username: str = "mseidel") -> Iterator[Client]:
    """A client that is signed in at the end of the year."""
    with opened(lived.folder), living_by(SimulatedClock(lived.ended)):
        yield signed_in_as(get_user_model().objects.get(username=username))


def signed_in_as(person: object) -> Client:
    """A client of theirs."""
    client = Client()
    client.force_login(person, backend=_BACKEND)
    return client


@contextmanager
def opened(folder: Path) -> Iterator[None]:
    """This process's house is the one in *folder*."""
    before, name = settings.TWAIN, connection.settings_dict["NAME"]
    _change(load_settings(folder), str(folder / ".twain" / HOUSE_FILE))
    try:
        yield
    finally:
        _change(before, name)


def _change(stated: object, name: str) -> None:
    engine.close()
    connection.close()
    settings.TWAIN, connection.settings_dict["NAME"] = stated, name
