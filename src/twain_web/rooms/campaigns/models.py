"""Campaigns with every version of their plans, and what becomes of them: requests for approval, launches, rehearsals."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from twain_web.kept import Posted
from twain_web.rooms.campaigns.plans import Plan


@lru_cache(maxsize=10_000)
def campaign_url(slug: str) -> str:
    """A campaign's page. Lists of hundreds ask for it again and again."""
    return reverse("campaigns:campaign", args=[slug])


class Campaign(models.Model):
    """Something Marketing wants to send. Its slug is its name everywhere: in the ledger, in the delivery history, in git."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    topic = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    current = models.ForeignKey("PlanVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("-updated_at",)

    def __str__(self) -> str:
        return self.name

    @property
    def plan(self) -> Plan:
        """The plan as it stands."""
        return Plan.from_json(self.current.plan) if self.current else Plan()

    @property
    def version(self) -> int:
        """The number of the plan's current version; 0 before anything was planned."""
        return self.current.number if self.current else 0

    @property
    def url(self) -> str:
        """Its page."""
        return campaign_url(self.slug)


class PlanVersion(models.Model):
    """One version of a campaign's plan. Nothing changes it any more."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    plan = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=["campaign", "number"], name="one_plan_version_once"),)

    def __str__(self) -> str:
        return f"{self.campaign.slug} {self.number}"


class ApprovalRequest(models.Model):
    """Somebody asks for a yes to exactly one bundle. *campaign* is a slug, or the name of one that is kept in files."""

    STATES: ClassVar = [("open", _("Waiting")), ("granted", _("Approved")), ("withdrawn", _("Withdrawn")),
                        ("void", _("Void: edited"))]  # fmt: skip

    campaign = models.CharField(max_length=64)
    bundle = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=STATES, default="open")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(state="open"), name="one_open_request_per_campaign"
            ),
        )

    def __str__(self) -> str:
        return f"{self.campaign} {self.bundle[:12]} {self.state}"


class Letter(Posted):
    """The mail that asks one person for their yes: one for each request and person. What it says is written when it is sent."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.CASCADE, related_name="letters")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["request", "person"], name="one_letter_per_request_and_person"),)

    def __str__(self) -> str:
        return f"{self.request} to {self.person}"


class Approved(models.Model):
    """That a bundle got somebody's yes here: what the next review is compared with. The yes itself is in the ledger."""

    campaign = models.CharField(max_length=64)
    bundle = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["campaign", "-id"]),)
        constraints = (models.UniqueConstraint(fields=["bundle", "by"], name="one_yes_per_person_and_bundle"),)

    def __str__(self) -> str:
        return f"{self.campaign} {self.bundle[:12]} by {self.by_id}"


class Launch(models.Model):
    """The wish that a bundle goes at a moment. A reconciler moves it; once there is a run, the ledger says how that stands."""

    class State(models.TextChoices):
        """Those up to ``running`` are open: a campaign has at most one open launch."""

        SCHEDULED = "scheduled", _("Scheduled")
        HELD = "held", _("Held")
        RUNNING = "running", _("Sending")
        FINISHED = "finished", _("Sent")
        CANCELLED = "cancelled", _("Stopped for good")
        EXPIRED = "expired", _("Expired")
        VOID = "void", _("Void: edited")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    OPEN: ClassVar = ("scheduled", "held", "running")

    campaign = models.CharField(max_length=64)
    bundle = models.CharField(max_length=64)
    token = models.CharField(max_length=64, unique=True)
    """Of the form it was asked with: the same form sent twice is one launch."""
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)
    run_id = models.CharField(max_length=40, blank=True, db_index=True)
    """Minted before the run is made, so that it is found again after a crash."""
    wanted = models.CharField(max_length=8, default="go")
    """``go``; ``wait`` once somebody has paused it; ``now`` from when somebody resumes it until it moves."""
    why = models.CharField(max_length=1000, blank=True)
    technical = models.CharField(max_length=1000, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    told = models.CharField(max_length=400, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    """When its checks were last tried again, or its process started."""
    host = models.CharField(max_length=120, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["campaign", "-id"]), models.Index(fields=["state", "due_at"]))
        constraints = (
            models.UniqueConstraint(
                fields=["campaign"],
                condition=Q(state__in=["scheduled", "held", "running"]),
                name="one_open_launch_per_campaign",
            ),
        )

    def __str__(self) -> str:
        return f"{self.campaign} {self.state} {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        """Whether something is still to come."""
        return self.state in self.OPEN

    @property
    def rests(self) -> float:
        """Seconds between two tries of its checks while it is held."""
        return float(settings.TWAIN.check_again_seconds)


class Rehearsal(models.Model):
    """What the pre-send checks said of a bundle, and how many people it would reach: figures only, nobody's data."""

    KINDS: ClassVar = [("review", _("Launch review")), ("t24", _("A day before")), ("t2", _("Two hours before")),
                       ("hold", _("While held"))]  # fmt: skip

    campaign = models.CharField(max_length=64)
    bundle = models.CharField(max_length=64)
    launch = models.ForeignKey(Launch, null=True, blank=True, on_delete=models.CASCADE, related_name="rehearsals")
    kind = models.CharField(max_length=8, choices=KINDS)
    at = models.DateTimeField(auto_now_add=True)
    ready = models.BooleanField()
    why = models.TextField(blank=True)
    technical = models.TextField(blank=True)
    verdicts = models.JSONField(default=list)
    funnel = models.JSONField(default=dict)
    cost = models.FloatField(null=True, blank=True)
    seconds = models.FloatField(default=0.0)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=["bundle", "-id"]), models.Index(fields=["campaign", "-id"]))
        constraints = (
            models.UniqueConstraint(
                fields=["launch", "kind"], condition=Q(kind__in=["t24", "t2"]), name="one_rehearsal_of_a_kind"
            ),
        )

    def __str__(self) -> str:
        return f"{self.campaign} {self.kind} {self.at:%Y-%m-%d %H:%M}"

    @property
    def told(self) -> list[dict[str, Any]]:
        """The verdicts that want to be read: those that hold it, then warnings."""
        return sorted((v for v in self.verdicts if v["level"] != "pass"), key=lambda v: v["level"])

    @property
    def passed(self) -> list[dict[str, Any]]:
        """The checks that everything is well with."""
        return [v for v in self.verdicts if v["level"] == "pass"]

    @property
    def audience(self) -> int | None:
        """How many people would get it; None when nobody could be counted."""
        return self.funnel.get("audience")
