"""The year calendar, one plan, and the feeds that other calendars read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from twain.calendars import ics as icalendars
from twain.errors import ConfigError, TwainError
from twain.flows.capacity import capacity_of
from twain_web import engine
from twain_web.access import may, needs, public
from twain_web.rooms.capacity import actions, forms, reads
from twain_web.rooms.capacity.exceptions import ask_url
from twain_web.rooms.capacity.fetching import fetched
from twain_web.rooms.capacity.models import CalendarFeed, Plan, SimplerWay
from twain_web.rooms.capacity.permissions import ANSWER_PLAN, PLAN, READ_CALENDAR, SUBSCRIBE

_LONGEST = timedelta(days=400)


def plan_by_id(pk: int) -> Plan:
    """The plan, or a 404."""
    return get_object_or_404(Plan.objects.select_related("owner"), pk=pk)


def way_by_id(pk: int) -> SimplerWay:
    """The simpler way, or a 404."""
    return get_object_or_404(SimplerWay.objects.select_related("plan"), pk=pk)


def feed_by_id(pk: int) -> CalendarFeed:
    """The feed, or a 404."""
    return get_object_or_404(CalendarFeed, pk=pk)


@needs(READ_CALENDAR)
@require_GET
def calendar(request: HttpRequest) -> HttpResponse:
    """The year: as a calendar, and as a list that needs no script."""
    now = timezone.now()
    shown = {
        "plans": Plan.objects.filter(begins_at__gte=now - timedelta(days=1)).exclude(state="withdrawn")[:100],
        "closed": [one for one in reads.shown(now, now + timedelta(days=90)) if one.kind in ("freeze", "maintenance")],
        "rooms": reads.rooms_ahead(),
        "limited": bool(capacity_of(engine.instance()).limits),
        "fetched": fetched(),
        "feed": CalendarFeed.objects.filter(team=_team(request), revoked_at=None).first(),
        "may_plan": may(request.user, PLAN),
        "may_subscribe": may(request.user, SUBSCRIBE),
    }
    return render(request, "capacity/calendar.html", shown)


@needs(READ_CALENDAR)
@require_GET
def events(request: HttpRequest) -> HttpResponse:
    """What lies between two moments, for the calendar's script."""
    first, last = (_moment(request.GET.get(name, "")) for name in ("start", "end"))
    if last - first > _LONGEST:
        raise ConfigError("A calendar shows four hundred days at most.", todo="Ask for less at once.", code="T917")
    found = reads.shown(first, last, may_move=may(request.user, PLAN))
    return JsonResponse([one.as_json() for one in found], safe=False)


@needs(PLAN)
def new(request: HttpRequest) -> HttpResponse:
    """Write an idea down."""
    form = forms.PlanForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return redirect(actions.make_plan(by=request.user, **form.cleaned_data).url)
    return render(request, "capacity/new.html", {"form": form}, status=422 if form.errors else 200)


@needs(READ_CALENDAR, get=plan_by_id)
@require_GET
def plan(request: HttpRequest, one: Plan) -> HttpResponse:
    """One plan: where it stands, what it needs, and what may be done with it now."""
    return _page(request, one)


@needs(PLAN, get=plan_by_id)
@require_POST
def move(request: HttpRequest, one: Plan) -> HttpResponse:
    """Another time: by the form of its page, or by dragging, which gets an answer in JSON."""
    form = forms.WhenForm(request.POST)
    dragged = request.headers.get("Accept", "").startswith("application/json")
    if not form.is_valid():
        return (
            JsonResponse({"moved": False, "why": _("That is no time.")}, status=422) if dragged else redirect(one.url)
        )
    when = form.cleaned_data["begins_at"]
    found = reads.conflicts(one, when)
    try:
        actions.move_plan(by=request.user, plan=one, begins_at=when)
    except TwainError as error:
        if not dragged:
            raise
        return JsonResponse({"moved": False, "why": error.business}, status=409)
    if dragged:
        return JsonResponse({"moved": True, "conflicts": found})
    messages.success(request, _("Moved."))
    return redirect(one.url)


@needs(PLAN, get=plan_by_id)
@require_POST
def book(request: HttpRequest, one: Plan) -> HttpResponse:
    """Book its room."""
    actions.book_plan(by=request.user, plan=one)
    messages.success(request, _("Booked: this room is yours."))
    return redirect(one.url)


@needs(PLAN, get=plan_by_id)
@require_POST
def link(request: HttpRequest, one: Plan) -> HttpResponse:
    """Say which campaign it has become."""
    form = forms.LinkForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a campaign from the list."))
        return redirect(one.url)
    actions.link_campaign(by=request.user, plan=one, campaign=form.cleaned_data["campaign"])
    messages.success(request, _("Linked: its room is that campaign's."))
    return redirect(one.url)


@needs(PLAN, get=plan_by_id)
@require_POST
def announce(request: HttpRequest, one: Plan) -> HttpResponse:
    """Tell IT."""
    return _step(request, one, "announce", _("Announced: IT sees it from now on."))


@needs(ANSWER_PLAN, get=plan_by_id)
@require_POST
def confirm(request: HttpRequest, one: Plan) -> HttpResponse:
    """IT can do it."""
    return _step(request, one, "confirm", _("Confirmed: Marketing can book it now."))


