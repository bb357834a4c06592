"""What several rooms keep alike: rows that are only ever added, and letters whose links answer once and for a time."""

from __future__ import annotations

import logging
import secrets
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import TwainError, WrongState

log = logging.getLogger("twain.letters")

_MOST_TRIES = 12
_LONGEST_PAUSE = 60  # minutes
#: How long the links of a letter are good.
GOOD_FOR = timedelta(days=14)
L = TypeVar("L", bound=models.Model)


class AddedOnly(models.Model):
    """A row that is written once. A migration of its room has the database refuse a change as well (:func:`triggers`)."""

    #: The code of the error that says so.
    refusal: ClassVar[str] = "T922"

    class Meta:
        """No table of its own."""

        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 — Django's signature
        """Write a new row."""
        if self.pk is not None:
            raise WrongState("What happened is not rewritten.", todo="Add a new row.", code=self.refusal)
        super().save(*args, **kwargs)


_SQLITE = """
CREATE TRIGGER {table}_added_only BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END
"""
_POSTGRES = """
CREATE FUNCTION {table}_added_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{table} is only added to'; END $$;
CREATE TRIGGER {table}_added_only BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_added_only()
"""


def triggers(table: str) -> tuple[Callable[..., None], Callable[..., None]]:
    """What a migration runs, there and back, so that the database itself refuses a change of *table*, whoever asks."""

    def refuse(_apps: Any, schema_editor: Any) -> None:  # noqa: ANN401 — Django's signature
        text = _POSTGRES if schema_editor.connection.vendor == "postgresql" else _SQLITE
        schema_editor.execute(text.format(table=table))

    def allow(_apps: Any, schema_editor: Any) -> None:  # noqa: ANN401
        postgres = schema_editor.connection.vendor == "postgresql"
        schema_editor.execute(f"DROP TRIGGER {table}_added_only" + (f" ON {table}" if postgres else ""))
        if postgres:
            schema_editor.execute(f"DROP FUNCTION {table}_added_only()")

    return refuse, allow


# ---------------------------------------------------------------- letters


def new_nonce() -> str:
    """What stands in a letter's links instead of its number: nobody guesses it."""
    return secrets.token_urlsafe(18)


def in_two_weeks() -> datetime:
    """When the links of a letter that is written now are good no more."""
    return timezone.now() + GOOD_FOR


class Posted(models.Model):
    """A letter on its way: sent at *send_at*, tried again later and later; its links are good once, until *expires_at*."""

    nonce = models.CharField(max_length=32, unique=True, default=new_nonce)
    made_at = models.DateTimeField(default=timezone.now)
    send_at = models.DateTimeField(null=True, db_index=True, default=timezone.now)
    """When it is to be sent (again); None once it has been, or was given up."""
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(default=in_two_weeks)

    class Meta:
        """No table of its own."""

        abstract = True


def letters_due(of: type[L]) -> list[str]:
    """The letters that are to be sent now."""
    waiting = of._default_manager.filter(send_at__lte=timezone.now())  # noqa: SLF001 — Django's documented name
    return [str(pk) for pk in waiting.order_by("send_at").values_list("pk", flat=True)]


def post(letter: Any, mail: EmailMessage, about: str) -> bool:  # noqa: ANN401 — a row with the fields of Posted, here and below
    """Send it; one that cannot be sent is tried again, later and later, and given up after twelve times. Whether it went."""
    rows = type(letter)._default_manager.filter(pk=letter.pk)  # noqa: SLF001
    now = timezone.now()
    try:
        mail.send()
    except (OSError, smtplib.SMTPException, TwainError, ValueError):
        log.exception("Letter %s about %s could not be sent", letter.pk, about)
        pause = timedelta(minutes=min(2**letter.tries, _LONGEST_PAUSE))
        again = now + pause if letter.tries + 1 < _MOST_TRIES else None
        rows.update(tries=letter.tries + 1, send_at=again)
        return False
    rows.update(sent_at=now, send_at=None)
    return True


def link(letter: Any, verb: str, *, route: str, salt: str) -> str:  # noqa: ANN401
    """The whole address of one answer. Nothing of what the letter is about stands in it."""
    return f"{settings.WEB_URL}{reverse(route, args=[signing.dumps([letter.nonce, verb], salt=salt)])}"


def read_link(token: str, *, salt: str, code: str) -> tuple[str, str]:
    """The nonce and the verb that a link was made of. Raises WrongState *code* for one that is not ours, or not whole."""
    try:
        nonce, verb = signing.loads(token, salt=salt)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise no_link_of_ours(code) from error
    return str(nonce), str(verb)


def refuse_spent(letter: Any, code: str) -> None:  # noqa: ANN401
    """Raise WrongState *code* for a letter whose links were used, or have expired."""
    if letter.used_at is not None:
        raise _refused(_("This question has been answered already."), code)
    if letter.expires_at <= timezone.now():
        raise _refused(_("This link has expired."), code)


def use_up(letter: Any, code: str) -> None:  # noqa: ANN401
    """None of the letter's links is good any more. Within the answer's transaction; WrongState when somebody was quicker."""
    rows = type(letter)._default_manager.filter(pk=letter.pk, used_at=None)  # noqa: SLF001
    if not rows.update(used_at=timezone.now()):
        raise _refused(_("This question has been answered already."), code)


def no_link_of_ours(code: str) -> WrongState:
    """What is said of a link that cannot be read."""
    return _refused(_("This link is not whole, or not one of ours."), code)


def _refused(what: str, code: str) -> WrongState:
    return WrongState(what, todo=_("Nothing was changed. Open the page in Twain to see how it stands."), code=code)
