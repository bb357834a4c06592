"""Pages about what comes back: a mail's heat map, the trend of a campaign's sends, deliverability; the charts' figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from twain.flows.answers import Rates, rates_of
from twain.flows.heat import Bare, HeatMap, bare_mail, heat_map
from twain.flows.instance import Instance
from twain.records import Run
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.campaigns.public import names_of
from twain_web.rooms.content.public import media_url
from twain_web.rooms.insights import deliverability, reads, telling
from twain_web.rooms.insights.answers import answered, answers
from twain_web.rooms.insights.permissions import READ_RESULTS
from twain_web.rooms.insights.views import run_by_id
from twain_web.rooms.people.public import named

#: As for a preview: messages are styled inline by nature; nothing runs, nothing is loaded but our own pictures.
_SANDBOX = (
    "default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; form-action 'none'; "
    "base-uri 'none'; sandbox"
)
_MOST_SENDS = 60
_MAILS = 32  # kept in memory, some tens of kilobytes each


@dataclass(frozen=True, slots=True)
class Trended:
    """One send of a campaign, with the rates that are compared from send to send."""

    run: Run
    rates: Rates


def campaign_known(campaign: str) -> str:
    """A campaign that has been sent; 404 for any other."""
    if not engine.instance().ledger.runs(campaign=campaign, limit=1, states=reads.BEGUN):
        raise Http404(campaign)
    return campaign


@needs(READ_RESULTS, get=run_by_id)
def mail(request: HttpRequest, run: Run) -> HttpResponse:
    """The mail with what people clicked in it, and the same as a table."""
    here = engine.instance(request.user)
    shown = _heat(here, run, request.GET.get("variant", ""))
    arms = list(reads.figures(here, run).by_arm())
    context = {"run": run, "name": names_of([run.campaign])[run.campaign], "map": shown, "arms": arms}
    return render(request, "insights/mail.html", context)


@xframe_options_sameorigin
@needs(READ_RESULTS, get=run_by_id)
def mail_frame(request: HttpRequest, run: Run) -> HttpResponse:
    """The mail itself, for the sandbox on its page: no script runs, no link leads anywhere."""
    shown = _heat(engine.instance(request.user), run, request.GET.get("variant", ""))
    address = media_url()
    own = address[address.index("/", address.index("//") + 2) :]
    response = HttpResponse(shown.html.replace(address, own))
    response["Content-Security-Policy"] = _SANDBOX
    response["Cache-Control"] = "no-store"
    return response


@needs(READ_RESULTS, get=run_by_id)
def came_back(request: HttpRequest, run: Run) -> HttpResponse:
    """The chart's figures: what first happened in each hour."""
    found = telling.hours(answers(engine.instance(request.user), run).responses)
    series = [
        {"name": _("Clicked"), "values": [one.clicks for one in found]},
        {"name": _("Converted"), "values": [one.conversions for one in found]},
        {"name": _("Unsubscribed"), "values": [one.unsubscribes for one in found]},
    ]
    return JsonResponse({"at": [telling.hour_in_words(one.at) for one in found], "series": series})


@needs(READ_RESULTS, get=campaign_known)
def trend(request: HttpRequest, campaign: str) -> HttpResponse:
    """Every send of a campaign beside the others, newest first."""
    found = _trended(engine.instance(request.user), campaign)
    context = {"campaign": campaign, "name": names_of([campaign])[campaign], "sends": found[::-1]}
    return render(request, "insights/trend.html", context)


@needs(READ_RESULTS, get=campaign_known)
def trend_figures(request: HttpRequest, campaign: str) -> HttpResponse:
    """The chart's figures: rates with the ends of their intervals, oldest first."""
    found = _trended(engine.instance(request.user), campaign)
    words = {"click": _("Clicked"), "conversion": _("Converted"), "unsubscribe": _("Unsubscribed")}
    series = [{"name": name, **_ends(found, kind)} for kind, name in words.items()]
    return JsonResponse({"at": [_moment(one.run) for one in found], "series": series, "percent": True})


@needs(READ_RESULTS)
def delivering(request: HttpRequest) -> HttpResponse:
    """What came back and who complained in the last thirty days, against what Gmail and Yahoo ask for."""
    domains, providers, sends = deliverability.standings()
    here = engine.instance(request.user)
    old = here.ledger.old_list()
    has_lanes = any(one.name != "*" for one in providers)
    context = {
        "domains": domains,
        "providers": providers if has_lanes else [],
        "sends": sends,
        "mailbox": bool(here.settings.bounces),
        "old_list": (old, named(old.person)) if old else None,
        "production": here.settings.production,
        "good": telling.COMPLAINTS_GOOD,
        "bad": telling.COMPLAINTS_BAD,
    }
    return render(request, "insights/deliverability.html", context)


def _heat(here: Instance, run: Run, variant: str) -> HeatMap:
    sent = reads.figures(here, run).by_arm()
    arm = variant or next(iter(sent), "main")
    responses = answers(here, run).responses
    people = sent.get(arm, {}).get("sent", 0)
    delivered = rates_of(responses, people, by="arm", name=arm).delivered
    return heat_map(_bare(run.bundle, arm), responses, delivered)


@lru_cache(maxsize=_MAILS)
def _bare(bundle: str, arm: str) -> Bare:
    """A bundle's mail, made once: its hash is all that it depends on."""
    return bare_mail(engine.instance(), bundle, arm)


def _trended(here: Instance, campaign: str) -> list[Trended]:
    """The campaign's sends to its whole audience, oldest first, by what is kept of them."""
    begun = here.ledger.runs(campaign=campaign, limit=_MOST_SENDS, states=reads.BEGUN)
    runs = [run for run in begun if not run.scope.startswith("to:")]
    kept = answered(run.id for run in runs)
    rows = {row.run.id: row.sent for row in reads.rows(here, [run for run in runs if run.id in kept])}
    return [Trended(run, rates_of(kept[run.id].responses, rows[run.id])) for run in reversed(runs) if run.id in kept]


def _ends(found: Sequence[Trended], kind: str) -> dict[str, list[float]]:
    rates = [one.rates.rates[kind] for one in found]
    return {
        "values": [one.share for one in rates],
        "low": [one.low for one in rates],
        "high": [one.high if one.whole else 0.0 for one in rates],
    }


def _moment(run: Run) -> str:
    return telling.hour_in_words(datetime.fromtimestamp(run.started_at or run.created_at, UTC))
