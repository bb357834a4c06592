"""Endpoints: the list, one of them with what was delivered to it, making and changing it, and sending again."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from twain.errors import ConfigError
from twain_web.access import needs
from twain_web.rooms.integrations import actions, reads
from twain_web.rooms.integrations.delivering import posted
from twain_web.rooms.integrations.event_types import TYPES
from twain_web.rooms.integrations.forms import EndpointForm, SpanForm
from twain_web.rooms.integrations.models import Delivery, Endpoint
from twain_web.rooms.integrations.permissions import MANAGE_ENDPOINTS, READ_ENDPOINTS
from twain_web.rooms.integrations.shapes import STANDARD, shape, shapes

_A_PAGE = 50


@needs(READ_ENDPOINTS)
def endpoints(request: HttpRequest) -> HttpResponse:
    """All endpoints, and how they do."""
    return render(request, "integrations/endpoints.html", {"cards": reads.endpoint_cards()})


@needs(READ_ENDPOINTS, get=reads.endpoint_by_id)
def endpoint(request: HttpRequest, one: Endpoint) -> HttpResponse:
    """One endpoint: how it does, what went there lately, sending again."""
    return _page(request, one, SpanForm())


@needs(MANAGE_ENDPOINTS)
@never_cache
def new_endpoint(request: HttpRequest) -> HttpResponse:
    """Make an endpoint of the chosen form, then show its secret once."""
    chosen = shapes().get(request.GET.get("form", STANDARD)) or shapes()[STANDARD]
    form = EndpointForm(request.POST or None, form=chosen, initial={"types": chosen.types if chosen.is_chat else ()})
    if request.method == "POST" and form.is_valid():
        made = _tried(form, lambda: actions.make_endpoint(by=request.user, form=chosen.name, **form.cleaned_data))
        if made:
            return _made(request, made)
    shown = {"form": form, "chosen": chosen, "shapes": shapes().values()}
    return render(request, "integrations/endpoint_form.html", shown, status=422 if form.errors else 200)


@needs(MANAGE_ENDPOINTS, get=reads.endpoint_by_id)
@never_cache
def change_endpoint(request: HttpRequest, one: Endpoint) -> HttpResponse:
    """Change an endpoint."""
    now = {"name": one.name, "url": one.url, "types": one.types, "secret_ref": one.secret_ref}
    form = EndpointForm(request.POST or None, initial=now, form=shape(one.form))
    if request.method == "POST" and form.is_valid():
        made = _tried(form, lambda: actions.change_endpoint(by=request.user, endpoint=one, **form.cleaned_data))
        if made:
            return _made(request, made)
    shown = {"form": form, "endpoint": one, "chosen": shape(one.form)}
    return render(request, "integrations/endpoint_form.html", shown, status=422 if form.errors else 200)


@needs(MANAGE_ENDPOINTS, get=reads.endpoint_by_id)
@never_cache
@require_POST
def rotate(request: HttpRequest, one: Endpoint) -> HttpResponse:
    """A new secret, shown once."""
    return _made(request, actions.rotate_secret(by=request.user, endpoint=one))


@needs(MANAGE_ENDPOINTS, get=reads.endpoint_by_id)
@require_POST
def switch(request: HttpRequest, one: Endpoint) -> HttpResponse:
    """On or off."""
    on = request.POST.get("on") == "1"
    actions.switch_endpoint(by=request.user, endpoint=one, on=on)
    messages.success(request, (_("%s is on.") if on else _("%s is off.")) % one.name)
    return redirect("integrations:endpoint", one.pk)


@needs(MANAGE_ENDPOINTS, get=reads.endpoint_by_id)
@require_POST
def remove(request: HttpRequest, one: Endpoint) -> HttpResponse:
    """Forget it."""
    actions.remove_endpoint(by=request.user, endpoint=one)
    messages.success(request, _("%s has been removed.") % one.name)
    return redirect("integrations:endpoints")


@needs(MANAGE_ENDPOINTS, get=reads.endpoint_by_id)
@require_POST
def test(request: HttpRequest, one: Endpoint) -> HttpResponse:
    """Send it a test event."""
    message = actions.test_endpoint(by=request.user, endpoint=one)
    messages.success(request, _("A test is on its way (%s). Reload in a moment to see what came of it.") % message)
    return redirect("integrations:endpoint", one.pk)


@needs(MANAGE_ENDPOINTS, get=reads.endpoint_by_id)
@require_POST
def replay_span(request: HttpRequest, one: Endpoint) -> HttpResponse:
    """Send again what happened within a time."""
    form = SpanForm(request.POST)
    if not form.is_valid():
        return _page(request, one, form, status=422)
    again = actions.replay_span(by=request.user, endpoint=one, **form.cleaned_data)
    return _again(request, again, one)


@needs(MANAGE_ENDPOINTS, get=reads.endpoint_by_id)
@require_POST
def replay_dead(request: HttpRequest, one: Endpoint) -> HttpResponse:
    """Send again everything that could not be delivered to it."""
    return _again(request, actions.replay_dead(by=request.user, endpoint=one), one)


@needs(READ_ENDPOINTS)
def undelivered(request: HttpRequest) -> HttpResponse:
    """What was given up: why, in both voices, and sending it again."""
    chosen = request.GET.get("endpoint", "")
    found = reads.undelivered(int(chosen) if chosen.isascii() and chosen.isdigit() else None)
    page = Paginator(found, _A_PAGE).get_page(request.GET.get("page"))
    cards = [card for card in reads.endpoint_cards() if card.dead]
    return render(request, "integrations/undelivered.html", {"page": page, "cards": cards, "chosen": chosen})


@needs(READ_ENDPOINTS)
def schemas(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — a view
    """The JSON Schema of every type, for programs that receive."""
    return JsonResponse({one.name: one.schema() for one in TYPES})


@needs(READ_ENDPOINTS, get=reads.delivery_by_id)
def delivery(request: HttpRequest, one: Delivery) -> HttpResponse:
    """One message to one endpoint: exactly what was posted, and what came of it."""
    shown = {"one": one, "endpoint": one.endpoint, "posted": posted(one.endpoint, one.message).decode("utf-8")}
    return render(request, "integrations/delivery.html", shown)


@needs(MANAGE_ENDPOINTS, get=reads.delivery_by_id)
@require_POST
def replay_one(request: HttpRequest, one: Delivery) -> HttpResponse:
    """Send one again."""
    actions.replay_one(by=request.user, delivery=one)
    messages.success(request, _("%s is on its way again.") % one.message_id)
    return redirect("integrations:delivery", one.pk)


def _tried(form: EndpointForm, act: Callable[[], actions.Made]) -> actions.Made | None:
    """What is wrong with an endpoint is said at the field it is about."""
    try:
        return act()
    except ConfigError as error:
        field = {"T900": "url", "T901": "secret_ref", "T902": "types", "T903": "name"}.get(error.shown_code)
        form.add_error(field, f"{error.what} {error.todo}")
        return None


def _made(request: HttpRequest, made: actions.Made) -> HttpResponse:
    if not made.secret:
        messages.success(request, _("%s has been kept.") % made.endpoint.name)
        return redirect("integrations:endpoint", made.endpoint.pk)
    shown = {
        "endpoint": made.endpoint,
        "secret": made.secret,
        "hours": int(actions.BOTH_SIGNED_FOR.total_seconds() // 3600),
    }
    return render(request, "integrations/secret.html", shown)


def _again(request: HttpRequest, again: int, one: Endpoint) -> HttpResponse:
    messages.success(request, _("%(n)s messages are on their way to %(name)s again.") % {"n": again, "name": one.name})
    return redirect("integrations:endpoint", one.pk)


def _page(request: HttpRequest, one: Endpoint, form: SpanForm, status: int = 200) -> HttpResponse:
    counted = one.deliveries
    card = reads.card_of(
        one, counted.filter(state=Delivery.State.WAITING).count(), counted.filter(state=Delivery.State.DEAD).count()
    )
    shown = {
        "card": card, "endpoint": one, "shape": shape(one.form), "deliveries": reads.latest(one), "form": form,
    }  # fmt: skip
    return render(request, "integrations/endpoint.html", shown, status=status)
