"""The red switch: at once, with a reason, for everybody to see."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from twain.errors import ConfigError
from twain.flows import control
from twain.records import Stop
from twain_web import engine
from twain_web.outbox import tell
from twain_web.rooms.people.public import record

_LONGEST = 300


def throw_switch(*, by: Any, scope: str, why: str) -> Stop:  # noqa: ANN401 — a Person
    """Stop all sends, one channel, or all reads from a source. The stop comes first, the books after it."""
    reason = " ".join(why.split())[:_LONGEST]
    if not reason:
        raise ConfigError("A stop needs a reason.", todo=_("Say why, for everybody who reads it."))
    order = control.stop(engine.instance(by), scope, reason)
    record(by, "stopped", scope, {"why": reason})
    tell("switch.thrown", scope=scope, by=by.username, why=reason)
    return order


def lift_switch(*, by: Any, scope: str) -> bool:  # noqa: ANN401
    """Lift a stop; what waited because of it goes on by itself. False when there was none."""
    there = control.lift(engine.instance(by), scope)
    if there:
        record(by, "stop lifted", scope)
        tell("switch.lifted", scope=scope, by=by.username)
    return there
