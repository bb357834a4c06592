"""Killing a send at a chosen step: wrappers that end their process with SIGKILL before or after the n-th call of a method.

SIGKILL leaves no time for a destructor, a flush or a rollback: what survives is what was durable.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from twain.flows.instance import Instance
from twain.ports import Channel, Feeder
from twain.records import Envelope, Outcome, Wait

Where = Literal["ledger", "history", "feeder"]


@dataclass(frozen=True, slots=True)
class Step:
    """One place at which a process may die: *where*'s *method*, *when* relative to its *nth* call."""

    where: Where
    method: str
    when: Literal["before", "after"]
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.when} {self.where}.{self.method} #{self.nth}"


#: Every named step of a send, in its order.
STEPS: tuple[Step, ...] = (
    Step("ledger", "publish", "before"),
    Step("ledger", "publish", "after"),
    Step("ledger", "create_run", "before"),
    Step("ledger", "create_run", "after"),
    Step("ledger", "advance", "after", 1),
    Step("ledger", "advance", "after", 2),
    Step("ledger", "remember_links", "after"),
    Step("ledger", "commit_manifest", "before"),
    Step("ledger", "commit_manifest", "after"),
    Step("ledger", "lease", "before"),
    Step("ledger", "lease", "after"),
    Step("ledger", "claim", "before"),
    Step("ledger", "claim", "after"),
    Step("feeder", "take", "before", 2),
    Step("feeder", "take", "after", 1),
    Step("feeder", "answer", "before", 1),
    Step("feeder", "answer", "after", 3),
    Step("feeder", "tick", "before", 2),
    Step("feeder", "tick", "after", 2),
    Step("ledger", "settle", "before"),
    Step("ledger", "settle", "after"),
    Step("history", "write", "before"),
    Step("history", "write", "after"),
    Step("ledger", "mark_archived", "before"),
    Step("ledger", "mark_archived", "after"),
    Step("ledger", "advance", "before", 3),
    Step("ledger", "advance", "after", 3),
    Step("ledger", "advance", "before", 4),
    Step("ledger", "advance", "after", 4),
)


class Deadly:
    """Stands before any object; the step's call is its process's last."""

    def __init__(self, inner: object, step: Step) -> None:
        self._inner = inner
        self._step = step
        self._calls = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 — whatever the inner object has
        found = getattr(self._inner, name)
        return self._watched(found) if name == self._step.method else found

    def _watched(self, method: Callable[..., object]) -> Callable[..., object]:
        def call(*words: object, **named: object) -> object:
            self._calls += 1
            last = self._calls == self._step.nth
            if last and self._step.when == "before":
                die()
            answer = method(*words, **named)
            if last:
                die()
            return answer

        return call


class DeadlyFeeder:
    """A feeder whose step kills; everything else goes through."""

    def __init__(self, inner: Feeder, step: Step) -> None:
        self._deadly = Deadly(inner, step)

    def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
        """As the inner one's."""
        taken: Sequence[Envelope] | Wait | None = self._deadly.take(limit)
        return taken

    def answer(self, ticket: int, outcome: Outcome) -> None:
        """As the inner one's."""
        self._deadly.answer(ticket, outcome)

    def recalled(self) -> Collection[int]:
        """As the inner one's."""
        recalled: Collection[int] = self._deadly.recalled()
        return recalled

    def tick(self) -> None:
        """As the inner one's."""
        self._deadly.tick()


class DeadlyChannel:
    """A channel that hands its feeder over wrapped."""

    def __init__(self, inner: Channel, step: Step) -> None:
        self._inner = inner
        self._step = step

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 — whatever the inner channel has
        return getattr(self._inner, name)

    def deliver(self, feeder: Feeder) -> None:
        """Deliver with a feeder that kills at the step."""
        self._inner.deliver(DeadlyFeeder(feeder, self._step))


@dataclass(frozen=True, slots=True)
class DeadlyInstance(Instance):
    """An instance whose channels kill at *step*."""

    step: Step | None = None

    def channel(self, name: str, *, connections: int | None = None) -> Channel:
        """The channel, wrapped."""
        inner = Instance.channel(self, name, connections=connections)
        return inner if self.step is None else DeadlyChannel(inner, self.step)


def deadly(instance: Instance, step: Step) -> Instance:
    """The same instance, in which *step* kills the process."""
    if step.where == "feeder":
        parts = (instance.workspace, instance.ledger, instance.history, instance.vault, instance.clock)
        return DeadlyInstance(*parts, step=step)
    wrapped: Any = Deadly(getattr(instance, step.where), step)
    changed = {step.where: wrapped}
    return replace(instance, **changed)


def die() -> None:
    """End this process as a power cut would, but for the page cache."""
    os.kill(os.getpid(), signal.SIGKILL)
