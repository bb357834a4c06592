"""Plans with every step they took, the simpler ways that IT has offered, and the secret addresses of calendar feeds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class Plan(models.Model):
    """Something Marketing wants to do this year. *campaign* is its slug, once there is one."""

    class State(models.TextChoices):
        """From the first idea to looking back."""

        IDEA = "idea", _("Idea")
        ANNOUNCED = "announced", _("Announced")
        FEASIBLE = "feasible", _("Feasible")
        BOOKED = "booked", _("Booked")
        LIVE = "live", _("Live")
        REVIEWED = "reviewed", _("Looked back on")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    #: While it may still be moved.
    AHEAD: ClassVar = ("idea", "announced", "feasible", "booked")

    title = models.CharField(max_length=120)
    purpose = models.CharField(max_length=300, blank=True)
    campaign = models.CharField(max_length=64, blank=True)
    channel = models.CharField(max_length=64)
    people = models.PositiveIntegerField()
    begins_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.IDEA)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    slot = models.CharField(max_length=40, blank=True)
    learned = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("begins_at", "id")
        indexes = (models.Index(fields=["state", "begins_at"]),)

    def __str__(self) -> str:
        return self.title

    @property
    def url(self) -> str:
        """Its page."""
        return reverse("capacity:plan", args=[self.pk])

    @property
    def is_ahead(self) -> bool:
        """Whether it may still be moved."""
        return self.state in self.AHEAD

    @property
    def ends_at(self) -> datetime:
        """For the calendar: an hour, as long as nobody has booked."""
        return self.begins_at + timedelta(hours=1)

    @property
    def name_in_ledger(self) -> str:
        """Under which name its room is booked."""
        return self.campaign or f"plan-{self.pk}"


class Step(models.Model):
    """That a plan came into a state."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="steps")
    state = models.CharField(max_length=12, choices=Plan.State.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.plan_id} {self.state}"


class SimplerWay(models.Model):
    """IT's answer to a plan: what would be easier. What it proposes is adopted as a whole, in one click."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="ways")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    text = models.CharField(max_length=500)
    begins_at = models.DateTimeField(null=True, blank=True)
    people = models.PositiveIntegerField(null=True, blank=True)
    adopted_at = models.DateTimeField(null=True, blank=True)
    adopted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.text[:40]}"


class CalendarFeed(models.Model):
    """A secret address under which a team's own calendar reads ours. Only its digest is kept."""

    team = models.CharField(max_length=80)
    digest = models.BinaryField(max_length=32, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-made_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=["team"], condition=Q(revoked_at=None), name="one_open_feed_per_team"),
        )

    def __str__(self) -> str:
        return self.team
