"""What other rooms may use of this one."""

from __future__ import annotations

from dataclasses import dataclass

from twain_web.rooms.people.audit import Verified, record, verify
from twain_web.rooms.people.models import Person as _Person
from twain_web.rooms.people.models import Team as _Team
from twain_web.rooms.people.reads import person_by_name

__all__ = ["Goals", "Named", "Verified", "goals", "named", "record", "verify"]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody, as pages show them."""

    username: str
    full_name: str
    title: str
    shown: str
    email: str
    side: str


@dataclass(frozen=True, slots=True)
class Goals:
    """One team's goals of the quarter."""

    team: str
    side: str
    goals: tuple[str, ...]


def named(username: str) -> Named:
    """Somebody by user name; whoever is unknown (a command line's user, somebody long gone) is shown by that name alone."""
    person = person_by_name(username)
    if person is None:
        return Named(username, username, "", username, "", "")
    return as_named(person)


def as_named(person: _Person) -> Named:
    """A signed-in person, frozen."""
    side = person.team.side if person.team else ""
    return Named(person.username, person.full_name, person.title, str(person), person.email, side)


def goals() -> list[Goals]:
    """Both teams' goals, for both home pages."""
    return [Goals(t.name, t.side, tuple(str(g.get("text", "")) for g in t.goals)) for t in _Team.objects.all()]
