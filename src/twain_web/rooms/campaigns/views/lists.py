"""All campaigns; a new one."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from twain_web.access import needs
from twain_web.rooms.campaigns.actions.planning import create_campaign
from twain_web.rooms.campaigns.forms import NewCampaignForm
from twain_web.rooms.campaigns.permissions import CREATE_CAMPAIGN, READ_CAMPAIGN
from twain_web.rooms.campaigns.reads.cards import STATES, CampaignCard, cards
from twain_web.rooms.campaigns.reads.waiting import waiting_for

_PAGE = 25


@needs(READ_CAMPAIGN)
def list_campaigns(request: HttpRequest) -> HttpResponse:
    """Every campaign with where it stands, and what waits for the reader."""
    wanted = {key: request.GET.get(key, "").strip()[:100] for key in ("q", "state", "owner")}
    archived = wanted["state"] == "archived"
    found = [card for card in cards(archived=archived) if _fits(card, wanted, request.user.get_username())]
    shown = {
        "page": Paginator(found, _PAGE).get_page(request.GET.get("page")),
        "wanted": wanted,
        "states": STATES,
        "waiting": [] if any(wanted.values()) else waiting_for(request.user),
    }
    template = "campaigns/_rows.html" if request.htmx else "campaigns/list.html"  # type: ignore[attr-defined]
    return render(request, template, shown)


@needs(CREATE_CAMPAIGN)
def new_campaign(request: HttpRequest) -> HttpResponse:
    """A name is enough to begin with."""
    form = NewCampaignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        campaign = create_campaign(by=request.user, name=form.cleaned_data["name"], topic=form.cleaned_data["topic"])
        return redirect(campaign.url)
    return render(request, "campaigns/new.html", {"form": form}, status=422 if form.errors else 200)


def _fits(card: CampaignCard, wanted: dict[str, str], reader: str) -> bool:
    words = f"{card.name} {card.slug} {card.owner} {card.topic}".lower()
    return (
        all(word in words for word in wanted["q"].lower().split())
        and wanted["state"] in ("", "archived", card.state)
        and (wanted["owner"] != "me" or card.owner_username == reader)
    )
