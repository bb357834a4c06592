"""The way in for providers: no sign-in, but an address that nobody guesses, a password, and the provider's signature."""

from __future__ import annotations

import logging

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from twain.errors import ChannelUnavailable
from twain_web.access import public
from twain_web.rooms.integrations.models import Provider
from twain_web.rooms.integrations.providers import book, read

log = logging.getLogger("twain.providers")


@csrf_exempt
@public
def take(request: HttpRequest, secret: str) -> HttpResponse:
    """One webhook of a provider. Whatever is wrong with it, a stranger is told nothing but no."""
    if request.method not in ("POST", "HEAD"):
        return HttpResponseNotAllowed(["POST", "HEAD"])
    provider = Provider.objects.filter(path=secret, is_on=True).first()
    if provider is None:
        return HttpResponseForbidden()
    try:
        found = read(provider, request)
    except AnymailWebhookValidationFailure as error:
        log.warning("Somebody who is not %s knocked at its door: %r", provider.kind, str(error.args[0])[:200])
        return HttpResponseForbidden()
    except ChannelUnavailable as error:
        log.warning("What %s told cannot be proved now: %s", provider.kind, error.what)
        return HttpResponse(status=503)
    except (AnymailError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        log.warning("What %s told cannot be read: %s", provider.kind, type(error).__name__)
        return HttpResponse(status=400)
    if found.response.status_code == 200 and request.method == "POST":
        book(provider, found.events, found.unconfirmed)
    return found.response
