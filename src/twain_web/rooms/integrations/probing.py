"""Sender domains are looked at by themselves.

Every quarter of an hour, sooner while something is wrong, at once when a send starts or goes on. What changed is written down and
told; sends that a red record held go on as soon as it is green.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from twain.delivery.domains.judge import Finding, worst
from twain.errors import TwainError
from twain.flows.domains import check_domains
from twain.records import Level
from twain_web import engine
from twain_web.outbox import on, tell
from twain_web.reconcile import reconciler
from twain_web.rooms.campaigns.public import campaign_record, look_again, senders
from twain_web.rooms.integrations.models import DomainChange, DomainState

EVERY = timedelta(minutes=15)
EVERY_WHILE_WRONG = timedelta(minutes=2)
_KNOWN_FOR = 60  # seconds: which domains there are costs a look at every campaign


def _due() -> list[str]:
    """Domains that want a look. Without production nothing leaves this machine, so only what somebody asks for is looked at."""
    now, production = timezone.now(), engine.workspace().settings.production
    states = {one.domain: one for one in DomainState.objects.all()}
    asked = [domain for domain, one in states.items() if one.wanted_at and one.wanted_at > one.probed_at]
    if not production:
        return asked
    known = cache.get_or_set("sender-domains", lambda: sorted(senders()), _KNOWN_FOR)
    return [domain for domain in dict.fromkeys((*asked, *known)) if domain in asked or _old(states.get(domain), now)]


def _old(state: DomainState | None, now: datetime) -> bool:
    if state is None:
        return True
    return now - state.probed_at >= (EVERY if state.level == Level.PASS else EVERY_WHILE_WRONG)


@reconciler("sender-domains", every=5.0, due=_due, hands=2)
def probe(domain: str) -> None:
    """Ask every authoritative server for every record of one domain, and write down how it stands."""
    here = engine.instance()
    try:
        found = check_domains(here, domain, also=senders())
    except TwainError:
        DomainState.objects.filter(domain=domain).delete()  # nobody sends as it any more
        return
    keep(domain, found)


def keep(domain: str, found: Sequence[Finding]) -> DomainState:
    """How a domain stands now; its changes, the fact that it changed, and the release of its sends in one transaction."""
    now, level = timezone.now(), worst(found)
    with transaction.atomic():
        before = DomainState.objects.select_for_update().filter(domain=domain).first()
        state, _made = DomainState.objects.update_or_create(
            domain=domain,
            defaults={"level": str(level), "findings": [_as_kept(one) for one in found], "probed_at": now},
        )
        _note_changes(before, domain, found, now)
        if before is not None and before.level != level:
            wrong = [one.record for one in found if one.level is not Level.PASS]
            tell(
                "domain.changed",
                domain=domain,
                before=before.level,
                after=str(level),
                records=list(dict.fromkeys(wrong)),
            )
            if before.level == Level.HOLD:
                look_again(_campaigns_of(domain))
    return state


def _as_kept(one: Finding) -> dict[str, Any]:
    return {**asdict(one), "level": str(one.level), "found": [list(pair) for pair in one.found]}


def _note_changes(before: DomainState | None, domain: str, found: Sequence[Finding], now: datetime) -> None:
    """One row for each record that became better or worse; of a new domain, for each that is not as it should be."""
    known = {(one["record"], one["name"]): one["level"] for one in before.findings} if before else {}
    usual = "" if known else str(Level.PASS)
    DomainChange.objects.bulk_create(
        DomainChange(
            domain=domain, record=one.record, name=one.name[:300], before=known.get((one.record, one.name), ""),
            after=str(one.level), what=one.what[:500], at=now,
        )
        for one in found
        if known.get((one.record, one.name), usual) != str(one.level)
    )  # fmt: skip


def _campaigns_of(domain: str) -> list[str]:
    return [name for name, _channel in senders().get(domain, ())]


def want_a_look(domain: str) -> None:
    """Have a domain probed at the next look, whatever its age."""
    now = timezone.now()
    DomainState.objects.get_or_create(
        domain=domain, defaults={"level": "", "probed_at": datetime.fromtimestamp(0, now.tzinfo)}
    )
    DomainState.objects.filter(domain=domain).update(wanted_at=now)


@on("campaign.started")
@on("campaign.resumed")
def look_before_it_goes_on(body: Mapping[str, Any]) -> None:
    """A send that starts or goes on is a reason to look, in production."""
    if not engine.workspace().settings.production:
        return
    try:
        address = campaign_record(str(body["campaign"])).sender.address
    except TwainError:
        return  # its own page says what is wrong with it
    want_a_look(address.rpartition("@")[2].lower())
