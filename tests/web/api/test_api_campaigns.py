"""From a rule to a launch by programs alone: two people's tokens, one bundle, and everything that voids it."""

from __future__ import annotations

import pytest
from django.test import Client

from twain_web.roles import Role
from twain_web.rooms.campaigns.models import Launch
from twain_web.rooms.content.public import enter_demo
from twain_web.rooms.people.models import AuditRow

TOKEN = "0123456789abcdef"


class Program:
    """A token that calls: answers are (status, JSON)."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, path, **parameters):
        return self.client.get(f"/api{path}", parameters).json()

    def send(self, method, path, **body):
        answer = getattr(self.client, method)(f"/api{path}", body, content_type="application/json")
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def marketing(company, calling, somebody):
    enter_demo(by=somebody(Role.MARKETER, username="lhoffmann").username)
    return Program(calling(Role.MARKETER, username="lhoffmann"))


@pytest.fixture
def owner(calling, company):
    return Program(calling(Role.DATA_OWNER, username="pnair"))


@pytest.fixture
def audience(marketing):
    rule = {"all": [{"field": "tier", "op": "eq", "value": "gold"}]}
    status, made = marketing.send("post", "/audiences", name="Gold by API", feed="customers", rule=rule)
    assert status == 201, made
    return made


@pytest.fixture
def planned(marketing, audience, request):
    """Of a name of its own: the ledger outlives a test, and so does a yes to exactly the same bundle."""
    plan = {"audience": audience["slug"], "channel": "mail", "arms": [{"content": "first-frost"}]}
    status, made = marketing.send("post", "/campaigns", name=f"Frost {request.node.name}", plan=plan)
    assert status == 201, made
    assert (made["missing"], made["version"]) == ([], 1)
    return made


def test_an_audience_is_made_read_and_saved_again(marketing, audience):
    slug = audience["slug"]
    assert marketing.get(f"/audiences/{slug}")["rule"] == audience["rule"]
    status, counted = marketing.send("post", f"/audiences/{slug}/count")
    assert status == 200
    assert counted["matched"] == counted["audience"] + sum(counted["excluded"].values()) > 0
    rule = {"all": [{"field": "tier", "op": "eq", "value": "silver"}]}
    assert marketing.send("post", f"/audiences/{slug}/versions", rule=rule, base=1, note="Silver now")[0] == 201
    assert marketing.send("post", f"/audiences/{slug}/versions", rule=rule, base=1)[0] == 409
    assert marketing.send("post", f"/audiences/{slug}/versions", rule={"all": [{"field": "x"}]}, base=2)[0] == 422
    told = marketing.get(f"/audiences/{slug}/versions")["items"]
    assert [(one["number"], one["note"]) for one in told] == [(2, "Silver now"), (1, "")]
    assert "silver" in marketing.get(f"/audiences/{slug}/explanation")["words"].lower()


def test_a_rule_that_is_wrong_leaves_no_audience(marketing):
    before = marketing.get("/audiences")["total"]
    rule = {"all": [{"field": "no_such_field", "op": "eq", "value": 1}]}
    assert marketing.send("post", "/audiences", name="Wrong", feed="customers", rule=rule)[0] == 422
    assert marketing.get("/audiences")["total"] == before


def test_a_content_is_read_checked_and_previewed_masked(marketing):
    assert [one["slug"] for one in marketing.get("/contents")["items"]] == ["first-frost"]
    newest = marketing.get("/contents/first-frost")
    assert newest["document"]
    assert next(iter(marketing.get("/contents/first-frost/versions")["items"]))["number"] == newest["number"]
    assert all(finding["level"] != "error" for finding in marketing.get("/contents/first-frost/checks"))
    shown = marketing.get("/contents/first-frost/preview", extremes="true")
    assert len(shown) > 1
    assert all(one["subject"] and one["size"] > 1000 for one in shown)


def test_a_plan_is_judged_as_its_page_judges_it(marketing, planned):
    address = f"/campaigns/{planned['slug']}/plan"
    for changes in (
        {"channel": "no-such-channel"},
        {"audience": "no-such-audience"},
        {"arms": [{"content": "no-such-content"}]},
        {"sender_address": "no address"},
        {"when": "at", "at": "2026-13-45T99:99"},
    ):
        status, told = marketing.send("patch", address, based_on=1, changes=changes)
        assert status == 422, changes
        assert next(iter(changes)) in told["what"] or "content" in told["what"] or "at" in told["what"]
    status, changed = marketing.send("patch", address, based_on=1, changes={"ceiling": 5000, "holdout": 0.1})
    assert (status, changed["version"]) == (200, 2)
    assert (changed["plan"]["ceiling"], changed["plan"]["holdout"]) == (5000, 0.1)
    assert changed["plan"]["audience"] == planned["plan"]["audience"]
    assert marketing.send("patch", address, based_on=1, changes={"ceiling": 1})[0] == 409
    assert marketing.send("patch", address, based_on=2, changes={"ceiling": None})[1]["plan"]["ceiling"] is None


def test_review_check_ask_approve_launch_and_back(marketing, owner, planned):
    address = f"/campaigns/{planned['slug']}"
    review = marketing.get(f"{address}/review")
    assert (review["approved"], len(review["rules"])) == (False, 1), review
    bundle = review["bundle"]
    status, tried = marketing.send("post", f"{address}/check")
    assert (status, tried["ready"], tried["bundle"]) == (200, True, bundle)
    assert tried["funnel"]["audience"] > 0

    assert marketing.send("post", f"{address}/launch", bundle=bundle, token=TOKEN)[0] == 409  # nobody has said yes
    assert marketing.send("post", f"{address}/approval-request", bundle=bundle)[1] == {"state": "open"}
    assert marketing.send("post", f"{address}/approval", bundle=bundle)[0] == 409  # its author's own yes
    assert owner.send("post", f"{address}/approval", bundle="0" * 64)[0] == 409  # not what was shown
    status, approved = owner.send("post", f"{address}/approval", bundle=bundle, note="Fine")
    assert (status, approved["approved"], approved["request"]) == (200, True, "granted")

    status, launched = marketing.send("post", f"{address}/launch", bundle=bundle, token=TOKEN)
    assert (status, launched["state"], launched["bundle"]) == (201, "scheduled", bundle)
    assert marketing.send("post", f"{address}/launch", bundle=bundle, token=TOKEN)[1] == launched
    assert Launch.objects.filter(campaign=planned["slug"]).count() == 1
    assert marketing.send("delete", f"{address}/launch")[1]["state"] == "withdrawn"
    assert marketing.send("delete", f"{address}/launch")[0] == 409

    verbs = AuditRow.objects.filter(thing=f"campaign:{planned['slug']}").values_list("person", "verb")
    assert {("lhoffmann", "approval asked"), ("pnair", "approved"), ("lhoffmann", "launched")} <= set(verbs)


def test_an_edit_voids_what_was_asked(marketing, owner, planned):
    address = f"/campaigns/{planned['slug']}"
    bundle = marketing.get(f"{address}/review")["bundle"]
    assert marketing.send("post", f"{address}/approval-request", bundle=bundle)[0] == 200
    assert marketing.send("patch", f"{address}/plan", based_on=1, changes={"ceiling": 200_000})[0] == 200
    status, told = owner.send("post", f"{address}/approval", bundle=bundle)
    assert status == 409
    assert "edited" in told["business"]


def test_the_red_switch_stops_launches_and_is_lifted(marketing, owner, planned):
    assert marketing.send("post", "/stops", scope="all", why="x")[0] == 403
    assert owner.send("post", "/stops", scope="channel:nothing", why="x")[0] == 422
    assert owner.send("post", "/stops", scope="all", why="Strange load")[0] == 201
    try:
        assert [(s["scope"], s["person"], s["why"]) for s in marketing.get("/stops")["items"]] == [
            ("all", "pnair", "Strange load")
        ]
    finally:
        assert owner.send("delete", "/stops/all")[0] == 204
    assert marketing.get("/stops")["items"] == []


def test_a_send_that_is_over_is_read_and_not_steered(sent, marketing, owner):
    whole = marketing.get(f"/sends/{sent.id}")
    assert (whole["state"], whole["accounted_for"]) == ("finished", True)
    assert whole["tally"]["audience"] == sum(whole["tally"][f] for f in ("sent", "failed", "suppressed", "uncertain"))
    figures = marketing.get(f"/sends/{sent.id}/figures")
    assert figures["by_fate"]["sent"] == whole["tally"]["sent"]
    assert sum(hour["people"]["sent"] for hour in figures["by_hour"]) == whole["tally"]["sent"]
    missed = marketing.get(f"/sends/{sent.id}/missed")
    assert missed["total"] == len(missed["items"]) == whole["tally"]["audience"] - whole["tally"]["sent"]
    assert AuditRow.objects.filter(person="lhoffmann", verb="missed exported", thing=f"send:{sent.id}").exists()
    assert marketing.get(f"/sends/{sent.id}/timeline")["items"][-1]["kind"] == "finished"
    for how in ("pause", "resume", "cancel"):
        assert owner.send("post", f"/sends/{sent.id}/{how}")[0] == 409
    assert owner.send("post", f"/sends/{sent.id}/resolution", how="sent")[0] == 409
    assert owner.send("post", f"/sends/{sent.id[:5]}/pause")[0] == 404  # what changes a send names it whole


def test_a_customer_is_found_and_suppressed_by_address_in_the_body(sent, marketing, owner):
    status, found = marketing.send("post", "/customers/find", wanted="1")
    assert (status, found) == (200, {"feed": "customers", "key": "1"})
    assert marketing.send("post", "/customers/find", wanted="nobody-has-this")[0] == 404
    address = "api.suppressed@example.com"
    assert marketing.send("post", "/suppressions/check", address=address)[1]["suppressed"] is False
    status, done = marketing.send("post", "/suppressions", addresses=[address, "no address"], reason="asked by phone")
    assert (status, done) == (201, {"added": 1, "known": 0, "refused": [1]})
    told = owner.send("post", "/suppressions/check", address=address.upper())[1]
    assert (told["suppressed"], told["reason"], told["origin"]) == (True, "asked by phone", "by lhoffmann")
    assert not AuditRow.objects.filter(detail__icontains="example.com").exists()


def test_messages_and_membership_of_one_customer(sent, marketing, owner):
    keys = [one["key"] for one in marketing.get(f"/sends/{sent.id}/missed")["items"]]
    somebody = next(str(n) for n in range(1, 2000) if str(n) not in keys)
    told = marketing.send("post", f"/customers/customers/{somebody}/why", audience="gold-in-berlin")[1]
    assert told["inside"] is all(clause["holds"] for clause in told["clauses"])
    assert marketing.get(f"/customers/customers/{somebody}/messages")["total"] >= 0
    assert marketing.send("post", f"/customers/customers/{somebody}/why", audience="no-such")[0] == 422
