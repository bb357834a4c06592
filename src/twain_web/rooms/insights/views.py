"""Results: the list of sends, one send's figures, who was missed."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from twain.errors import LedgerError
from twain.flows.answers import rates_of
from twain.flows.conversions import last_count, rule_of
from twain.flows.credit import credit_for
from twain.flows.instance import Instance
from twain.insight.rollup import Rollup
from twain.records import Run
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.campaigns.public import names_of
from twain_web.rooms.insights import reads, telling
from twain_web.rooms.insights.answers import answers
from twain_web.rooms.insights.permissions import EXPORT_RESULTS, READ_RESULTS
from twain_web.rooms.people.public import named, record
from twain_web.spreadsheet import csv_answer


def run_by_id(run_id: str) -> Run:
    """One send; 404 for one that nobody knows."""
    try:
        return engine.instance().ledger.run(run_id)
    except LedgerError as error:
        raise Http404(error.what) from error


@needs(READ_RESULTS)
def results(request: HttpRequest) -> HttpResponse:
    """Every send that has begun, newest first."""
    here = engine.instance(request.user)
    campaign = request.GET.get("campaign", "").strip()[:80]
    page = Paginator(reads.sends(here, campaign=campaign), 25).get_page(request.GET.get("page"))
    lines = list(reads.rows(here, list(page.object_list)))
    return render(request, "insights/results.html", {"page": page, "rows": lines, "campaign": campaign})


@needs(READ_RESULTS, get=run_by_id)
def result(request: HttpRequest, run: Run) -> HttpResponse:
    """One send: the funnel, by variant, by hour, by way out, and who was missed."""
    here = engine.instance(request.user)
    known = reads.figures(here, run)
    shown = {
        **_came_back(here, run, known),
        "run": run,
        "name": names_of([run.campaign])[run.campaign],
        "sender": named(run.person),
        "known": known,
        "funnel": reads.funnel(here, run, known),
        "arms": known.by_arm(),
        "lanes": known.by_lane(),
        "by_hour": known.by_hour(),
        "failed": known.reasons("failed"),
        "suppressed": known.reasons("suppressed"),
        "missed": known.total("failed") + known.total("suppressed") + known.total("uncertain"),
        "timeline": here.ledger.timeline(run.id),
    }
    return render(request, "insights/result.html", shown)


def _came_back(here: Instance, run: Run, known: Rollup) -> dict[str, object]:
    """What came back of a send, in words, by variant and by provider; and whose data it read."""
    answered = answers(here, run)
    responses = answered.responses
    whole = rates_of(responses, known.total("sent"))
    return {
        "answered": answered,
        "told": telling.told(whole),
        "success": telling.success(rule_of(here, run), last_count(here, run), whole, here.workspace.feeds),
        "variants": telling.parts(responses, "arm", known.by_arm()),
        "providers": telling.parts(responses, "lane", known.by_lane()),
        "answers_by_hour": telling.hours(responses),
        "credits": credit_for(list(answered.reads), responses),
    }


@needs(READ_RESULTS, get=run_by_id)
def hours(request: HttpRequest, run: Run) -> HttpResponse:
    """The chart's figures: people per hour and fate."""
    known = reads.figures(engine.instance(request.user), run)
    return JsonResponse({"hours": [{"at": telling.hour_in_words(at), **people} for at, people in known.by_hour()]})


@needs(EXPORT_RESULTS, get=run_by_id)
def missed_csv(request: HttpRequest, run: Run) -> HttpResponse:
    """Who was missed, as CSV that no spreadsheet takes for formulas; streamed, whatever its size."""
    record(request.user, "missed exported", f"send:{run.id}")
    here = engine.instance(request.user)
    return csv_answer(f"missed-{run.id}.csv", reads.missed_lines(here, run.id))
