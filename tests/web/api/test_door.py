"""Who may call: a token that is good, with the scope, of somebody with the role; never more than they may."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from ninja import Router

from twain_web.api import door
from twain_web.api.app import api
from twain_web.api.openapi import HouseApi, operations, refuse_unguarded, rule_of
from twain_web.api.rates import Meter
from twain_web.roles import Role
from twain_web.rooms.people.models import AuditRow, Person
from twain_web.rooms.people.public import deactivate

PROBLEM = "application/problem+json"


def test_every_operation_has_a_rule_that_a_room_declares():
    refuse_unguarded(api)
    assert len({rule_of(one).wanted.name for one in operations(api)}) > 5


@pytest.mark.parametrize("auth", [None, lambda request: True])
def test_an_operation_without_a_rule_does_not_open_the_house(auth):
    router = Router()
    router.get("/open", auth=auth)(lambda request: {})
    other = HouseApi(urls_namespace="another", docs_url=None, openapi_url=None)
    other.add_router("", router)
    with pytest.raises(ImproperlyConfigured, match="has no rule"):
        refuse_unguarded(other)


def test_nobody_in_particular_is_asked_for_a_token(db):
    for words in ("", "Bearer", "Bearer nonsense", "Basic dDp0", "Bearer twain_aaaaaaaa_" + "A" * 43):
        answer = Client(headers={"Authorization": words} if words else {}).get("/api/feeds")
        assert answer.status_code == 401, words
        assert answer["Content-Type"] == PROBLEM
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["todo"]


def test_a_token_acts_as_its_person(calling):
    me = calling(Role.MARKETER, Role.DATA_OWNER, username="both").get("/api/me").json()
    assert me["username"] == "both"
    assert me["roles"] == ["data_owner", "marketer"]


def test_a_role_that_is_taken_away_is_gone_at_once(calling, somebody):
    caller = calling(Role.DATA_OWNER, username="was-owner")
    assert caller.get("/api/audit").status_code == 200
    Person.objects.get(username="was-owner").roles_held.all().delete()
    assert caller.get("/api/audit").status_code == 403


def test_whoever_may_come_in_no_more_has_no_token_either(calling):
    caller = calling(Role.MARKETER, username="leaver")
    deactivate(by="test", username="leaver")
    assert caller.get("/api/me").status_code == 401


def test_a_scope_narrows_what_the_person_may(calling):
    caller = calling(Role.DATA_OWNER, good_for=["feeds:read"])
    assert caller.get("/api/feeds").status_code == 200
    refused = caller.get("/api/audit")
    assert refused.status_code == 403
    assert "people:read" in refused.json()["todo"]


def test_a_scope_gives_nothing_that_the_person_may_not(calling):
    refused = calling(Role.MARKETER).get("/api/audit")
    assert refused.status_code == 403
    assert "Auditor" in refused.json()["todo"]


def test_a_cookie_reads_and_never_writes(signed_in, somebody):
    browser = signed_in(Role.MARKETER)
    assert browser.get("/api/feeds").status_code == 200
    answer = browser.post("/api/tokens", {"name": "x", "scopes": ["feeds:read"]}, content_type="application/json")
    assert answer.status_code == 401
    assert somebody(Role.MARKETER).api_tokens.count() == 0


def test_a_token_needs_no_csrf_token(token_of):
    caller = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token_of(Role.MARKETER)}"})
    answer = caller.post(
        "/api/tokens", {"name": "x", "scopes": ["feeds:read"], "days": 1}, content_type="application/json"
    )
    assert answer.status_code == 201


def test_a_wrong_token_is_not_saved_by_a_cookie(signed_in):
    browser = signed_in(Role.MARKETER)
    assert browser.get("/api/feeds", headers={"Authorization": "Bearer twain_no"}).status_code == 401


def test_an_address_that_is_no_operation_is_a_problem_too(calling):
    caller = calling(Role.MARKETER)
    for method in ("get", "post", "delete"):
        answer = getattr(caller, method)("/api/feeds/customers/nothing")
        assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)
    assert caller.put("/api/feeds").status_code == 405


def test_no_answer_is_kept_on_its_way(calling):
    assert calling(Role.MARKETER).get("/api/people")["Cache-Control"] == "no-store"


# ---------------------------------------------------------------- tokens over the API


def test_a_token_is_made_listed_and_ended_over_the_api(calling, somebody):
    caller = calling(Role.MARKETER)
    made = caller.post(
        "/api/tokens", {"name": "night", "scopes": ["feeds:read"], "days": 1}, content_type="application/json"
    )
    assert made.status_code == 201
    secret, prefix = made.json()["secret"], made.json()["prefix"]
    fresh = Client(headers={"Authorization": f"Bearer {secret}"})
    assert fresh.get("/api/feeds").status_code == 200
    assert secret not in caller.get("/api/tokens").content.decode()
    assert caller.delete(f"/api/tokens/{prefix}").json()["state"] == "revoked"
    assert fresh.get("/api/feeds").status_code == 401
    verbs = list(AuditRow.objects.filter(thing=f"token:{prefix}").values_list("verb", flat=True))
    assert sorted(verbs) == ["token made", "token revoked"]


def test_a_narrow_token_makes_no_wider_one(calling):
    caller = calling(Role.MARKETER, good_for=["people:write"])
    refused = caller.post("/api/tokens", {"name": "x", "scopes": ["feeds:read"]}, content_type="application/json")
    assert refused.status_code == 422
    assert "cannot make one" in refused.json()["what"]


def test_an_auditor_changes_nothing_but_their_own_tokens(calling):
    caller = calling(Role.AUDITOR)
    made = caller.post(
        "/api/tokens", {"name": "x", "scopes": ["people:read"], "days": 1}, content_type="application/json"
    )
    assert made.status_code == 201


def test_a_token_of_somebody_else_is_not_there(calling, somebody, token_of):
    other = token_of(Role.ADMINISTRATOR).split("_")[1]
    assert calling(Role.MARKETER).delete(f"/api/tokens/{other}").status_code == 404


# ---------------------------------------------------------------- how often


def test_a_caller_who_asks_too_often_is_told_when_to_go_on(calling, monkeypatch):
    monkeypatch.setattr(door, "CALLS", Meter(2, clock=lambda: 0.0))
    caller = calling(Role.MARKETER)
    assert [caller.get("/api/me").status_code for _ in range(3)] == [200, 200, 429]
    assert int(caller.get("/api/me")["Retry-After"]) == 30
    assert calling(Role.DATA_OWNER).get("/api/me").status_code == 200


def test_wrong_tokens_are_limited_by_the_real_address_and_right_ones_are_not(calling, monkeypatch):
    monkeypatch.setattr(door, "WRONG_TOKENS", Meter(5, clock=lambda: 0.0))
    codes = [
        Client(headers={"Authorization": "Bearer x", "X-Forwarded-For": f"10.0.0.{n}"}).get("/api/me").status_code
        for n in range(7)
    ]
    assert codes == [401] * 5 + [429] * 2
    assert calling(Role.MARKETER).get("/api/me").status_code == 200


def test_a_meter_refills_and_forgets_who_is_idle():
    now = [0.0]
    meter = Meter(60, clock=lambda: now[0], most=20)
    assert [bool(meter.take("a")) for _ in range(61)] == [False] * 60 + [True]
    now[0] = 1.0
    assert meter.take("a") == 0
    for n in range(40):
        meter.take(f"b{n}")
    assert len(meter._left) <= 20
    now[0] = 1e6
    for n in range(20):
        meter.take(f"c{n}")
    assert set(meter._left) <= {f"c{n}" for n in range(20)}
