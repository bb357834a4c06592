"""Webhooks go out: at least once, oldest first, again and again for three days; what then is not delivered waits for a person.

An endpoint that does not answer rests as a whole, longer each time; a single message that it refuses is put off alone. One that
fails for three days is switched off, and its owner told.
"""

from __future__ import annotations

import json
import logging
import random
import smtplib
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.delivery.intakes.standard_webhooks import headers
from twain.errors import TwainError
from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.integrations import reaching
from twain_web.rooms.integrations.keys import address_of, keys_of
from twain_web.rooms.integrations.models import Delivery, Endpoint, Message
from twain_web.rooms.integrations.sentences import sentence
from twain_web.rooms.integrations.shapes import shape
from twain_web.rooms.people.public import named, record

log = logging.getLogger("twain.webhooks")

#: How long a message is tried, and how long an endpoint may fail before it is switched off.
TRIED_FOR = timedelta(days=3)
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 4 * 3600.0  # seconds
_MOST_A_STEP = 100
_LONGEST_STEP = 60.0  # seconds
_GONE = 410


def _due() -> list[str]:
    """Endpoints with something to deliver now."""
    now = timezone.now()
    ready = Delivery.objects.filter(state=Delivery.State.WAITING, next_at__lte=now, endpoint__is_on=True)
    ready = ready.filter(Q(endpoint__rests_until=None) | Q(endpoint__rests_until__lte=now))
    return [str(pk) for pk in ready.order_by().values_list("endpoint", flat=True).distinct()]


@reconciler("webhooks", every=1.0, due=_due, hands=4)
def deliver(key: str) -> None:
    """Deliver what waits for one endpoint, oldest first, until it is done, out of time or switched off, or needs a rest."""
    endpoint = Endpoint.objects.select_related("owner").get(pk=key)
    if endpoint.rests_until and endpoint.rests_until > timezone.now():
        return
    until = time.monotonic() + _LONGEST_STEP
    waiting = endpoint.deliveries.filter(state=Delivery.State.WAITING, next_at__lte=timezone.now())
    for one in waiting.select_related("message").order_by("message_id")[:_MOST_A_STEP]:
        if time.monotonic() > until or not Endpoint.objects.filter(pk=key, is_on=True).exists():
            return
        answer = attempt(endpoint, one)
        if answer.ok:
            _delivered(endpoint, one, answer)
        elif not _put_off(endpoint, one, answer):
            return


def attempt(endpoint: Endpoint, one: Delivery) -> reaching.Answer:
    """One POST. What is wrong with the endpoint's own settings is an answer, too."""
    here = engine.instance()
    body = posted(endpoint, one.message)
    try:
        address = address_of(endpoint)
        target = reaching.check(
            address, here.settings.webhooks, production=here.settings.production, shown=endpoint.url
        )
        signed = _signed(endpoint, one, body)
    except TwainError as error:
        return reaching.Answer(0, error.business, f"{error.what} {error.todo}".strip())
    told = {"Content-Type": "application/json", "User-Agent": "Twain-Webhooks/1", **signed}
    answer = reaching.post(target, body, told, here.settings.webhooks)
    return answer if address == endpoint.url else answer.hiding(address)


