"""A send that has happened: what the room of insights is about."""

from __future__ import annotations

import pytest

from tests.house_workspace import ROOT
from twain.demo.start import demo_desk
from twain.flows.instance import open_instance
from twain.flows.send import SendOptions, send
from twain.records import Run


@pytest.fixture(scope="session")
def sent(company: None) -> Run:
    """The demo's campaign, sent to 300 people by real SMTP."""
    with demo_desk(ROOT, inbox_port=0), open_instance(ROOT) as instance:
        return send(instance, "summer-thanks", SendOptions(limit=300)).run
