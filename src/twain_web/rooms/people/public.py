"""What other rooms may use of this one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from twain.errors import ConfigError
from twain_web.roles import Role
from twain_web.rooms.people import actions
from twain_web.rooms.people.actions import end_all_sessions
from twain_web.rooms.people.audit import Verified, record, verify
from twain_web.rooms.people.demo import enter_demo_people
from twain_web.rooms.people.models import Person as _Person
from twain_web.rooms.people.models import Team as _Team
from twain_web.rooms.people.reads import audit_rows, everybody, person_at, person_by_name, stand_in
from twain_web.rooms.people.tokens import (
    Bearer,
    MadeToken,
    TokenCard,
    make_token,
    recognise,
    revoke_token,
    scopes,
    tokens_of,
)

__all__ = [
    "Bearer",
    "Goals",
    "Listed",
    "MadeToken",
    "Named",
    "TokenCard",
    "Verified",
    "Written",
    "audit_page",
    "change_roles",
    "deactivate",
    "directory",
    "end_all_sessions",
    "enter",
    "enter_demo_people",
    "goals",
    "make_token",
    "named",
    "one_time_link",
    "owners_here",
    "person_at",
    "persons",
    "recognise",
    "record",
    "revoke_token",
    "roles_of",
    "scopes",
    "seat",
    "stand_in",
    "tokens_of",
    "verify",
]


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


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody who can sign in, as the directory lists them."""

    username: str
    full_name: str
    title: str
    shown: str
    team: str
    side: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """One row of the audit. *mac* covers it and the row before."""

    number: int
    at: datetime
    person: str
    verb: str
    thing: str
    detail: dict[str, Any]
    mac: str


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


def directory() -> list[Listed]:
    """Everybody who can sign in, by name."""
    return [
        Listed(
            one.username, one.full_name, one.title, str(one), one.team.name if one.team else "",
            one.team.side if one.team else "", tuple(sorted(role.value for role in one.role_names)),
        )
        for one in everybody().filter(is_active=True)
    ]  # fmt: skip


def owners_here() -> frozenset[str]:
    """Addresses, folded, of everybody who can sign in: whoever a contract names as owner and is here can be asked."""
    return frozenset(one.email.casefold() for one in everybody().filter(is_active=True) if one.email)


def persons(usernames: Collection[str]) -> list[Any]:
    """Those of these user names who can sign in, as the rows that other rooms' letters go to."""
    return list(everybody().filter(is_active=True, username__in=usernames))


def audit_page(
    *, person: str = "", thing: str = "", verb: str = "", limit: int = 50, offset: int = 0
) -> tuple[list[Written], int]:
    """Rows of the audit, newest first, narrowed by who, what (its beginning) and verb; and how many there are."""
    found = audit_rows(person=person, thing=thing, verb=verb)
    rows = [Written(r.number, r.at, r.person, r.verb, r.thing, r.detail, r.mac) for r in found[offset : offset + limit]]
    return rows, found.count()


# ---------------------------------------------------------------- what the command line does with people


def enter(
    *,
    by: str,
    username: str,
    full_name: str,
    title: str,
    email: str,
    roles: Collection[str],
    password: str | None,
) -> None:
    """Enter somebody. Raises ConfigError for a name that is taken, an unknown role, or a password that is too weak."""
    person = _Person(username=username, full_name=full_name, title=title, email=email)
    try:
        person.full_clean(exclude=["password"])
        if password is not None:
            validate_password(password, person)
    except ValidationError as error:
        raise ConfigError(f"{username} was not entered: {' '.join(error.messages)}", todo="Correct that.") from error
    actions.enter_person(
        by=by, username=username, full_name=full_name, title=title, email=email, roles=_roles(roles), password=password
    )


def seat(*, by: str, username: str, team: str, side: str, delegate: str = "", bridge: bool = False) -> None:
    """Put somebody into a team (*side*: marketing or it), with who stands in for them. Raises ConfigError for unknown names."""
    stands_in = _known(delegate) if delegate else None
    actions.seat_person(by=by, person=_known(username), team=team, side=side, delegate=stands_in, bridge=bridge)


def change_roles(*, by: str, username: str, roles: Collection[str]) -> list[str]:
    """Give somebody exactly these roles; returns them."""
    actions.set_roles(by=by, person=_known(username), roles=_roles(roles))
    return roles_of(username)


def roles_of(username: str) -> list[str]:
    """The roles of somebody by name."""
    return sorted(_known(username).role_names)


def deactivate(*, by: str, username: str) -> None:
    """Somebody may come in no more."""
    actions.deactivate_person(by=by, person=_known(username))


def one_time_link(*, by: str, username: str) -> str:
    """A link under which somebody sets their password; it is good until they have, for three days at most."""
    return actions.link_to_set_password(by=by, person=_known(username))


def _known(username: str) -> _Person:
    person = person_by_name(username)
    if person is None:
        raise ConfigError(f"There is nobody called {username!r}.", todo="The page People lists everybody.")
    return person


def _roles(names: Collection[str]) -> set[Role]:
    known = {str(role) for role in Role}
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ConfigError(f"{wrong[0]!r} is not a role.", todo=f"Roles: {', '.join(sorted(known))}.")
    return {Role(name) for name in names}
