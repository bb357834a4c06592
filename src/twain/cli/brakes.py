"""``twain release``: lets a send go on that a brake holds."""

from __future__ import annotations

from typing import Annotated

import typer

from twain.cli.output import Json, print_json, say
from twain.flows.brakes import release
from twain.flows.instance import open_instance


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("release")(release_run)


def release_run(
    run_id: Annotated[str, typer.Argument(help="A send's id, or its beginning.")], as_json: Json = False
) -> None:
    """Release a send that a brake of policy.toml holds; what came back before counts no more. Then: twain resume."""
    with open_instance() as instance:
        run = release(instance, run_id)
    words = f"Send {run.id} is released. Go on with: twain resume {run.id}"
    if as_json:
        print_json({"run": run.id, "said": words})
    else:
        say(words)
