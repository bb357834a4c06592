"""Reading about people. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import QuerySet

from twain.flows import policy
from twain_web.roles import POLICY_NAMES
from twain_web.rooms.people.models import AuditRow, Person, Team


def policy_people() -> Mapping[str, policy.Person]:
    """Everybody active, as approval rules see them."""
    people = Person.objects.filter(is_active=True).prefetch_related("roles_held")
    return {
        one.username: policy.Person(
            one.username, one.full_name, one.title, tuple(POLICY_NAMES[r] for r in sorted(one.role_names)), one.email
        )
        for one in people
    }


def everybody() -> QuerySet[Person]:
    """All people with their teams and roles, by name."""
    return Person.objects.select_related("team", "delegate").prefetch_related("roles_held")


def person_by_name(username: str) -> Person | None:
    """One person by user name."""
    return everybody().filter(username=username).first()


def teams() -> QuerySet[Team]:
    """Both sides' teams with their members."""
    return Team.objects.select_related("bridge").prefetch_related("members__roles_held")


def audit_rows(*, person: str = "", thing: str = "", verb: str = "") -> QuerySet[AuditRow]:
    """The audit, newest first, narrowed by who, what and verb."""
    rows = AuditRow.objects.all()
    if person:
        rows = rows.filter(person=person)
    if thing:
        rows = rows.filter(thing__startswith=thing)
    return rows.filter(verb=verb) if verb else rows
