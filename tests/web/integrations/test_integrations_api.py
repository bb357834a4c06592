"""Webhooks and sender domains by the API: never a secret, the same rights as in the house."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from twain_web.roles import Role
from twain_web.rooms.integrations.models import Delivery, DomainState
from twain_web.rooms.integrations.queueing import queue
from twain_web.rooms.people.public import make_token, scopes

DOMAIN = "mail.nordlicht.example"


@pytest.fixture
def calling(somebody):
    """A client of the API with these roles."""

    def client(*roles):
        token = make_token(by=somebody(*roles), name="test", wanted=scopes(), days=1).secret
        return Client(headers={"Authorization": f"Bearer {token}"})

    return client


def test_endpoints_are_listed_without_their_secret(endpoint, calling):
    one = endpoint("send.held")
    answer = calling(Role.AUDITOR).get("/api/webhooks")
    assert one.secret not in answer.content.decode()
    (listed,) = answer.json()["items"]
    assert (listed["number"], listed["state"], listed["types"]) == (one.pk, "on", ["send.held"])


def test_what_was_given_up_is_sent_again_by_whoever_may(endpoint, calling):
    one = endpoint("send.held")
    queue("send.held", {"campaign": "c", "send": "r", "why": "w"})
    Delivery.objects.update(state="dead", ended_at=timezone.now(), why="No.", technical="HTTP 422", attempts=9)
    auditor, operator = calling(Role.AUDITOR), calling(Role.IT_OPERATOR)
    (given_up,) = auditor.get("/api/webhooks/not-delivered").json()["items"]
    assert (given_up["technical"], given_up["tries"]) == ("HTTP 422", 9)
    assert auditor.post(f"/api/webhooks/{one.pk}/again").status_code == 403
    assert operator.post(f"/api/webhooks/{one.pk}/again").json() == {"again": 1}
    assert Delivery.objects.get().state == "waiting"
    assert operator.post("/api/webhooks/999999/again").status_code == 422


def test_domains_are_read_and_looked_at(company, calling):
    marketer = calling(Role.MARKETER)
    (listed,) = marketer.get("/api/domains").json()["items"]
    assert (listed["domain"], listed["level"]) == (DOMAIN, "")
    assert set(listed["campaigns"]) >= {"summer-thanks", "birthday"}
    assert marketer.post(f"/api/domains/{DOMAIN}/look").status_code == 202
    assert DomainState.objects.get().wanted_at is not None
    assert calling(Role.AUDITOR).post(f"/api/domains/{DOMAIN}/look").status_code == 403
    record = {"record": "SPF", "level": "hold", "name": DOMAIN, "type": "TXT", "wanted": "v=spf1 -all", "what": "Missing.",
              "todo": "Publish it.", "domain": DOMAIN, "found": [["ns1.example", "none"]]}  # fmt: skip
    DomainState.objects.update(level="hold", findings=[record], probed_at=timezone.now())
    whole = marketer.get(f"/api/domains/{DOMAIN}").json()
    assert whole["level"] == "red"
    assert whole["records"][0]["found"] == {"ns1.example": "none"}
    assert marketer.get("/api/domains/nowhere.example").status_code == 404
