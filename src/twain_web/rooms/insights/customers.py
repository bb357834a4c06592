"""The customer page: found by key or address; rows are read live, masked by right, when somebody looks."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from twain.flows.counting import Rule, find_rule, mailable_feeds
from twain.flows.customer import find_key, look_up, why
from twain.ledger.converted import ConversionBook
from twain.records import Feed
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.audiences.public import titles
from twain_web.rooms.campaigns.public import names_of
from twain_web.rooms.insights.actions import unmask
from twain_web.rooms.insights.permissions import READ_CUSTOMER, UNMASK_CUSTOMER


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whose page it is. Whether the key exists is asked of the database when its rows are read."""

    feed: str
    key: str


def somebody(feed: str, key: str) -> Somebody:
    """The page's subject from its address."""
    return Somebody(feed, key)


@needs(READ_CUSTOMER)
def search(request: HttpRequest) -> HttpResponse:
    """Find one person by key or address."""
    here = engine.instance(request.user)
    feeds = mailable_feeds(here.workspace)
    wanted = request.GET.get("q", "").strip()[:254]
    found = (
        _found(here.workspace.feeds.get(request.GET.get("feed", "")), feeds, wanted, request.user) if wanted else None
    )
    if found is not None:
        return redirect("insights:customer", feed=found.feed, key=found.key)
    return render(request, "insights/customers.html", {"feeds": feeds, "wanted": wanted, "nobody": bool(wanted)})


@needs(READ_CUSTOMER, get=somebody)
def page(request: HttpRequest, who: Somebody) -> HttpResponse:
    """The frame of the page, and every message from our own history; the company's rows follow."""
    here = engine.instance(request.user)
    history = here.history.of_key(who.key)[:200]
    converted = ConversionBook(here.settings.history).of_key(who.feed, who.key)[:200]
    names = names_of({*(one["campaign"] for one in (*history, *converted)), *here.workspace.campaigns()})
    shown = {
        "who": who,
        "feed": here.workspace.feed(who.feed),
        "conversions": [(one, names[one["campaign"]]) for one in converted],
        "history": [(one, names[one["campaign"]]) for one in history],
        "audiences": sorted((one.name, one.slug) for one in titles() if one.slug in here.workspace.audiences),
        "campaigns": sorted((names[slug], slug) for slug in here.workspace.campaigns()),
    }
    return render(request, "insights/customer.html", shown)


@needs(READ_CUSTOMER, get=somebody)
def rows(request: HttpRequest, who: Somebody) -> HttpResponse:
    """Every feed's rows of this person, read now."""
    here = engine.instance(request.user)
    customer = look_up(here, here.workspace.feed(who.feed), who.key)
    return render(request, "insights/customer_rows.html", {"who": who, "customer": customer, "revealed": False})


@require_POST
@needs(UNMASK_CUSTOMER, get=somebody)
def unmasked(request: HttpRequest, who: Somebody) -> HttpResponse:
    """The same rows with their masked fields, after a reason was given and written down."""
    customer = unmask(by=request.user, feed=who.feed, key=who.key, reason=request.POST.get("reason", ""))
    return render(request, "insights/customer_rows.html", {"who": who, "customer": customer, "revealed": True})


@needs(READ_CUSTOMER, get=somebody)
def membership(request: HttpRequest, who: Somebody) -> HttpResponse:
    """Why this person is in an audience or not, condition by condition."""
    here = engine.instance(request.user)
    rule: Rule = find_rule(here, request.GET.get("audience", "")[:80], who.feed)
    return render(request, "insights/customer_why.html", {"who": who, "found": why(here, rule, who.key)})


def _found(chosen: Feed | None, feeds: list[Feed], wanted: str, person: object) -> Somebody | None:
    here = engine.instance(person)
    for feed in [chosen] if chosen in feeds and chosen is not None else feeds:
        key = find_key(here, feed, wanted)
        if key is not None:
            return Somebody(feed.name, key)
    return None
