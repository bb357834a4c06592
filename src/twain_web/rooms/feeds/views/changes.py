"""What would a change of a contract break? Campaign by campaign, before it is merged."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from twain.feeds.lineage import Break, breaks
from twain.feeds.lineage import Use as Reader
from twain.flows.proposal import Proposal, propose
from twain.records import Owner
from twain_web import engine
from twain_web.access import needs
from twain_web.rooms.feeds import looking, reads, reviews
from twain_web.rooms.feeds.forms import ChangeForm
from twain_web.rooms.feeds.permissions import CHECK_CHANGE


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: what breaks, soonest send first, how many campaigns and audiences that is, and the ways out."""

    proposal: Proposal
    broken: tuple[Break, ...]
    campaigns: int = 0
    audiences: int = 0
    rename: str = ""
    keep: str = ""


@needs(CHECK_CHANGE)
def changes(request: HttpRequest) -> HttpResponse:
    """Paste or upload a changed contract; the answer is a list of what it breaks. Nothing is kept."""
    if request.method != "POST":
        return render(
            request, "feeds/changes.html", {"form": ChangeForm(initial=_as_it_is(request.GET.get("feed", "")))}
        )
    form = ChangeForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "feeds/changes.html", {"form": form}, status=422)
    verdict = _verdict(form.cleaned_data["text"], form.cleaned_data["replaces"])
    return render(request, "feeds/changes.html", {"form": form, "verdict": verdict})


def _as_it_is(feed: str) -> dict[str, str]:
    """The contract as it lies there, to be changed in place."""
    if feed not in engine.workspace().feeds:
        return {}
    return {"replaces": feed, "text": reviews.file_of(feed).read_text(encoding="utf-8")}


def _verdict(text: str, replaces: str) -> Verdict:
    instance = replace(engine.instance(), workspace=engine.workspace())
    proposal = propose(instance, text, replaces)
    if proposal.change is None:
        return Verdict(proposal, ())
    known = {(b.use.kind, b.use.name) for b in proposal.change.broken}
    ours = [b for b in _of_the_house(proposal) if (b.use.kind, b.use.name) not in known]
    broken = sorted([*proposal.change.broken, *ours], key=lambda b: (b.use.when is None, str(b.use.when), b.use.name))
    mending = proposal.change.mending
    kinds = [kind for kind, _ in {(b.use.kind, b.use.name) for b in broken}]
    counts = kinds.count("campaign"), kinds.count("audience")
    return Verdict(proposal, tuple(broken), *counts, rename=mending.rename, keep=mending.keep)


def _of_the_house(proposal: Proposal) -> list[Break]:
    """Campaigns that were made in the house, by what they read as they stand now."""
    looking.read_those_made_here()
    uses = [Reader(u.kind, u.name, Owner(u.owner, ""), u.when, u.reads) for u in reads.made_in_the_house()]
    return breaks(engine.workspace().feeds, proposal.feeds, uses)
