"""What tests of the API share: a caller who is somebody, with a token that is good for everything or for less."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from tests.house_workspace import ROOT
from twain.demo.sink import SinkHandle
from twain.flows.instance import open_instance
from twain.flows.send import SendOptions, send
from twain.records import Run
from twain_web.api import door
from twain_web.api.rates import Meter
from twain_web.roles import Role
from twain_web.rooms.people.public import make_token, scopes


@pytest.fixture(autouse=True)
def _fresh_meters(monkeypatch):
    monkeypatch.setattr(door, "CALLS", Meter(100_000))
    monkeypatch.setattr(door, "WRONG_TOKENS", Meter(100_000))


@pytest.fixture
def token_of(somebody) -> Callable[..., str]:
    """A token's secret: ``token_of(Role.MARKETER, scopes=[...])``."""

    def make(*roles: Role, username: str = "", good_for: list[str] | None = None, days: int = 3) -> str:
        person = somebody(*roles, username=username)
        return make_token(by=person, name="test", wanted=good_for or scopes(), days=days).secret

    return make


@pytest.fixture
def calling(token_of) -> Callable[..., Client]:
    """A client that calls the API with a token of these roles, and has no cookie."""

    def client(*roles: Role, **more: object) -> Client:
        return Client(headers={"Authorization": f"Bearer {token_of(*roles, **more)}"}, raise_request_exception=True)

    return client


@pytest.fixture(scope="session")
def sent(sink: SinkHandle) -> Run:
    """The demo's campaign, sent to 60 people by real SMTP."""
    with open_instance(ROOT) as instance:
        return send(instance, "summer-thanks", SendOptions(limit=60)).run
