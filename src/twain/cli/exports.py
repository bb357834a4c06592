"""What other tools get: twain export odcs, twain export dbt-exposures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from twain.cli.output import Json, clean, errors, print_json, say
from twain.flows.exports import Exported, export_odcs, write_files
from twain.flows.exposures import export_exposures
from twain.flows.instance import Instance, open_instance

export = typer.Typer(no_args_is_help=True, help="The workspace for other tools: contracts (ODCS), campaigns (dbt).")
_EXPOSURES = "twain_exposures.yml"


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(export, name="export")


@export.command("odcs")
def odcs(
    feed: Annotated[str, typer.Option(help="One feed alone.")] = "",
    to: Annotated[Path | None, typer.Option(help="A folder; standard output when none is named.")] = None,
    as_json: Json = False,
) -> int:
    """The reviewed contracts as plain ODCS 3.2 files: no field that nobody reviewed, and nothing of where databases lie."""
    with open_instance() as instance:
        made = export_odcs(instance, feed)
        return _hand_over(instance, made, to, as_json=as_json)


@export.command("dbt-exposures")
def dbt_exposures(
    to: Annotated[Path | None, typer.Option(help="A file; standard output when none is named.")] = None,
    as_json: Json = False,
) -> int:
    """The campaigns as dbt exposures: whoever changes a model sees which campaigns read it, and whose they are."""
    with open_instance() as instance:
        made = export_exposures(instance, to.name if to else _EXPOSURES)
        return _hand_over(instance, made, to.parent if to else None, as_json=as_json)


def _hand_over(instance: Instance, made: Exported, folder: Path | None, *, as_json: bool) -> int:
    """Into *folder* or to standard output, with what stayed behind; 2 when something has to be corrected first."""
    written = write_files(instance, folder, made.files) if folder else []
    if as_json:
        files = {"written": written} if folder else {"files": made.files}
        print_json({**files, "left_out": made.left_out, "faults": made.faults})
    elif folder:
        for path in written:
            say(f"written {path}")
    else:
        sys.stdout.write("---\n".join(made.files.values()))
    if not as_json:
        _tell(made)
    return 2 if made.faults else 0


def _tell(made: Exported) -> None:
    for one in made.faults:
        _aside(f"{one.name} was not exported: {one.why}", "red")
    for one in made.left_out:
        _aside(f"{one.name}: {one.why}")


def _aside(text: str, style: str = "") -> None:
    """On standard error, where it is no part of what is exported."""
    errors.print(clean(text), style=style or None, markup=False)
