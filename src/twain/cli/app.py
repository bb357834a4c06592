"""``twain``: every command of the flow. The web's commands join by the entry-point group ``twain.commands``.

Exit codes: 0 done · 1 unexpected · 2 wrong input or files · 3 held · 4 not everyone is accounted for ·
5 a company database · 6 the control store · 7 the way out · 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import typer

from twain import __version__
from twain.cli.rooms import Rooms
from twain.errors import TwainError

app = typer.Typer(
    name="twain",
    cls=Rooms,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="The messaging system in which Marketing and IT are full partners.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def _exit(code: object, **_: object) -> None:
    """A command's number is the exit code."""
    if isinstance(code, int) and code:
        raise typer.Exit(code)


@app.callback(result_callback=_exit)
def root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    """Take part: see the commands below."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; every error of ours becomes words and a documented exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        app(words)
    except TwainError as error:
        _show(error, words)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 — the last resort: a driver's own words could hold what must not be shown
        _show(_unexpected(error), words)
        sys.exit(1)


def _show(error: TwainError, words: list[str]) -> None:
    from twain.cli.output import show_error  # noqa: PLC0415 — what draws tables is not loaded to say a version

    show_error(error, as_json="--json" in words)


def _unexpected(error: Exception) -> TwainError:
    """An error nobody foresaw: its kind and where it came from, never its words; ``TWAIN_DEBUG=1`` raises it as it is."""
    if os.environ.get("TWAIN_DEBUG"):
        raise error
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((f for f in reversed(frames) if f"{os.sep}twain{os.sep}" in f.filename), frames[-1])
    return TwainError(
        f"Something went wrong that nobody foresaw: {type(error).__name__} in {Path(ours.filename).name}, line {ours.lineno}.",
        todo="Nothing is lost: twain runs shows where things stand. To see all of it: TWAIN_DEBUG=1.",
    )
