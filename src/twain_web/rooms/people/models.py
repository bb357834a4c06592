"""People, teams, the roles they have; and the audit, which nobody changes."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from twain_web.roles import NAMES, Role


class Team(models.Model):
    """One of the two sides, or a part of one."""

    SIDES: ClassVar = [("marketing", _("Marketing")), ("it", _("IT"))]

    name = models.CharField(max_length=80, unique=True)
    side = models.CharField(max_length=12, choices=SIDES)
    goals = models.JSONField(default=list)
    """Up to three goals of the quarter, shown to both teams: ``{"text": …, "target": …}``."""
    bridge = models.ForeignKey("Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Person(AbstractUser):
    """Somebody of either team: full name and real title, or the form they chose. Nothing about them is inferred."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    full_name = models.CharField(max_length=120)
    title = models.CharField(max_length=120, blank=True)
    preferred_form = models.CharField(max_length=160, blank=True)
    """How this person wants to be named, when it is not "full name, title"."""
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="members")
    time_zone = models.CharField(max_length=64, default="UTC")
    working_hours = models.CharField(max_length=32, default="Mon-Fri 09:00-17:00")
    delegate = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    theme = models.CharField(max_length=8, default="auto")

    REQUIRED_FIELDS: ClassVar = ["email", "full_name"]

    class Meta:
        ordering = ("full_name",)
        constraints = (
            models.UniqueConstraint(
                models.functions.Lower("email"), name="one_person_per_address", condition=~models.Q(email="")
            ),
        )

    def __str__(self) -> str:
        if self.preferred_form:
            return self.preferred_form
        return f"{self.full_name}, {self.title}" if self.title else self.full_name

    @cached_property
    def role_names(self) -> frozenset[Role]:
        """The roles this person has."""
        return frozenset(Role(held.role) for held in self.roles_held.all())

    @property
    def roles_shown(self) -> str:
        """The roles in words."""
        return ", ".join(str(NAMES[role]) for role in sorted(self.role_names))

    def get_full_name(self) -> str:
        """Django's name for it."""
        return self.full_name

    def get_short_name(self) -> str:
        """There is no short form: people are named in full."""
        return self.full_name


class RoleHeld(models.Model):
    """A role, held by somebody, given by somebody."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="roles_held")
    role = models.CharField(max_length=24, choices=[(r.value, NAMES[r]) for r in Role])
    given_by = models.CharField(max_length=200, blank=True)
    given_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "role"], name="one_role_once"),)

    def __str__(self) -> str:
        return f"{self.person}: {self.role}"


class ApiToken(models.Model):
    """What a program carries in the name of a person. Its words are not kept: *digest* is their SHA-256, *prefix* finds it."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.prefix} of {self.person}"


class AuditRow(models.Model):
    """One thing that somebody did. Rows form a chain: each one's *mac* covers the row and the mac before it."""

    number = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    person = models.CharField(max_length=200)
    verb = models.CharField(max_length=64)
    thing = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)
    address = models.CharField(max_length=64, blank=True)
    mac = models.CharField(max_length=64)

    class Meta:
        ordering = ("-number",)
        indexes = (models.Index(fields=["person", "-number"]), models.Index(fields=["thing", "-number"]))

    def __str__(self) -> str:
        return f"{self.number} {self.verb} {self.thing}"
