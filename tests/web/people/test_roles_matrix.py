"""Who may open what: each role at each route (X9). What the table in docs/roles.md says is what the doors do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.db import transaction

from tests.web.people.owned_things import WHOSE, Company, role_names, things
from tests.web.routes import every_route
from twain_web.access import PERMISSIONS, may
from twain_web.roles import Role

PAGE = Path(__file__).parents[3] / "docs" / "roles.md"
ROUTES = [route for route in every_route() if hasattr(route.view, "permission")]
GUARDED = [route for route in ROUTES if route.permission is not None]
_HEAD = """# Roles and what they open

Written by a test (`TWAIN_WRITE_DOCS=1 .venv/bin/python -m pytest tests/web/people/test_roles_matrix.py`), which fails when this
page and the doors differ. ✓ may, – may not, ✓* may where the object's own rule says so too (named in the last column; the
second table says whose things it reaches).
An auditor reads everything and changes nothing: every request of theirs that could change something is refused,
but for their own sign-in and page.

"""


_WHOSE_HEAD = """
## Whose thing

For every permission with an object's rule, three marks: for somebody's own thing, for a colleague's of their team, for one of
another team.

"""


def _row(cells) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _marks(permission) -> list[str]:
    yes = "✓*" if permission.rule is not None else "✓"
    return [yes if role in permission.roles else "–" for role in Role]


def ownership_rows(company: Company) -> dict[tuple[str, str], list[str]]:
    """What each object rule says: by permission and state of the thing, for each role a mark for each of WHOSE."""
    found = {}
    for name in sorted(PERMISSIONS):
        if PERMISSIONS[name].rule is not None:
            for state, make in things(PERMISSIONS[name]).items():
                found[f"`{name}`", state] = [_whose(company, name, make, role) for role in Role]
    return found


def _whose(company: Company, name: str, make, role: Role) -> str:
    marks = []
    for whose in WHOSE:
        with transaction.atomic():
            marks.append("✓" if may(company.asks(role), name, make(company.owner(role, whose))) else "–")
            transaction.set_rollback(True)
    return " ".join(marks)


def table(company: Company) -> str:
    """The page as it should be: permissions first, whose things they reach, then every page with the permission it needs."""
    names = role_names()
    page = _HEAD + "## Permissions\n\n" + _row(["permission", *names, "the object's rule"])
    page += _row(["---"] * (len(names) + 2))
    for name in sorted(PERMISSIONS):
        one = PERMISSIONS[name]
        page += _row([f"`{name}`", *_marks(one), f"`{one.rule.name}`" if one.rule is not None else ""])
    page += _WHOSE_HEAD + _row(["permission", "of", *names]) + _row(["---"] * (len(names) + 2))
    page += "".join(_row([*key, *marks]) for key, marks in ownership_rows(company).items())
    page += "\n## Pages\n\n" + _row(["page", "needs", *names]) + _row(["---"] * (len(names) + 2))
    for route in sorted(ROUTES, key=lambda r: r.written):
        needs, marks = ("nobody need sign in", ["✓"] * len(names))
        if route.permission is not None:
            needs, marks = f"`{route.permission}`", _marks(route.permission)
        page += _row([f"`{route.written}`".replace("|", "\\|"), needs, *marks])
    return page


def test_the_page_of_roles_is_up_to_date(somebody):
    now = table(Company(somebody))
    if os.environ.get("TWAIN_WRITE_DOCS") == "1":
        PAGE.write_text(now, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == now, "TWAIN_WRITE_DOCS=1 writes docs/roles.md anew."


def knock(client, route):
    """Ask for the page; where only changes are taken, send an empty one (whoever is let in by the first has been let in)."""
    answer = client.get(route.address)
    return client.post(route.address) if answer.status_code == 405 else answer


@pytest.mark.parametrize("role", list(Role))
def test_every_door_opens_to_whom_the_page_says(company, signed_in, role):
    """404 and the like are an open door too: behind it was nothing of that name. A failure of ours (5xx) is neither."""
    client = signed_in(role)
    client.raise_request_exception = False
    wrong = {}
    for route in GUARDED:
        allowed = role in route.permission.roles
        status = client.get(route.address).status_code if allowed else knock(client, route).status_code
        if (status == 403) is allowed or (status >= 500 and status != 503):
            wrong[route.written] = (status, str(route.permission))
    assert wrong == {}


def test_without_signing_in_no_door_opens(db, client):
    answers = {route.written: knock(client, route) for route in GUARDED}
    inside = {
        written: answer.status_code
        for written, answer in answers.items()
        if answer.status_code != 302 or not answer["Location"].startswith("/account/login/")
    }
    assert inside == {}


def test_somebody_without_a_role_may_nothing(db, signed_in):
    client = signed_in(username="no-role")
    statuses = {route.written: knock(client, route).status_code for route in GUARDED}
    assert {written: status for written, status in statuses.items() if status != 403} == {}


def test_an_auditor_changes_nothing(db, signed_in):
    client = signed_in(Role.AUDITOR)
    own = "/people/me/"
    answers = {r.written: client.post(r.address).status_code for r in GUARDED if not r.written.startswith(own)}
    assert {route: status for route, status in answers.items() if status != 403} == {}


def test_whoever_was_deactivated_has_no_permission_left(db, somebody):
    person = somebody(*Role, username="was-everything")
    person.is_active = False
    assert [name for name in PERMISSIONS if may(person, name)] == []


def test_every_permission_has_somebody_and_is_of_a_room_that_is_there():
    assert [name for name, one in PERMISSIONS.items() if not one.roles] == []
    rooms = {route.view.__module__.split(".")[2] for route in GUARDED}
    assert {name.partition(".")[0] for name in PERMISSIONS} <= rooms
