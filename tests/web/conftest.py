"""What tests of the house share: its company's database, its people, and a client that is somebody."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from tests.house_workspace import ROOT
from twain.demo.sink import SinkHandle, start_sink
from twain.demo.start import ensure_data
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.people.actions import enter_person
from twain_web.rooms.people.models import Person

CUSTOMERS = 2_000


@pytest.fixture(scope="session")
def company() -> None:
    """The demo company's database, small."""
    ensure_data(ROOT, CUSTOMERS, 7)


@pytest.fixture(scope="session")
def sink(company: None) -> Iterator[SinkHandle]:
    """A relay of this test process's own, which counts what it gets; the workspace's channel leads to it."""
    with start_sink() as handle:
        toml = ROOT / "twain.toml"
        toml.write_text(re.sub(r"^port = \d+", f"port = {handle.port}", toml.read_text(), count=1, flags=re.MULTILINE))
        yield handle


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """What a page set going in a thread ends before its test does: afterwards its tables are gone."""
    for thread in threading.enumerate():
        if thread.name.startswith(("count-", "watch-")):
            thread.join(30)


@pytest.fixture(autouse=True)
def _own_stores() -> Iterator[None]:
    yield
    engine.close()


@pytest.fixture
def somebody(db: None) -> Callable[..., Person]:
    """Make a person with these roles: ``somebody(Role.MARKETER)``."""

    def make(*roles: Role, username: str = "") -> Person:
        name = username or "-".join(sorted(roles)) or "nobody"
        return Person.objects.filter(username=name).first() or enter_person(
            by="test", username=name, full_name=f"Test {name.title()}", title="Tester", email=f"{name}@example.com",
            roles=roles,
        )  # fmt: skip

    return make


@pytest.fixture
def signed_in(somebody: Callable[..., Person]) -> Callable[..., Client]:
    """A client that is signed in with these roles: ``signed_in(Role.DATA_OWNER)``."""

    def client(*roles: Role, username: str = "") -> Client:
        made = Client()
        made.force_login(
            somebody(*roles, username=username), backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        return made

    return client
