"""Counts and samples: asked for, looked at while they run, shown when they are there."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from twain.errors import RuleError
from twain.flows import counting
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.audiences import actions, counts, reads
from twain_web.rooms.audiences.builder.ground import Ground
from twain_web.rooms.audiences.models import Audience, Count
from twain_web.rooms.audiences.permissions import COUNT_AUDIENCE, EDIT_AUDIENCE, SAMPLE_AUDIENCE
from twain_web.rooms.audiences.reads import AudienceCard
from twain_web.rooms.audiences.views import panels
from twain_web.rooms.people.public import record

_SAMPLED = 8


@needs(EDIT_AUDIENCE, get=reads.own)
@require_POST
def of_draft(request: HttpRequest, audience: Audience) -> HttpResponse:
    """Count the draft as it stands; what was being counted before is given up."""
    draft = actions.edit_draft(by=request.user, audience=audience)
    over = reads.ground_of(audience, request.user)
    refusal = over.refusal(draft.tree)
    if refusal:
        counts.give_up(by=request.user, kinds=[Count.EDITING])
        return render(request, "audiences/count_waiting.html", panels.draft_count(audience, request.user, refusal))
    count = _start(request, Count.EDITING, audience, draft.tree)
    return _panel(request, count)


@needs(COUNT_AUDIENCE, get=reads.shown)
@require_POST
def of_saved(request: HttpRequest, audience: Audience | AudienceCard) -> HttpResponse:
    """Count what is saved: quickly under the limit for people who wait, or ?full under a send's."""
    rule = reads.rule_of(audience)
    if rule is None:
        raise Http404
    kind = Count.FULL if request.POST.get("full") else Count.SAVED
    return _panel(request, _start(request, kind, audience, rule))


@needs(COUNT_AUDIENCE)
def look(request: HttpRequest, pk: Any) -> HttpResponse:  # noqa: ANN401 — a UUID
    """A count as it stands now. People see their own; POST stops it."""
    count = get_object_or_404(Count, pk=pk, person=request.user)
    if request.method == "POST":
        counts.give_up(by=request.user, kinds=[count.kind])
        count.refresh_from_db()
    return _panel(request, counts.looked_at(count))


def _start(request: HttpRequest, kind: str, audience: Any, rule: Any) -> Count:  # noqa: ANN401
    return counts.start(
        by=request.user, kind=kind, audience=audience.slug, feed=audience.feed, trees={"audience": rule}
    )


def _panel(request: HttpRequest, count: Count) -> HttpResponse:
    if count.kind == Count.OVERLAP:
        from twain_web.rooms.audiences.views.overlap import shown  # noqa: PLC0415

        return render(request, "audiences/overlap_result.html", shown(count))
    last = reads.last_count(count.audience, person=request.user) if count.state != Count.DONE else None
    shown_last = panels.count_shown(last) if last else None
    return render(request, "audiences/count.html", panels.count_shown(count) | {"last": shown_last})


# ---------------------------------------------------------------- samples


@needs(SAMPLE_AUDIENCE, get=reads.shown)
@require_POST
def sample_saved(request: HttpRequest, audience: Audience | AudienceCard) -> HttpResponse:
    """A few people of a saved audience, in the fields that may be previewed."""
    rule = reads.rule_of(audience)
    if rule is None:
        raise Http404
    return _sample(request, audience, rule)


@needs(EDIT_AUDIENCE, get=reads.own)
@require_POST
def sample_draft(request: HttpRequest, audience: Audience) -> HttpResponse:
    """A few people of the draft."""
    return _sample(request, audience, actions.edit_draft(by=request.user, audience=audience).tree)


def _sample(request: HttpRequest, audience: Any, rule: Any) -> HttpResponse:  # noqa: ANN401
    over: Ground = reads.ground_of(audience, request.user)
    refusal = over.refusal(rule)
    if refusal:
        raise RuleError(refusal, todo="Correct it first.")
    found = counting.Rule(f"audience {audience.slug}", rule, over.feed)
    table = counting.sample(engine.instance(request.user), found, _SAMPLED)
    record(request.user, "audience sampled", f"audience:{audience.slug}", {"people": table.num_rows})
    names = [name for name in table.column_names if name in over.feed.fields]
    heads = [over.feed.fields[name].business_name for name in names]
    rows = [[row[name] for name in names] for row in table.to_pylist()]
    return render(request, "audiences/sample.html", {"heads": heads, "rows": rows})
