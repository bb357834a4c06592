"""The status check: its agenda, its date, its notes; and the survey that belongs to it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from twain_web.access import may, needs
from twain_web.rooms.partnership import wording
from twain_web.rooms.partnership.actions import checking
from twain_web.rooms.partnership.actions.surveying import answer_survey
from twain_web.rooms.partnership.forms import CheckForm, HeldForm, SurveyForm, WhenForm
from twain_web.rooms.partnership.models import StatusCheck
from twain_web.rooms.partnership.permissions import ANSWER_SURVEY, HOLD_CHECK, READ_PARTNERSHIP
from twain_web.rooms.partnership.reads import checks as reads
from twain_web.rooms.partnership.reads import surveys


def check_by_pk(pk: int) -> StatusCheck:
    """A status check, or 404."""
    found = reads.checks().filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@needs(READ_PARTNERSHIP)
def checks(request: HttpRequest) -> HttpResponse:
    """The next one with its agenda as it stands, the survey, and those that were held."""
    ahead = reads.ahead()
    shown = {
        "ahead": ahead,
        "parts": reads.agenda(ahead),
        "held": reads.checks().exclude(held_on=None)[:24],
        "on_time": reads.on_time(timezone.localdate()),
        "left_over": reads.left_over(),
        "asked": surveys.asked(request.user) if may(request.user, ANSWER_SURVEY) else None,
        "published": surveys.published(quarters=4),
        "article": (surveys.ARTICLE_GOOD, surveys.ARTICLE_BAD),
    }
    return render(request, "partnership/checks.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(HOLD_CHECK)
def plan(request: HttpRequest) -> HttpResponse:
    """Plan the next one: when, and who of each team."""
    proposed = {"begins_at": timezone.localtime(reads.next_time(timezone.now()))}
    form = CheckForm(request.POST if request.method == "POST" else None, initial=proposed)
    if request.method == "POST" and form.is_valid():
        made = checking.plan_check(by=request.user, **form.cleaned_data)
        messages.success(request, _("Planned. Both get a mail with the agenda and an entry for their calendars."))
        return redirect(made.url)
    return render(request, "partnership/check_plan.html", {"form": form}, status=422 if form.errors else 200)


@needs(READ_PARTNERSHIP, get=check_by_pk)
def check(request: HttpRequest, one: StatusCheck) -> HttpResponse:
    """One status check: its agenda, and the notes of one that was held."""
    return _page(request, one)


@require_POST
@needs(HOLD_CHECK, get=check_by_pk)
def move(request: HttpRequest, one: StatusCheck) -> HttpResponse:
    """Another time."""
    form = WhenForm(request.POST)
    if not form.is_valid():
        return _page(request, one, when=form)
    checking.move_check(by=request.user, check=one, begins_at=form.cleaned_data["begins_at"])
    messages.success(request, _("Moved, and both are told."))
    return redirect(one.url)


@require_POST
@needs(HOLD_CHECK, get=check_by_pk)
def hold(request: HttpRequest, one: StatusCheck) -> HttpResponse:
    """It was held: the notes, what is done, what is carried along. The agenda is kept as it was."""
    form = HeldForm(request.POST, open_items=reads.open_items())
    if not form.is_valid():
        return _page(request, one, held=form)
    said = form.cleaned_data
    minutes = checking.Minutes(
        said["held_on"], said["notes"], [int(pk) for pk in said.get("settled", ())], said["items"].splitlines(),
        said["talked_on"],
    )  # fmt: skip
    agenda = [part.as_json() for part in reads.agenda(one)]
    checking.hold_check(by=request.user, check=one, minutes=minutes, agenda=agenda)
    messages.success(request, _("Written down, and mailed to both."))
    return redirect(one.url)


@require_GET
@needs(READ_PARTNERSHIP, get=check_by_pk)
def calendar(_request: HttpRequest, one: StatusCheck) -> HttpResponse:
    """The entry for a calendar."""
    headers = {"Content-Disposition": f'attachment; filename="status-check-{one.pk}.ics"'}
    return HttpResponse(wording.entry(one), content_type="text/calendar; charset=utf-8", headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ANSWER_SURVEY)
def survey(request: HttpRequest) -> HttpResponse:
    """The two questions of the quarter; a team under five talks instead."""
    asked = surveys.asked(request.user)
    if asked is None:
        raise Http404
    form = SurveyForm(request.POST if request.method == "POST" else None, about=asked.side.other)
    if request.method == "POST" and form.is_valid():
        answer_survey(by=request.user, option=form.cleaned_data["option"], change=form.cleaned_data["change"])
        messages.success(request, _("Thank you. Your answer is kept without you."))
        return redirect("partnership:checks")
    shown = {"form": form, "asked": asked, "about": asked.side.other.label}
    return render(request, "partnership/survey.html", shown, status=422 if form.errors else 200)


def _page(
    request: HttpRequest, one: StatusCheck, *, when: WhenForm | None = None, held: HeldForm | None = None
) -> HttpResponse:
    open_items = reads.open_items()
    shown = {
        "check": one,
        "parts": reads.agenda(one),
        "when": when or WhenForm(initial={"begins_at": timezone.localtime(one.begins_at)}),
        "held": held or HeldForm(open_items=open_items, initial={"held_on": timezone.localdate()}),
        "raised": one.raised.all(),
        "settled": one.settled.all(),
        "moved": timezone.localdate(one.begins_at) != one.planned_for,
    }
    return render(request, "partnership/check.html", shown, status=422 if when or held else 200)
