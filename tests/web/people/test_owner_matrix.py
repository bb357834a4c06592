"""Whose thing may be touched by whom: each role at its own things, its team's and another's (X9).

The table in docs/roles.md is what the rules say; the doors are tried with real things of each owner.
"""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.web.people import owned_things
from tests.web.people.owned_things import WHOSE, Company, run_of, things
from tests.web.people.test_roles_matrix import PAGE, knock
from tests.web.routes import Route, every_route
from twain_web import engine
from twain_web.access import PERMISSIONS, may
from twain_web.roles import Role
from twain_web.rooms.audiences import counts

RULED = sorted((one for one in PERMISSIONS.values() if one.rule is not None), key=lambda one: one.name)
DOORS = [
    route
    for route in every_route()
    if getattr(route.view, "of_object", False) and route.permission in RULED and "pk" not in route.written
]


@pytest.fixture
def company_of_three(somebody) -> Company:
    return Company(somebody)


class _Ledger:
    """Knows the sends of the campaigns that this test makes: doors look a send up before they open."""

    @staticmethod
    def stops() -> list[object]:
        return []

    @staticmethod
    def run(run_id: str):
        return next(run for slug in _SLUGS if (run := run_of(slug)).id == run_id)


_SLUGS = ("of-colleague", "of-stranger", *(f"of-asks-{role.replace('_', '-')}" for role in Role))


@pytest.fixture
def closed_kitchen(monkeypatch, company):
    """Behind the doors nothing is set going that would outlive the request."""
    monkeypatch.setattr(engine, "ledger", _Ledger)
    monkeypatch.setattr(counts, "_in_thread", lambda *_: None)


def test_every_object_rule_is_tried_with_something():
    assert {route.permission for route in DOORS} == set(RULED)
    assert {(str(one), state) for one in RULED for state in things(one)} == set(_said())


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("whose", WHOSE)
@pytest.mark.usefixtures("closed_kitchen")
def test_every_door_opens_to_whom_the_page_says(company_of_three, signed_in, role, whose):
    client = signed_in(username=company_of_three.asks(role).username)
    client.raise_request_exception = False
    owner, said, wrong = company_of_three.owner(role, whose), _said(), {}
    for route in DOORS:
        for state in _states(route):
            allowed = said[str(route.permission), state][role][WHOSE.index(whose)] == "✓"
            status = _tried(client, route, things(route.permission)[state], owner)
            if (status == 403) is allowed or (status >= 500 and status != 503):
                wrong[route.written, state] = (status, allowed)
    assert wrong == {}


def test_the_rules_that_must_never_be_loosened(db, company_of_three):
    """The few lines of the table that a reader would be alarmed about, said once in words."""
    marketer, lead = company_of_three.asks(Role.MARKETER), company_of_three.asks(Role.MARKETING_LEAD)
    strangers = company_of_three.owner(Role.MARKETER, "another's")
    theirs = owned_things.campaign(strangers)
    assert not may(marketer, "campaigns.launch_campaign", theirs)
    assert may(lead, "campaigns.launch_campaign", theirs)
    others = set(Role) - {Role.MARKETING_LEAD}
    assert not any(may(company_of_three.asks(role), "campaigns.launch_campaign", theirs) for role in others)
    draft = owned_things.draft_audience(strangers)
    assert not any(may(company_of_three.asks(role), "audiences.read_audience", draft) for role in Role)


def _said() -> dict[tuple[str, str], dict[Role, list[str]]]:
    """The second table of docs/roles.md: for each permission and state of the thing, each role's three marks."""
    table = PAGE.read_text(encoding="utf-8").partition("## Whose thing")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| `")]
    return {
        (name.strip("`"), state): dict(zip(Role, map(str.split, marks), strict=True)) for name, state, *marks in rows
    }


def _states(route: Route) -> list[str]:
    """What can lie behind a door; one that was never saved has no versions to show."""
    return [state for state in things(route.permission) if not ("versions" in route.written and "never" in state)]


def _tried(client, route, make, owner) -> int:
    """What the door said; what was done behind it is undone."""
    with transaction.atomic():
        thing = make(owner)
        address = route.address.replace("no-such-thing", getattr(thing, "slug", "") or thing.run.id).replace(
            "999999", "1"
        )
        answer = knock(client, Route(route.written, address, route.view))
        transaction.set_rollback(True)
    return answer.status_code
