"""Telling people by mail what happens to a send, and writing down who was told."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.translation import gettext as _

from twain.errors import TwainError
from twain.flows.instance import Instance
from twain.records import Owner
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.people.public import named

log = logging.getLogger("twain.campaigns")


#: A higher room may tell those who can mend a failed check, once for all the sends that wait for it. It gets a launch's number
#: and returns whom it has told, by name and title; nobody: then they are told from here.
TELLERS: list[Callable[[int], Sequence[str]]] = []


@dataclass(frozen=True, slots=True)
class News:
    """What a mail about a launch says: *business* for Marketing, *technical* for IT, *then* what happens next."""

    subject: str
    business: str
    technical: str = ""
    then: str = ""


def tell_owners(instance: Instance, launch: Launch, news: News, rehearsal: Rehearsal | None) -> list[str]:
    """Write to whoever can mend it, and to whoever launched it. Returns those who were told, by name and title."""
    told = [who for tell in TELLERS for who in tell(launch.pk)] if rehearsal is not None else []
    people = _can_mend(instance, launch, rehearsal) if rehearsal is not None and not told else []
    asked = named(launch.asked_by.username)
    people.append(Owner(asked.full_name, asked.title, asked.email))
    written: set[str] = set()
    for one in people:
        if str(one) not in told and one.email and one.email.lower() not in written:
            written.add(one.email.lower())
            told += [str(one)] if _write(one, launch, news) else []
    return told


def _can_mend(instance: Instance, launch: Launch, rehearsal: Rehearsal) -> list[Owner]:
    """The owners that the failed checks name; when none does, the owner of the feed."""
    held = [v for v in rehearsal.verdicts if v["level"] == "hold" and v["owner"]]
    found = [Owner(v["owner"], v["title"], v["email"]) for v in held]
    if found:
        return list(dict.fromkeys(found))
    feed = instance.workspace.feeds.get(str(instance.ledger.bundle(launch.bundle).body["feed"]))
    return [feed.owner] if feed else []


def _write(to: Owner, launch: Launch, news: News) -> bool:
    mail = EmailMessage(subject=_line(news.subject), body=_body(to, launch, news), to=[to.email])
    try:
        return bool(mail.send())
    except (OSError, smtplib.SMTPException, TwainError, ValueError):
        log.exception("%s could not be told of %s", to.name, launch.campaign)
        return False


def _body(to: Owner, launch: Launch, news: News) -> str:
    page = reverse("campaigns:send", args=[launch.run_id]) if launch.run_id else _review(launch)
    parts: Sequence[str] = [
        f"{to.name},",
        news.business,
        _("For IT: %s") % news.technical if news.technical and news.technical != news.business else "",
        news.then,
        f"{settings.WEB_URL}{page}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _review(launch: Launch) -> str:
    return reverse("campaigns:review", args=[launch.campaign])


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
