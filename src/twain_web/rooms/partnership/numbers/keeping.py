"""Once a day: how the catalogue stands. All other numbers are counted from what happened, whenever somebody looks."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from twain_web.reconcile import reconciler
from twain_web.rooms.feeds.public import FeedCard, Use, feeds, uses_of
from twain_web.rooms.partnership.numbers.models import CatalogueDay
from twain_web.rooms.people.public import owners_here


def _due() -> list[str]:
    today = timezone.localdate()
    return [] if CatalogueDay.objects.filter(day=today).exists() else [today.isoformat()]


@reconciler("partnership.catalogue", every=300.0, due=_due)
def keep(_key: str = "") -> None:
    """Look at the catalogue, and keep what is seen. A day that was looked at is not looked at again."""
    shown = feeds()
    uses = {card.name: uses_of(card.name) for card in shown}
    read, owned = count_fields(shown, uses, owners_here())
    CatalogueDay.objects.get_or_create(
        day=timezone.localdate(),
        defaults={
            "fields_read": read,
            "fields_owned": owned,
            "feeds": len(shown),
            "unused": sum(not uses[card.name] for card in shown),
        },
    )


def count_fields(shown: Iterable[FeedCard], uses: dict[str, list[Use]], owners: frozenset[str]) -> tuple[int, int]:
    """Fields that something reads; and those of them with a business term, whose feed's owner can sign in here (by address)."""
    read = {pair for found in uses.values() for use in found for pair in use.reads}
    known = {
        (card.name, field.name): bool(field.business.strip()) and card.owner.email.casefold() in owners
        for card in shown
        for field in card.fields
    }
    there = [known[pair] for pair in read if pair in known]
    return len(there), sum(there)
