"""What cannot be counted afterwards is looked at once a day and kept."""

from __future__ import annotations

from django.db import models


class CatalogueDay(models.Model):
    """How the catalogue stood on a day: fields that campaigns read, those with owner and term, feeds, those nothing uses."""

    day = models.DateField(unique=True)
    fields_read = models.PositiveIntegerField()
    fields_owned = models.PositiveIntegerField()
    feeds = models.PositiveIntegerField()
    unused = models.PositiveIntegerField()

    class Meta:
        """Belongs to the room."""

        app_label = "partnership_room"
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day}"


class SpfDay(models.Model):
    """How many look-ups the SPF record of a sender domain needed on a day; 11 stands for any number above ten."""

    day = models.DateField()
    domain = models.CharField(max_length=253)
    lookups = models.PositiveSmallIntegerField()

    class Meta:
        """Belongs to the room."""

        app_label = "partnership_room"
        ordering = ("day", "domain")
        constraints = (models.UniqueConstraint(fields=["day", "domain"], name="one_spf_count_a_day"),)

    def __str__(self) -> str:
        return f"{self.day} {self.domain}"
