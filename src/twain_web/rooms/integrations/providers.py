"""Mail providers tell us by webhook what became of messages; django-anymail understands each and gives one kind of event.

Each provider has an address of its own that nobody can guess, and a password; a provider that signs is believed only when the
signature is right. An event is booked before it is answered with 200, so what we did not book is told again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import warnings
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from anymail.exceptions import AnymailNotSupportedWarning, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, tracking
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.base import AnymailBaseWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.sendgrid import SendGridTrackingWebhookView
from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from twain.errors import ConfigError
from twain.flows.bounces import file_returned
from twain.flows.provided import Booked, Provided, book_provided
from twain_web import engine
from twain_web.access import refuse_unless
from twain_web.reconcile import reconciler
from twain_web.rooms.integrations import sns
from twain_web.rooms.integrations.models import Provider, ReadTo, Told
from twain_web.rooms.integrations.permissions import MANAGE_ENDPOINTS
from twain_web.rooms.integrations.signing import look_up
from twain_web.rooms.people.public import record

USER = "twain"
_TOLD = "told"
_MOST_TOLD = 5_000  # events of one request
_MOST_TOPICS = 10


def _fetch(url: str) -> bytes:
    settings = engine.workspace().settings
    return sns.fetch(url, settings.webhooks, production=settings.production)


CERTIFICATES = sns.Certificates(_fetch)
_heard: ContextVar[list[AnymailTrackingEvent] | None] = ContextVar("heard", default=None)

#: anymail's event types → what is booked. The rest (delivered, opened, clicked) says nothing that we do not know better.
_KINDS = {
    "bounced": "bounce",
    "rejected": "bounce",
    "failed": "bounce",
    "complained": "complaint",
    "deferred": "delay",
    "autoresponded": "auto_reply",
    "unsubscribed": "unsubscribe",
}
#: Why a provider did not even try: it remembers what the recipient said before.
_REMEMBERED = {"spam": "complaint", "unsubscribed": "unsubscribe"}
_CALLED = {"bounced": "permanent", "invalid": "invalid", "blocked": "blocked", "timed_out": "timed out"}


class _Ses(AmazonSESTrackingWebhookView):  # type: ignore[misc]  # anymail brings no types
    """Amazon's notifications without Amazon's own library: signed by Amazon, of a topic that a person confirmed."""

    topics: Sequence[str] = ()

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 — passed on
        self.unconfirmed: tuple[str, str] | None = None
        AnymailBaseWebhookView.__init__(self, **kwargs)

    def parse_events(self, request: HttpRequest) -> Sequence[AnymailTrackingEvent]:
        """Prove it, then read it; the password was looked at before."""
        message = self._parse_sns_message(request)
        try:
            sns.prove(message, CERTIFICATES, self.topics, timezone.now())
        except sns.NotAmazonsError as error:
            raise AnymailWebhookValidationFailure(str(error)) from error
        events: Sequence[AnymailTrackingEvent] = super().parse_events(request)
        return events

    def auto_confirm_sns_subscription(self, sns_message: Mapping[str, Any]) -> None:
        """Keep the link for a person: whoever subscribes to us is not always one of us."""
        link = sns.link_of(sns_message)
        self.unconfirmed = (str(sns_message["TopicArn"]), link) if link else None


@dataclass(frozen=True, slots=True)
class Kind:
    """A provider that can tell us. *key*: anymail's name for its signing key, "" when it has none; *needs_key*: not without."""

    name: str
    title: str
    view: type[Any]
    key: str = ""
    needs_key: bool = False


KINDS: Mapping[str, Kind] = {
    one.name: one
    for one in (
        Kind("amazon-ses", "Amazon SES", _Ses),
        Kind("brevo", "Brevo", BrevoTrackingWebhookView),
        Kind("mailgun", "Mailgun", MailgunTrackingWebhookView, "webhook_signing_key", needs_key=True),
        Kind("mailjet", "Mailjet", MailjetTrackingWebhookView),
        Kind("postmark", "Postmark", PostmarkTrackingWebhookView),
        Kind("sendgrid", "SendGrid", SendGridTrackingWebhookView, "tracking_webhook_verification_key"),
        Kind("sparkpost", "SparkPost", SparkPostTrackingWebhookView),
    )
}


