"""What programs see of this room: endpoints without their secrets, and what could not be delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twain.errors import ConfigError
from twain_web.rooms.integrations import actions, reads
from twain_web.rooms.integrations.models import Delivery, Endpoint


@dataclass(frozen=True, slots=True)
class ListedEndpoint:
    """One endpoint, and how it does. *form*: standard or a chat's; a chat's *url* is its host. *state*: on, failing or off."""

    number: int
    name: str
    form: str
    url: str
    types: tuple[str, ...]
    state: str
    waiting: int
    not_delivered: int
    last_delivered_at: datetime | None
    owner: str


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """One message that was given up for one endpoint, with the reason in both voices."""

    id: str
    type: str
    endpoint: int
    at: datetime
    tries: int
    why: str
    technical: str


def endpoints() -> list[ListedEndpoint]:
    """All of them, by name."""
    return [_listed(card) for card in reads.endpoint_cards()]


def not_delivered(*, limit: int, offset: int) -> tuple[list[NotDelivered], int]:
    """What was given up, newest first; and how much there is."""
    found = reads.undelivered()
    return [_told(one) for one in found[offset : offset + limit]], found.count()


def send_again(*, by: Any, number: int) -> int:  # noqa: ANN401 — a Person
    """Send again whatever one endpoint did not get; returns how many. Raises ConfigError when there is no such endpoint."""
    endpoint = Endpoint.objects.filter(pk=number).first()
    if endpoint is None:
        raise ConfigError(f"There is no endpoint {number}.", todo="GET /api/webhooks lists them.")
    return actions.replay_dead(by=by, endpoint=endpoint)


def _listed(card: reads.EndpointCard) -> ListedEndpoint:
    one = card.endpoint
    state = "off" if not one.is_on else "failing" if one.failing_since else "on"
    return ListedEndpoint(
        one.pk, one.name, one.form, one.url, tuple(one.types), state, card.waiting, card.dead, one.last_ok_at,
        one.owner.username,
    )  # fmt: skip


def _told(one: Delivery) -> NotDelivered:
    return NotDelivered(
        one.message_id, one.message.type, one.endpoint_id, one.message.at, one.attempts, one.why, one.technical
    )
