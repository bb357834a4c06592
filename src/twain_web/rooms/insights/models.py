"""What this room keeps: figures of sends that were read once, so that no page reads the whole history again."""

from __future__ import annotations

from django.db import models


class SendFigures(models.Model):
    """The rollup of one send. *stamp* tells whether the history's files have changed since."""

    run_id = models.CharField(max_length=40, primary_key=True)
    stamp = models.CharField(max_length=32)
    figures = models.JSONField()
    read_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.run_id


class SendAnswers(models.Model):
    """What came back of one send, and what it read: feeds, fields and owners as they were. *domain* is the sender's.

    *standing*: provider ("" for all of them) → kind → messages: the few numbers that deliverability is told from.
    """

    run_id = models.CharField(max_length=40, primary_key=True)
    stamp = models.CharField(max_length=32)
    campaign = models.CharField(max_length=80)
    domain = models.CharField(max_length=253)
    began_at = models.DateTimeField(db_index=True)
    answers = models.JSONField()
    standing = models.JSONField(default=dict)
    reads = models.JSONField()
    read_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.run_id
