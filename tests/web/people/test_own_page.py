"""One's own page, entering somebody, tokens: by request, without a browser."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from twain_web.roles import Role
from twain_web.rooms.people.models import ApiToken, AuditRow, Person, Team

GOOD = {"preferred_form": "", "theme": "dark", "time_zone": "Asia/Tokyo", "working_hours": "Tue-Sat 8:00-16:00"}


@pytest.fixture
def marketer(signed_in):
    return signed_in(Role.MARKETER, username="lena")


def test_what_one_says_of_oneself_is_kept_and_audited(marketer, somebody):
    deputy = somebody(Role.MARKETING_LEAD, username="mara")
    assert marketer.post("/people/me/", GOOD | {"delegate": deputy.pk}).status_code == 302
    lena = Person.objects.get(username="lena")
    assert (lena.theme, lena.time_zone, lena.working_hours) == ("dark", "Asia/Tokyo", "Tue-Sat 08:00-16:00")
    assert lena.delegate == deputy
    row = AuditRow.objects.get(verb="profile changed")
    assert row.detail == {"fields": ["delegate", "theme", "time_zone", "working_hours"]}


@pytest.mark.parametrize(
    "wrong", [{"time_zone": "Mars/Olympus"}, {"working_hours": "always"}, {"theme": "pink"}, {"delegate": "999999"}]
)
def test_what_cannot_be_is_said(marketer, wrong):
    answer = marketer.post("/people/me/", GOOD | wrong)
    assert answer.status_code == 422
    assert b"invalid-feedback" in answer.content
    assert Person.objects.get(username="lena").theme == "auto"


def test_nobody_makes_themselves_something_else(marketer):
    marketer.post(
        "/people/me/", GOOD | {"title": "Owner of all", "roles": ["administrator"], "is_superuser": "on", "team": "1"}
    )
    lena = Person.objects.get(username="lena")
    assert (lena.title, lena.is_superuser, lena.role_names) == ("Tester", False, {Role.MARKETER})


@pytest.mark.parametrize(
    "form",
    [
        "Mara Seidel", "Mara Seidel, Head of CRM", "mara  SEIDEL", "Dr. Mara Seidel", "Mára Séidel, Chief",
        "M-a-r-a Seidel",
        "\uff2dara Seidel", "Mara\u200b Seidel", "Mara S. from CRM", "Twain", "Lena\x1b[31m", "Lena\u202eanel",
    ],
)  # fmt: skip
def test_nobody_is_named_as_somebody_else(form, marketer, somebody):
    """Who approved, promised or thanked is told by these words; and they stand in the headers of mails."""
    mara = somebody(Role.MARKETING_LEAD, username="mara")
    mara.full_name, mara.title, mara.preferred_form = "Mara Seidel", "Head of CRM", "Mara S. from CRM"
    mara.save()
    assert marketer.post("/people/me/", GOOD | {"preferred_form": form}).status_code == 422
    assert Person.objects.get(username="lena").preferred_form == ""


@pytest.mark.parametrize("form", ["Lena", "Lena H., campaigns", "李 Lena", "Lena \r\n H.", ""])
def test_everybody_is_named_as_they_like_on_one_line(form, marketer, somebody):
    somebody(Role.MARKETING_LEAD, username="mara")
    assert marketer.post("/people/me/", GOOD | {"preferred_form": form}).status_code == 302
    assert Person.objects.get(username="lena").preferred_form == " ".join(form.split())


def test_a_namesake_keeps_their_own_name(marketer, somebody):
    for username in ("lena", "other"):
        one = somebody(Role.MARKETER, username=username)
        one.full_name = "Lena Hoffmann"
        one.save()
    assert marketer.post("/people/me/", GOOD | {"preferred_form": "Lena Hoffmann, mail"}).status_code == 302


def test_times_are_shown_in_ones_own_zone(signed_in):
    client = signed_in(Role.AUDITOR, username="tom")
    Person.objects.filter(username="tom").update(time_zone="Asia/Tokyo")
    assert "Asia/Tokyo" in client.get("/people/tom/").content.decode()
    Person.objects.filter(username="tom").update(time_zone="No/Such")
    assert client.get("/audit/").status_code == 200


def test_an_administrator_enters_somebody(signed_in):
    client = signed_in(Role.ADMINISTRATOR)
    team = Team.objects.create(name="Analysts", side="marketing")
    words = {
        "full_name": "Nora Winter", "title": "CRM Analyst", "username": "nwinter", "email": "nora@example.com",
        "team": team.pk, "roles": ["marketer", "auditor"],
    }  # fmt: skip
    page = client.post("/people/new/", words)
    assert b"/account/password/reset/key/" in page.content
    assert "no-store" in page["Cache-Control"]
    nora = Person.objects.get(username="nwinter")
    assert (nora.team, nora.role_names) == (team, {Role.MARKETER, Role.AUDITOR})
    assert not nora.has_usable_password()
    assert (
        client.post("/people/new/", words | {"username": "x", "title": "Boss\x1bx", "email": "x@y.de"}).status_code
        == 422
    )
    again = client.post("/people/new/", words)
    assert again.status_code == 422
    assert "already" in again.content.decode()


def test_title_team_and_roles_are_changed_and_audited(signed_in, somebody):
    somebody(Role.MARKETER, username="lena")
    client = signed_in(Role.ADMINISTRATOR)
    client.post("/people/lena/change/", {"title": "Head of CRM", "roles": ["marketing_lead"]})
    lena = Person.objects.get(username="lena")
    assert (lena.title, lena.role_names) == ("Head of CRM", {Role.MARKETING_LEAD})
    assert {"roles changed", "person placed"} <= set(
        AuditRow.objects.filter(thing="person:lena").values_list("verb", flat=True)
    )
    assert client.post("/people/lena/change/", {"roles": ["emperor"]}).status_code == 422


def test_a_token_is_shown_once_and_ended(marketer):
    page = marketer.post("/people/me/tokens/", {"name": "report", "scopes": ["people:read"], "days": "7"})
    token = ApiToken.objects.get()
    secret = page.content.decode().split('value="twain_')[1].split('"')[0]
    assert secret not in marketer.get("/people/me/tokens/").content.decode()
    assert marketer.get("/api/me", headers={"authorization": f"Bearer twain_{secret}"}).status_code == 200
    assert marketer.post(f"/people/me/tokens/{token.prefix}/revoke/").status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_somebody_elses_token_is_not_ended(marketer, signed_in):
    marketer.post("/people/me/tokens/", {"name": "report", "scopes": ["people:read"], "days": "7"})
    prefix = ApiToken.objects.get().prefix
    answer = signed_in(Role.ADMINISTRATOR).post(f"/people/me/tokens/{prefix}/revoke/")
    assert answer.status_code == 422
    assert ApiToken.objects.get().revoked_at is None


def test_the_directory_searches_and_hides_who_left(marketer, somebody):
    Person.objects.filter(pk=somebody(Role.DATA_OWNER, username="gone").pk).update(is_active=False)
    somebody(Role.DATA_OWNER, username="priya")
    page = marketer.get("/people/").content.decode()
    assert "Test Priya" in page
    assert "Test Gone" not in page
    assert "Test Priya" not in marketer.get("/people/", {"q": "test gone"}).content.decode()
    assert "Nobody found" in marketer.get("/people/", {"q": "zzz"}).content.decode()


def test_no_migration_is_missing(db):
    call_command("makemigrations", "people", "--check", "--dry-run", verbosity=0)
