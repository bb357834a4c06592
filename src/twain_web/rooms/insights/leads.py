"""Forms and leads: how many are where, why some are not written, trying again; and the old provider's list, answered for."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from twain.errors import ConfigError
from twain.flows.intake import shown
from twain.flows.leads import by_form, not_written, route, written_back
from twain.records import Outgoing
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.insights import answering
from twain_web.rooms.insights.permissions import READ_LEADS, RETRY_LEADS, UNMASK_LEAD, WAIVE_OLD_LIST


def lead_by_id(identifier: str) -> Outgoing:
    """One lead or wish on its way; 404 for one that is not there."""
    found = engine.instance().ledger.one_outgoing(identifier)
    if found is None:
        raise Http404
    return found


@needs(READ_LEADS)
def leads(request: HttpRequest) -> HttpResponse:
    """Every form with its leads; what could not be written, and why."""
    here = engine.instance(request.user)
    back, told = written_back(here)
    context = {
        "forms": by_form(here),
        "base": here.settings.base_url,
        "back": back,
        "told": told,
        "troubled": not_written(here),
        "dead": any(one.state == "dead" for one in here.ledger.unwritten()),
    }
    return render(request, "insights/leads.html", context)


@needs(READ_LEADS, get=lead_by_id)
def lead(request: HttpRequest, one: Outgoing) -> HttpResponse:
    """One of them: where it is, why, and what is to be written, masked."""
    here = engine.instance(request.user)
    fields = shown(here, one.id)[1] if one.sealed else {}
    context = {"one": one, "route": route(here, one.intake), "fields": sorted(fields)}
    return render(request, "insights/lead.html", context)


@require_POST
@needs(UNMASK_LEAD, get=lead_by_id)
def unmasked(request: HttpRequest, one: Outgoing) -> HttpResponse:
    """What is to be written, after a reason was given and written down."""
    fields = answering.unmask_lead(by=request.user, identifier=one.id, reason=request.POST.get("reason", ""))
    return render(request, "insights/lead_fields.html", {"one": one, "fields": fields.items()})


@require_POST
@needs(RETRY_LEADS, get=lead_by_id)
def retry_one(request: HttpRequest, one: Outgoing) -> HttpResponse:
    """Try one again now."""
    answering.retry_leads(by=request.user, identifier=one.id)
    messages.success(request, _("It is tried again within seconds. Reload to see what came of it."))
    return redirect("insights:lead", one.id)


@require_POST
@needs(RETRY_LEADS)
def retry_all(request: HttpRequest) -> HttpResponse:
    """Try again now whatever was given up."""
    again = answering.retry_leads(by=request.user)
    words = ngettext(
        "%(number)d is tried again within seconds. Nothing is written twice.",
        "%(number)d are tried again within seconds. Nothing is written twice.",
        again,
    )
    messages.success(request, words % {"number": again})
    return redirect("insights:leads")


@require_POST
@needs(WAIVE_OLD_LIST)
def waive(request: HttpRequest) -> HttpResponse:
    """Answer by name for a first send without the old provider's suppressions."""
    try:
        answering.answer_for_old_list(by=request.user, because=request.POST.get("because", ""))
    except ConfigError as error:
        messages.error(request, _("%s Write a sentence that somebody else can follow.") % error.what)
    else:
        messages.success(request, _("Noted, with your name. The first send no longer waits for the list."))
    return redirect("insights:deliverability")
