"""For machines: is it alive, can it work, and its figures for Prometheus. Nothing personal, nothing secret."""

from __future__ import annotations

import hmac
import logging
import os

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import HttpHeaders

from twain.errors import TwainError
from twain.records import RunState
from twain_web import engine
from twain_web.access import public

log = logging.getLogger("twain.health")

_SHOWN = ("sent", "failed", "suppressed", "uncertain", "pending")


@public
def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — a view
    """The process answers."""
    return JsonResponse({"alive": True})


@public
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 — a view
    """Both control stores answer, and the workspace can be read."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        engine.instance().ledger.stops()
    except TwainError as error:
        return JsonResponse({"ready": False, "why": error.shown_code}, status=503)
    except DatabaseError:
        log.exception("The house's own tables cannot be read")
        return JsonResponse({"ready": False, "why": "house"}, status=503)
    return JsonResponse({"ready": True})


@public
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures in Prometheus' text format, for callers on this machine or with the operator's token."""
    if not _may_scrape(request.META.get("REMOTE_ADDR", ""), request.headers):
        return HttpResponse(
            "Set TWAIN_METRICS_TOKEN and send it as a bearer token.\n", status=403, content_type="text/plain"
        )
    return HttpResponse("\n".join(_lines()) + "\n", content_type="text/plain; version=0.0.4")


def _may_scrape(address: str, headers: HttpHeaders) -> bool:
    token = os.environ.get("TWAIN_METRICS_TOKEN", "")
    if token:
        return hmac.compare_digest(headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    return address in ("127.0.0.1", "::1") and "X-Forwarded-For" not in headers


def _lines() -> list[str]:
    ledger = engine.instance().ledger
    lines = ["# HELP twain_sends Sends by state, the newest 500 of each.", "# TYPE twain_sends gauge"]
    open_runs = []
    for state in RunState:
        runs = ledger.runs(limit=500, states=[state])
        lines.append(f'twain_sends{{state="{state}"}} {len(runs)}')
        open_runs += runs if state in (RunState.SENDING, RunState.PAUSED, RunState.HELD) else []
    lines += ["# HELP twain_people People of sends that are not over, by fate.", "# TYPE twain_people gauge"]
    for run in open_runs:
        tally = ledger.tally(run.id)
        lines += [f'twain_people{{send="{run.id}",fate="{fate}"}} {getattr(tally, fate)}' for fate in _SHOWN]
    lines += [
        "# HELP twain_unwritten Leads and consents that are not with IT's system yet.",
        "# TYPE twain_unwritten gauge",
    ]
    lag = [
        "# HELP twain_unwritten_since When the oldest of them came, epoch seconds.",
        "# TYPE twain_unwritten_since gauge",
    ]
    for one in ledger.unwritten():
        labels = f'{{kind="{one.kind}",intake="{one.intake}",state="{one.state}"}}'
        lines.append(f"twain_unwritten{labels} {one.number}")
        lag.append(f"twain_unwritten_since{labels} {one.oldest:.0f}")
    lines += lag
    lines += ["# HELP twain_stops Red switches that are thrown.", "# TYPE twain_stops gauge"]
    lines.append(f"twain_stops {len(ledger.stops())}")
    return lines
