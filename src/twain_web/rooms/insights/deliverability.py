"""Deliverability: what came back and who complained, by sender's domain and by provider, against what providers ask for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from twain.insight.rates import Rate, rate
from twain_web.rooms.insights.answers import standing_since
from twain_web.rooms.insights.telling import level

WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Standing:
    """One domain or provider: *refused* at the door, *bounced* later; *complaints* are of what was delivered.

    *level* is good, watch or bad, by complaints alone: nobody publishes a threshold for bounces.
    """

    name: str
    sent: int
    refused: Rate
    bounced: Rate
    hard: int
    soft: int
    complaints: Rate
    level: str


def standings() -> tuple[list[Standing], list[Standing], int]:
    """By sender's domain, by provider, the busiest first; and of how many sends of the last thirty days."""
    domains: dict[str, Counter[str]] = {}
    providers: dict[str, Counter[str]] = {}
    sends = standing_since(timezone.now() - WINDOW)
    for domain, by_provider in sends:
        for provider, kinds in by_provider.items():
            sums = providers.setdefault(provider, Counter()) if provider else domains.setdefault(domain, Counter())
            sums.update(kinds)
    return _listed(domains), _listed(providers), len(sends)


def _listed(sums: dict[str, Counter[str]]) -> list[Standing]:
    found = (_standing(name, kinds) for name, kinds in sums.items())
    return sorted(found, key=lambda one: (-one.sent, one.name))


def _standing(name: str, kinds: Counter[str]) -> Standing:
    sent, failed = kinds["sent"], kinds["failed"]
    bounced = min(sent, kinds["bounce"])
    complaints = rate(min(sent - bounced, kinds["complaint"]), sent - bounced)
    return Standing(
        name,
        sent,
        rate(failed, sent + failed),
        rate(bounced, sent),
        kinds["bounce:hard"],
        kinds["bounce:soft"],
        complaints,
        level(complaints),
    )
