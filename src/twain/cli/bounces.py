"""``twain bounces``: mail that comes back, read from a mailbox, a pipe or files, and what it was."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from twain.cli.output import Json, day_and_minute, print_json, say, show_error, table
from twain.errors import LedgerUnavailable
from twain.flows import bounces as flow
from twain.flows.instance import open_instance
from twain.returns.mail_files import read_stream

#: What Postfix' pipe(8) and sysexits(3) take for "not now": the mail is handed over again.
TRY_AGAIN = 75

_WORDS = {
    "bounce:hard": "came back hard",
    "bounce:soft": "came back softly",
    "bounce:block": "refused for what they are",
    "bounce:throttle": "slowed down",
    "complaint": "complained",
    "delay": "delayed",
    "reply": "answered",
    "auto_reply": "answered automatically",
}

bounces = typer.Typer(no_args_is_help=True, help="Bounces, complaints and replies that came back.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(bounces, name="bounces")


@bounces.command("collect")
def collect(
    most: Annotated[int, typer.Option(min=1, help="Mails to read at most.")] = 5_000,
    seconds: Annotated[float, typer.Option(min=1, help="Begin nothing new after so long.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Read the mailbox that twain.toml names once. A mail leaves it only after what it says is on the disk."""
    with open_instance() as instance:
        done = flow.collect(instance, most=most, within_seconds=seconds)
    _show(done, as_json=as_json)


@bounces.command("read")
def read(
    via: Annotated[str, typer.Option(help="By which way it came, for the list.")] = "pipe", as_json: Json = False
) -> int:
    """Take one mail from standard input, as a mail server's pipe hands it over. Exit 75: not now, hand it over again."""
    raw = read_stream(sys.stdin.buffer)
    try:
        with open_instance() as instance:
            done = flow.take_mail(instance, raw, via)
    except LedgerUnavailable as error:
        show_error(error, as_json=as_json)
        return TRY_AGAIN
    if as_json:
        print_json(done)
    return 0


@bounces.command("import")
def import_(
    path: Annotated[Path, typer.Argument(exists=True, help="A mail, an mbox file, a Maildir, or a folder of mails.")],
    as_json: Json = False,
) -> None:
    """Read mails out of files. Nothing there is changed; what was read before is not counted again."""
    with open_instance() as instance:
        done = flow.import_mails(instance, path)
    _show(done, as_json=as_json)


@bounces.command("list")
def list_(
    run_id: Annotated[str, typer.Argument(help="A send's id, or its beginning; nothing = all.")] = "",
    unproved: Annotated[
        bool, typer.Option("--unproved", help="Only mails that prove nothing, and had no consequences.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: Json = False,
) -> None:
    """What came back, newest first."""
    with open_instance() as instance:
        run = instance.ledger.run(run_id).id if run_id else ""
        found = instance.ledger.returned(limit=limit, run_id=run, unproved=unproved)
    if as_json:
        print_json({"bounces": found})
    elif not found:
        say("Nothing came back.")
    else:
        columns = ("when", "send", "key", "what it said")
        table(
            "", columns, [(day_and_minute(m.at), m.run_id or "–", m.recipient or "–", flow.said_of(m)) for m in found]
        )


def _show(done: flow.Collected, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    say(f"{done.read} read, {done.new} new, {done.suppressed} addresses suppressed.")
    if done.kinds:
        table(
            "",
            ("what", "mails"),
            [(kind.replace("_", " ").replace(":", ", "), number) for kind, number in done.kinds.items()],
        )
    if done.unproved:
        say(
            f"{done.unproved} prove nothing about a message of ours and changed nothing: twain bounces list --unproved",
            "yellow",
        )
    if done.left:
        say("There is more; it is read the next time.", "dim")


def show_returned(counts: Mapping[str, int]) -> None:
    """What came back of one send, in a line; nothing when nothing did."""
    said = [f"{number} {_WORDS.get(kind, kind.replace('_', ' '))}" for kind, number in counts.items()]
    if said:
        say(f"Mail: {', '.join(said)}.")
