"""Trying a bundle: its pre-send checks and its count, kept as figures. Never anybody's data."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from twain.errors import TwainError
from twain.flows.dry_run import DryRun
from twain.flows.dry_run import rehearse as flow_rehearse
from twain.flows.freeze import obey_stops
from twain.flows.instance import Instance
from twain.flows.production import require_production
from twain.records import Bundle, Level, Verdict
from twain_web.rooms.campaigns.models import Launch, Rehearsal


def rehearse(instance: Instance, bundle: Bundle, kind: str, launch: Launch | None = None) -> Rehearsal:
    """Try *bundle* now and keep what came out; an error of the database or a contract is an outcome too.

    Approval is no part of it: the launch looks at that itself.
    """
    found: dict[str, Any] = {}
    try:
        obey_stops(instance, bundle)  # while a source is stopped, nobody asks it anything
        found = _figures(flow_rehearse(instance, bundle))
        require_production(instance, bundle)
    except TwainError as error:
        found |= {"ready": False, "why": error.business, "technical": f"{error.what} {error.todo}".strip()}
    try:
        with transaction.atomic():
            return Rehearsal.objects.create(
                campaign=bundle.campaign, bundle=bundle.hash, kind=kind, launch=launch, **found
            )
    except IntegrityError:  # another house was quicker with the same rehearsal
        return Rehearsal.objects.get(launch=launch, kind=kind)


def newest(bundle: str) -> Rehearsal | None:
    """What the checks said of exactly this bundle the last time."""
    return Rehearsal.objects.filter(bundle=bundle).first()


def _figures(run: DryRun) -> dict[str, Any]:
    held = [v for v in run.verdicts if v.level is Level.HOLD]
    return {
        "ready": not held,
        "why": " ".join(v.business for v in held),
        "technical": " ".join(v.technical for v in held),
        "verdicts": [_verdict(one) for one in run.verdicts],
        "funnel": {"matched": run.funnel.matched, "excluded": {k: n for k, n in run.funnel.excluded.items() if n},
                   "audience": run.funnel.audience, "waits": dict(run.waits), "waits_end": run.waits_end,
                   "warming": run.warming.words if run.warming else ""},
        "cost": run.cost,
        "seconds": round(run.seconds, 3),
    }  # fmt: skip


def _verdict(one: Verdict) -> dict[str, Any]:
    return {
        "check": one.check,
        "level": str(one.level),
        "feed": one.feed,
        "field": one.field,
        "business": one.business,
        "technical": one.technical,
        "observed": one.observed,
        "expected": one.expected,
        "sql": one.sql,
        "owner": one.owner.name if one.owner else "",
        "title": one.owner.title if one.owner else "",
        "email": one.owner.email if one.owner else "",
    }