# ---------------------------------------------------------------- what people do


def open_provider(*, by: Any, kind: str, signing_ref: str = "") -> tuple[Provider, str]:  # noqa: ANN401 — a Person
    """Open a way in for a provider; returns it with its password, which nobody sees again. Raises ConfigError T901, T905."""
    refuse_unless(by, MANAGE_ENDPOINTS)
    if kind not in KINDS:
        raise ConfigError(f"{kind!r} is no provider known here.", todo=f"Known: {', '.join(KINDS)}.", code="T905")
    if KINDS[kind].needs_key and not signing_ref.strip():
        raise ConfigError(
            f"{KINDS[kind].title} signs what it tells.", todo="Say where its signing key is.", code="T901"
        )
    if signing_ref.strip():
        look_up(signing_ref.strip(), engine.instance().root)
    password, path = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    sealed = engine.instance().vault.seal_secret(password.encode(), f"provider {path}")
    try:
        with transaction.atomic():
            made = Provider.objects.create(
                kind=kind, path=path, sealed=sealed, signing_ref=signing_ref.strip(), opened_by=by
            )
            record(by, "provider opened", f"provider:{kind}", {"signed": bool(signing_ref.strip())})
    except IntegrityError as error:
        raise ConfigError(
            f"{KINDS[kind].title} has its way in already.", todo="Close that first.", code="T905"
        ) from error
    return made, password


def close_provider(*, by: Any, provider: Provider) -> None:  # noqa: ANN401 — a Person
    """Hear nothing more of a provider; what it told stays booked."""
    refuse_unless(by, MANAGE_ENDPOINTS)
    with transaction.atomic():
        record(by, "provider closed", f"provider:{provider.kind}")
        provider.delete()


def confirm_topic(*, by: Any, provider: Provider, topic: str) -> None:  # noqa: ANN401 — a Person
    """Let an Amazon topic tell us: its link is opened from here, and from then on only confirmed topics are heard.

    Raises ConfigError T936 when that topic does not ask, ChannelUnavailable T935 when Amazon does not answer.
    """
    refuse_unless(by, MANAGE_ENDPOINTS)
    link = provider.unconfirmed.get(topic)
    if not link:
        raise ConfigError(
            f"{topic[:300]} does not ask to be confirmed.",
            todo="Subscribe it again at Amazon, then reload.",
            code="T936",
        )
    _fetch(link)
    with transaction.atomic():
        one = Provider.objects.select_for_update().get(pk=provider.pk)
        one.unconfirmed = {name: link for name, link in one.unconfirmed.items() if name != topic}
        one.topics = sorted({*one.topics, topic})
        one.save(update_fields=["unconfirmed", "topics"])
        record(by, "provider topic confirmed", f"provider:{provider.kind}", {"topic": topic})


# ---------------------------------------------------------------- what a provider tells


@receiver(tracking)
def hear(sender: type, event: AnymailTrackingEvent, **_words: object) -> None:  # noqa: ARG001 — a signal's receiver
    """Every event of the request that is being answered."""
    heard = _heard.get()
    if heard is not None and len(heard) < _MOST_TOLD:
        heard.append(event)


@dataclass(frozen=True, slots=True)
class Read:
    """What a provider posted: the answer it gets once this is booked, its events, a topic to confirm with its link."""

    response: HttpResponse
    events: Sequence[AnymailTrackingEvent] = ()
    unconfirmed: tuple[str, str] | None = None


def read(provider: Provider, request: HttpRequest) -> Read:
    """Let anymail prove and read what was posted. Raises what anymail raises for what is forged or unreadable."""
    heard: list[AnymailTrackingEvent] = []
    token = _heard.set(heard)
    try:
        view = _view(provider)
        view.setup(request)
        response: HttpResponse = view.dispatch(request)
    finally:
        _heard.reset(token)
    return Read(response, heard, getattr(view, "unconfirmed", None))


