"""A simulated year in a house of its own: ``twain desk simulate``. The workspace at hand is not touched.

IT sits in Bengaluru and Marketing in Berlin, so that holidays and hours of two countries lie between a question and its answer.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from twain.demo.start import copy_workspace
from twain.errors import WrongState
from twain_web.loading import load

if TYPE_CHECKING:
    from twain_web.rooms.partnership.public import Year

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
_FILES = {
    "calendars/it.toml": _CALENDAR_OF_IT,
    "calendars/marketing.toml": _CALENDAR_OF_MARKETING,
    "capacity.toml": _CAPACITY,
}


def live_a_year(seed: int, kept: Path | None = None) -> Year:
    """Make a house, live a year in it, and say what it came to. This process belongs to that house from then on.

    Raises WrongState T961 when *kept* is not empty.
    """
    with _folder(kept) as folder:
        write_workspace(folder)
        os.environ.update(TWAIN_ROOT=str(folder), DJANGO_SETTINGS_MODULE="twain_web.settings")
        os.environ.pop("TWAIN_CONTROL_URL", None)
        return _in_a_new_house(seed)


def _in_a_new_house(seed: int) -> Year:
    load()
    from twain_web.rooms.partnership import public  # noqa: PLC0415 — only after setup
    from twain_web.supervise.prepare import prepare  # noqa: PLC0415

    prepare()
    public.mark()
    return public.simulate(seed)


def write_workspace(folder: Path) -> None:
    """The demo company's files with two calendars and a capacity. Raises WrongState T961 where anything lies already.

    It makes calendars of its own in place of others: in somebody's folder these would be theirs.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise WrongState(f"{folder} is not empty.", todo="Name an empty folder: --keep /tmp/a-year.", code="T961")
    copy_workspace(folder)
    rmtree(folder / "calendars", ignore_errors=True)  # the demo's own, which go by today's date
    for name, text in _FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """A folder that is gone at the end, unless somebody keeps it."""
    folder = kept.absolute() if kept else Path(tempfile.mkdtemp(prefix="twain-year-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        if kept is None:
            rmtree(folder, ignore_errors=True)
