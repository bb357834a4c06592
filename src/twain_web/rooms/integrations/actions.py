"""Everything that people do to endpoints: audited, never with a secret in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import ConfigError
from twain.flows.trackers import Tracker
from twain_web import engine
from twain_web.access import refuse_unless
from twain_web.rooms.integrations import keys, reaching, signing
from twain_web.rooms.integrations.event_types import OFFERED
from twain_web.rooms.integrations.models import Delivery, Endpoint, TrackerState
from twain_web.rooms.integrations.permissions import MANAGE_ENDPOINTS
from twain_web.rooms.integrations.queueing import queue_test
from twain_web.rooms.integrations.shapes import STANDARD, Shape, shape
from twain_web.rooms.people.public import record

#: How long the secret before the last one is still signed with.
BOTH_SIGNED_FOR = timedelta(days=1)
_OFFERED = frozenset(one.name for one in OFFERED)
Person = Any


@dataclass(frozen=True, slots=True)
class Made:
    """An endpoint, and its secret if it was made just now: this is the only time that anybody sees it."""

    endpoint: Endpoint
    secret: str = ""


def make_endpoint(
    *, by: Person, name: str, url: str, types: Collection[str], secret_ref: str = "", form: str = STANDARD
) -> Made:
    """Open an endpoint. Without *secret_ref* a secret is made; of a chat, the address is the secret: *url* or where it lies.

    Raises ConfigError: T900 for the address, T901 for the secret, T902 for the types, T903 for the name, T972 for the form.
    """
    refuse_unless(by, MANAGE_ENDPOINTS)
    endpoint = Endpoint(name=name.strip()[:80], form=shape(form).name, owner=by)
    address = _fill(endpoint, url.strip(), types, secret_ref.strip())
    with transaction.atomic():
        _save(endpoint)
        made = _keep_secret(endpoint, address)
        record(by, "endpoint made", _thing(endpoint), _detail(endpoint))
    return Made(endpoint, made)


def change_endpoint(
    *, by: Person, endpoint: Endpoint, name: str, url: str, types: Collection[str], secret_ref: str = ""
) -> Made:
    """Change what an endpoint is, but not its form; a new address must be one that may be posted to. Raises as the above.

    A chat's address that is given back as it is shown stays what it was.
    """
    refuse_unless(by, MANAGE_ENDPOINTS)
    endpoint.name = name.strip()[:80]
    address = _fill(endpoint, url.strip(), types, secret_ref.strip())
    with transaction.atomic():
        _save(endpoint, "name", "url", "types", "secret_ref")
        made = _keep_secret(endpoint, address)
        record(by, "endpoint changed", _thing(endpoint), _detail(endpoint))
    return Made(endpoint, made)


def rotate_secret(*, by: Person, endpoint: Endpoint) -> Made:
    """A new secret; for a day both sign. One that IT keeps is rotated where it lies: ConfigError (T901)."""
    refuse_unless(by, MANAGE_ENDPOINTS)
    if shape(endpoint.form).is_chat:
        raise ConfigError(
            f"The secret of {endpoint.name} is its address.",
            todo="Make a new one in the chat, and enter it here.",
            code="T972",
        )
    if endpoint.secret_ref:
        raise ConfigError(
            f"The secret of {endpoint.name} lies in {endpoint.secret_ref}.", todo="Change it there.", code="T901"
        )
    with transaction.atomic():
        endpoint.former, endpoint.former_until = endpoint.sealed, timezone.now() + BOTH_SIGNED_FOR
        endpoint.save(update_fields=["former", "former_until"])
        made = _give_secret(endpoint)
        record(by, "endpoint secret rotated", _thing(endpoint))
    return Made(endpoint, made)


def switch_endpoint(*, by: Person, endpoint: Endpoint, on: bool) -> None:
    """On: from now on it is told again. Off: what still waits is kept as not delivered."""
    refuse_unless(by, MANAGE_ENDPOINTS)
    with transaction.atomic():
        Endpoint.objects.filter(pk=endpoint.pk).update(
            is_on=on, why_off="", failures=0, failing_since=None, rests_until=None
        )
        if not on:
            why = _("The endpoint was switched off.")
            _waiting(endpoint).update(state=Delivery.State.DEAD, ended_at=timezone.now(), why=why)
        record(by, "endpoint switched on" if on else "endpoint switched off", _thing(endpoint))


def remove_endpoint(*, by: Person, endpoint: Endpoint) -> None:
    """Forget an endpoint and everything that was on its way to it."""
    refuse_unless(by, MANAGE_ENDPOINTS)
    with transaction.atomic():
        record(by, "endpoint removed", _thing(endpoint), {"host": _host(endpoint)})
        endpoint.delete()


def test_endpoint(*, by: Person, endpoint: Endpoint) -> str:
    """Queue a test event; returns the message's id."""
    refuse_unless(by, MANAGE_ENDPOINTS)
    with transaction.atomic():
        Endpoint.objects.filter(pk=endpoint.pk).update(rests_until=None)
        return queue_test(endpoint, by.username)


def test_tracker(*, by: Person, tracker: Tracker) -> None:
    """Have a tracker asked for its project, within seconds; nothing is made there."""
    refuse_unless(by, MANAGE_ENDPOINTS)
    with transaction.atomic():
        TrackerState.objects.update_or_create(name=tracker.name, defaults={"wanted_at": timezone.now()})
        record(by, "tracker tested", f"tracker:{tracker.name}")


