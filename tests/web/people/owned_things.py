"""Things that object rules look at, in each state that a rule knows, made for an owner: what the matrix of owners walks along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from twain.records import Run, RunState
from twain_web.roles import NAMES, Role
from twain_web.rooms.audiences.models import Audience, AudienceVersion
from twain_web.rooms.campaigns.models import Campaign
from twain_web.rooms.campaigns.permissions import is_own, is_steering
from twain_web.rooms.campaigns.records import OneSend, Subject
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.permissions import is_askers
from twain_web.rooms.people.models import Person, Team

#: Whose a thing is, seen from the person who asks for it.
WHOSE = ("own", "own team's", "another's")
Thing = Any


def saved_audience(owner: Person) -> Audience:
    """One that everybody sees."""
    audience = draft_audience(owner)
    rule = {"audience": "gold-in-berlin"}
    audience.current = AudienceVersion.objects.create(audience=audience, number=1, rule=rule, author=owner)
    audience.save()
    return audience


def draft_audience(owner: Person) -> Audience:
    """One that was never saved."""
    return Audience.objects.create(slug=f"of-{owner.username}", name="An audience", feed="customers", owner=owner)


def archived_audience(owner: Person) -> Audience:
    """One that is out of use."""
    audience = saved_audience(owner)
    audience.archived_at = timezone.now()
    audience.save()
    return audience


def campaign(owner: Person) -> Subject:
    """A campaign of the house."""
    made = Campaign.objects.create(slug=f"of-{owner.username}", name="A campaign", owner=owner)
    return Subject(made.slug, made.name, made)


def send(owner: Person) -> OneSend:
    """A send of a campaign of the house."""
    return OneSend(run_of(campaign(owner).slug), owner)


def request(owner: Person) -> Request:
    """Something that somebody has asked IT for."""
    return Request.objects.create(
        kind="lead-route", state="asked", outcome="A route", probe="asker", asker=owner, since=timezone.now()
    )


def run_of(slug: str) -> Run:
    """A send that is under way, as the ledger tells of it; its id names its campaign."""
    return Run(
        id=f"run{slug.replace('-', '')}", bundle="0" * 64, campaign=slug, state=RunState.SENDING, channel="mail",
        crash_policy="never_twice", person="somebody", created_at=0.0,
    )  # fmt: skip


_AUDIENCES = {"saved": saved_audience, "never saved": draft_audience, "archived": archived_audience}
_OF = {is_own: ("a campaign", campaign), is_steering: ("a send", send), is_askers: ("a request", request)}


def things(permission: Any) -> dict[str, Callable[[Person], Thing]]:
    """What a permission's rule is asked about, by the state it is in. KeyError when nothing was thought of for a new rule."""
    if permission.name.startswith("audiences."):
        return {f"an audience, {state}": make for state, make in _AUDIENCES.items()}
    name, make = _OF[permission.rule]
    return {name: make}


class Company:
    """For each role somebody of the team that things belong to, somebody else of it, and somebody of another team."""

    def __init__(self, somebody: Callable[..., Person]) -> None:
        self._somebody = somebody
        self._here, self._there = (
            Team.objects.create(name=name, side="marketing") for name in ("Campaigns", "Loyalty")
        )

    def asks(self, role: Role) -> Person:
        """Whoever asks."""
        return self._member(role, f"asks-{role}", self._here)

    def owner(self, role: Role, whose: str) -> Person:
        """Whoever owns the thing that they ask for."""
        if whose == "own":
            return self.asks(role)
        if whose == "own team's":
            return self._member(Role.MARKETER, "colleague", self._here)
        return self._member(Role.MARKETER, "stranger", self._there)

    def _member(self, role: Role, username: str, team: Team) -> Person:
        person = self._somebody(role, username=username.replace("_", "-"))
        person.team = team
        person.save()
        return person


def role_names() -> list[str]:
    return [str(NAMES[role]) for role in Role]
