"""One audience: what it is, who uses it, how it came to be; and its versions side by side."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain.errors import TwainError
from twain_web.access import needs
from twain_web.rooms.audiences import actions, diff, reads
from twain_web.rooms.audiences.models import Audience, AudienceVersion
from twain_web.rooms.audiences.permissions import ARCHIVE_AUDIENCE, EDIT_AUDIENCE, READ_AUDIENCE
from twain_web.rooms.audiences.reads import AudienceCard
from twain_web.rooms.audiences.views import panels


@needs(READ_AUDIENCE, get=reads.shown)
def one(request: HttpRequest, audience: Audience | AudienceCard) -> HttpResponse:
    """What an audience is, in words and numbers."""
    rule = reads.rule_of(audience)
    context = {
        "audience": audience,
        "from_files": isinstance(audience, AudienceCard),
        "uses": reads.uses(audience.slug),
    }
    if rule is not None:
        context |= _rule_shown(audience, rule, request)
    if isinstance(audience, Audience):
        context |= {"versions": reads.versions(audience)[:50], "folders": reads.folders()}
    return render(request, "audiences/one.html", context)


def _rule_shown(audience: Audience | AudienceCard, rule: object, request: HttpRequest) -> dict[str, object]:
    """The rule in words and SQL; or what keeps it from running, when a feed has changed beneath it."""
    try:
        over = reads.ground_of(audience, request.user)
        said = {"words": reads.words(over, rule, request.user), "sql": reads.sql(over, rule, request.user)}
        return said | {"feeds": panels.feeds(over, rule), **panels.saved_count(audience, request.user)}
    except TwainError as error:
        return {"broken": error}


@needs(READ_AUDIENCE, get=reads.shown)
def as_json(request: HttpRequest, audience: Audience | AudienceCard) -> HttpResponse:  # noqa: ARG001 — a view
    """The rule to take elsewhere: the very tree that is compiled."""
    rule = reads.rule_of(audience)
    body = {"title": audience.name, "feed": audience.feed, "rule": rule or {"all": []}}
    answer = JsonResponse(body, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{reads.file_name(audience.slug)}.json"'
    return answer


@needs(EDIT_AUDIENCE, get=reads.own)
@require_POST
def details(request: HttpRequest, audience: Audience) -> HttpResponse:
    """Name, folder, description."""
    typed = {key: request.POST.get(key, "") for key in ("name", "folder", "description")}
    actions.describe_audience(by=request.user, audience=audience, **typed)
    messages.success(request, _("Changed."))
    return redirect("audiences:one", slug=audience.slug)


@needs(EDIT_AUDIENCE)
@require_POST
def duplicate(request: HttpRequest, slug: str) -> HttpResponse:
    """A copy to edit."""
    copy = actions.duplicate_audience(by=request.user, slug=slug)
    return redirect("audiences:edit", slug=copy.slug)


@needs(ARCHIVE_AUDIENCE, get=reads.own)
@require_POST
def archive(request: HttpRequest, audience: Audience) -> HttpResponse:
    """Into the archive, or out of it again."""
    if audience.archived_at is None:
        actions.archive_audience(by=request.user, audience=audience)
        messages.success(request, _("Archived. It can be taken out again."))
    else:
        actions.unarchive_audience(by=request.user, audience=audience)
        messages.success(request, _("Back in use."))
    return redirect("audiences:one", slug=audience.slug)


def _version(slug: str, number: int) -> reads.VersionOf:
    return reads.VersionOf.of(reads.version(slug, number))


@needs(READ_AUDIENCE, get=_version)
def version(request: HttpRequest, found: reads.VersionOf) -> HttpResponse:
    """One version beside another: the one before it, or ?with=n."""
    other = found.beside(request.GET.get("with", ""))
    before, after = (other, found.version) if other is None or other.number < found.version.number else (
        found.version, other,
    )  # fmt: skip
    over = reads.ground_of(found.version.audience, request.user)
    lines = diff.lines(*(_said(over, one, request) for one in (before, after)))
    raw = diff.lines(diff.as_json(before.rule) if before else [], diff.as_json(after.rule))
    context = {
        "audience": found.version.audience, "version": found.version, "before": before, "after": after,
        "lines": lines, "raw": raw, "others": reads.versions(found.version.audience)[:50],
    }  # fmt: skip
    return render(request, "audiences/version.html", context)


def _said(over: reads.Ground, one: AudienceVersion | None, request: HttpRequest) -> list[str]:
    if one is None:
        return []
    try:
        return reads.words(over, one.rule, request.user)
    except TwainError as error:
        return [error.business]


@needs(EDIT_AUDIENCE, get=_version)
@require_POST
def restore(request: HttpRequest, found: reads.VersionOf) -> HttpResponse:
    """An old version, saved again as the newest."""
    audience = found.version.audience
    over = reads.ground_of(audience, request.user)
    made = actions.restore_version(by=request.user, version=found.version, ground=over)
    messages.success(request, _("Version %(old)d is in use again, as version %(new)d.") % {
        "old": found.version.number, "new": made.number,
    })  # fmt: skip
    return redirect("audiences:one", slug=audience.slug)
