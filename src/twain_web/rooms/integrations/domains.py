"""Sender domains as their page shows them: in plain words for Marketing, to the letter for IT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from twain.flows.domains import sender_domains
from twain_web import engine
from twain_web.rooms.campaigns.public import CampaignCard, campaigns, senders
from twain_web.rooms.integrations.models import DomainChange, DomainState

_LEVELS = {"pass": "green", "warn": "yellow", "hold": "red"}
#: What a record is for, for people who never heard of it.
_PURPOSE: Mapping[str, str | Promise] = {
    "MX": gettext_lazy("where answers and bounces go"),
    "SPF": gettext_lazy("which servers may send in this name"),
    "DKIM": gettext_lazy("the seal that proves a message is really ours"),
    "DMARC": gettext_lazy("what receivers do with mail that forges this name"),
    "MTA-STS": gettext_lazy("that mail to us travels encrypted"),
    "TLS-RPT": gettext_lazy("where receivers report failed encryption"),
    "PTR": gettext_lazy("the sending server's name behind its address"),
}


@dataclass(frozen=True, slots=True)
class RecordCard:
    """One record of a domain: as it should be, and what each authoritative server says. *level*: green, yellow or red."""

    record: str
    purpose: str
    level: str
    name: str
    type: str
    wanted: str
    what: str
    todo: str
    found: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DomainCard:
    """One domain. *level* is "" while it was never probed; *cause* says in plain words what follows."""

    domain: str
    level: str
    cause: str
    probed_at: datetime | None
    asked: bool
    records: tuple[RecordCard, ...]
    campaigns: tuple[CampaignCard, ...]

    @property
    def wrong(self) -> tuple[RecordCard, ...]:
        """The records that are not as they should be."""
        return tuple(one for one in self.records if one.level != "green")

    @property
    def held(self) -> tuple[CampaignCard, ...]:
        """Campaigns whose send is held just now."""
        return tuple(one for one in self.campaigns if one.state == "held") if self.level == "red" else ()


def domain_cards() -> list[DomainCard]:
    """Every domain that somebody here sends as, the worst first."""
    using = senders()
    cards = {card.slug: card for card in campaigns()}
    states = {one.domain: one for one in DomainState.objects.all()}
    names = [one.domain for one in sender_domains(engine.instance(), using)]
    found = [_card(name, states.get(name), [cards[slug] for slug, _channel in using.get(name, ())]) for name in names]
    return sorted(found, key=lambda one: (("red", "yellow", "", "green").index(one.level), one.domain))


def domain_levels() -> dict[str, tuple[str, datetime]]:
    """How each probed domain stands, as pass, warn or hold, and when it was probed. One query, no network."""
    found = DomainState.objects.exclude(level="").values_list("domain", "level", "probed_at")
    return {domain: (level, at) for domain, level, at in found}


def domain_card(domain: str) -> DomainCard | None:
    """One of them by name; None for a domain that nobody here sends as."""
    return next((one for one in domain_cards() if one.domain == domain), None)


def changes(domain: str, number: int = 50) -> Sequence[DomainChange]:
    """What became better or worse, newest first."""
    return list(DomainChange.objects.filter(domain=domain)[:number])


def level_of(word: str) -> str:
    """A level of the checks as a colour."""
    return _LEVELS.get(word, "")


def _card(domain: str, state: DomainState | None, sending: Sequence[CampaignCard]) -> DomainCard:
    probed = state if state is not None and state.level else None
    records = tuple(_record(one) for one in probed.findings) if probed else ()
    level = level_of(probed.level) if probed else ""
    return DomainCard(
        domain=domain,
        level=level,
        cause=_cause(level, records),
        probed_at=probed.probed_at if probed else None,
        asked=bool(state and state.wanted_at and state.wanted_at > state.probed_at),
        records=records,
        campaigns=tuple(sending),
    )


def _cause(level: str, records: Sequence[RecordCard]) -> str:
    wrong = ", ".join(dict.fromkeys(one.record for one in records if one.level == level))
    if level == "red":
        return _("Mail in this name would be refused or lost, so its sends wait. IT can mend it: %s.") % wrong
    if level == "yellow":
        return _("Mail arrives, but some receivers may doubt it. To be looked at: %s.") % wrong
    return str(_("Mail in this name arrives: everything is set up.")) if level else str(_("Not looked at yet."))


def _record(one: Mapping[str, Any]) -> RecordCard:
    kind = str(one["record"])
    return RecordCard(
        record=kind,
        purpose=str(_PURPOSE.get(kind.split(" ", maxsplit=1)[0], "")),
        level=level_of(one["level"]),
        name=one["name"],
        type=one["type"],
        wanted=one["wanted"],
        what=one["what"],
        todo=one["todo"],
        found=tuple((str(server), str(says)) for server, says in one["found"]),
    )
