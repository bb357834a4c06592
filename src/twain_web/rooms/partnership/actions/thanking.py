"""Thanking: a human's words, and passing them on. Nothing here is undone, and nothing is done by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import ConfigError, WrongState
from twain_web.rooms.partnership.actions.posting import post
from twain_web.rooms.partnership.models import Forwarded, Letter, Thanks
from twain_web.rooms.partnership.occasions import Offer
from twain_web.rooms.partnership.sides import side_of
from twain_web.rooms.people.public import record

_LONGEST = 600


def say_thanks(
    *,
    by: Any,  # noqa: ANN401 — a Person
    to: Any,  # noqa: ANN401
    words: str,
    offer: Offer | None = None,
    at: datetime | None = None,
    mailed: bool = True,
) -> Thanks:
    """Thank somebody of the other team, with the facts of an *offer* or without any.

    Raises ConfigError T950 for words that are none and for somebody of one's own team, WrongState T951 when it was said already.
    """
    said, now = _words(words), at or timezone.now()
    if side_of(by) is None or side_of(to) is not side_of(by).other:  # type: ignore[union-attr]
        raise ConfigError(
            "Thanks go across: to somebody of the other team.", todo="Choose somebody there.", code="T950"
        )
    about = {"occasion": offer.key, "facts": list(offer.facts), "url": offer.url} if offer else {}
    try:
        with transaction.atomic():
            made = Thanks.objects.create(by=by, to=to, at=now, words=said, **about)
            record(by, "thanks said", f"person:{to.username}", {"occasion": offer.key if offer else ""})
            if mailed:
                post(Letter.Kind.THANKS, [to], thanks=made)
    except IntegrityError as error:
        raise WrongState(
            f"{by} has thanked {to} for this already.", todo=_("It was sent. Nothing more is needed."), code="T951",
            business=_("You have said thank you for this already."),
        ) from error  # fmt: skip
    return made


def forward_thanks(*, thanks: Thanks, to: Any) -> None:  # noqa: ANN401 — a Person
    """The receiver passes it on to somebody of their own team, once. Raises ConfigError T950, WrongState T951."""
    if to.pk == thanks.to_id or side_of(to) is None or side_of(to) is not side_of(thanks.to):
        raise ConfigError("It is passed on within your own team.", todo="Choose somebody of it.", code="T950")
    now = timezone.now()
    with transaction.atomic():
        _made, new = Forwarded.objects.get_or_create(thanks=thanks, defaults={"to": to, "at": now})
        if not new:
            raise WrongState("It has been passed on already.", todo="Nothing was sent again.", code="T951")
        record(thanks.to, "thanks passed on", f"person:{to.username}", {"thanks": thanks.pk})
        post(Letter.Kind.FORWARD, [to], thanks=thanks)


def _words(text: str) -> str:
    words = " ".join(text.split())
    if not words or len(words) > _LONGEST or not words.isprintable():
        raise ConfigError(
            f"A thank-you needs 1 to {_LONGEST} letters of your own.",
            todo=_("Write one sentence: what did it change for you?"), code="T950",
        )  # fmt: skip
    return words
