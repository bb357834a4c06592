"""Brakes: a running send of which too much comes back is held, until somebody who may releases it.

``policy.toml`` sets the rates under ``[brakes]``. A worker looks between its windows, at most every few seconds: one query on
the control store, and one on the history where unsubscribing has a brake. What had come back before a release counts no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twain.errors import ConfigError, Held, WrongState
from twain.flows.instance import Instance
from twain.flows.policy import Person
from twain.insight.rates import Rate, rate
from twain.insight.reactions import reactions
from twain.records import Run, RunEvent, RunState, Tally

_EVERY = 3.0  # seconds
_BY_BRAKE = "brake: "  # begins the technical words of a hold that is a brake's
_RELEASED = "released"
_WORDS = {
    "complaints": "people complained",
    "bounces": "messages came back",
    "unsubscribes": "people unsubscribed",
}


@dataclass(frozen=True, slots=True)
class Passed:
    """One brake that was passed: its name in policy, what was seen, and the share that was agreed."""

    name: str
    seen: Rate
    limit: float

    @property
    def business(self) -> str:
        """For Marketing."""
        return (
            f"{self.seen.part:,} {_WORDS[self.name]} of {self.seen.whole:,} sent: {self.seen.share:.2%}, "
            f"and less than {self.limit:.2%} was agreed."
        )

    @property
    def technical(self) -> str:
        """For IT."""
        seen = self.seen
        return f"{self.name} {seen.part}/{seen.whole} = {seen.share:.4f}, limit {self.limit:g} (policy.toml, [brakes])"


class Brake:
    """Looks after one send while a worker delivers it. Without ``[brakes]`` it does nothing."""

    def __init__(self, instance: Instance, run: Run) -> None:
        self._instance = instance
        self._run = run
        self._looked_at = float("-inf")
        self._before = instance.ledger.last_check(_memory(run.id))

    def look(self, *, at_once: bool = False) -> Passed | None:
        """Hold the send if a brake is passed, and say which; asked again within three seconds it does not look."""
        now = self._instance.clock.boottime()
        if not self._instance.workspace.policy.brakes.limits or (not at_once and now - self._looked_at < _EVERY):
            return None
        self._looked_at = now
        tally = self._instance.ledger.tally(self._run.id)
        if not tally.pending:
            return None  # nobody is left to be spared
        figures = _figures(self._instance, self._run, tally)
        passed = next(self._passed(figures), None)
        if passed is not None:
            _hold(self._instance, self._run, passed, figures)
        return passed

    def _passed(self, figures: Mapping[str, float]) -> Iterator[Passed]:
        brakes = self._instance.workspace.policy.brakes
        since = {name: int(number - self._before.get(name, 0.0)) for name, number in figures.items()}
        if since["sent"] >= brakes.min_sent:
            for name, limit in brakes.limits.items():
                seen = rate(min(max(0, since[name]), since["sent"]), since["sent"])
                if seen.share >= limit:
                    yield Passed(name, seen, limit)


def holds(instance: Instance, run: Run) -> bool:
    """Whether a brake holds this send, and nobody has released it."""
    if run.state is not RunState.HELD:
        return False
    for event in reversed(instance.ledger.timeline(run.id)):
        if event.kind in ("held", _RELEASED):
            return event.kind == "held" and event.technical.startswith(_BY_BRAKE)
    return False


def require_released(instance: Instance, run: Run) -> None:
    """Raise Held (T893), naming who may release it, while a brake holds a send: no process goes on with it by itself."""
    if holds(instance, run):
        who = _named(instance)
        raise Held(
            f"Send {run.id} is held by a brake of policy.toml.",
            todo=f"{who} looks at what came back, then: twain release {run.id}. Or end it: twain cancel {run.id}.",
            business=f"Too much came back of this send, so it rests until {who} releases it.",
            code="T893",
        )


def release(instance: Instance, run_id: str) -> Run:
    """Let a send that a brake holds go on, by name; what came back before counts no more. It is carried on by ``resume``.

    Raises WrongState (T894) when no brake holds it, ConfigError (T895) when policy lets others do that.
    """
    run = instance.ledger.run(run_id)
    if not holds(instance, run):
        raise WrongState(
            f"No brake holds send {run.id}: it is {run.state}.", todo=f"See: twain run {run.id}", code="T894"
        )
    person = instance.workspace.policy.people.get(instance.person)
    roles = instance.workspace.policy.brakes.roles
    if roles and not (person and set(person.roles) & set(roles)):
        raise ConfigError(
            f"{instance.person} may not release send {run.id}.",
            todo=f"{_named(instance)} may, by policy.toml: [brakes] roles.",
            code="T895",
        )
    text = f"Released by {person or instance.person}; what had come back before counts no more."
    instance.ledger.note(RunEvent(run.id, instance.clock.now(), _RELEASED, text, "", instance.person))
    return run


def _figures(instance: Instance, run: Run, tally: Tally) -> dict[str, float]:
    returned = instance.ledger.returned_counts(run.id)
    figures = {
        "sent": float(tally.sent),
        "complaints": float(returned.get("complaint", 0)),
        "bounces": float(sum(people for kind, people in returned.items() if kind.startswith("bounce:"))),
        "unsubscribes": 0.0,
    }
    if "unsubscribes" in instance.workspace.policy.brakes.limits:
        found = reactions(run.id, instance.history.files("events", run.id)).people.get("unsubscribe")
        figures["unsubscribes"] = float(found.messages) if found else 0.0
    return figures


def _hold(instance: Instance, run: Run, passed: Passed, figures: Mapping[str, float]) -> None:
    text = f"Held by a brake: {passed.business} It goes on when {_named(instance)} releases it."
    event = RunEvent(run.id, instance.clock.now(), "held", text, f"{_BY_BRAKE}{passed.technical}")
    try:
        instance.ledger.advance(run.id, {RunState.SENDING}, RunState.HELD, event)
    except WrongState:
        return  # another worker was faster, or somebody has paused it
    instance.ledger.remember_check(_memory(run.id), figures)


def _named(instance: Instance) -> str:
    policy = instance.workspace.policy
    wanted = set(policy.brakes.roles)
    people: list[Person] = [one for one in policy.people.values() if wanted & set(one.roles)]
    return " or ".join(map(str, people)) or " or ".join(sorted(wanted)) or "somebody"


def _memory(run_id: str) -> str:
    return f"brake:{run_id}"
