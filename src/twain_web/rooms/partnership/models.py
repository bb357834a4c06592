"""Thanks, status checks with what is carried along, a survey that knows no person's answer, vendor reviews."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from twain_web.kept import AddedOnly, Posted


class Side(models.TextChoices):
    """The two teams."""

    MARKETING = "marketing", _("Marketing")
    IT = "it", _("IT")

    @property
    def other(self) -> Side:
        """The team across."""
        return Side.IT if self is Side.MARKETING else Side.MARKETING


# ---------------------------------------------------------------- thanks


class Thanks(AddedOnly):
    """What one person thanked another for. Written once; never changed, withdrawn or counted (the database holds it too).

    *occasion* names what was offered (``send:…``, ``promise:…``), empty when somebody thought of it alone; *facts* are lines of
    Twain's, *words* are the human's.
    """

    refusal = "T951"

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    occasion = models.CharField(max_length=120, blank=True)
    facts = models.JSONField(default=list)
    url = models.CharField(max_length=200, blank=True)
    words = models.CharField(max_length=600)

    class Meta:
        ordering = ("-at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=["by", "to", "occasion"], condition=~models.Q(occasion=""), name="thanked_once_for_it"
            ),
        )

    def __str__(self) -> str:
        return f"{self.by_id} to {self.to_id}"


class Forwarded(models.Model):
    """That the receiver passed a thank-you on, once, to somebody of their own side."""

    thanks = models.OneToOneField(Thanks, on_delete=models.CASCADE, related_name="forwarded")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.thanks_id} to {self.to_id}"


# ---------------------------------------------------------------- the status check


class StatusCheck(models.Model):
    """Twenty-five minutes of the two leads. *planned_for* is the first day it was planned for and stays; *begins_at* may move.

    *agenda* is what it was when they met; before that it is made anew whenever somebody looks.
    """

    MINUTES = 25

    planned_for = models.DateField()
    begins_at = models.DateTimeField()
    marketing = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    it = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True, blank=True)
    held_on = models.DateField(null=True, blank=True)
    notes = models.TextField(max_length=4000, blank=True)
    talked_on = models.DateField(null=True, blank=True)
    """When they last talked and nobody needed anything, if they said so."""
    agenda = models.JSONField(default=list)

    class Meta:
        ordering = ("-begins_at", "-id")

    def __str__(self) -> str:
        return f"{self.begins_at:%Y-%m-%d}"

    @property
    def url(self) -> str:
        """Its page."""
        return reverse("partnership:check", args=[self.pk])

    @property
    def ends_at(self) -> datetime:
        """When it ends."""
        return self.begins_at + timedelta(minutes=self.MINUTES)


class Item(models.Model):
    """Something that a status check leaves open. *settled_in* is the one in which it was done; until then it is carried over."""

    raised_in = models.ForeignKey(StatusCheck, on_delete=models.CASCADE, related_name="raised")
    settled_in = models.ForeignKey(
        StatusCheck, null=True, blank=True, on_delete=models.SET_NULL, related_name="settled"
    )
    text = models.CharField(max_length=300)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text


# ---------------------------------------------------------------- the survey


class Answered(models.Model):
    """That somebody has answered in a quarter, and nothing else: no answer, no moment. Gone once the quarter is over."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    quarter = models.CharField(max_length=7)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["person", "quarter"], name="one_answer_a_quarter"),)

    def __str__(self) -> str:
        return f"{self.person_id} {self.quarter}"


class Ballot(models.Model):
    """What one side said of the other in a quarter: four sums, and texts in an order drawn anew. No row is anybody's."""

    quarter = models.CharField(max_length=7)
    side = models.CharField(max_length=12, choices=Side.choices)
    excellent = models.PositiveIntegerField(default=0)
    above = models.PositiveIntegerField(default=0)
    below = models.PositiveIntegerField(default=0)
    poor = models.PositiveIntegerField(default=0)
    texts = models.JSONField(default=list)

    class Meta:
        ordering = ("-quarter", "side")
        constraints = (models.UniqueConstraint(fields=["quarter", "side"], name="one_ballot_a_quarter"),)

    def __str__(self) -> str:
        return f"{self.quarter} {self.side}"

    @property
    def answered(self) -> int:
        """How many have answered."""
        return self.excellent + self.above + self.below + self.poor


# ---------------------------------------------------------------- vendor reviews


class VendorReview(models.Model):
    """A tool or service that both teams look at before anybody signs. *request* is the question at the desk it came from."""

    class State(models.TextChoices):
        """Gates, then twice blind at most, then a decision."""

        GATES = "gates", _("Gates")
        SCORING = "scoring", _("Scoring, blind")
        REVEALED = "revealed", _("To be talked about")
        AGAIN = "again", _("Scoring what differs, blind")
        SCORED = "scored", _("To be decided")
        DECIDED = "decided", _("Decided")

    name = models.CharField(max_length=120)
    purpose = models.CharField(max_length=500)
    request = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.GATES)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    taken = models.BooleanField(null=True)
    reasons = models.TextField(max_length=2000, blank=True)

    class Meta:
        ordering = ("-asked_at", "-id")

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """Its page."""
        return reverse("partnership:vendor", args=[self.pk])


class Gate(models.Model):
    """One gate, passed or not, with the evidence that somebody gave."""

    review = models.ForeignKey(VendorReview, on_delete=models.CASCADE, related_name="gates")
    key = models.CharField(max_length=20)
    passed = models.BooleanField()
    evidence = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["review", "key"], name="one_answer_a_gate"),)

    def __str__(self) -> str:
        return f"{self.review_id} {self.key}"


class Scorer(models.Model):
    """Somebody who scores for their side. *done* is the last round that is complete."""

    review = models.ForeignKey(VendorReview, on_delete=models.CASCADE, related_name="scorers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=12, choices=Side.choices)
    done = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("side", "id")
        constraints = (models.UniqueConstraint(fields=["review", "person"], name="one_scorer_once"),)

    def __str__(self) -> str:
        return f"{self.review_id} {self.person_id}"


class Score(models.Model):
    """0 to 4 for one row in one round. Rounds are kept beside each other; nobody reads one before it is revealed."""

    scorer = models.ForeignKey(Scorer, on_delete=models.CASCADE, related_name="scores")
    round = models.PositiveSmallIntegerField()
    row = models.CharField(max_length=20)
    value = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["scorer", "round", "row"], name="one_score_a_round"),
            models.CheckConstraint(condition=models.Q(value__lte=4), name="scores_are_0_to_4"),
        )

    def __str__(self) -> str:
        return f"{self.scorer_id} {self.round} {self.row}"


class Letter(Posted):
    """A mail of this room to one person; what it says is written when it is sent, and it is tried again."""

    class Kind(models.TextChoices):
        """What it says."""

        THANKS = "thanks", _("Thanks")
        FORWARD = "forward", _("Thanks, passed on")
        PLANNED = "planned", _("A status check is planned")
        AGENDA = "agenda", _("The agenda of a status check")
        MINUTES = "minutes", _("The notes of a status check")
        SCORE = "score", _("A vendor to look at")
        REVEALED = "revealed", _("What both teams say of a vendor")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    thanks = models.ForeignKey(Thanks, null=True, blank=True, on_delete=models.CASCADE, related_name="letters")
    check_of = models.ForeignKey(StatusCheck, null=True, blank=True, on_delete=models.CASCADE, related_name="letters")
    review = models.ForeignKey(VendorReview, null=True, blank=True, on_delete=models.CASCADE, related_name="letters")

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.kind} to {self.person_id}"
