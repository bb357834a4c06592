"""Incidents: one per failed check, with what it holds up and everything that happened to it. Events are only ever added."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from twain_web.kept import AddedOnly, Posted

PERSON = settings.AUTH_USER_MODEL


class Incident(models.Model):
    """A check that failed. *key* names the check; of one check at most one incident is open.

    Owner: as the contract names them, and *owner*, the same person in this house, if they are. *asked*: whose turn it is now.
    """

    KINDS: ClassVar = [("feed", _("A feed's check")), ("audience", _("An audience's check")), ("source", _("A database")),
                       ("domain", _("A sender domain")), ("intake", _("Where entries of forms go"))]  # fmt: skip

    key = models.CharField(max_length=300)
    kind = models.CharField(max_length=12, choices=KINDS)
    feed = models.CharField(max_length=100, blank=True)
    check_name = models.CharField(max_length=120)
    field = models.CharField(max_length=120, blank=True)
    title = models.CharField(max_length=200)
    business = models.CharField(max_length=1000, blank=True)
    technical = models.CharField(max_length=1000, blank=True)
    sql = models.TextField(blank=True)
    observed = models.FloatField(null=True, blank=True)
    expected = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    owner_name = models.CharField(max_length=160, blank=True)
    owner_title = models.CharField(max_length=160, blank=True)
    owner_email = models.CharField(max_length=254, blank=True)
    asked = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    escalated = models.PositiveSmallIntegerField(default=0)
    opened_at = models.DateTimeField()
    """When it failed; of one that failed again, when that was."""
    told_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    restored_at = models.DateTimeField(null=True, blank=True)
    """When the check was seen to pass; None while it is open."""
    failed_at = models.DateTimeField()
    """When it was last seen to fail."""
    looked_at = models.DateTimeField(null=True, blank=True)
    look_at = models.DateTimeField(null=True, blank=True, db_index=True)
    """When it is looked at again by itself; None when it need not be."""
    seen = models.CharField(max_length=1000, blank=True)
    """Why the last look could not say how it stands; empty when it could."""

    class Meta:
        ordering = ("-opened_at", "-pk")
        indexes = (models.Index(fields=["feed", "-opened_at"]),)
        constraints = (
            models.UniqueConstraint(fields=["key"], condition=Q(restored_at=None), name="one_open_incident_per_check"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def slug(self) -> str:
        """What its address is called."""
        return f"i{self.pk}"

    @property
    def url(self) -> str:
        """Its page."""
        return reverse("incidents:incident", args=[self.slug])

    @property
    def is_open(self) -> bool:
        """Whether the check still fails, as far as anybody knows."""
        return self.restored_at is None

    @property
    def owner_shown(self) -> str:
        """The owner as people are named: in the form they chose, else full name and title."""
        if self.owner is not None:
            return str(self.owner)
        return f"{self.owner_name}, {self.owner_title}" if self.owner_title else self.owner_name


class Event(AddedOnly):
    """One thing that happened to an incident, in both languages. *person* None: Twain itself."""

    refusal = "T940"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    verb = models.CharField(max_length=16)
    person = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    business = models.CharField(max_length=1000)
    technical = models.TextField(blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=["incident", "number"], name="one_incident_event_once"),)

    def __str__(self) -> str:
        return f"{self.incident_id}.{self.number} {self.verb}"


class Held(models.Model):
    """A send that waits, or would have to wait, for an incident. *launch* is its number in the room of campaigns."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="held")
    launch = models.BigIntegerField()
    campaign = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    person = models.CharField(max_length=150)
    """User name of whoever launched it."""
    run_id = models.CharField(max_length=40, blank=True)
    url = models.CharField(max_length=300)
    audience = models.PositiveBigIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField()
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("since", "pk")
        constraints = (models.UniqueConstraint(fields=["incident", "launch"], name="one_send_once_per_incident"),)

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.campaign}"


class Letter(Posted):
    """A mail about one event: to a person of this house, who can answer by its links, or to an address that a contract names."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="letters")
    person = models.ForeignKey(PERSON, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    email = models.CharField(max_length=254)
    kind = models.CharField(max_length=12)
    """``held`` (with answers) or ``news``."""

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["event", "email"], name="one_incident_letter_once"),)

    def __str__(self) -> str:
        return f"{self.kind} to {self.email}"


class Noticed(models.Model):
    """How far something that is read again and again was read: *what* is ``trials`` or ``feeds``."""

    what = models.CharField(max_length=20, primary_key=True)
    place = models.CharField(max_length=60)

    def __str__(self) -> str:
        return f"{self.what}: {self.place}"
