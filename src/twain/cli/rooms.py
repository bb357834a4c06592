"""Which file has which command. A file is loaded when one of its commands is asked for: ``twain send`` pays for sending alone.

The web's commands join by the entry-point group ``twain.commands``, and are looked for when a word is none of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

#: Commands, and then groups of commands, in the order in which ``--help`` lists them.
COMMANDS = {
    "send": ("send", "preview", "approve"),
    "runs": ("runs", "run", "missed", "resume", "pause", "cancel", "trace", "resolve"),
    "feeds": ("init", "connect", "review", "check", "feeds"),
    "control": ("stop", "gateway", "backup", "restore", "reconciled"),
    "domains": ("domains",),
    "privacy": ("forget", "person", "retain"),
    "demo": ("start", "demo-data"),
    "results": ("conversions", "credit"),
    "brakes": ("release",),
}
GROUPS = {
    "audience": ("audience",),
    "control": ("suppress", "channel"),
    "domains": ("dkim",),
    "events": ("events",),
    "bounces": ("bounces",),
    "forms": ("form", "leads", "consent"),
    "capacity": ("capacity",),
    "exports": ("export",),
}
_FILES = {name: file for files in (COMMANDS, GROUPS) for file, names in files.items() for name in names}


class Commands(MutableMapping[str, Any]):
    """The commands by name, each loaded when it is looked at. Whoever looks at all of them loads all of them."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 — the library's command has no public type
        return (_of_file(_FILES[name]) if name in _FILES else _joined())[name]

    def __iter__(self) -> Iterator[str]:
        joined = _joined()
        groups = [name for name, command in joined.items() if isinstance(command, TyperGroup)]
        yield from (name for names in COMMANDS.values() for name in names)
        yield from (name for name in joined if name not in groups)
        yield from (name for names in GROUPS.values() for name in names)
        yield from groups

    def __len__(self) -> int:
        return len(_FILES) + len(_joined())

    def __setitem__(self, name: str, command: object) -> None:
        raise TypeError(f"Commands are named in {__name__}, not added: {name}.")

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"Commands are named in {__name__}, not taken away: {name}.")


class Rooms(TyperGroup):
    """``twain`` itself."""

    def __init__(self, **told: Any) -> None:  # noqa: ANN401 — what the library tells every group
        super().__init__(**told)
        self.commands = Commands()


@cache
def _of_file(file: str) -> dict[str, Any]:
    return _built(import_module(f"twain.cli.{file}").register)


@cache
def _joined() -> dict[str, Any]:
    from importlib.metadata import entry_points  # noqa: PLC0415 — it reads every package's metadata

    def register(app: typer.Typer) -> None:
        for entry in entry_points(group="twain.commands"):
            entry.load()(app)

    return _built(register)


def _built(register: Any) -> dict[str, Any]:  # noqa: ANN401 — a room's own function
    app = typer.Typer(rich_markup_mode="rich")
    register(app)
    return dict(get_group(app).commands)
