"""What the command line does with people, without the command line."""

from __future__ import annotations

import pytest

from twain.errors import ConfigError
from twain_web.roles import Role
from twain_web.rooms.people import public
from twain_web.rooms.people.demo import enter_demo_people
from twain_web.rooms.people.models import Person, Team

ANNA = {
    "by": "root",
    "username": "anna",
    "full_name": "Anna Berg",
    "title": "Administrator",
    "email": "anna@example.com",
}


@pytest.fixture
def anna(db):
    public.enter(**ANNA, roles=["administrator"], password="a-walk-in-the-snow")


def test_roles_are_given_shown_and_checked(anna):
    assert public.roles_of("anna") == ["administrator"]
    both = public.change_roles(by="root", username="anna", roles=["administrator", "auditor"])
    assert both == ["administrator", "auditor"]
    with pytest.raises(ConfigError, match="is not a role"):
        public.change_roles(by="root", username="anna", roles=["emperor"])
    with pytest.raises(ConfigError, match="nobody called"):
        public.roles_of("nobody")


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "anna"},
        {"email": "ANNA@example.com"},
        {"email": "no address"},
        {"username": "two words"},
        {"password": "short"},
        {"password": "password1234"},
        {"password": "anna@example.com"},
        {"roles": ["emperor"]},
    ],
)
def test_what_cannot_be_entered_is_said(anna, wrong):
    words = ANNA | {"username": "new", "email": "new@example.com", "roles": ["marketer"], "password": None} | wrong
    if wrong.get("password") == "anna@example.com":
        words["email"] = "anna2@example.com"
        words["password"] = "anna2@example.com"
    with pytest.raises(ConfigError):
        public.enter(**words)
    assert Person.objects.count() == 1


def test_the_last_administrator_is_not_deactivated(anna):
    with pytest.raises(ConfigError, match="last administrator"):
        public.deactivate(by="root", username="anna")
    public.enter(**ANNA | {"username": "ben", "email": "ben@example.com"}, roles=["administrator"], password=None)
    public.deactivate(by="root", username="anna")
    assert not Person.objects.get(username="anna").is_active


def test_the_demos_people_come_in_the_demo_alone(db, settings):
    settings.DEMO = False
    with pytest.raises(ConfigError, match="demo alone"):
        list(enter_demo_people())
    assert Person.objects.count() == 0
    settings.DEMO = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    first = list(enter_demo_people())
    again = list(enter_demo_people())
    assert first == again
    assert Person.objects.count() == 6
    assert {team.side: len(team.goals) for team in Team.objects.all()} == {"marketing": 3, "it": 3}
    assert Person.objects.get(username="jweber").role_names == {Role.DATA_OWNER, Role.IT_OPERATOR}
    for team in first:
        assert all(Person.objects.get(username=p["username"]).check_password(team["password"]) for p in team["people"])
