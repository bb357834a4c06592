"""One's own page: how one is named, how one signs in, one's tokens."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from twain_web.access import needs
from twain_web.rooms.people import actions, tokens
from twain_web.rooms.people.forms import NewToken, Profile
from twain_web.rooms.people.permissions import OWN_PROFILE


@needs(OWN_PROFILE)
def profile(request: HttpRequest) -> HttpResponse:
    """What one says about oneself."""
    form = Profile(request.POST or None, instance=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        actions.change_profile(person=form.instance, changed=form.changed_data)
        messages.success(request, _("Your page has been kept."))
        return redirect("people:profile")
    return render(request, "people/profile.html", {"form": form}, status=422 if form.errors else 200)


@needs(OWN_PROFILE)
@never_cache
def own_tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens for the API; making one shows its secret, once."""
    form = NewToken(request.POST or None, scopes=tokens.scopes())
    made = None
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        made = tokens.make_token(
            by=request.user,
            name=told["name"],
            wanted=told["scopes"],
            days=told["days"],
            address=_address(request),  # type: ignore[arg-type]
        )
        form = NewToken(scopes=tokens.scopes())
    shown = {"form": form, "made": made, "tokens": tokens.tokens_of(request.user)}  # type: ignore[arg-type]
    return render(request, "people/tokens.html", shown, status=422 if form.errors else 200)


@needs(OWN_PROFILE)
@require_POST
def revoke_token(request: HttpRequest, prefix: str) -> HttpResponse:
    """End a token, at once and for good."""
    card = tokens.revoke_token(by=request.user, prefix=prefix, address=_address(request))  # type: ignore[arg-type]
    messages.success(request, _("The token %(name)s has ended.") % {"name": card.name})
    return redirect("people:tokens")


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
