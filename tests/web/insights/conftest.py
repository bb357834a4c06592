"""A send that has happened: what the room of insights is about."""

from __future__ import annotations

import pytest

from tests.house_workspace import ROOT
from twain.demo.sink import SinkHandle
from twain.flows.instance import open_instance
from twain.flows.send import SendOptions, send
from twain.records import Run


@pytest.fixture(scope="session")
def sent(sink: SinkHandle) -> Run:
    """The demo's campaign, sent to 300 people by real SMTP."""
    with open_instance(ROOT) as instance:
        return send(instance, "summer-thanks", SendOptions(limit=300)).run