def replay_one(*, by: Person, delivery: Delivery) -> None:
    """Deliver one again, under the same id."""
    _replay(by, delivery.endpoint, Delivery.objects.filter(pk=delivery.pk), {"message": delivery.message_id})


def replay_dead(*, by: Person, endpoint: Endpoint) -> int:
    """Deliver again whatever could not be delivered to an endpoint; returns how many."""
    return _replay(by, endpoint, endpoint.deliveries.filter(state=Delivery.State.DEAD), {"which": "not delivered"})


def replay_span(*, by: Person, endpoint: Endpoint, since: datetime, until: datetime) -> int:
    """Deliver again, in their order and under their ids, all messages from *since* until before *until*; returns how many."""
    found = endpoint.deliveries.filter(message__at__gte=since, message__at__lt=until)
    return _replay(by, endpoint, found, {"since": since.isoformat(), "until": until.isoformat()})


def _replay(by: Person, endpoint: Endpoint, found: QuerySet[Delivery], detail: dict[str, Any]) -> int:
    refuse_unless(by, MANAGE_ENDPOINTS)
    if not endpoint.is_on:
        raise ConfigError(f"{endpoint.name} is switched off.", todo="Switch it on first.", code="T904")
    now = timezone.now()
    with transaction.atomic():
        again = found.exclude(state=Delivery.State.WAITING).update(
            state=Delivery.State.WAITING, attempts=0, since=now, next_at=now, ended_at=None, why="", technical=""
        )
        Endpoint.objects.filter(pk=endpoint.pk).update(rests_until=None)
        record(by, "webhooks sent again", _thing(endpoint), detail | {"messages": again})
    return again


def _fill(endpoint: Endpoint, url: str, types: Collection[str], secret_ref: str) -> str:
    """Once everything about it holds: what it hears of and where it leads. Returns a chat's address that is to be sealed."""
    wanted = _types(shape(endpoint.form), types)
    address, is_chat = url, shape(endpoint.form).is_chat
    if is_chat and secret_ref:
        address = signing.look_up(secret_ref, engine.instance().root)
    elif is_chat and endpoint.pk and url == endpoint.url:
        address = keys.address_of(endpoint)
    elif secret_ref:
        for secret in signing.look_up(secret_ref, engine.instance().root).split() or [""]:
            signing.key_of(secret, secret_ref)
    shown = _shown(address) if is_chat else url
    here = engine.instance().settings
    reaching.check(address, here.webhooks, production=here.production, shown=shown if is_chat else "")
    endpoint.url, endpoint.types, endpoint.secret_ref = shown, wanted, secret_ref
    return address if is_chat and not secret_ref else ""


def _types(form: Shape, types: Collection[str]) -> list[str]:
    """The types in the order of the list, if the form can tell them all."""
    unknown = sorted(set(types) - _OFFERED)
    if unknown or not types:
        what = f"There is no event type {unknown[0]!r}." if unknown else "An endpoint needs at least one event type."
        raise ConfigError(what, todo="docs/webhooks.md lists them all.", code="T902")
    if untold := sorted(set(types) - set(form.types)):
        raise ConfigError(
            f"{untold[0]} has no sentence, so {form.name} cannot be told of it.",
            todo="Choose among the events of the form; a program can be told of all.", code="T972",
        )  # fmt: skip
    return [one for one in form.types if one in set(types)]


def _shown(address: str) -> str:
    """What may be shown of a chat's address: where it leads, and nothing that lets anybody post there."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"[:200] if parts.hostname else "…"


def _save(endpoint: Endpoint, *fields: str) -> None:
    if not endpoint.name:
        raise ConfigError("An endpoint needs a name.", todo="Name it after the system it leads to.", code="T903")
    try:
        with transaction.atomic():
            endpoint.save(update_fields=fields or None)
    except IntegrityError as error:
        raise ConfigError(
            f"There is an endpoint {endpoint.name} already.", todo="Choose another name.", code="T903"
        ) from error


def _keep_secret(endpoint: Endpoint, address: str) -> str:
    """Seal what is new: a chat's address, or a secret made now, which is returned to be shown once."""
    if address or (endpoint.secret_ref and shape(endpoint.form).is_chat):
        endpoint.sealed = keys.seal(endpoint, address) if address else None
        endpoint.save(update_fields=["sealed"])
        return ""
    return "" if endpoint.secret_ref or endpoint.sealed else _give_secret(endpoint)


def _give_secret(endpoint: Endpoint) -> str:
    secret = signing.new_secret()
    endpoint.sealed = keys.seal(endpoint, secret)
    endpoint.save(update_fields=["sealed"])
    return secret


def _waiting(endpoint: Endpoint) -> QuerySet[Delivery]:
    return endpoint.deliveries.filter(state=Delivery.State.WAITING)


def _detail(endpoint: Endpoint) -> dict[str, Any]:
    return {"form": endpoint.form, "host": _host(endpoint), "types": len(endpoint.types)}


def _host(endpoint: Endpoint) -> str:
    """What the audit says of its address: the path of many a webhook is a secret itself."""
    return urlsplit(endpoint.url).hostname or ""


def _thing(endpoint: Endpoint) -> str:
    return f"endpoint:{endpoint.name}"
