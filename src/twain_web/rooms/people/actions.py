"""Everything that changes people. All of it is audited."""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.urls import reverse

from twain.errors import ConfigError
from twain_web.roles import Role
from twain_web.rooms.people.audit import record
from twain_web.rooms.people.models import Person, RoleHeld, Team


def enter_person(
    *,
    by: object,
    username: str,
    full_name: str,
    title: str,
    email: str,
    roles: Collection[Role],
    team: Team | None = None,
    password: str | None = None,
) -> Person:
    """Enter somebody. Without a password they sign in by the company's OpenID provider, or set one by a reset mail."""
    with transaction.atomic():
        if Person.objects.filter(username=username).exists():
            raise ConfigError(f"There is somebody called {username} already.", todo="Choose another user name.")
        person = Person(
            username=username, full_name=full_name, title=title, email=email, team=team, time_zone=settings.TIME_ZONE
        )
        person.set_password(password)
        person.save()
        set_roles(by=by, person=person, roles=roles)
        record(by, "person entered", f"person:{username}", {"name": full_name, "title": title})
    return person


def set_roles(*, by: object, person: Person, roles: Collection[Role]) -> None:
    """Give exactly these roles. The last administrator keeps theirs: nobody could give it back."""
    wanted, held = set(roles), set(person.role_names)
    if Role.ADMINISTRATOR in held - wanted and not _other_administrator(person):
        raise ConfigError("This is the last administrator.", todo="Make somebody else an administrator first.")
    with transaction.atomic():
        RoleHeld.objects.filter(person=person, role__in=held - wanted).delete()
        RoleHeld.objects.bulk_create([RoleHeld(person=person, role=r, given_by=str(by)) for r in sorted(wanted - held)])
        if wanted != held:
            record(by, "roles changed", f"person:{person.username}", {"from": sorted(held), "to": sorted(wanted)})
    person.__dict__.pop("role_names", None)


def place_person(*, by: object, person: Person, title: str, team: Team | None) -> None:
    """Say which title somebody has and to which team they belong."""
    if (person.title, person.team) == (title, team):
        return
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(title=title, team=team)
        detail = {"title": title, "team": team.name if team else ""}
        record(by, "person placed", f"person:{person.username}", detail)


def seat_person(
    *,
    by: object,
    person: Person,
    team: str,
    side: str,
    delegate: Person | None = None,
    bridge: bool = False,
) -> None:
    """Put somebody into a team, which is founded if need be, with who stands in for them; *bridge*: as its bridge person."""
    with transaction.atomic():
        found, _made = Team.objects.get_or_create(name=team, defaults={"side": side})
        Person.objects.filter(pk=person.pk).update(team=found, delegate=delegate)
        if bridge:
            Team.objects.filter(pk=found.pk).update(bridge=person)
        detail = {"team": team, "delegate": delegate.username if delegate else "", "bridge": bridge}
        record(by, "person seated", f"person:{person.username}", detail)


def change_profile(*, person: Person, changed: Collection[str]) -> None:
    """Keep what somebody said about themselves: *person* holds the new values of the fields *changed*."""
    if not changed:
        return
    with transaction.atomic():
        person.save(update_fields=sorted(changed))
        record(person, "profile changed", f"person:{person.username}", {"fields": sorted(changed)})


def deactivate_person(*, by: object, person: Person) -> None:
    """Nobody is deleted (the audit names them); they can no longer sign in, and every session of theirs ends."""
    if Role.ADMINISTRATOR in person.role_names and not _other_administrator(person):
        raise ConfigError("This is the last administrator.", todo="Make somebody else an administrator first.")
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(is_active=False)
        end_sessions(person=person)
        record(by, "person deactivated", f"person:{person.username}")


def activate_person(*, by: object, person: Person) -> None:
    """Somebody who had been deactivated may sign in again, with the roles they had."""
    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(is_active=True)
        record(by, "person activated", f"person:{person.username}")


def link_to_set_password(*, by: object, person: Person) -> str:
    """The whole address under which *person* sets a password, once; for an administrator to hand over. Audited."""
    record(by, "password link made", f"person:{person.username}")
    return str(settings.WEB_URL).rstrip("/") + _reset_path(person)


def end_sessions(*, person: Person) -> int:
    """End every session of somebody; returns how many there were."""
    from allauth.usersessions.models import UserSession  # noqa: PLC0415 — an app that is loaded after this one

    keys = list(UserSession.objects.filter(user=person).values_list("session_key", flat=True))
    UserSession.objects.filter(user=person).delete()
    return Session.objects.filter(session_key__in=keys).delete()[0]


def end_all_sessions() -> int:
    """After a restore: sessions that were ended since the backup would be open again. Ends everybody's; returns how many."""
    from allauth.usersessions.models import UserSession  # noqa: PLC0415 — an app that is loaded after this one

    with transaction.atomic():
        UserSession.objects.all().delete()
        ended: int = Session.objects.all().delete()[0]
        record(None, "all sessions ended", "", {"why": "restored from a backup", "sessions": ended})
    return ended


def _reset_path(person: Person) -> str:
    """The path of allauth's page; the token in it ends with its first use, and after three days."""
    from allauth.account.forms import default_token_generator  # noqa: PLC0415 — an app that is loaded after this one
    from allauth.account.utils import user_pk_to_url_str  # noqa: PLC0415

    words = {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}
    return reverse("account_reset_password_from_key", kwargs=words)


def _other_administrator(person: Person) -> bool:
    held = RoleHeld.objects.filter(role=Role.ADMINISTRATOR, person__is_active=True)
    return held.exclude(person=person).exists()
