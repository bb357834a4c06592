"""What the pages of this room read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from twain_web.rooms.integrations.models import Delivery, Endpoint
from twain_web.rooms.integrations.shapes import Shape, shape


@dataclass(frozen=True, slots=True)
class EndpointCard:
    """An endpoint in a list. *level*: green, yellow or red; *said*: how it does, in words."""

    endpoint: Endpoint
    waiting: int
    dead: int
    level: str
    said: str

    @property
    def shape(self) -> Shape:
        """The form in which it is told."""
        return shape(self.endpoint.form)


def endpoint_cards() -> list[EndpointCard]:
    """All of them, by name."""
    counted = Endpoint.objects.select_related("owner").annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=Delivery.State.WAITING)),
        dead=Count("deliveries", filter=Q(deliveries__state=Delivery.State.DEAD)),
    )
    return [card_of(one, one.waiting, one.dead) for one in counted]


def card_of(endpoint: Endpoint, waiting: int = 0, dead: int = 0) -> EndpointCard:
    """How one does."""
    if not endpoint.is_on:
        return EndpointCard(endpoint, waiting, dead, "red" if endpoint.why_off else "secondary", str(_("Off")))
    if endpoint.failing_since:
        since = f"{timezone.localtime(endpoint.failing_since):%d %b %H:%M}"
        return EndpointCard(endpoint, waiting, dead, "red", _("Failing since %s") % since)
    if dead:
        return EndpointCard(endpoint, waiting, dead, "yellow", str(_("Some not delivered")))
    said = _("Works") if endpoint.last_ok_at else _("Nothing sent yet")
    return EndpointCard(endpoint, waiting, dead, "green" if endpoint.last_ok_at else "secondary", str(said))


def endpoint_by_id(pk: int) -> Endpoint:
    """One endpoint; 404 for one that is not there."""
    found = Endpoint.objects.select_related("owner").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def delivery_by_id(pk: int) -> Delivery:
    """One message on its way to one endpoint; 404 when it is not there any more."""
    found = Delivery.objects.select_related("endpoint", "message").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def latest(endpoint: Endpoint, number: int = 50) -> Sequence[Delivery]:
    """The newest messages to an endpoint."""
    return list(endpoint.deliveries.select_related("message")[:number])


def undelivered(endpoint: int | None = None) -> QuerySet[Delivery]:
    """What was given up, newest first; of one endpoint, or of all."""
    found = Delivery.objects.filter(state=Delivery.State.DEAD).select_related("endpoint", "message")
    return found.filter(endpoint=endpoint) if endpoint else found
