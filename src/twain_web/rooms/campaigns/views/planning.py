"""One campaign: audience, content, channel and time on one page; its versions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain.errors import TwainError
from twain.flows.account import report
from twain_web import engine
from twain_web.access import may, needs, refuse_unless
from twain_web.rooms.audiences.public import titles
from twain_web.rooms.campaigns import forms
from twain_web.rooms.campaigns.actions import planning
from twain_web.rooms.campaigns.differences import plan_differences
from twain_web.rooms.campaigns.models import Launch
from twain_web.rooms.campaigns.permissions import CREATE_CAMPAIGN, EDIT_CAMPAIGN, READ_CAMPAIGN
from twain_web.rooms.campaigns.reads.sends import card_of, newest_runs
from twain_web.rooms.campaigns.reasons import limit_to_name
from twain_web.rooms.campaigns.records import Subject, campaign_record, subject
from twain_web.rooms.content.public import contents

_ARM_KEYS = ("name", "content", "version", "share", "subject")


@needs(READ_CAMPAIGN, get=subject)
def campaign(request: HttpRequest, one: Subject) -> HttpResponse:
    """The plan: shown to everybody, edited by its owner's team."""
    if one.house is None:
        return _in_files(request, one)
    if request.method == "POST":
        refuse_unless(request.user, EDIT_CAMPAIGN, one)
        return _save(request, one)
    form = forms.PlanForm(initial=forms.initial_of(one.house.plan, one.house.version))
    arms = forms.ArmFormSet(initial=forms.initial_arms(one.house.plan), prefix="arm")
    return _page(request, one, form, arms)


@needs(READ_CAMPAIGN, get=subject)
def versions(request: HttpRequest, one: Subject) -> HttpResponse:
    """Every version of the plan with what changed in it."""
    if one.house is None:
        raise Http404(one.slug)
    found = list(one.house.versions.select_related("by")[:50])
    before = [*found[1:], None]
    pairs = zip(found, before, strict=True)
    names = {f"audience:{a.slug}": a.name for a in titles()} | {f"content:{c.slug}": c.name for c in contents()}
    shown = [(version, plan_differences(old.plan if old else {}, version.plan, names)) for version, old in pairs]
    return render(request, "campaigns/versions.html", {"one": one, "versions": shown})


@needs(EDIT_CAMPAIGN, get=subject)
@require_POST
def rename(request: HttpRequest, one: Subject) -> HttpResponse:
    """Another name or topic."""
    house, form = _house(one), forms.NewCampaignForm(request.POST)
    if form.is_valid():
        planning.rename_campaign(by=request.user, campaign=house, **form.cleaned_data)
    else:
        messages.error(request, _("A campaign needs a name, on one line."))
    return redirect(house.url)


@needs(EDIT_CAMPAIGN, get=subject)
@require_POST
def archive(request: HttpRequest, one: Subject) -> HttpResponse:
    """Out of the lists, or back."""
    house = _house(one)
    if house.archived_at:
        planning.restore_campaign(by=request.user, campaign=house)
        return redirect(house.url)
    planning.archive_campaign(by=request.user, campaign=house)
    messages.success(request, _("%s is archived.") % house.name)
    return redirect("campaigns:list")


@needs(CREATE_CAMPAIGN, get=subject)
@require_POST
def duplicate(request: HttpRequest, one: Subject) -> HttpResponse:
    """The same plan under a new name, as the reader's own."""
    return redirect(planning.duplicate_campaign(by=request.user, campaign=_house(one)).url)


def _save(request: HttpRequest, one: Subject) -> HttpResponse:
    """Save, or add or remove a variant on screen; nothing that was typed is lost either way."""
    house, data = _house(one), request.POST.copy()
    edited = _edit_arms(data)
    form, arms = forms.PlanForm(data), forms.ArmFormSet(data, prefix="arm")
    if edited:
        return _page(request, one, form, arms)
    if not (form.is_valid() and arms.is_valid()):
        return _page(request, one, form, arms, status=422)
    planning.save_plan(
        by=request.user, campaign=house, plan=forms.plan_from(form, arms), based_on=form.cleaned_data["based_on"]
    )
    messages.success(request, _("Saved."))
    return redirect("campaigns:review" if "review" in data else "campaigns:campaign", slug=one.slug)


def _edit_arms(data: Any) -> bool:  # noqa: ANN401 — a mutable copy of the posted form
    """Add a variant with a fair share, or take one away. Returns whether that was asked."""
    rows, remove = _arm_rows(data), data.get("remove_arm", "")
    if "add_arm" in data and len(rows) < forms.MOST_ARMS:
        first = rows[0] if rows else {}
        rows.append({"name": chr(ord("A") + len(rows)), "content": first.get("content", "")})
        if first.get("name") == "main":
            first["name"] = "A"
    elif remove.isdecimal() and len(rows) > 1:
        rows = [row for n, row in enumerate(rows) if n != int(remove)]
    else:
        return False
    data["arm-TOTAL_FORMS"] = str(len(rows))
    for n, row in enumerate(rows):
        for key in _ARM_KEYS:
            data[f"arm-{n}-{key}"] = _fair_share(n, len(rows)) if key == "share" else row.get(key, "")
    return True


def _arm_rows(data: Any) -> list[dict[str, str]]:  # noqa: ANN401
    count = data.get("arm-TOTAL_FORMS", "")
    number = min(int(count), forms.MOST_ARMS) if count.isdecimal() else 0
    return [{key: data.get(f"arm-{n}-{key}", "") for key in _ARM_KEYS} for n in range(number)]


def _fair_share(number: int, count: int) -> str:
    """Equal parts in hundredths of a percent; the first takes what is over."""
    part = 10_000 // count
    return f"{(part + (10_000 - part * count if number == 0 else 0)) / 100:g}"


def _page(request: HttpRequest, one: Subject, form: Any, arms: Any, status: int = 200) -> HttpResponse:  # noqa: ANN401
    house = _house(one)
    shown = {
        "one": one,
        "house": house,
        "form": form,
        "arms": arms,
        "missing": house.plan.missing(),
        "editable": may(request.user, EDIT_CAMPAIGN, one) and not house.archived_at,
        "open_launch": Launch.objects.filter(campaign=one.slug, state__in=Launch.OPEN).first(),
        "sends": _sends(one),
        "many": len(arms) > 1,
        "yes_above": limit_to_name(
            engine.workspace().policy,
            {"topic": house.topic, "channel": house.plan.channel, "ceiling": house.plan.ceiling},
        ),
    }
    return render(request, "campaigns/campaign.html", shown, status=status)


def _in_files(request: HttpRequest, one: Subject) -> HttpResponse:
    """Kept in the workspace's git: shown, reviewed and sent here, edited there."""
    try:
        found, problem = campaign_record(one.slug), None
    except TwainError as error:
        found, problem = None, error
    shown = {"one": one, "record": found, "problem": problem, "sends": _sends(one)}
    return render(request, "campaigns/in_files.html", shown)


def _sends(one: Subject) -> list[Any]:
    instance = engine.instance()
    return [card_of(report(instance, run), name=one.name) for run in newest_runs(one.slug)][:10]


def _house(one: Subject) -> Any:  # noqa: ANN401 — a Campaign
    if one.house is None:
        raise Http404(one.slug)
    return one.house
