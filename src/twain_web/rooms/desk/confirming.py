"""Are the contracts still right? Every ninety days their owner is asked, in one mail, about those that are used and have changed.

Nobody is bothered for nothing: a feed that nothing uses is left out, and so is a contract that stands as its owner confirmed it.
The mail's link opens a page; its button records the yes, for the contracts exactly as they stood when the mail was written.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from twain.records import Feed
from twain_web import engine, kept
from twain_web.reconcile import reconciler
from twain_web.rooms.desk.models import Reminder, StillRight
from twain_web.rooms.feeds.public import uses_of
from twain_web.rooms.people.public import record

EVERY = timedelta(days=90)
_SALT, _CODE = "twain.desk.still-right", "T966"
_VERB = "still-right"


@dataclass(frozen=True, slots=True)
class Asked:
    """One contract that its owner is asked about. *last*: when it was right, by whom; *uses*: how many things read it."""

    feed: Feed
    fingerprint: str
    last: StillRight
    uses: int


def confirmed(feed: str) -> StillRight | None:
    """Who said last that a feed's contract is right, and when; None as long as nobody has."""
    return StillRight.objects.select_related("person").filter(feed=feed).exclude(person=None).first()


def told(feed: str) -> str:
    """In words, for the feed's page; "" as long as nobody has."""
    one = confirmed(feed)
    if one is None:
        return ""
    when = date_format(timezone.localtime(one.at), "j M Y")
    return _("Contract confirmed on %(when)s by %(who)s.") % {"when": when, "who": one.person}


# ---------------------------------------------------------------- asking


def owners_due() -> list[str]:
    """Whom to ask today. Contracts that are new here begin their ninety days."""
    _begin()
    asked = {person for person, found in _owners().items() if found}
    return [str(pk) for pk in sorted(asked) if not _was_asked(pk, timezone.now() - EVERY)]


@reconciler("desk.contracts", every=1800.0, due=owners_due)
def remind(key: str) -> None:
    """Write one mail to one owner, about all that is due of theirs."""
    found = _owners().get(int(key), [])
    if found and not _was_asked(int(key), timezone.now() - EVERY):
        Reminder.objects.create(person_id=int(key), feeds={one.feed.name: one.fingerprint for one in found})


def asked_about(reminder: Reminder) -> list[Asked]:
    """What a mail asks about and still stands as it did then, by title."""
    found = [one for name in reminder.feeds if (one := _asked(name)) is not None]
    return [one for one in found if one.fingerprint == reminder.feeds[one.feed.name]]


def _begin() -> None:
    known = set(StillRight.objects.values_list("feed", flat=True))
    for name, feed in engine.workspace().feeds.items():
        if name not in known and feed.fields:
            StillRight.objects.create(feed=name, fingerprint=fingerprint(feed), at=timezone.now())


def _owners() -> dict[int, list[Asked]]:
    """Owner → what is due of theirs. An owner who is nobody of this house cannot answer here, so is not written to."""
    people = {one.email.casefold(): one.pk for one in get_user_model().objects.filter(is_active=True) if one.email}
    found: dict[int, list[Asked]] = {}
    for name, feed in engine.workspace().feeds.items():
        owner = people.get(feed.owner.email.casefold()) if feed.owner.email else None
        one = _asked(name) if owner is not None else None
        if owner is not None and one is not None and _is_due(one):
            found.setdefault(owner, []).append(one)
    return found


def _asked(name: str) -> Asked | None:
    feed, last = engine.workspace().feeds.get(name), StillRight.objects.filter(feed=name).first()
    if feed is None or last is None:
        return None
    return Asked(feed, fingerprint(feed), last, len(uses_of(name)))


def _is_due(one: Asked) -> bool:
    new = one.last.person_id is None or one.fingerprint != one.last.fingerprint
    return new and one.uses > 0 and timezone.now() - one.last.at >= EVERY


def _was_asked(person: int, since: datetime) -> bool:
    return Reminder.objects.filter(person=person, made_at__gt=since).exists()


def fingerprint(feed: Feed) -> str:
    """SHA-256 of the contract's file as it stands."""
    file = feed.place.file if feed.place else f"feeds/{feed.name}.odcs.yaml"
    return hashlib.sha256((settings.TWAIN.root / file).read_bytes()).hexdigest()


# ---------------------------------------------------------------- the mail, and its answer


@reconciler("desk.contract-letters", every=10.0, due=lambda: kept.letters_due(Reminder), hands=1)
def send(key: str) -> None:
    """Send one."""
    letter = Reminder.objects.select_related("person").filter(pk=int(key)).first()
    if letter is not None and letter.send_at is not None:
        with translation.override(None):
            mail = _mail(letter)
        kept.post(letter, mail, "contracts")


def _mail(letter: Reminder) -> EmailMessage:
    lines = [_line(one) for one in asked_about(letter)]
    answer = kept.link(letter, _VERB, route="desk:still-right", salt=_SALT)
    parts = [
        f"{letter.person.full_name},",
        _("you answer for data that campaigns use. Is what its contracts say still right?"),
        "\n".join(lines),
        _("One click, and you are asked again in ninety days at the earliest:") + f"\n{answer}",
        _(
            "If something is not right any more, change the contract in the workspace; nothing needs to be answered then."
        ),
    ]
    subject = ngettext("Still right? The contract of %d feed", "Still right? The contracts of %d feeds", len(lines))
    return EmailMessage(subject % len(lines), "\n\n".join(parts), to=[letter.person.email])


def _line(one: Asked) -> str:
    page = f"{settings.WEB_URL}/catalogue/feed/{one.feed.name}/"
    since = date_format(timezone.localtime(one.last.at), "j M Y")
    changed = one.last.fingerprint != one.fingerprint
    told = _("changed since %s") % since if changed else _("as it was on %s; nobody has confirmed it yet") % since
    return _("- %(feed)s (%(uses)d uses; %(told)s): %(page)s") % {
        "feed": one.feed.title, "uses": one.uses, "told": told, "page": page,
    }  # fmt: skip


def read(token: str) -> Reminder:
    """The mail that a link stands for. Raises WrongState T966 for one that is no longer, or never was, good."""
    nonce, verb = kept.read_link(token, salt=_SALT, code=_CODE)
    letter = Reminder.objects.select_related("person").filter(nonce=nonce).first()
    if letter is None or verb != _VERB or not letter.person.is_active:
        raise kept.no_link_of_ours(_CODE)
    kept.refuse_spent(letter, _CODE)
    return letter


def confirm(*, by: Any, letter: Reminder) -> list[str]:  # noqa: ANN401 — a Person
    """Record that these contracts are right as they stood in the mail; returns their titles. One that has changed is not."""
    with transaction.atomic():
        kept.use_up(letter, _CODE)
        right = asked_about(letter)
        for one in right:
            StillRight.objects.create(feed=one.feed.name, fingerprint=one.fingerprint, person=by, at=timezone.now())
            record(by, "contract confirmed", f"feed:{one.feed.name}", {"fingerprint": one.fingerprint})
    return [one.feed.title for one in right]
