"""Sender domains: all of them, and one with every record, its history and what it holds up."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.integrations import domains as reads
from twain_web.rooms.integrations.permissions import PROBE_DOMAINS, READ_DOMAINS
from twain_web.rooms.integrations.probing import want_a_look


def domain_by_name(domain: str) -> reads.DomainCard:
    """One sender domain; 404 when nobody here sends as it."""
    found = reads.domain_card(domain.lower())
    if found is None:
        raise Http404
    return found


@needs(READ_DOMAINS)
def domains(request: HttpRequest) -> HttpResponse:
    """All of them, the worst first."""
    shown = {"cards": reads.domain_cards(), "by_itself": engine.workspace().settings.production}
    return render(request, "integrations/domains.html", shown)


@needs(READ_DOMAINS, get=domain_by_name)
def domain(request: HttpRequest, card: reads.DomainCard) -> HttpResponse:
    """One domain: what follows from how it stands, and every record to the letter."""
    shown = {"card": card, "changes": reads.changes(card.domain), "by_itself": engine.workspace().settings.production}
    return render(request, "integrations/domain.html", shown)


@needs(PROBE_DOMAINS, get=domain_by_name)
@require_POST
def probe(request: HttpRequest, card: reads.DomainCard) -> HttpResponse:
    """Have it looked at now."""
    want_a_look(card.domain)
    messages.success(request, _("%s is being looked at. This page shows what is found.") % card.domain)
    return redirect("integrations:domain", card.domain)
