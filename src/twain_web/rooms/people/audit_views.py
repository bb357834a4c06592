"""The audit: who did what, newest first; its head, a walk along its chain, an export."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from twain_web.access import needs
from twain_web.rooms.people import reads
from twain_web.rooms.people.audit import record, verify
from twain_web.rooms.people.forms import AuditFilter
from twain_web.rooms.people.models import AuditRow
from twain_web.rooms.people.permissions import READ_AUDIT
from twain_web.spreadsheet import csv_answer

_HEADING = ("number", "at", "person", "verb", "thing", "detail", "address", "mac")


@needs(READ_AUDIT)
def audit(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first."""
    form, rows = _asked(request)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    words = request.GET.copy()
    words.pop("page", None)
    shown = {"form": form, "page": page, "head": reads.audit_head(), "query": words.urlencode()}
    return render(request, "people/audit.html", shown)


@needs(READ_AUDIT)
def walk(request: HttpRequest) -> HttpResponse:
    """Walk along the whole chain; nothing is changed, so that auditors may."""
    kept = request.GET.get("head", "").strip()[:64]
    return render(request, "people/audit_walk.html", {"found": verify(kept), "kept": kept})


@needs(READ_AUDIT)
def export(request: HttpRequest) -> HttpResponse:
    """The rows that the filter leaves, as CSV that no spreadsheet takes for formulas; oldest first, whatever their number."""
    form, rows = _asked(request)
    asked = {name: str(value) for name, value in form.cleaned_data.items() if value} if form.is_valid() else {}
    record(request.user, "audit exported", "audit", asked)
    return csv_answer("audit.csv", _table(rows.order_by("number")))


def _asked(request: HttpRequest) -> tuple[AuditFilter, QuerySet[AuditRow]]:
    form = AuditFilter(request.GET, verbs=reads.audit_verbs())
    return form, reads.audit_rows(**form.cleaned_data) if form.is_valid() else reads.audit_rows()


def _table(rows: QuerySet[AuditRow]) -> Iterator[Iterable[str]]:
    yield _HEADING
    yield from map(_cells, rows.iterator(chunk_size=2000))


def _cells(row: AuditRow) -> Iterable[str]:
    detail = json.dumps(row.detail, sort_keys=True, ensure_ascii=False) if row.detail else ""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    return (str(row.number), at, row.person, row.verb, row.thing, detail, row.address, row.mac)
