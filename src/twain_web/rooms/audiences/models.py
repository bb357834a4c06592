"""Audiences that people of the house made: every save is a version, every edit in progress a draft, every count a row."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Audience(models.Model):
    """One audience. Its rule is that of its *current* version; without one it has never been saved and nobody else sees it."""

    slug = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=2000)
    feed = models.CharField(max_length=80)
    folder = models.CharField(max_length=80, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    current = models.ForeignKey("AudienceVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("folder", "name")

    def __str__(self) -> str:
        return self.name


class AudienceVersion(models.Model):
    """What somebody saved, and when. Never changed: restoring an old one makes a new one."""

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    rule = models.JSONField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=["audience", "number"], name="one_audience_version"),)

    def __str__(self) -> str:
        return f"{self.audience_id} v{self.number}"


class AudienceDraft(models.Model):
    """One person's edit in progress of one audience. *undo* and *redo* hold whole trees, the newest last.

    *revision* counts edits: a second tab that still shows an older one may not change what it does not see.
    *base* is the version it began from: somebody else's save meanwhile shows.
    """

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    tree = models.JSONField()
    undo = models.JSONField(default=list)
    redo = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=0)
    base = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["audience", "person"], name="one_draft_each"),)

    def __str__(self) -> str:
        return f"{self.audience_id} by {self.person_id}, {self.revision}"


class Count(models.Model):
    """One counting: asked by somebody, running in a thread of one house, read by whoever polls it.

    *trees* are the rules to count, by the name each answer gets. A running one whose *beat_at* stands still has lost its house.
    """

    EDITING, SAVED, FULL, OVERLAP = "editing", "saved", "full", "overlap"
    RUNNING, DONE, REFUSED, SUPERSEDED, LOST = "running", "done", "refused", "superseded", "lost"
    STATES: ClassVar = [
        (RUNNING, _("running")),
        (DONE, _("done")),
        (REFUSED, _("refused")),
        (SUPERSEDED, _("superseded")),
        (LOST, _("lost")),
    ]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    audience = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=8)
    feed = models.CharField(max_length=80)
    trees = models.JSONField()
    state = models.CharField(max_length=10, choices=STATES, default=RUNNING)
    read = models.PositiveBigIntegerField(default=0)
    result = models.JSONField(default=dict)
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-started_at",)
        indexes = (
            models.Index(fields=["audience", "-started_at"]),
            models.Index(fields=["person", "state"]),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.audience}: {self.state}"
