"""Where the simulated year takes place: a workspace with two calendars and a capacity, a house of its own, two teams.

IT sits in Bengaluru and Marketing in Berlin, so that holidays and hours of two countries lie between a question and its answer.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from twain.demo.start import copy_workspace
from twain.errors import WrongState
from twain_web.rooms.people import public as people

#: Lies in the state folder of a house that was made for a simulated year: no other house is simulated in.
MARK = "simulated"
IT, MARKETING = "Data and platforms", "Customer relations"

_CALENDAR_OF_IT = """
title = "IT, Bengaluru"
zone = "Europe/Berlin"

[[hours]]
effective_from = 2024-01-01
zone = "Asia/Kolkata"
week = ["Mon-Fri 10:00-18:00"]

[[hours]]                       # from summer on the day begins later, so that both teams share more of it
effective_from = 2025-06-01
zone = "Asia/Kolkata"
week = ["Mon-Fri 11:00-19:00"]

[[holidays]]
effective_from = 2024-01-01
country = "IN"
region = "KA"

[[freeze]]
effective_from = 2025-01-01
name = "Year-end freeze"
kind = "hard"
classes = ["normal"]
from = 2025-12-15T00:00:00
until = 2025-12-28T00:00:00

[[freeze]]
effective_from = 2025-01-01
name = "Peak days of the shop"
kind = "hard"
classes = ["send", "normal"]
from = 2025-11-28T06:00:00
until = 2025-11-28T20:00:00

[[maintenance]]
effective_from = 2025-01-01
name = "New disks for the shop's database"
touches = ["source:shop", "channel:mail"]
from = 2025-05-17T06:00:00
until = 2025-05-18T18:00:00
"""
_CALENDAR_OF_MARKETING = """
title = "Marketing, Berlin"

[[hours]]
effective_from = 2024-01-01
zone = "Europe/Berlin"
week = ["Mon-Fri 09:00-17:00"]

[[holidays]]
effective_from = 2024-01-01
country = "DE"
region = "BE"
"""
_CAPACITY = """
[[limit]]
of = "channel:mail"
sends_per_hour = 25000
effective_from = 2024-01-01

[[limit]]
of = "channel:mail"
sends_per_hour = 30000
effective_from = 2025-07-01

[[limit]]
of = "source:shop"
readers = 2
effective_from = 2024-01-01

[[limit]]
of = "website:shop"
clicks_per_hour = 600
effective_from = 2024-01-01
"""
_FILES = {"calendars/it.toml": _CALENDAR_OF_IT, "calendars/marketing.toml": _CALENDAR_OF_MARKETING,
          "capacity.toml": _CAPACITY}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Colleague:
    username: str
    name: str
    title: str
    role: str
    team: str
    side: str
    delegate: str = ""


#: Fictional, as the demo company is. Whoever stands in for somebody comes before them.
_PEOPLE = (
    _Colleague("mseidel", "Mara Seidel", "Head of CRM", "marketing_lead", MARKETING, "marketing"),
    _Colleague("lhoffmann", "Lena Hoffmann", "Campaign Manager", "marketer", MARKETING, "marketing", "mseidel"),
    _Colleague("oduran", "Ona Duran", "Content Manager", "marketer", MARKETING, "marketing", "lhoffmann"),
    _Colleague("tvoss", "Tjark Voss", "CRM Analyst", "marketer", MARKETING, "marketing", "lhoffmann"),
    _Colleague("ibruun", "Ida Bruun", "Brand Manager", "marketer", MARKETING, "marketing", "oduran"),
    _Colleague("jweber", "Jonas Weber", "Data Engineer", "data_owner", IT, "it"),
    _Colleague("aberg", "Anna Berg", "Systems Administrator", "administrator", IT, "it", "jweber"),
    _Colleague("pnair", "Priya Nair", "Senior DBA", "data_owner", IT, "it", "jweber"),
    _Colleague("skamath", "Sunil Kamath", "Platform Engineer", "it_operator", IT, "it", "aberg"),
    _Colleague("lfarkas", "Lea Farkas", "Network Engineer", "it_operator", IT, "it", "aberg"),
)
_BRIDGES = ("mseidel", "skamath")


@contextmanager
def private_folder(kept: Path | None = None) -> Iterator[Path]:
    """A folder for a house of its own, which this process opens from now on; gone at the end, unless it is *kept*."""
    folder = kept or Path(tempfile.mkdtemp(prefix="twain-year-"))
    folder.mkdir(parents=True, exist_ok=True)
    write_workspace(folder)
    os.environ["TWAIN_ROOT"] = str(folder)
    try:
        yield folder
    finally:
        if kept is None:
            rmtree(folder, ignore_errors=True)


def write_workspace(folder: Path) -> None:
    """The demo company's files with two calendars and a capacity. Raises WrongState T961 where something else lies."""
    if (folder / "twain.toml").exists():
        raise WrongState(
            f"{folder} is a workspace already.", todo="Name an empty folder: --keep /tmp/a-year.", code="T961"
        )
    copy_workspace(folder)
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / ".twain").mkdir(mode=0o700, exist_ok=True)
    (folder / ".twain" / MARK).touch()


def refuse_any_other() -> None:
    """Raises WrongState T960 in a house that was not made for this: a year of made-up requests is no joke there."""
    if connection.vendor != "sqlite" or not (settings.TWAIN.state / MARK).exists():
        raise WrongState(
            "This house was not made for a simulated year.",
            todo="Run twain desk simulate: it makes a house of its own, and leaves this one alone.",
            code="T960",
        )


def seat_everybody() -> dict[str, Any]:
    """Both teams with delegates and bridge persons; by user name."""
    for one in _PEOPLE:
        email = f"{one.name.lower().replace(' ', '.')}@nordlicht.example"
        people.enter(by="simulation", username=one.username, full_name=one.name, title=one.title, email=email,
                     roles=[one.role], password=None)  # fmt: skip
        people.seat(by="simulation", username=one.username, team=one.team, side=one.side, delegate=one.delegate,
                    bridge=one.username in _BRIDGES)  # fmt: skip
    found = get_user_model().objects.select_related("team", "delegate").prefetch_related("roles_held")
    return {one.username: one for one in found}
