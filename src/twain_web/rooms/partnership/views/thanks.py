"""Thanks: what is offered, what was said to and by the reader, saying it, passing it on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from twain.errors import TwainError, WrongState
from twain_web import kept
from twain_web.access import may, needs, public
from twain_web.errors import said
from twain_web.rooms.partnership import wording
from twain_web.rooms.partnership.actions.thanking import forward_thanks, say_thanks
from twain_web.rooms.partnership.forms import ForwardForm, ThanksForm
from twain_web.rooms.partnership.models import Letter, Thanks
from twain_web.rooms.partnership.occasions import offer_by_key, offers_for
from twain_web.rooms.partnership.permissions import READ_PARTNERSHIP, THANK
from twain_web.rooms.partnership.reads.thanks import received, sent
from twain_web.rooms.partnership.sides import side_of


def thanks_by_pk(pk: int) -> Thanks:
    """A thank-you, or 404."""
    found = Thanks.objects.select_related("by", "to__team", "forwarded__to").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@needs(READ_PARTNERSHIP)
def thanks(request: HttpRequest) -> HttpResponse:
    """What the reader may thank for; what they were thanked for and have thanked for. Other people's words are theirs."""
    offered = offers_for(request.user) if may(request.user, THANK) else []
    shown = {
        "offers": offered,
        "received": received(request.user),
        "sent": sent(request.user),
        "side": side_of(request.user),
    }
    return render(request, "partnership/thanks.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(THANK)
def thank(request: HttpRequest) -> HttpResponse:
    """The facts and an empty sentence. Without an occasion: to whom, and the sentence."""
    side, key = side_of(request.user), request.GET.get("about", "")
    if side is None:
        raise Http404
    found = offer_by_key(request.user, key) if key else None
    if key and found is None:
        messages.info(
            request,
            _("It is long ago, or you have said thank you already. Your own words are always welcome."),
        )
        return redirect("partnership:thank")
    form = ThanksForm(request.POST or None, side=None if found else side.other)
    if request.method == "POST" and form.is_valid():
        offer, to = found or (None, form.cleaned_data["to"])
        say_thanks(by=request.user, to=to, words=form.cleaned_data["words"], offer=offer)
        messages.success(request, _("Sent to %s. Nobody else reads it unless they pass it on.") % to)
        return redirect("partnership:thanks")
    shown = {"form": form, "offer": found[0] if found else None, "to": found[1] if found else None}
    return render(request, "partnership/thank.html", shown, status=422 if form.errors else 200)


@require_POST
@needs(THANK, get=thanks_by_pk)
def pass_on(request: HttpRequest, one: Thanks) -> HttpResponse:
    """The receiver passes it on, signed in; to everybody else it is not there."""
    if one.to_id != request.user.pk:
        raise Http404
    form = _forward_form(one, request.POST)
    if form.is_valid():
        forward_thanks(thanks=one, to=form.cleaned_data["to"])
        messages.success(request, _("Passed on to %s.") % form.cleaned_data["to"])
    else:
        messages.error(request, _("Choose somebody of your own team."))
    return redirect("partnership:thanks")


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forward(request: HttpRequest, token: str) -> HttpResponse:
    """A mail's link: the page asks once more, its button does it, once, in the name of whoever got the letter."""
    try:
        letter, one = _letter(request, token)
        form = _forward_form(one, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            with transaction.atomic():
                kept.use_up(letter, "T951")
                forward_thanks(thanks=one, to=form.cleaned_data["to"])
            shown = {"one": one, "done": form.cleaned_data["to"]}
            return render(request, "partnership/forward.html", shown)
    except TwainError as error:
        return said(request, error)
    return render(request, "partnership/forward.html", {"one": one, "form": form}, status=422 if form.errors else 200)


def _letter(request: HttpRequest, token: str) -> tuple[Letter, Thanks]:
    nonce, verb = kept.read_link(token, salt=wording.SALT, code="T951")
    letter = Letter.objects.filter(nonce=nonce, kind=Letter.Kind.THANKS).first()
    if letter is None or letter.thanks_id is None or verb != "forward":
        raise kept.no_link_of_ours("T951")
    kept.refuse_spent(letter, "T951")
    here: Any = request.user
    if (here.is_authenticated and here.pk != letter.person_id) or not may(letter.person, THANK):
        raise WrongState(_("This link is for %s alone.") % letter.person, todo=_("Nothing was changed."), code="T951")
    return letter, thanks_by_pk(letter.thanks_id)


def _forward_form(one: Thanks, data: Any) -> ForwardForm:  # noqa: ANN401 — a QueryDict, or None
    side = side_of(one.to)
    if side is None or hasattr(one, "forwarded"):
        raise WrongState(_("It has been passed on already."), todo=_("Nothing was sent again."), code="T951")
    return ForwardForm(data, side=side, receiver=one.to)
