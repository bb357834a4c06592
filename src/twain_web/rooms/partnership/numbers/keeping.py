"""How the catalogue stands (today's row until the day is over) and the SPF records. All other numbers are counted when asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils import timezone

from twain.flows.domains import spf_lookups
from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.audiences.public import titles
from twain_web.rooms.campaigns.public import senders
from twain_web.rooms.feeds.public import FeedCard, Use, feeds, uses_of
from twain_web.rooms.partnership.numbers.models import CatalogueDay, SpfDay
from twain_web.rooms.people.public import owners_here


def _due() -> list[str]:
    """Always: an audience made at noon is a use, and the morning's look may have been before anything was worked out."""
    return [timezone.localdate().isoformat()]


@reconciler("partnership.catalogue", every=900.0, due=_due)
def keep(_key: str = "") -> None:
    """Look at the catalogue, and keep what is seen as today's row; a day that is over keeps its last."""
    shown = feeds()
    uses = {card.name: uses_of(card.name) for card in shown}
    read, owned = count_fields(shown, uses, owners_here())
    chosen = {one.feed for one in titles()}
    CatalogueDay.objects.update_or_create(
        day=timezone.localdate(),
        defaults={
            "fields_read": read,
            "fields_owned": owned,
            "feeds": len(shown),
            "unused": sum(not uses[card.name] and card.name not in chosen for card in shown),
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


def _spf_due() -> list[str]:
    """Without production nothing leaves this machine. A day on which no record could be read is tried again in an hour."""
    today = timezone.localdate()
    known = SpfDay.objects.filter(day=today).exists()
    return [] if known or not engine.workspace().settings.production else [today.isoformat()]


@reconciler("partnership.spf", every=3600.0, due=_spf_due, hands=1)
def count_lookups(_key: str = "") -> None:
    """Ask the DNS what every sender domain's SPF record needs, and keep it."""
    keep_lookups(spf_lookups(engine.instance(), also=senders()))


def keep_lookups(found: Mapping[str, int]) -> None:
    """Keep today's counts, domain by domain; one that was counted today stays as it was."""
    today = timezone.localdate()
    SpfDay.objects.bulk_create(
        [SpfDay(day=today, domain=domain, lookups=number) for domain, number in found.items()], ignore_conflicts=True
    )
