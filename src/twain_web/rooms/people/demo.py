"""The demo company's six people, three a team, with their goals. They exist in the demo alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils.crypto import salted_hmac

from twain.errors import ConfigError
from twain_web.roles import Role
from twain_web.rooms.people.actions import enter_person
from twain_web.rooms.people.models import Person, Team

_BY = "demo"
_ZONE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class _Somebody:
    username: str
    full_name: str
    title: str
    roles: tuple[Role, ...]

    @property
    def email(self) -> str:
        first, last = self.full_name.lower().split()
        return f"{first}.{last}@nordlicht.example"


@dataclass(frozen=True, slots=True)
class _DemoTeam:
    name: str
    side: str
    goals: tuple[Mapping[str, str], ...]
    people: tuple[_Somebody, ...]


_TEAMS = (
    _DemoTeam(
        "Customer relations",
        "marketing",
        (
            {"text": "One message a week that gold customers look forward to", "target": "opt-outs below 0.2 % a send"},
            {"text": "Every audience from live data, none from a file", "target": "0 uploads"},
            {"text": "Tell IT of every large send five working days ahead", "target": "9 of 10"},
        ),
        (
            _Somebody("lhoffmann", "Lena Hoffmann", "Campaign Manager", (Role.MARKETER,)),
            _Somebody("mseidel", "Mara Seidel", "Head of CRM", (Role.MARKETING_LEAD,)),
        ),
    ),
    _DemoTeam(
        "Data and platforms",
        "it",
        (
            {"text": "Customer data fresh within two hours, day and night", "target": "99 % of hours"},
            {"text": "No send is held because of data that we own", "target": "fewer than 2 a month"},
            {"text": "Every field of the catalogue reviewed by its owner", "target": "100 %"},
        ),
        (
            _Somebody("pnair", "Priya Nair", "Senior DBA", (Role.DATA_OWNER,)),
            _Somebody("jweber", "Jonas Weber", "Data Engineer", (Role.DATA_OWNER, Role.IT_OPERATOR)),
            _Somebody("aberg", "Anna Berg", "Systems Administrator", (Role.ADMINISTRATOR,)),
            _Somebody("tklein", "Tom Klein", "Internal Auditor", (Role.AUDITOR,)),
        ),
    ),
)


def enter_demo_people() -> Iterator[Mapping[str, Any]]:
    """Enter whoever is not there yet; yields per team its name, people and password (for the screen, nowhere else).

    Raises ConfigError outside the demo.
    """
    if not settings.DEMO:
        raise ConfigError("The demo's people come into the demo alone.", todo="Start it with: twain up --demo")
    for team in _TEAMS:
        password = _password(team.side)
        with transaction.atomic():
            _enter_team(team, password)
        people = [{"username": p.username, "name": p.full_name, "title": p.title} for p in team.people]
        yield {"team": team.name, "side": team.side, "people": people, "password": password}


def _enter_team(team: _DemoTeam, password: str) -> None:
    made, _ = Team.objects.get_or_create(name=team.name, defaults={"side": team.side, "goals": list(team.goals)})
    known = {one.username: one for one in Person.objects.filter(username__in=[p.username for p in team.people])}
    for one in team.people:
        if one.username not in known:
            person = enter_person(
                by=_BY, username=one.username, full_name=one.full_name, title=one.title, email=one.email,
                roles=one.roles, team=made,
            )  # fmt: skip
            Person.objects.filter(pk=person.pk).update(time_zone=_ZONE)
    first = known.get(team.people[0].username)
    if first is None or not check_password(password, first.password):
        # One hash for the team: six take seconds, and this password is on the screen anyway.
        hashed = make_password(password)
        Person.objects.filter(username__in=[p.username for p in team.people]).update(password=hashed)


def _password(side: str) -> str:
    """The same at every start of this workspace, another in every workspace, and easy to type: bamo-kile-tuso-vera."""
    digest = salted_hmac("twain.demo.people", side, algorithm="sha256").digest()
    syllables = ["bdfgklmnprstvz"[b % 14] + "aeiou"[b // 14 % 5] for b in digest[:8]]
    return "-".join(a + b for a, b in zip(syllables[::2], syllables[1::2], strict=True))
