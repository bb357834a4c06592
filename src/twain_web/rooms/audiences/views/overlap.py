"""How far two or three audiences overlap, counted in the company's database by rules made of theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import RuleError
from twain_web.access import needs
from twain_web.rooms.audiences import counts, reads
from twain_web.rooms.audiences.models import Count
from twain_web.rooms.audiences.permissions import COUNT_AUDIENCE

_MOST = 3


@dataclass(frozen=True, slots=True)
class Region:
    """People in all of some audiences: how many, and their share of the smallest of those audiences."""

    names: tuple[str, ...]
    people: int
    share: float


@needs(COUNT_AUDIENCE)
def overlap(request: HttpRequest) -> HttpResponse:
    """Choose two or three; POST counts."""
    cards = reads.cards()
    if request.method == "POST":
        chosen = [card for card in cards if card.slug in request.POST.getlist("audience")]
        return render(request, "audiences/overlap_result.html", shown(_start(request, chosen)))
    chosen_slugs = request.GET.getlist("audience")[:_MOST]
    return render(request, "audiences/overlap.html", {"cards": cards, "chosen": chosen_slugs})


def _start(request: HttpRequest, chosen: list[reads.AudienceCard]) -> Count:
    if not 2 <= len(chosen) <= _MOST:
        raise RuleError("An overlap needs two or three audiences.", todo="Choose two, or three.")
    if len({card.feed for card in chosen}) != 1:
        raise RuleError(
            "These audiences stand on different feeds.", todo="Choose audiences of one feed: others share no key."
        )
    trees = {
        json.dumps([one.slug for one in some]): {"all": [{"audience": one.slug} for one in some]}
        for size in range(1, len(chosen) + 1)
        for some in combinations(chosen, size)
    }
    return counts.start(by=request.user, kind=Count.OVERLAP, audience="", feed=chosen[0].feed, trees=trees)


def shown(count: Count) -> dict[str, Any]:
    """What the page shows of an overlap count."""
    found: Mapping[str, Any] = count.result.get("found", {})
    people = {tuple(json.loads(key)): int(one["audience"]) for key, one in found.items()}
    names = {card.slug: card.name for card in reads.cards()}
    regions = [
        Region(
            tuple(names.get(slug, slug) for slug in slugs),
            here,
            100.0 * here / smallest if (smallest := min(people[(slug,)] for slug in slugs)) else 0.0,
        )
        for slugs, here in people.items()
    ]
    return {
        "count": count,
        "regions": regions,
        "error": count.result if count.state == Count.REFUSED else {},
        "waited": (timezone.now() - count.started_at).total_seconds(),
        "title": _("How far they overlap"),
    }
