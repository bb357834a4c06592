"""The web's part of the command line: ``twain up``, ``twain admin``, ``twain audit``. Joins by the entry point.

Django is imported when a command runs, not before: ``twain send`` shall not pay for it.
"""

from __future__ import annotations

import typer

audit = typer.Typer(no_args_is_help=True, help="The audit of the house: verify its chain.")


def register(app: typer.Typer) -> None:
    """Add these commands to ``twain``."""
    app.add_typer(audit, name="audit")


@audit.callback()
def about() -> None:
    """Rows that nobody changes."""


def setup() -> None:
    """Open the house's settings for the workspace at or above the current folder."""
    import os  # noqa: PLC0415

    import django  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twain_web.settings")
    django.setup(set_prefix=False)


@audit.command("verify")
def verify(head: str = typer.Option("", help="A head that was kept elsewhere: it must still be in the chain.")) -> int:
    """Walk the audit's chain; print its head for keeping elsewhere. Exit code 4 when a row was changed or is missing."""
    setup()
    from twain_web.rooms.people.public import verify as walk  # noqa: PLC0415

    found = walk(head)
    if found.broken_at is not None:
        typer.echo(f"Broken: {found.why}. The {found.rows} rows before it are as they were written.")
        return 4
    typer.echo(f"{found.rows} rows, unbroken. Head: {found.head}")
    return 0
