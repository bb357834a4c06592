"""Who may call what: each role at each operation (X9). What the table in docs/roles-api.md says is what the door does."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.test import Client

from twain_web.api.app import api
from twain_web.api.openapi import operations, rule_of
from twain_web.roles import NAMES, Role
from twain_web.rooms.campaigns.public import programs as campaigns
from twain_web.rooms.people.models import Person, Team

PAGE = Path(__file__).parents[3] / "docs" / "roles-api.md"
OPERATIONS = list(operations(api))
#: Something that the address may name; nothing of that name need be there.
NAMED = {
    "number": "999",
    "domain": "nowhere.example",
    "slug": "nothing",
    "name": "nothing",
    "feed": "nothing",
    "key": "1",
    "send_id": "nothing",
    "prefix": "nothing",
}
_HEAD = """# The API: who may call what

Written by a test (`TWAIN_WRITE_DOCS=1 .venv/bin/python -m pytest tests/web/api/test_api_roles.py`), which fails when
this page and the door differ. ✓ may, – may not, ✓* may where the object's own rule says so too ([roles.md](roles.md)
names it). A token needs the scope, and its person the role.

"""


def _row(cells) -> str:
    return "| " + " | ".join(cells) + " |\n"


def _mark(rule, role: Role) -> str:
    may = role in rule.wanted.roles and not (role is Role.AUDITOR and rule.writes and not rule.own)
    return ("✓*" if rule.wanted.rule is not None else "✓") if may else "–"


def table() -> str:
    page = _HEAD + _row(["operation", "permission", "scope", *(str(NAMES[role]) for role in Role)])
    page += _row(["---"] * (3 + len(Role)))
    for one in sorted(OPERATIONS, key=lambda o: (o.path, o.methods)):
        rule = rule_of(one)
        words = [f"`{one.methods[0]} /api{one.path}`", f"`{rule.permission}`", f"`{rule.scope}`"]
        page += _row([*words, *(_mark(rule, role) for role in Role)])
    return page


def test_the_page_of_the_apis_roles_is_up_to_date():
    if os.environ.get("TWAIN_WRITE_DOCS") == "1":
        PAGE.write_text(table(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == table(), "TWAIN_WRITE_DOCS=1 writes docs/roles-api.md anew."


def call(client: Client, one, headers=None) -> int:
    address = re.sub(r"\{(\w+)\}", lambda found: NAMED.get(found[1], "all"), f"/api{one.path}")
    body = {} if one.methods[0] == "GET" else {"data": "{}", "content_type": "application/json"}
    return getattr(client, one.methods[0].lower())(address, headers=headers, **body).status_code


@pytest.mark.parametrize("role", list(Role))
def test_every_operation_is_for_whom_the_page_says(db, calling, role):
    """404, 422 and the like are an open door too: what was sent behind it is empty or names nothing."""
    caller, wrong = calling(role), {}
    for one in OPERATIONS:
        status, rule = call(caller, one), rule_of(one)
        if (status == 403) is (_mark(rule, role) != "–") or status == 401 or status >= 500:
            wrong[f"{one.methods[0]} {one.path}"] = status
    assert wrong == {}


def test_without_a_token_nothing_is_answered(db):
    assert {call(Client(), one) for one in OPERATIONS} == {401}


def test_a_cookie_changes_nothing_whatever_its_person_may(db, signed_in):
    browser = signed_in(*Role)
    answers = {f"{one.methods[0]} {one.path}": call(browser, one) for one in OPERATIONS if one.methods[0] != "GET"}
    assert len(answers) > 20
    assert set(answers.values()) == {401}


def test_somebody_without_a_role_may_nothing_here(db, calling):
    caller = calling(username="no-role")
    assert {call(caller, one) for one in OPERATIONS} == {403}


@pytest.mark.parametrize("wide", [True, False])
def test_each_operation_needs_its_own_scope(db, calling, wide):
    """Every role, and the scopes of all rooms but one: what that room's operations then say."""
    everything = {f"{room}:{what}" for room in {o.split(".")[0] for o in PERMITTED} for what in ("read", "write")}
    for scope in sorted({rule_of(one).scope for one in OPERATIONS}):
        good_for = sorted({scope} if not wide else everything - {scope})
        caller = calling(*(set(Role) - {Role.AUDITOR}), username=scope.replace(":", "-"), good_for=good_for)
        for one in OPERATIONS:
            asked_for_it = rule_of(one).scope == scope
            assert (call(caller, one) == 403) is (asked_for_it if wide else not asked_for_it), (scope, one.path)


PERMITTED = {rule_of(one).permission for one in OPERATIONS}


# ---------------------------------------------------------------- the object's own rule


@pytest.fixture
def teams(db, somebody):
    """Two marketers of two teams; the first owns a campaign."""
    people = {name: somebody(Role.MARKETER, username=name) for name in ("owner", "stranger")}
    for name, person in people.items():
        Person.objects.filter(pk=person.pk).update(team=Team.objects.create(name=name, side="marketing"))
    owner = Person.objects.get(username="owner")
    return campaigns.make_campaign(by=owner, name="Spring greetings").slug


CHANGES = [
    ("patch", "plan", {"based_on": 0, "changes": {"channel": "mail"}}),
    ("post", "approval-request", {"bundle": "0" * 64}),
    ("post", "launch", {"bundle": "0" * 64, "token": "0123456789abcdef"}),
    ("delete", "launch", {}),
]


@pytest.mark.parametrize(("method", "what", "body"), CHANGES)
def test_a_colleagues_campaign_of_another_team_is_read_and_not_changed(teams, calling, method, what, body):
    stranger, address = calling(Role.MARKETER, username="stranger"), f"/api/campaigns/{teams}"
    assert stranger.get(address).status_code == 200
    assert getattr(stranger, method)(f"{address}/{what}", body, content_type="application/json").status_code == 403
    owner = calling(Role.MARKETER, username="owner")
    assert getattr(owner, method)(f"{address}/{what}", body, content_type="application/json").status_code != 403
