"""Rates in plain words: what each number is, how sure it is, and what it does not say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from twain.flows.answers import Rates, rates_of
from twain.flows.conversions import Counted
from twain.insight.rates import Rate
from twain.insight.responses import By, Responses
from twain.records import Conversion, Feed

#: Google, Email sender guidelines: stay below 0.10 %, never reach 0.30 % (support.google.com/a/answer/81126).
#: Yahoo, Sender best practices: stay below 0.3 % (senders.yahooinc.com/best-practices).
COMPLAINTS_GOOD, COMPLAINTS_BAD = 0.001, 0.003


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a send's answers: a number of people, its rate (None where there is none to tell), what it means."""

    name: str
    people: int
    rate: Rate | None
    means: str
    machines: int = 0
    level: str = ""


@dataclass(frozen=True, slots=True)
class Success:
    """A send's conversions: the rule, its last count (None before the first), the rate, and the rule in words."""

    rule: Conversion
    counted: Counted | None
    rate: Rate
    value: float
    words: str
    adds: str


@dataclass(frozen=True, slots=True)
class Hour:
    """What first happened in one hour."""

    at: datetime
    clicks: int
    conversions: int
    unsubscribes: int


def told(rates: Rates) -> list[Told]:
    """The lines of one send's page, in the order of a message's life."""
    found = rates.rates
    hint = _("A hint, no measure: many mail programs open every message by themselves, others never tell.")
    gmail = _("Marked it as spam, where their provider tells us. Gmail does not: see Google's Postmaster Tools.")
    return [
        Told(_("Delivered"), rates.delivered, None, _("Sent, and nothing has come back.")),
        _line(rates, "click", _("Clicked"), _("People who followed a link, each counted once.")),
        Told(_("Opened, perhaps"), found["open"].part, None, hint, rates.machines["open"]),
        _line(rates, "unsubscribe", _("Unsubscribed"), _("They get nothing of the kind any more.")),
        _line(rates, "bounce", _("Came back"), _("No such address, a full mailbox, or refused. A share of all sent.")),
        Told(_("Complained"), found["complaint"].part, found["complaint"], gmail, level=level(found["complaint"])),
    ]


def _line(rates: Rates, kind: str, name: str, means: str) -> Told:
    return Told(name, rates.rates[kind].part, rates.rates[kind], means, rates.machines.get(kind, 0))


def success(
    rule: Conversion | None, counted: Counted | None, rates: Rates, feeds: Mapping[str, Feed]
) -> Success | None:
    """A send's conversions, or None when its campaign does not say what a success is."""
    if rule is None:
        return None
    start = _("of the click") if rule.of == "clicked" else _("of the send")
    feed = feeds.get(rule.feed)
    title = feed.title if feed else rule.feed
    adds = feed.fields[rule.value].business_name if feed and rule.value in feed.fields else rule.value
    words = _("Something new in “%(feed)s” within %(span)s %(start)s.")
    words %= {"feed": title, "span": _span(rule.within), "start": start}
    return Success(rule, counted, rates.rates["conversion"], rates.value, words, adds)


def level(rate: Rate) -> str:
    """good, watch or bad, by what Gmail and Yahoo publish about complaints; empty while nothing was sent."""
    if not rate.whole:
        return ""
    if rate.share >= COMPLAINTS_BAD:
        return "bad"
    return "watch" if rate.share >= COMPLAINTS_GOOD else "good"


def parts(responses: Responses, by: By, sent: Mapping[str, Mapping[str, int]]) -> list[tuple[str, Rates]]:
    """The rates of every variant or provider; *sent* is the rollup's own table of it."""
    return [(name, rates_of(responses, people["sent"], by=by, name=_raw(name))) for name, people in sent.items()]


def hours(responses: Responses) -> list[Hour]:
    """Every hour in which something came back, in order."""
    kinds = ("click", "conversion", "unsubscribe")
    found = [(name, [responses.people(kind, "hour", name) for kind in kinds]) for name in responses.names("hour")]
    return [Hour(datetime.fromtimestamp(float(name), UTC), *counts) for name, counts in found if any(counts)]


def hour_in_words(at: datetime) -> str:
    """A moment as pages and their charts write it, in the house's zone: 23 Nov, 07:00."""
    return date_format(timezone.localtime(at), "j M, H:i")


def _span(seconds: float) -> str:
    days, hours = seconds / 86_400, seconds / 3_600
    if days >= 1:
        return ngettext("%(count)g day", "%(count)g days", math.ceil(days)) % {"count": days}
    return ngettext("%(count)g hour", "%(count)g hours", math.ceil(hours)) % {"count": hours}


def _raw(name: str) -> str:
    """A provider as the history calls it: the rest has no name there."""
    return "*" if name == "all others" else name
