"""What tests of this room share: another system that listens, and somebody of IT who manages endpoints."""

from __future__ import annotations

import pytest

from tests.web.integrations.listening import listening
from twain.records import Fate, Run, RunState, Shard, ShardOutcomes
from twain_web.roles import Role
from twain_web.rooms.integrations.actions import make_endpoint


@pytest.fixture
def other():
    """Another system."""
    with listening() as heard:
        yield heard


@pytest.fixture
def operator(somebody):
    """Somebody of IT."""
    return somebody(Role.IT_OPERATOR, username="operator")


@pytest.fixture
def endpoint(company, other, operator):
    """Make an endpoint of the other system: ``endpoint("send.held", …)``; its secret stands beside it."""

    def make(*types, name="Warehouse"):
        made = make_endpoint(by=operator, name=name, url=other.url, types=types)
        made.endpoint.secret = made.secret
        return made.endpoint

    return make


@pytest.fixture
def batch_of():
    """A batch of people with these fates: ``batch_of(Fate.SENT, Fate.UNCERTAIN)``."""

    def make(*fates, run="r1", at=1_763_803_800.0):
        count = len(fates)
        said = [("" if fate is Fate.SENT else "lost") for fate in fates]
        return ShardOutcomes(
            Run(run, "b" * 64, "summer-thanks", RunState.SENDING, "mail", "never_twice", "tester", at),
            Shard(run, 0, count, "*", "p", "s"),
            [int(fate) for fate in fates],
            said,
            [""] * count,
            [at] * count,
            "customers",
        )

    return make
