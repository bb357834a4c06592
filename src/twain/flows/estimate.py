"""When a send will be over: by IT's own limit on the channel, or by what the channel did last time."""

from __future__ import annotations

from dataclasses import dataclass

from twain.flows.account import report
from twain.flows.instance import Instance
from twain.ports import Channel
from twain.records import RunState

_RECENT = 20
_ENOUGH = 100  # people: a smaller send says nothing about a channel's pace


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long *people* messages take: *rate* in messages per second, *seconds* in all, *basis* in words.

    Both figures are None where nothing is known yet; nobody is told an invented number.
    """

    people: int
    rate: float | None
    seconds: float | None
    basis: str


def estimate(instance: Instance, channel: str, people: int) -> Estimate:
    """The time a send of *people* takes by *channel*: the lower of IT's limit and the newest sends' own rate."""
    limit, seen = _limit(instance.channel(channel)), _seen(instance, channel)
    if limit is not None and (seen is None or limit <= seen):
        return Estimate(people, limit, people / limit, "the limit set by IT")
    if seen is not None:
        return Estimate(people, seen, people / seen, "the last send by this channel")
    return Estimate(people, None, None, "nothing was sent by this channel yet")


def _limit(channel: Channel) -> float | None:
    pace = channel.paces().get("")
    if pace is None:
        return None
    limits = [pace.per_second, pace.per_hour / 3600 if pace.per_hour else None]
    return min((one for one in limits if one), default=None)


def _seen(instance: Instance, channel: str) -> float | None:
    ended = instance.ledger.runs(limit=_RECENT, states=[RunState.FINISHED])
    for run in ended:
        if run.channel == channel and run.funnel is not None and run.funnel.audience >= _ENOUGH:
            return report(instance, run).rate or None
    return None