def _view(provider: Provider) -> Any:  # noqa: ANN401 — a view of anymail's
    kind, here = KINDS[provider.kind], engine.instance()
    password = here.vault.unseal_secret(bytes(provider.sealed), f"provider {provider.path}").decode()
    options = {"webhook_secret": f"{USER}:{password}"}
    if provider.signing_ref:
        options[kind.key or "webhook_secret"] = look_up(provider.signing_ref, here.root)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", AnymailNotSupportedWarning
        )  # SendGrid: kept here by our own tests of its payloads
        view = kind.view(**options)
    view.topics = provider.topics
    return view


def book(
    provider: Provider, events: Sequence[AnymailTrackingEvent], unconfirmed: tuple[str, str] | None = None
) -> list[Booked]:
    """Book what was told: first in the ledger, with what follows; then as what this provider told. Both know it again."""
    told = [one for one in (_provided(provider, event) for event in events) if one is not None]
    booked = book_provided(engine.instance(), told) if told else []
    with transaction.atomic():
        Told.objects.bulk_create([_told(provider, one) for one in booked], ignore_conflicts=True)
        Provider.objects.filter(pk=provider.pk).update(last_at=timezone.now())
        if unconfirmed is not None:
            _keep_unconfirmed(provider, *unconfirmed)
    return booked


def _keep_unconfirmed(provider: Provider, topic: str, link: str) -> None:
    """The newest few topics that ask, each with its newest link."""
    one = Provider.objects.select_for_update().get(pk=provider.pk)
    others = [(name, known) for name, known in one.unconfirmed.items() if name != topic]
    one.unconfirmed = dict([*others, (topic, link)][-_MOST_TOPICS:])
    one.save(update_fields=["unconfirmed"])


def _provided(provider: Provider, event: AnymailTrackingEvent) -> Provided | None:
    kind = _KINDS.get(event.event_type or "")
    if kind is None:
        return None
    if event.event_type == "rejected":
        kind = _REMEMBERED.get(event.reject_reason or "", kind)
    raw = json.dumps([event.message_id, event.metadata, event.esp_event], default=str, sort_keys=True)
    at = event.timestamp or timezone.now()
    recipient = str(event.recipient or "").strip()
    return Provided(
        provider=provider.kind,
        event=f"{event.event_id or hashlib.sha256(raw.encode()).hexdigest()}\0{event.event_type}\0{recipient.lower()}",
        kind=kind,
        recipient=recipient,
        said=str(event.mta_response or "")[:1000],
        called=_called(event),
        raw=raw,
        at=at.timestamp(),
    )


def _called(event: AnymailTrackingEvent) -> str:
    """The provider's own words for it: its description, else its type, else anymail's reason of a refusal."""
    own = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    words = (event.description, own.get("type") or own.get("Type"))
    reason = _CALLED.get(event.reject_reason or "", "") if event.event_type == "rejected" else ""
    return " ".join(str(one) for one in (*words, reason) if one)[:300]


def _told(provider: Provider, booked: Booked) -> Told:
    mail, event = booked.mail, booked.event
    return Told(
        provider=provider,
        event=mail.mail.hex(),
        kind=mail.kind,
        cause=mail.cause,
        words=mail.words[:300],
        message=f"{mail.run_id}.{mail.shard}.{mail.row}" if mail.run_id else "",
        followed=mail.followed[:120],
        matched=bool(mail.run_id),
        happened_at=datetime.fromtimestamp(event.at, UTC),
    )


# ---------------------------------------------------------------- into the delivery history


def _unfiled() -> list[str]:
    newest = Told.objects.aggregate(newest=Max("pk"))["newest"] or 0
    place = ReadTo.objects.filter(name=_TOLD).values_list("place", flat=True).first() or 0
    return [_TOLD] if newest > place else []


@reconciler("providers", every=30.0, due=_unfiled, hands=1)
def file_told(_key: str = _TOLD) -> None:
    """Write what was booked to the delivery history."""
    newest = Told.objects.aggregate(newest=Max("pk"))["newest"] or 0
    file_returned(engine.instance())
    ReadTo.objects.update_or_create(name=_TOLD, defaults={"place": newest})
