"""``twain events``: what recipients did, from the gateways' spools into the delivery history."""

from __future__ import annotations

import typer

from twain.cli.output import Json, count, print_json, say, table
from twain.flows.events import Collected, collect
from twain.flows.instance import open_instance
from twain.insight.reactions import Count, Reactions

events = typer.Typer(no_args_is_help=True, help="What recipients did with their messages.")
_KINDS = {"open": "Opened", "click": "Clicked", "view": "Viewed in the browser", "unsubscribe": "Unsubscribed"}


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(events, name="events")


@events.callback()
def about() -> None:
    """Clicks, opens, views: kept by gateways, counted here."""


@events.command("collect")
def collect_now(as_json: Json = False) -> None:
    """Take what this machine's gateways have kept into the delivery history. The open house does it by itself."""
    done = Collected()
    with open_instance() as instance:
        while (more := collect(instance)).files:
            done = Collected(done.events + more.events, done.machines + more.machines, done.files + more.files)
    if as_json:
        print_json(done)
    else:
        say(f"{count(done.events)} events, {count(done.machines)} of them by machines, from {count(done.files)} files.")


def show_reactions(found: Reactions) -> None:
    """What came back of a send, people and machines apart; nothing while nothing has."""
    kinds = [kind for kind in _KINDS if kind in found.people or kind in found.machines]
    if not kinds:
        return
    rows = [(_KINDS[kind], *_shown(found.people.get(kind)), *_shown(found.machines.get(kind))) for kind in kinds]
    table("What came back", ("", "people", "times", "machines", "times"), rows)


def _shown(one: Count | None) -> tuple[str, str]:
    counted = one or Count()
    return count(counted.messages), count(counted.times)
