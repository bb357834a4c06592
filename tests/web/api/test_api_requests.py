"""Requests by the API: asked, answered by both sides, read; each only by whose it is to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from twain_web.roles import Role
from twain_web.rooms.desk.models import Request
from twain_web.rooms.people.models import Person, Team

SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
JSON = {"content_type": "application/json"}
NEW = {"type": "integration", "outcome": "Leads of the hut evenings", "purpose": "To invite them again"}


@pytest.fixture
def asked(calling):
    answer = calling(Role.MARKETER, username="lena").post("/api/requests", NEW | {"wanted_by": SOON}, **JSON)
    assert answer.status_code == 201, answer.content
    return answer.json()


def said(caller, slug, side, answer, **more):
    told = caller.post(f"/api/requests/{slug}/{side}", {"answer": answer, **more}, **JSON)
    return told.status_code, told.json().get("state", told.json().get("code"))


def test_both_sides_answer_and_everything_is_kept(asked, calling):
    lena, priya = calling(Role.MARKETER, username="lena"), calling(Role.DATA_OWNER, username="priya")
    slug = asked["slug"]
    Request.objects.update(probe="asker", target={})  # only people can see this one
    assert said(priya, slug, "answer", "accept") == (200, "promised")
    assert said(priya, slug, "answer", "show", words="In crm.leads") == (200, "promised")
    assert said(lena, slug, "follow", "confirm") == (200, "confirmed")
    whole = lena.get(f"/api/requests/{slug}").json()
    assert [event["verb"] for event in whole["events"]] == ["ask", "promise", "show", "confirm"]
    assert [given["day"] for given in whole["promises"]] == [SOON]
    assert lena.get("/api/requests").json()["total"] == 0
    assert [one["slug"] for one in lena.get("/api/requests?closed=true").json()["items"]] == [slug]


def test_what_cannot_be_is_refused_and_changes_nothing(asked, calling):
    lena, priya = calling(Role.MARKETER, username="lena"), calling(Role.DATA_OWNER, username="priya")
    slug = asked["slug"]
    assert said(priya, slug, "answer", "confirm") == (422, "T922")
    assert said(lena, slug, "follow", "promise", day="2099-01-01") == (422, "T922")
    assert said(priya, slug, "answer", "promise", day="2001-01-01") == (422, "T925")
    assert said(priya, slug, "answer", "arrive") == (409, "T922")
    assert said(priya, "r999999", "answer", "start") == (404, "T921")
    assert lena.post("/api/requests", NEW | {"type": "nothing"}, **JSON).json()["code"] == "T921"
    assert lena.post("/api/requests", NEW | {"outcome": "a\nb"}, **JSON).status_code == 422
    assert lena.post("/api/requests", NEW | {"campaign": "no campaign/at all"}, **JSON).json()["code"] == "T928"
    assert len(lena.get(f"/api/requests/{slug}").json()["events"]) == 1


def test_another_teams_request_is_read_and_not_answered(asked, calling, somebody):
    for name in ("lena", "stranger"):
        person = somebody(Role.MARKETER, username=name)
        Person.objects.filter(pk=person.pk).update(team=Team.objects.create(name=name, side="marketing"))
    stranger = calling(Role.MARKETER, username="stranger")
    assert stranger.get(f"/api/requests/{asked['slug']}").status_code == 200
    assert said(stranger, asked["slug"], "follow", "withdraw") == (403, "403")
