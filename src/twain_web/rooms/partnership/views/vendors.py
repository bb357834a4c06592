"""Vendor reviews: begin one, answer its gates, score it blind, talk about what differs, decide."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from twain_web.access import may, needs
from twain_web.rooms.desk.public import asked_of_kind
from twain_web.rooms.partnership.actions import reviewing
from twain_web.rooms.partnership.forms import DecisionForm, GateForm, InsteadForm, ScoreForm, VendorForm
from twain_web.rooms.partnership.leading import REQUEST_KIND
from twain_web.rooms.partnership.models import Scorer, VendorReview
from twain_web.rooms.partnership.permissions import READ_PARTNERSHIP, SCORE_VENDOR
from twain_web.rooms.partnership.reads import vendors as reads
from twain_web.rooms.partnership.scoring import APART, GATES

_S = VendorReview.State


def review_by_pk(pk: int) -> VendorReview:
    """A review, or 404."""
    found = VendorReview.objects.select_related("by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@needs(READ_PARTNERSHIP)
def vendors(request: HttpRequest) -> HttpResponse:
    """Every review, with its open disagreements and how long it took."""
    return render(request, "partnership/vendors.html", {"cards": reads.cards()})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(SCORE_VENDOR)
def begin(request: HttpRequest) -> HttpResponse:
    """Begin one, from a request of the desk or without any."""
    asked = asked_of_kind(request.GET.get("request", ""), REQUEST_KIND)
    initial = {"name": asked.outcome, "purpose": asked.purpose} if asked else {}
    form = VendorForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        made = reviewing.begin_review(
            by=request.user, name=form.cleaned_data["name"], purpose=form.cleaned_data["purpose"], scorers=form.scorers(),
            request=asked.slug if asked else "", asked_at=asked.asked_at if asked else None,
        )  # fmt: skip
        messages.success(
            request, _("Begun. First the gates: each is passed with evidence, or there is nothing to score.")
        )
        return redirect(made.url)
    return render(request, "partnership/vendor_begin.html", {"form": form}, status=422 if form.errors else 200)


@needs(READ_PARTNERSHIP, get=review_by_pk)
def vendor(request: HttpRequest, one: VendorReview) -> HttpResponse:
    """One review. Of a blind round it shows who is done, and nothing else."""
    return _page(request, one)


@require_POST
@needs(SCORE_VENDOR, get=review_by_pk)
def gate(request: HttpRequest, one: VendorReview) -> HttpResponse:
    """Answer one gate."""
    form, key = GateForm(request.POST), request.POST.get("gate", "")
    if key not in GATES:
        raise Http404
    if not form.is_valid():
        messages.error(request, _("A gate needs its evidence: a link, a document, what you saw."))
        return redirect(one.url)
    reviewing.answer_gate(by=request.user, review=one, gate=key, **form.cleaned_data)
    return redirect(one.url)


@require_POST
@needs(SCORE_VENDOR, get=review_by_pk)
def score(request: HttpRequest, one: VendorReview) -> HttpResponse:
    """Score every row of the round."""
    form = ScoreForm(request.POST, rows=reads.rows_to_score(one))
    if not form.is_valid():
        return _page(request, one, form)
    reviewing.score_vendor(by=request.user, review=one, values=form.cleaned_data)
    messages.success(request, _("Your scores are kept. Everything is shown at once when everybody is done."))
    return redirect(one.url)


def seat_of_review(pk: int, number: int) -> Scorer:
    """Somebody's seat in a review, or 404."""
    found = Scorer.objects.select_related("review", "person").filter(pk=number, review=pk).first()
    if found is None:
        raise Http404
    return found


@require_POST
@needs(SCORE_VENDOR, get=seat_of_review)
def instead(request: HttpRequest, one: Scorer) -> HttpResponse:
    """Somebody of the same team scores in the place of whoever is away."""
    form = InsteadForm(request.POST, scorer=one, taken=_who_scores(one.review))
    if form.is_valid():
        to = form.cleaned_data["to"]
        reviewing.hand_over(by=request.user, review=one.review, scorer=one.person, to=to)
        messages.success(request, _("%s scores now, and was told.") % to)
    else:
        messages.error(request, _("Choose somebody of the same team who does not score yet."))
    return redirect(one.review.url)


@require_POST
@needs(SCORE_VENDOR, get=review_by_pk)
def again(request: HttpRequest, one: VendorReview) -> HttpResponse:
    """What differs has been talked about."""
    reviewing.score_again(by=request.user, review=one)
    return redirect(one.url)


@require_POST
@needs(SCORE_VENDOR, get=review_by_pk)
def decide(request: HttpRequest, one: VendorReview) -> HttpResponse:
    """Write the decision down."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("A decision needs its reasons."))
        return redirect(one.url)
    reviewing.decide(by=request.user, review=one, **form.cleaned_data)
    messages.success(request, _("Decided, with its reasons. Both rounds stay beside it."))
    return redirect(one.url)


def _who_scores(one: VendorReview) -> set[int]:
    return set(one.scorers.values_list("person", flat=True))


def _seats(one: VendorReview, *, changes: bool) -> list[tuple[Scorer, bool, InsteadForm | None]]:
    """Who scores, whether they are done, and a form for handing an empty seat over, for those who may."""
    taken, open_ = _who_scores(one), changes and one.state in (_S.GATES, _S.SCORING, _S.AGAIN)
    found = []
    for scorer, done in reads.scorers(one):
        form = InsteadForm(scorer=scorer, taken=taken) if open_ and not done else None
        found.append((scorer, done, form if form and form.fields["to"].choices else None))  # type: ignore[attr-defined]
    return found


def _page(request: HttpRequest, one: VendorReview, form: ScoreForm | None = None) -> HttpResponse:
    here: Any = request.user
    takes_part = may(here, SCORE_VENDOR)
    mine = takes_part and reads.turn_of(one, here)
    lines = reads.lines(one)
    shown = {
        "review": one,
        "card": reads.card(one),
        "gates": reads.gates(one),
        "failed": one.gates.filter(passed=False).exists(),
        "scorers": _seats(one, changes=takes_part),
        "lines": lines,
        "twice": any(line.second for line in lines),
        "apart": APART,
        "score": (form or ScoreForm(rows=reads.rows_to_score(one))) if mine else None,
        "decision": DecisionForm(auto_id="decision_%s") if takes_part else None,
    }
    return render(request, "partnership/vendor.html", shown, status=422 if form else 200)
