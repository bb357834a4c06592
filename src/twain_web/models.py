"""What all rooms share: the outbox of facts, and the leases under which reconcilers work."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class OutboxRow(models.Model):
    """One fact that travels upward: written in the transaction that made it true, delivered to each hearer at least once."""

    topic = models.CharField(max_length=80)
    body = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(default=timezone.now)
    heard = models.JSONField(default=list)
    """Who has heard it, by name, while not everybody has."""
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["delivered_at", "id"]),)

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"


class ReconcilerLease(models.Model):
    """The right to move one object forward, until it expires."""

    reconciler = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    holder = models.CharField(max_length=120)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["reconciler", "key"], name="one_lease_per_object"),)

    def __str__(self) -> str:
        return f"{self.reconciler}:{self.key}"
