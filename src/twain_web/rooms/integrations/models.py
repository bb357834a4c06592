"""What this room keeps: endpoints and what goes to them, providers and what came from them, and how sender domains stand."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

PERSON = settings.AUTH_USER_MODEL


class Endpoint(models.Model):
    """Another system's address. Its secret is sealed, or lies outside (*secret_ref*); nobody is shown it a second time.

    The secret signs; of a chat (*form*) it is the address itself, and *url* is what may be shown of it.
    """

    name = models.CharField(max_length=80, unique=True)
    form = models.CharField(max_length=20, default="standard")
    url = models.CharField(max_length=500)
    types = models.JSONField(default=list)
    is_on = models.BooleanField(default=True)
    secret_ref = models.CharField(max_length=200, blank=True)
    """``env:NAME`` or ``file:path``; empty when the sealed secret counts."""
    sealed = models.BinaryField(null=True)
    former = models.BinaryField(null=True)
    """The secret before the last one, still signed with until *former_until*."""
    former_until = models.DateTimeField(null=True)
    owner = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)
    failures = models.PositiveIntegerField(default=0)
    """Attempts that failed since the last one that went well."""
    failing_since = models.DateTimeField(null=True)
    rests_until = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    why_off = models.CharField(max_length=300, blank=True)
    """Why it was switched off by itself; empty when a person did it."""

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Message(models.Model):
    """One webhook: what is posted, byte for byte. Ids ascend with time."""

    id = models.CharField(max_length=40, primary_key=True)
    type = models.CharField(max_length=60)
    body = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["at"]),)

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class Delivery(models.Model):
    """One message on its way to one endpoint."""

    class State(models.TextChoices):
        """Where it is."""

        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Delivered")
        DEAD = "dead", _("Not delivered")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()
    """When it was queued, or queued again: three days count from here."""
    next_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    why = models.CharField(max_length=300, blank=True)
    technical = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("-message_id",)
        constraints = (models.UniqueConstraint(fields=["endpoint", "message"], name="a_message_once_per_endpoint"),)
        indexes = (
            models.Index(fields=["endpoint", "state", "next_at"]),
            models.Index(fields=["state", "ended_at"]),
        )

    def __str__(self) -> str:
        return f"{self.message_id} → {self.endpoint_id}"


class ReadTo(models.Model):
    """How far something that only grows was read: moved in the transaction that queues what was found."""

    name = models.CharField(max_length=40, primary_key=True)
    place = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.place}"


class Provider(models.Model):
    """A mail provider that tells us by webhook. *path* and *sealed* (its password) were made here."""

    kind = models.CharField(max_length=20, unique=True)
    path = models.CharField(max_length=64, unique=True)
    sealed = models.BinaryField()
    signing_ref = models.CharField(max_length=200, blank=True)
    """``env:NAME`` or ``file:path`` of the provider's own signing key, where it has one."""
    is_on = models.BooleanField(default=True)
    unconfirmed = models.JSONField(default=dict)
    """Amazon SNS: topics that want to tell us, each with the link that confirms it, until a person has."""
    topics = models.JSONField(default=list)
    """Amazon SNS: topics that a person confirmed; another is not heard. None yet: any that Amazon signs."""
    opened_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("kind",)

    def __str__(self) -> str:
        return self.kind


class Told(models.Model):
    """One event that a provider told, once. *matched*: it is about a message of ours. No address is kept."""

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="told")
    event = models.CharField(max_length=64)
    """SHA-256 of provider, event id, kind and recipient's hash: the same event again is known by it."""
    kind = models.CharField(max_length=20)
    cause = models.CharField(max_length=12, blank=True)
    words = models.CharField(max_length=300, blank=True)
    message = models.CharField(max_length=80, blank=True)
    """Our message, as run.shard.row; empty when it is nobody's we know."""
    followed = models.CharField(max_length=120, blank=True)
    matched = models.BooleanField(default=False)
    happened_at = models.DateTimeField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=["provider", "event"], name="an_event_once_per_provider"),)
        indexes = (models.Index(fields=["matched", "at"]),)

    def __str__(self) -> str:
        return f"{self.provider_id} {self.kind}"


class DomainState(models.Model):
    """How a sender domain stood when it was last probed."""

    domain = models.CharField(max_length=253, primary_key=True)
    level = models.CharField(max_length=8)
    findings = models.JSONField(default=list)
    probed_at = models.DateTimeField()
    wanted_at = models.DateTimeField(null=True)
    """Somebody asked for a look at this moment; later than *probed_at* means it is still to be done."""

    class Meta:
        ordering = ("domain",)

    def __str__(self) -> str:
        return f"{self.domain} {self.level}"


class DomainChange(models.Model):
    """One record of a domain that became better or worse."""

    domain = models.CharField(max_length=253)
    record = models.CharField(max_length=40)
    name = models.CharField(max_length=300)
    before = models.CharField(max_length=8, blank=True)
    after = models.CharField(max_length=8)
    what = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=["domain", "-at"]),)

    def __str__(self) -> str:
        return f"{self.domain} {self.record} {self.after}"


class Tracked(models.Model):
    """One request's issue in a tracker: wanted first, then made, then read again and again. *mark* stands in the issue."""

    tracker = models.CharField(max_length=40)
    request = models.PositiveIntegerField()
    mark = models.CharField(max_length=60)
    wanted_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    """When the tracker was asked to make it and has not said no: it may be there. None before, and after a clear no."""
    key = models.CharField(max_length=80, blank=True)
    url = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=60, blank=True)
    over = models.BooleanField(default=False)
    """Done over there. Nothing follows from it here."""
    gone = models.BooleanField(default=False)
    made_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, db_index=True)
    """When it is gone on with; None when nothing is to be done."""
    why = models.CharField(max_length=300, blank=True)
    technical = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=["tracker", "request"], name="an_issue_once_per_request"),)
        indexes = (models.Index(fields=["request"]),)

    def __str__(self) -> str:
        return f"r{self.request} in {self.tracker}"


class TrackerState(models.Model):
    """How a tracker does: when it last answered, since when it fails, until when it is let alone."""

    name = models.CharField(max_length=40, primary_key=True)
    last_ok_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    rests_until = models.DateTimeField(null=True)
    why = models.CharField(max_length=300, blank=True)
    technical = models.CharField(max_length=400, blank=True)
    wanted_at = models.DateTimeField(null=True)
    """Somebody pressed the button at this moment; None once it was asked."""
    tested_at = models.DateTimeField(null=True)
    said = models.CharField(max_length=200, blank=True)
    """What the last test found: the project's name; empty when it failed."""

    def __str__(self) -> str:
        return self.name
