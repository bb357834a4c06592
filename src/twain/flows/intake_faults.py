"""Intakes whose writes fail: which, since when, how much waits for them, and whose they are. Never who waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twain.flows.instance import Instance
from twain.flows.leads import LATE_AFTER
from twain.ports import Ledger
from twain.records import IntakeTries, Waiting

_QUIET = 60.0


@dataclass(frozen=True, slots=True)
class FailingIntake:
    """An intake whose last try failed, while something was given up or has waited for too long.

    *kind*: table or webhook; *owner*: as ``twain.toml`` names them (policy's id, or a name), "" = nobody; *failed_at*: epoch
    seconds of the last try; *code*: its error. *dead* were given up, *waiting* are tried on, the oldest of them for too
    long; *wishes* of both are consents and opt-outs.
    """

    name: str
    kind: str
    owner: str
    failed_at: float
    code: str
    dead: int
    waiting: int
    wishes: int


def failing_intakes(instance: Instance) -> list[FailingIntake]:
    """All of them, by name. Every row on its way is passed, but only while some intake's last try failed."""
    now = instance.clock.now()
    failed = last_failed(instance.ledger, now)
    unwritten = instance.ledger.unwritten() if failed else []
    troubled = [one for one in unwritten if one.state == "dead" or now - one.oldest > LATE_AFTER]
    return [
        _failing(instance, one, mine) for one in failed if (mine := [w for w in troubled if w.intake == one.intake])
    ]


def last_failed(ledger: Ledger, now: float) -> list[IntakeTries]:
    """Intakes at which nothing was written since the last try that failed, nor within a minute of epoch second *now*.

    One that refuses an entry now and then and takes the others works.
    """
    return [one for one in ledger.intake_tries() if one.failed_at > one.written_at and now - one.written_at >= _QUIET]


def _failing(instance: Instance, tried: IntakeTries, troubled: Sequence[Waiting]) -> FailingIntake:
    options = instance.settings.intakes.get(tried.intake, {})
    number = {state: sum(one.number for one in troubled if one.state == state) for state in ("dead", "waiting")}
    return FailingIntake(
        name=tried.intake,
        kind=str(options.get("kind", "")),
        owner=str(options.get("owner", "")),
        failed_at=tried.failed_at,
        code=tried.code,
        dead=number["dead"],
        waiting=number["waiting"],
        wishes=sum(one.number for one in troubled if one.kind != "lead"),
    )
