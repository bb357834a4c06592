"""Leads and consents to IT's intakes: each written once, tried until it is, dead after a stated time, never lost silently.

A try is claimed in the ledger first. Whoever dies between writing and noting it leaves the claim to run out; the next try
meets its own row there, by its unique key (or its webhook id), and only notes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twain.delivery.intakes import Intake, open_intake
from twain.errors import ChannelUnavailable, ConfigError, TwainError
from twain.flows.instance import Instance
from twain.flows.signing_up import TRIED_FOR, payload_of
from twain.records import Outgoing, Problem, Waiting

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 1800.0  # seconds


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did: written, to be tried again, dead."""

    written: int = 0
    waiting: int = 0
    dead: int = 0

    def plus(self, state: str) -> Delivered:
        """This, and one more."""
        return Delivered(
            self.written + (state == "written"), self.waiting + (state == "waiting"), self.dead + (state == "dead")
        )


def deliver_outgoing(
    instance: Instance, only: str = "", *, written: Callable[[Outgoing], None] | None = None
) -> Delivered:
    """Write what is due, to all intakes or *only* one. *written* is told between an intake's yes and our noting it.

    Whatever else waits for an intake that is out of reach waits for the next round: each would wait for its time-out in turn.
    """
    done, intakes = Delivered(), _Intakes(instance)
    for waiting in (ids for name, ids in instance.ledger.outgoing_due().items() if only in ("", name)):
        for item in filter(None, map(instance.ledger.take_outgoing, waiting)):
            state, in_reach = _try(instance, intakes, item, written)
            done = done.plus(state)
            if not in_reach:
                break
    return done


def retry(instance: Instance, identifier: str = "") -> int:
    """Try one again now, or all that are dead. Returns how many. Raises ConfigError T874 for one that is not there."""
    give_up = instance.clock.now() + TRIED_FOR
    if identifier:
        if not instance.ledger.retry_outgoing(_known(instance, identifier).id, give_up):
            raise ConfigError(f"{identifier} is written already.", todo="See: twain leads list", code="T874")
        return 1
    dead = instance.ledger.outgoing(state="dead", limit=100_000)
    return sum(instance.ledger.retry_outgoing(item.id, give_up) for item in dead)


def shown(instance: Instance, identifier: str) -> tuple[Outgoing, dict[str, Any]]:
    """One with what is to be written; nothing any more once it is. Raises ConfigError T874."""
    item = _known(instance, identifier)
    return item, payload_of(instance, item) if item.sealed else {}


def lag(instance: Instance) -> list[Waiting]:
    """What is not written yet, by kind, intake and state, with the time of the oldest."""
    return instance.ledger.unwritten()


def check_intakes(instance: Instance) -> list[Problem]:
    """What is wrong with ``[intakes]`` and ``[write_back]``; nothing is connected."""
    found, intakes = [], _Intakes(instance)
    wanted = [instance.settings.write_back] if instance.settings.write_back else []
    for name in [*instance.settings.intakes, *wanted]:
        try:
            intakes.get(name)
        except ConfigError as error:
            found.append(Problem("error", error.shown_code, error.what, error.todo, error.place))
    return found


def test_intakes(instance: Instance) -> list[Problem]:
    """Connect to each intake; write nothing into a table, and a test that is nobody's to a webhook."""
    found, intakes = [], _Intakes(instance)
    for name in instance.settings.intakes:
        try:
            intakes.get(name).test()
        except TwainError as error:
            found.append(Problem.of(error))
    return found


def intake_named(instance: Instance, name: str) -> Intake:
    """One of ``[intakes]``; nothing is connected yet. Raises ConfigError T873."""
    return _Intakes(instance).get(name)


class _Intakes:
    """Intakes by name, each opened once."""

    def __init__(self, instance: Instance) -> None:
        self._settings = instance.settings
        self._open: dict[str, Intake] = {}

    def get(self, name: str) -> Intake:
        if name not in self._settings.intakes:
            known = ", ".join(sorted(self._settings.intakes)) or "none yet"
            raise ConfigError(f"There is no intake {name!r} in twain.toml.", todo=f"Intakes: {known}.", code="T873")
        if name not in self._open:
            options = self._settings.intakes[name]
            self._open[name] = open_intake(name, options, self._settings)
        return self._open[name]


def _try(
    instance: Instance, intakes: _Intakes, item: Outgoing, written: Callable[[Outgoing], None] | None
) -> tuple[str, bool]:
    """What became of one, and whether its intake could be reached."""
    try:
        intakes.get(item.intake).write(item.id, payload_of(instance, item))
    except TwainError as error:
        return _not_written(instance, item, error), not isinstance(error, ChannelUnavailable)
    if written is not None:
        written(item)
    instance.ledger.settle_outgoing(item, "written")
    return "written", True


def _not_written(instance: Instance, item: Outgoing, error: TwainError) -> str:
    """Later and later while it is out of reach; what was refused, or waited too long, is dead until somebody has looked."""
    now = instance.clock.now()
    later = now + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(item.tries, 20))
    hopeful = isinstance(error, ChannelUnavailable) and later < item.give_up_at
    problem = f"{error.shown_code} {error.what}"[:300]
    instance.ledger.settle_outgoing(item, "waiting" if hopeful else "dead", due=later, problem=problem)
    return "waiting" if hopeful else "dead"


def _known(instance: Instance, identifier: str) -> Outgoing:
    item = instance.ledger.one_outgoing(identifier)
    if item is None:
        raise ConfigError(
            f"There is no lead {identifier!r}.", todo="See those there are: twain leads list", code="T874"
        )
    return item
