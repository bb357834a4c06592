"""Where the simulated year takes place: a house that was made for it, and the people of both teams in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection

from twain.errors import WrongState
from twain_web.rooms.people import public as people

#: Lies in the state folder of a house that was made for a simulated year: no other house is simulated in.
MARK = "simulated"
IT, MARKETING = "Data and platforms", "Customer relations"


@dataclass(frozen=True, slots=True)
class _Colleague:
    username: str
    name: str
    title: str
    role: str
    team: str
    side: str
    delegate: str = ""


#: Fictional, as the demo company is. Whoever stands in for somebody comes before them.
_PEOPLE = (
    _Colleague("mseidel", "Mara Seidel", "Head of CRM", "marketing_lead", MARKETING, "marketing"),
    _Colleague("lhoffmann", "Lena Hoffmann", "Campaign Manager", "marketer", MARKETING, "marketing", "mseidel"),
    _Colleague("oduran", "Ona Duran", "Content Manager", "marketer", MARKETING, "marketing", "lhoffmann"),
    _Colleague("tvoss", "Tjark Voss", "CRM Analyst", "marketer", MARKETING, "marketing", "lhoffmann"),
    _Colleague("ibruun", "Ida Bruun", "Brand Manager", "marketer", MARKETING, "marketing", "oduran"),
    _Colleague("jweber", "Jonas Weber", "Data Engineer", "data_owner", IT, "it"),
    _Colleague("aberg", "Anna Berg", "Systems Administrator", "administrator", IT, "it", "jweber"),
    _Colleague("pnair", "Priya Nair", "Senior DBA", "data_owner", IT, "it", "jweber"),
    _Colleague("skamath", "Sunil Kamath", "Platform Engineer", "it_operator", IT, "it", "aberg"),
    _Colleague("lfarkas", "Lea Farkas", "Network Engineer", "it_operator", IT, "it", "aberg"),
)
_BRIDGES = ("mseidel", "skamath")


def mark() -> None:
    """This house was made for a simulated year, and holds nothing else."""
    (settings.TWAIN.state / MARK).touch()


def refuse_any_other() -> None:
    """Raises WrongState T960 in a house that was not made for this: a year of made-up requests is no joke there."""
    if connection.vendor != "sqlite" or not (settings.TWAIN.state / MARK).exists():
        raise WrongState(
            "This house was not made for a simulated year.",
            todo="Run twain desk simulate: it makes a house of its own, and leaves this one alone.",
            code="T960",
        )


def seat_everybody() -> dict[str, Any]:
    """Both teams with delegates and bridge persons; by user name."""
    for one in _PEOPLE:
        email = f"{one.name.lower().replace(' ', '.')}@nordlicht.example"
        people.enter(by="simulation", username=one.username, full_name=one.name, title=one.title, email=email,
                     roles=[one.role], password=None)  # fmt: skip
        people.seat(by="simulation", username=one.username, team=one.team, side=one.side, delegate=one.delegate,
                    bridge=one.username in _BRIDGES)  # fmt: skip
    found = get_user_model().objects.select_related("team", "delegate").prefetch_related("roles_held")
    return {one.username: one for one in found}