@needs(PLAN, get=plan_by_id)
@require_POST
def withdraw(request: HttpRequest, one: Plan) -> HttpResponse:
    """It does not happen; its room goes back."""
    return _step(request, one, "withdraw", _("Withdrawn. Its room is free for others."))


@needs(PLAN, get=plan_by_id)
@require_POST
def review(request: HttpRequest, one: Plan) -> HttpResponse:
    """Look back, in a sentence."""
    form = forms.LearnedForm(request.POST)
    if form.is_valid():
        actions.take_step(by=request.user, plan=one, verb="review", learned=form.cleaned_data["learned"])
    return redirect(one.url)


@needs(ANSWER_PLAN, get=plan_by_id)
@require_POST
def simpler(request: HttpRequest, one: Plan) -> HttpResponse:
    """IT offers a simpler way."""
    form = forms.WayForm(request.POST)
    if not form.is_valid():
        return _page(request, one, way_form=form, status=422)
    said = form.cleaned_data
    actions.offer_simpler_way(
        by=request.user, plan=one, text=said["text"], begins_at=said["way_begins_at"], people=said["way_people"]
    )
    messages.success(request, _("Offered. Marketing adopts it in one click, or leaves it."))
    return redirect(one.url)


@needs(PLAN, get=way_by_id)
@require_POST
def adopt(request: HttpRequest, way: SimplerWay) -> HttpResponse:
    """Take it over, as a whole."""
    actions.adopt_simpler_way(by=request.user, plan=way.plan, way=way)
    messages.success(request, _("Adopted."))
    return redirect(way.plan.url)


@needs(SUBSCRIBE)
@require_POST
def make_feed(request: HttpRequest) -> HttpResponse:
    """A secret address for one's team, shown this once."""
    secret = actions.make_feed(by=request.user, team=_team(request))
    address = request.build_absolute_uri(reverse("capacity:ics", args=[secret]))
    return render(request, "capacity/feed.html", {"address": address, "team": _team(request)})


@needs(SUBSCRIBE, get=feed_by_id)
@require_POST
def revoke_feed(request: HttpRequest, feed: CalendarFeed) -> HttpResponse:
    """End one's own team's address; another team's is not there."""
    if feed.team != _team(request):
        raise Http404(feed.pk)
    actions.revoke_feed(by=request.user, feed=feed)
    messages.success(request, _("The address answers nobody any more."))
    return redirect("capacity:calendar")


@public
@require_GET
def ics(request: HttpRequest, secret: str) -> HttpResponse:  # noqa: ARG001 — the shape of a view
    """The calendar for whoever has the secret address; everybody else finds nothing."""
    feed = CalendarFeed.objects.filter(digest=actions.digest_of(secret), revoked_at=None).first()
    if feed is None:
        raise Http404
    now = timezone.now()
    text = icalendars.write(_("Year calendar of %s") % feed.team, reads.entries(now), now)
    return HttpResponse(
        text, content_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, no-store"}
    )


def _step(request: HttpRequest, one: Plan, verb: str, said: str) -> HttpResponse:
    actions.take_step(by=request.user, plan=one, verb=verb)
    messages.success(request, said)
    return redirect(one.url)


def _page(request: HttpRequest, one: Plan, way_form: Any = None, status: int = 200) -> HttpResponse:  # noqa: ANN401 — a form
    when = timezone.localtime(one.begins_at)
    found = reads.conflicts(one, one.begins_at) if one.is_ahead else []
    shown = {
        "plan": one,
        "steps": one.steps.select_related("by"),
        "ways": one.ways.select_related("by", "adopted_by"),
        "notice": reads.notice_of(one),
        "conflicts": found,
        "ask_url": _exception(one, found),
        "free": _elsewhen(one) if found else None,
        "when_form": forms.WhenForm(initial={"begins_at": when}),
        "way_form": way_form or forms.WayForm(),
        "link_form": forms.LinkForm(initial={"campaign": one.campaign}),
        "learned_form": forms.LearnedForm(),
        "may_plan": may(request.user, PLAN),
        "may_answer": may(request.user, ANSWER_PLAN),
    }
    return render(request, "capacity/plan.html", shown, status=status)


def _elsewhen(one: Plan) -> datetime | None:
    """Where there is room, when that is another time: a holiday or a soft freeze leaves the room as it is."""
    free = reads.free_from(one, max(one.begins_at, timezone.now()))
    return free if free != one.begins_at else None


def _exception(one: Plan, found: list[str]) -> str:
    if not found:
        return ""
    return ask_url(
        name=one.name_in_ledger, title=one.title, channel=one.channel, people=one.people, at=one.begins_at,
        why="; ".join(found),
    )  # fmt: skip


def _team(request: HttpRequest) -> str:
    team = getattr(request.user, "team", None)
    return str(team) if team else str(request.user)


def _moment(text: str) -> datetime:
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise ConfigError(f"{text[:40]!r} is no moment.", todo="Write it like 2026-12-04T09:00:00Z.", code="T917")
    return found if found.tzinfo else timezone.make_aware(found)
