"""Brand kits, reusable blocks and the proof list."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain.errors import ConfigError
from twain_web.access import needs
from twain_web.rooms.content import actions, reads
from twain_web.rooms.content.forms import BrandForm, ProofPersonForm
from twain_web.rooms.content.models import BrandKit, ProofPerson, ReusableBlock
from twain_web.rooms.content.permissions import EDIT_CONTENT, READ_CONTENT


@needs(READ_CONTENT)
def brands(request: HttpRequest) -> HttpResponse:
    """All brand kits."""
    return render(request, "content/brands.html", {"brands": reads.brands()})


@needs(EDIT_CONTENT)
def new_brand(request: HttpRequest) -> HttpResponse:
    """A new one."""
    return _brand(request, BrandKit())


@needs(EDIT_CONTENT, get=reads.brand_by_slug)
def brand(request: HttpRequest, kit: BrandKit) -> HttpResponse:
    """One, to be changed."""
    return _brand(request, kit)


def _brand(request: HttpRequest, kit: BrandKit) -> HttpResponse:
    form = BrandForm(request.POST or None, instance=kit)
    if request.method == "POST" and form.is_valid():
        actions.keep_brand(by=request.user, brand=form.kept())
        messages.success(request, _("Saved. Messages that are written from now on look like this."))
        return redirect("content:brands")
    return render(request, "content/brand.html", {"form": form, "brand": kit})


@needs(READ_CONTENT)
def reusable(request: HttpRequest) -> HttpResponse:
    """Blocks that many contents share."""
    return render(request, "content/reusable.html", {"reusable": ReusableBlock.objects.filter(archived=False)})


@require_POST
@needs(EDIT_CONTENT)
def keep_reusable(request: HttpRequest) -> HttpResponse:
    """Keep the chosen block of the editor under a name; what was kept under it before is changed."""
    try:
        raw = json.loads(request.body)
        name, blocks = str(raw["name"]), raw["blocks"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError("The editor sent something unexpected.", todo="Reload the page.") from error
    known = ReusableBlock.objects.filter(name=name.strip(), archived=False).first()
    kept = actions.keep_reusable(by=request.user, name=name, blocks=blocks, reusable=known)
    return JsonResponse({"slug": kept.slug, "name": kept.name})


@require_POST
@needs(EDIT_CONTENT, get=reads.reusable_by_slug)
def archive_reusable(request: HttpRequest, one: ReusableBlock) -> HttpResponse:
    """Offer it no longer."""
    actions.archive_reusable(by=request.user, reusable=one)
    return redirect("content:reusable")


@needs(EDIT_CONTENT)
def proof_list(request: HttpRequest) -> HttpResponse:
    """Who gets test sends."""
    form = ProofPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.add_to_proof_list(by=request.user, **form.cleaned_data)
        return redirect("content:proof_list")
    return render(request, "content/proof_list.html", {"form": form, "people": ProofPerson.objects.all()})


def _proof_person(number: int) -> ProofPerson:
    found = ProofPerson.objects.filter(pk=number).first()
    if found is None:
        raise Http404(number)
    return found


@require_POST
@needs(EDIT_CONTENT, get=_proof_person)
def take_off(request: HttpRequest, person: ProofPerson) -> HttpResponse:
    """Take somebody off the proof list."""
    actions.take_off_proof_list(by=request.user, person=person)
    return redirect("content:proof_list")
