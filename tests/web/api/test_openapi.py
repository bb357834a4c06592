"""Every operation against its own description, by machine: never a 5xx, and each answer is what was promised."""

import json
import re

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings, strategies
from ninja import Schema
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from twain_web import engine
from twain_web.api import views
from twain_web.api.app import api
from twain_web.api.openapi import operations
from twain_web.roles import Role
from twain_web.rooms.audiences.public import programs
from twain_web.rooms.content.public import enter_demo
from twain_web.wsgi import application

EXAMPLES = 10
#: Operations that ask the company's database: each request starts a child process.
SLOW = re.compile("count|sample|customers|check|review|approval|launch")
#: The answer is no 5xx, has a status, a type and a shape that the description promises.
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EVERYTHING = [Role.MARKETER, Role.MARKETING_LEAD, Role.DATA_OWNER, Role.IT_OPERATOR, Role.ADMINISTRATOR]
DESCRIBED = api.get_openapi_schema(path_prefix="/api/")
OPERATIONS = [(path, method) for path, methods in DESCRIBED["paths"].items() for method in methods]


@pytest.fixture
def description(db):
    return json.loads(views.openapi(None).content)


def test_it_is_openapi_31_and_tells_all(description):
    assert description["openapi"].startswith("3.1")
    told = [one for methods in description["paths"].values() for one in methods.values()]
    assert len(told) == len(list(operations(api)))
    assert len({one["operationId"] for one in told}) == len(told)
    for one in told:
        assert one["x-permission"]
        assert one["security"] == [{"token": []}]
        assert {"401", "403", "422", "429"} <= one["responses"].keys()
        assert "Needs the scope" in one["description"]


def test_no_two_shapes_share_a_name():
    """The description knows a shape by its name alone: a second one would take the first one's place."""
    names = [kind.__name__ for kind in shapes(Schema)]
    assert len(names) > 40
    assert sorted(n for n in set(names) if names.count(n) > 1) == []


def shapes(kind):
    found = [*kind.__subclasses__(), *(deeper for child in kind.__subclasses__() for deeper in shapes(child))]
    return [one for one in dict.fromkeys(found) if one.__module__.startswith("twain_web.api")]


def test_the_page_for_people_shows_every_operation(client, db, description):
    page = client.get("/api/")
    assert page.status_code == 200
    text = page.content.decode()
    assert [path for path in description["paths"] if path not in text.replace("&#x27;", "'")] == []


@pytest.fixture
def described(db):
    """A request by WSGI ends its connection, and with it the test's own transaction: kept here as Django's test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/openapi.json", application)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def known(sent, token_of, somebody):
    """Things that exist, for the places that name something: at random most requests would only find nothing."""
    owner = somebody(*EVERYTHING)
    enter_demo(by=owner.username)
    yield named(owner, sent, token_of)
    for stop in engine.instance().ledger.stops():  # a stop outlives the test's transaction, and other tests send
        engine.instance().ledger.lift_stop(stop.scope, owner.username)


def named(owner, sent, token_of):
    """What each place of a path may name."""
    rule = {"all": [{"field": "tier", "op": "eq", "value": "gold"}]}
    made = programs.make_audience(by=owner, name="Of the house", feed="customers", rule=rule)
    return {
        "slug": ["gold-in-berlin", "summer-thanks", "first-frost", made.slug],
        "name": ["customers", "orders"],
        "feed": ["customers"],
        "key": ["1", "17", "no-such-key"],
        "send_id": [sent.id, sent.id[:6]],
        "prefix": [token_of(*EVERYTHING, username="other").split("_")[1]],
        "domain": ["mail.nordlicht.example"],
        "number": ["1"],
        "scope": ["all", "channel:mail", "source:shop"],
    }


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_no_request_breaks_the_house_or_its_promise(path, method, described, known, token_of):
    headers = {"Authorization": f"Bearer {token_of(*EVERYTHING)}"}
    settled = settings(
        max_examples=4 if SLOW.search(path) else EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    @settled
    @given(case=described[path][method].as_strategy(), data=strategies.data())
    def ask(case, data):
        for name in case.path_parameters or {}:
            if data.draw(strategies.integers(0, 2)):
                case.path_parameters[name] = data.draw(strategies.sampled_from(known[name]))
        case.call_and_validate(checks=CHECKS, headers=headers)

    ask()
