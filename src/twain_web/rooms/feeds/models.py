"""What the house remembers of feeds: how each was when last looked at, reviews under way, and where the workspace stands."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class FeedHealth(models.Model):
    """One feed as it was when last looked at. Pages read this and never wait for a company's database."""

    feed = models.CharField(max_length=63, unique=True)
    contract = models.CharField(max_length=64)
    looked_at = models.DateTimeField(null=True, blank=True)
    newest = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    rows = models.BigIntegerField(null=True, blank=True)
    verdicts = models.JSONField(default=list)
    """The last full check: ``{check, level, field, business, technical, observed, expected, sql}`` each."""
    trouble = models.JSONField(default=dict)
    """Why the last look failed: ``{business, technical, todo, at}``; empty when it did not."""
    next_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("feed",)

    def __str__(self) -> str:
        return self.feed


class CampaignReads(models.Model):
    """What one campaign reads, worked out when it or the contracts change. *made*: in the house, not in the workspace's files."""

    campaign = models.CharField(max_length=140, unique=True)
    made = models.BooleanField(default=False)
    url = models.CharField(max_length=300, blank=True)
    stamp = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    owner = models.CharField(max_length=200)
    next_at = models.DateTimeField(null=True, blank=True)
    reads = models.JSONField(default=list)
    """``[feed, field]`` each."""
    problems = models.JSONField(default=list)
    """What is wrong in its files: ``{severity, code, what, todo, file, line}`` each."""

    class Meta:
        ordering = ("campaign",)

    def __str__(self) -> str:
        return self.campaign


class FieldReview(models.Model):
    """One person's walk through a contract's fields: what was decided, until it leaves as a patch or a branch."""

    feed = models.CharField(max_length=63)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    decisions = models.JSONField(default=dict)
    """Field → the arguments of its decision; ``"@owner"`` → who answers for the feed."""
    branch = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["feed", "person"], name="one_review_per_person"),)

    def __str__(self) -> str:
        return f"{self.feed} by {self.person}"


class WorkspaceState(models.Model):
    """Where one house's checkout of the workspace stands: the last pull, what it refused, and what is wrong in the files.

    Houses on several machines share these tables, and each has a folder of its own.
    """

    place = models.CharField(max_length=64, unique=True)
    wanted_at = models.DateTimeField(null=True, blank=True)
    """When somebody, or a webhook, asked for a pull that has not been made yet."""
    pulled_at = models.DateTimeField(null=True, blank=True)
    revision = models.CharField(max_length=40, blank=True)
    refused = models.CharField(max_length=40, blank=True)
    problems = models.JSONField(default=list)
    """Why the refused revision was refused: ``{code, what, todo, file, line}`` each."""
    trouble = models.CharField(max_length=400, blank=True)
    """Why the last pull did not work, in git's words."""

    def __str__(self) -> str:
        return self.revision[:8]
