"""Providers: their ways in, and what they told, first of all what is about nobody's message."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from twain.errors import ConfigError
from twain_web.access import needs
from twain_web.rooms.integrations import sns
from twain_web.rooms.integrations.forms import ProviderForm
from twain_web.rooms.integrations.models import Provider, Told
from twain_web.rooms.integrations.permissions import MANAGE_ENDPOINTS, READ_ENDPOINTS
from twain_web.rooms.integrations.providers import KINDS, USER, close_provider, confirm_topic, open_provider

_SHOWN = 50


def provider_by_id(pk: int) -> Provider:
    """One provider; 404 when it has no way in."""
    found = Provider.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@needs(READ_ENDPOINTS)
def providers(request: HttpRequest) -> HttpResponse:
    """All of them, what they told lately, and opening another."""
    return _page(request, ProviderForm(kinds=_closed()))


@needs(MANAGE_ENDPOINTS)
@never_cache
@require_POST
def open_one(request: HttpRequest) -> HttpResponse:
    """Open a way in, then show its address once."""
    form = ProviderForm(request.POST, kinds=_closed())
    if form.is_valid():
        try:
            made, password = open_provider(by=request.user, **form.cleaned_data)
        except ConfigError as error:
            form.add_error("signing_ref" if error.shown_code == "T901" else "kind", f"{error.what} {error.todo}")
        else:
            return render(request, "integrations/provider_opened.html", _opened(made, password))
    return _page(request, form, status=422)


@needs(MANAGE_ENDPOINTS, get=provider_by_id)
@require_POST
def close(request: HttpRequest, provider: Provider) -> HttpResponse:
    """Hear nothing more of it."""
    title = KINDS[provider.kind].title
    close_provider(by=request.user, provider=provider)
    messages.success(request, _("%s is heard no more.") % title)
    return redirect("integrations:providers")


@needs(MANAGE_ENDPOINTS, get=provider_by_id)
@require_POST
def confirm(request: HttpRequest, provider: Provider) -> HttpResponse:
    """Let one of Amazon's topics tell us."""
    confirm_topic(by=request.user, provider=provider, topic=request.POST.get("topic", ""))
    messages.success(request, _("Confirmed. Amazon tells us from now on."))
    return redirect("integrations:providers")


def _closed() -> list[tuple[str, str]]:
    """Providers that have no way in yet."""
    opened = set(Provider.objects.values_list("kind", flat=True))
    return [(one.name, one.title) for one in KINDS.values() if one.name not in opened]


def _opened(made: Provider, password: str) -> dict[str, object]:
    scheme, _sep, rest = f"{settings.WEB_URL}{reverse('integrations:inbound', args=[made.path])}".partition("://")
    address = f"{scheme}://{USER}:{password}@{rest}"
    return {"title": KINDS[made.kind].title, "address": address, "is_ses": made.kind == "amazon-ses"}


def _topics(provider: Provider) -> list[sns.Topic]:
    """Those that ask first, then those that are heard."""
    asking = [sns.topic_of(arn, link) for arn, link in provider.unconfirmed.items()]
    return [*asking, *(sns.topic_of(arn) for arn in provider.topics)]


def _page(request: HttpRequest, form: ProviderForm, status: int = 200) -> HttpResponse:
    told = Told.objects.select_related("provider")
    cards = [(one, KINDS[one.kind].title, one.told.count(), _topics(one)) for one in Provider.objects.all()]
    shown = {
        "form": form,
        "cards": cards,
        "unmatched": told.filter(matched=False)[:_SHOWN],
        "matched": told.filter(matched=True)[:_SHOWN],
    }
    return render(request, "integrations/providers.html", shown, status=status)
