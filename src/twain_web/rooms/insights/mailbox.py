"""Bounces are collected by themselves: the mailbox of ``[returns.bounces]`` is read every minute while the house is open."""

from __future__ import annotations

from twain.errors import TwainError
from twain.flows.bounces import collect
from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.insights.troubles import note_mailbox

_MAILBOX = "mailbox"


def _due() -> list[str]:
    return [_MAILBOX] if engine.instance().settings.bounces else []


@reconciler("bounces", every=60.0, due=_due, hands=1)
def collect_bounces(_mailbox: str) -> None:
    """Read it once; a flood is read over several steps. That it cannot be read is remembered for the home page."""
    here = engine.instance()
    try:
        collect(here)
    except TwainError as error:
        note_mailbox(here, error)
        raise
    note_mailbox(here, None)
