"""Requests with everything that happened to them. Events and promises are only ever added; nothing here has a priority."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from twain_web.kept import AddedOnly, Posted
from twain_web.rooms.desk.states import NAMES, State


class Request(models.Model):
    """A state that Marketing wishes for, and how far it is. *probe* observes *target*; *answers* is whose turn it is in IT.

    *feed* and *team* are the groups in which its lead time is compared. *seen* is what the probe saw last, in words.
    """

    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=32, choices=[(s.value, NAMES[s]) for s in State], default=State.DRAFT.value)
    outcome = models.CharField(max_length=300)
    purpose = models.TextField(max_length=2000, blank=True)
    wanted_by = models.DateField(null=True, blank=True)
    why = models.CharField(max_length=300, blank=True)
    campaign = models.CharField(max_length=64, blank=True)
    for_days = models.PositiveIntegerField(null=True, blank=True)
    probe = models.CharField(max_length=20)
    target = models.JSONField(default=dict)
    feed = models.CharField(max_length=100, blank=True)
    team = models.CharField(max_length=80, blank=True)
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answers = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    since = models.DateTimeField()
    """When it came into its present state."""
    observed_at = models.DateTimeField(null=True, blank=True)
    turn = models.CharField(max_length=8, blank=True)
    """Whose turn it is: a side, or nobody's."""
    used_at = models.DateTimeField(null=True, blank=True)
    """Of one that was already available: when the asker really used it."""
    escalated = models.PositiveSmallIntegerField(default=0)
    seen = models.JSONField(default=dict)
    looked_at = models.DateTimeField(null=True, blank=True)
    look_at = models.DateTimeField(null=True, blank=True, db_index=True)
    """When the probe looks next; None when it need not."""

    class Meta:
        ordering = ("-pk",)
        indexes = (models.Index(fields=["state", "-since"]),)

    def __str__(self) -> str:
        return self.outcome

    @property
    def slug(self) -> str:
        """What its address is called."""
        return f"r{self.pk}"

    @property
    def url(self) -> str:
        """Its page."""
        return reverse("desk:request", args=[self.slug])

    @property
    def state_shown(self) -> str:
        """The state in words."""
        return str(NAMES[State(self.state)])


class Event(AddedOnly):
    """One thing that happened to a request. *person* None: Twain itself. *state* is the one from then on."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    verb = models.CharField(max_length=16)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=32)
    words = models.TextField(max_length=2000, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=["request", "number"], name="one_event_once"),)

    def __str__(self) -> str:
        return f"{self.request_id}.{self.number} {self.verb}"


class Promise(AddedOnly):
    """A date that somebody of IT gave. It is never changed: another one is another row, and both are shown."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="promises")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    day = models.DateField()
    words = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.request_id}: {self.day}"


class Letter(models.Model):
    """A mail to one person about one event, with links that answer it. Its links are good once, until *expires_at*."""

    KINDS: ClassVar = ("asked", "question", "news", "offer", "there", "look")

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="letters")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12)
    nonce = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField()
    send_at = models.DateTimeField(null=True, db_index=True)
    """When it is to be sent (again); None once it has been, or was given up."""
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["event", "person"], name="one_letter_once"),)

    def __str__(self) -> str:
        return f"{self.kind} to {self.person_id}"


class StillRight(AddedOnly):
    """That a feed's contract was right as it stood, by its *fingerprint*. *person* None: Twain saw it for the first time."""

    feed = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        ordering = ("-pk",)
        indexes = (models.Index(fields=["feed", "-id"]),)

    def __str__(self) -> str:
        return f"{self.feed} {self.at:%Y-%m-%d}"


class Reminder(Posted):
    """One mail to one owner: whether these contracts are still right. *feeds*: name → fingerprint, as they stood."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    feeds = models.JSONField(default=dict)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.person_id}: {', '.join(self.feeds)}"
