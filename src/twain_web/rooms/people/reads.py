"""Reading about people. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.db.models import Q, QuerySet

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


def person_at(email: str) -> Person | None:
    """Somebody active by address, as contracts and request types name people."""
    return everybody().filter(is_active=True, email__iexact=email).first() if email else None


def stand_in(asked: Person | None, before: int) -> Person | None:
    """Who is asked next when *asked* does not answer: their delegate, then their team's bridge person; None when all have been.

    *before*: how many were asked instead already.
    """
    if asked is None:
        return None
    bridge = asked.team.bridge if asked.team else None
    for one in (asked.delegate, bridge) if before == 0 else (bridge,):
        if one is not None and one.is_active and one.pk != asked.pk:
            return one
    return None


def teams() -> QuerySet[Team]:
    """Both sides' teams with their members."""
    return Team.objects.select_related("bridge").prefetch_related("members__roles_held")


def found_people(words: str) -> QuerySet[Person]:
    """People whose name, title, team or user name holds all of these words."""
    found = everybody()
    for word in words.split():
        found = found.filter(
            Q(full_name__icontains=word) | Q(title__icontains=word) | Q(username__icontains=word)
            | Q(team__name__icontains=word) | Q(preferred_form__icontains=word)
        )  # fmt: skip
    return found


def audit_rows(
    *, person: str = "", thing: str = "", verb: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[AuditRow]:
    """The audit, newest first, narrowed by who, what (its beginning), verb, and days (both included)."""
    rows = AuditRow.objects.all()
    wanted = {
        "person": person,
        "thing__startswith": thing,
        "verb": verb,
        "at__date__gte": since,
        "at__date__lte": until,
    }
    return rows.filter(**{field: value for field, value in wanted.items() if value})


def audit_verbs() -> list[str]:
    """Everything that has been done here, by its verb."""
    return list(AuditRow.objects.order_by("verb").values_list("verb", flat=True).distinct())


def audit_head() -> AuditRow | None:
    """The newest row: its mac stands for the whole chain."""
    return AuditRow.objects.first()
