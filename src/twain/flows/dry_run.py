"""Everything a send does before the first message, and then nothing: checks, count, a message built for each arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from twain.errors import ContentError, Held, TwainError
from twain.feeds.checks import check_audience
from twain.flows.campaigns import Campaign
from twain.flows.capacity import require_slot
from twain.flows.capping import had_enough
from twain.flows.check import refuse_words
from twain.flows.domains import require_domain
from twain.flows.freeze import check_feeds, split_of
from twain.flows.instance import Instance
from twain.flows.prepare import Prepared, prepare_here
from twain.flows.production import require_production
from twain.flows.publish import make, require_approval
from twain.flows.quiet import Waiting, quiet_for
from twain.flows.send import SendOptions
from twain.flows.warming import Warming, warming_of
from twain.flows.watch import Nobody
from twain.ports import Session
from twain.records import Bundle, Funnel, Level, Role, Verdict
from twain.snapshot.take import count_funnel


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would happen. *ready* is False when the send would be held; *why* says so.

    *cost* is the database's own estimate, *seconds* what the audience's query really took. *waits*: of the people matched, how
    many quiet hours would keep waiting if it began when it is planned (or now), by the local time they end at
    (``{"08:00": 412}``), and *waits_end*: when the last of them may go (epoch seconds). *warming*: what it means for this send
    that its sender is warmed up.
    """

    campaign: str
    bundle: str
    funnel: Funnel
    verdicts: tuple[Verdict, ...]
    cost: float | None
    ready: bool
    why: str = ""
    seconds: float = 0.0
    waits: Mapping[str, int] = field(default_factory=dict)
    waits_end: float = 0.0
    warming: Warming | None = None

    def as_json(self) -> dict[str, Any]:
        """As ``twain send --dry-run --json`` prints it."""
        return {
            "dry_run": True,
            "campaign": self.campaign,
            "bundle": self.bundle,
            "matched": self.funnel.matched,
            "excluded": {reason: n for reason, n in self.funnel.excluded.items() if n},
            "audience": self.funnel.audience,
            "cost": self.cost,
            "checks": [
                {"check": v.check, "level": str(v.level), "feed": v.feed, "field": v.field, "business": v.business,
                 "technical": v.technical, "observed": v.observed}
                for v in self.verdicts
            ],
            "ready": self.ready,
            "why": self.why,
            "waits": dict(self.waits),
            "warming": self.warming.words if self.warming else "",
        }  # fmt: skip


def dry_run(instance: Instance, campaign: str | Campaign, options: SendOptions) -> DryRun:
    """Run checks and count the audience as a send would; nothing is written but the checks' memory.

    *campaign* is the name of one that is kept in files, or a campaign as it stands somewhere else.
    """
    record = instance.workspace.campaign(campaign) if isinstance(campaign, str) else campaign
    found = rehearse(instance, make(instance, record), options)
    try:
        refuse_words(instance, record)
    except ContentError as error:
        why = f"{error.place}: {error.what} {error.todo}" if error.place else f"{error.what} {error.todo}"
        return replace(found, ready=False, why=f"{found.why} {why}".strip())
    return found


def rehearse(instance: Instance, bundle: Bundle, options: SendOptions | None = None) -> DryRun:
    """The dry run of exactly this bundle."""
    options = options or SendOptions()
    prepared = prepare_here(instance, bundle, [options.to] if options.to else None)
    source = prepared.feed.source
    with instance.source(source).session(instance.tag(bundle.campaign, "check"), instance.limits(source)) as session:
        verdicts = check_feeds(instance, session, prepared, Nobody())
        cost = session.cost(prepared.audience.statement)
        began = instance.clock.boottime()
        waiting = Waiting(quiet_for(bundle, instance.settings.time_zone), begins_at(instance, bundle))
        funnel = _count(instance, session, prepared, options, waiting)
        seconds = instance.clock.boottime() - began
    verdicts += _people(instance, prepared, funnel, options)
    why = _why_not(instance, bundle, verdicts)
    if options.to and not funnel.matched:
        nobody = f"The audience has nobody with the key {options.to!r}."
        why = f"{why} {nobody}".strip()
    warming = _warming(instance, bundle, funnel.audience, options)
    return DryRun(
        bundle.campaign,
        bundle.hash,
        funnel,
        tuple(verdicts),
        cost,
        not why,
        why,
        seconds,
        waiting.until,
        waiting.last,
        warming,
    )


def begins_at(instance: Instance, bundle: Bundle) -> float:
    """When a bundle would begin to go: at its planned moment while that is ahead, else now. Epoch seconds."""
    planned = str(bundle.body.get("planned_for") or "")
    moment = datetime.fromisoformat(planned).timestamp() if planned else 0.0
    return max(instance.clock.now(), moment)


def _warming(instance: Instance, bundle: Bundle, people: int, options: SendOptions) -> Warming | None:
    begins, length = begins_at(instance, bundle), bundle.body.get("not_after")
    not_after = options.not_after if options.not_after is not None else begins + float(length) if length else None
    return warming_of(instance, bundle, people, begins=begins, not_after=not_after)


def _count(instance: Instance, session: Session, prepared: Prepared, options: SendOptions, waiting: Waiting) -> Funnel:
    return count_funnel(
        waiting.watch(session.stream(prepared.audience.statement)),
        spool=instance.settings.spool,
        hash_address=instance.vault.hash_addresses,
        split=split_of(prepared, whole=not options.to),
        limit=options.limit,
        history=instance.key_sets(prepared.audience),
        had_enough=None if options.to else had_enough(instance, prepared.bundle),
    )


def _people(instance: Instance, prepared: Prepared, funnel: Funnel, options: SendOptions) -> list[Verdict]:
    if options.to or options.limit is not None:
        return []
    body = prepared.bundle.body
    estimate = instance.ledger.last_check(f"audience:{prepared.bundle.campaign}").get("audience")
    asked = prepared.feed.with_role(Role.CONSENT) is not None
    limits = body.get("checks", {})
    return check_audience(funnel, estimate=estimate, ceiling=body.get("ceiling"), thresholds=limits, asked=asked)


def _why_not(instance: Instance, bundle: Bundle, verdicts: list[Verdict]) -> str:
    held = [v.business for v in verdicts if v.level is Level.HOLD]
    for require in (require_production, require_domain, require_approval, require_slot):
        try:
            require(instance, bundle)
        except Held as error:
            held.append(error.business)
        except TwainError as error:
            held.append(error.what)
    return " ".join(held)
