"""Bounces are collected by themselves: the mailbox of ``[returns.bounces]`` is read every minute while the house is open."""

from __future__ import annotations

from twain.flows.bounces import collect
from twain_web import engine
from twain_web.reconcile import reconciler

_MAILBOX = "mailbox"


def _due() -> list[str]:
    return [_MAILBOX] if engine.instance().settings.bounces else []


@reconciler("bounces", every=60.0, due=_due, hands=1)
def collect_bounces(_mailbox: str) -> None:
    """Read it once; a flood is read over several steps."""
    collect(engine.instance())