def posted(endpoint: Endpoint, message: Message) -> bytes:
    """Exactly what is posted there of a message: as it was queued, or its sentence in a chat's own form."""
    write = shape(endpoint.form).write
    if write is None:
        return message.body.encode("utf-8")
    told = sentence(message.type, json.loads(message.body)["data"])
    return json.dumps(write(told) if told else {}, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _signed(endpoint: Endpoint, one: Delivery, body: bytes) -> dict[str, str]:
    """A chat checks no signature: whoever knows its address may post there."""
    if shape(endpoint.form).is_chat:
        return {}
    return headers(keys_of(endpoint), one.message_id, int(time.time()), body)


def pause_after(failures: int) -> float:
    """Seconds until the next try: 5 s, 15 s, 45 s, … 4 h, each a fifth more or less, so that not all come back at once."""
    pause: float = min(LONGEST_PAUSE, FIRST_PAUSE * 3.0 ** min(failures - 1, 12))
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 — spreads load; nothing is secret


def _delivered(endpoint: Endpoint, one: Delivery, answer: reaching.Answer) -> None:
    now = timezone.now()
    Delivery.objects.filter(pk=one.pk).update(
        state=Delivery.State.DONE, ended_at=now, attempts=F("attempts") + 1, status=answer.status, why="", technical=""
    )
    Endpoint.objects.filter(pk=endpoint.pk).update(last_ok_at=now, failures=0, failing_since=None, rests_until=None)
    endpoint.failures, endpoint.failing_since = 0, None


def _put_off(endpoint: Endpoint, one: Delivery, answer: reaching.Answer) -> bool:
    """Note the failure; True when it is this message's alone, and the next one may be tried."""
    now = timezone.now()
    _noted(one, answer, now)
    if answer.is_theirs:
        return True
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    rest = max(pause_after(endpoint.failures), answer.retry_after)
    Endpoint.objects.filter(pk=endpoint.pk).update(
        failures=endpoint.failures, failing_since=endpoint.failing_since, rests_until=now + timedelta(seconds=rest)
    )
    if answer.status == _GONE or now - endpoint.failing_since >= TRIED_FOR:
        switch_off_broken(endpoint, answer)
    return False


def _noted(one: Delivery, answer: reaching.Answer, now: datetime) -> None:
    dead = now - one.since >= TRIED_FOR
    attempts = one.attempts + 1
    Delivery.objects.filter(pk=one.pk).update(
        state=Delivery.State.DEAD if dead else Delivery.State.WAITING,
        ended_at=now if dead else None,
        attempts=attempts,
        next_at=now + timedelta(seconds=max(pause_after(attempts), answer.retry_after)),
        status=answer.status or None,
        why=answer.why[:300],
        technical=answer.technical[:400],
    )


def switch_off_broken(endpoint: Endpoint, answer: reaching.Answer) -> None:
    """Nothing goes there any more until a person says so. What waited is kept as not delivered, to be sent again."""
    why = _("Switched off by itself: %s") % answer.why
    if not Endpoint.objects.filter(pk=endpoint.pk, is_on=True).update(is_on=False, why_off=why[:300]):
        return
    endpoint.deliveries.filter(state=Delivery.State.WAITING).update(
        state=Delivery.State.DEAD, ended_at=timezone.now(), why=why[:300], technical=answer.technical[:400]
    )
    record(
        "twain",
        "endpoint switched off",
        f"endpoint:{endpoint.name}",
        {"why": answer.why, "technical": answer.technical},
    )
    _tell_owner(endpoint, answer)


def _tell_owner(endpoint: Endpoint, answer: reaching.Answer) -> None:
    owner = named(endpoint.owner.username)
    page = f"{settings.WEB_URL}{reverse('integrations:endpoint', args=[endpoint.pk])}"
    since = endpoint.failing_since
    parts = [
        f"{owner.full_name},",
        _("The webhook %s is switched off. %s") % (endpoint.name, answer.why),
        _("It has failed since %s.") % f"{timezone.localtime(since):%d %b %Y %H:%M}" if since else "",
        _("For IT: %s") % answer.technical if answer.technical else "",
        _("Nothing is lost: what was not delivered is kept and can be sent again."),
        page,
    ]
    mail = EmailMessage(
        _("Webhook switched off: %s") % endpoint.name, "\n\n".join(filter(None, parts)), to=[owner.email]
    )
    try:
        mail.send()
    except (OSError, smtplib.SMTPException, TwainError, ValueError):
        log.exception("%s could not be told of the endpoint %s", owner.full_name, endpoint.name)
