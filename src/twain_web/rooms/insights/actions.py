"""What this room does by itself, and the one thing people do here that leaves a trace: unmasking."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from twain.errors import ConfigError, TwainError
from twain.flows.control import suppress_addresses
from twain.flows.conversions import count_conversions, due
from twain.flows.customer import Customer, look_up
from twain.flows.suppressing import hasher
from twain_web import engine
from twain_web.access import refuse_unless
from twain_web.reconcile import reconciler
from twain_web.rooms.insights import answers, reads
from twain_web.rooms.insights.permissions import SUPPRESS_ADDRESS, UNMASK_CUSTOMER
from twain_web.rooms.people.public import record

log = logging.getLogger("twain.insights")
_SHORTEST_REASON = 10
_MOST_FILES = 64  # that could be merged


@reconciler("figures", every=15.0, due=reads.stale, hands=1)
def keep_figures(run_id: str) -> None:
    """Read a finished send's figures once, so that its page opens at once."""
    here = engine.instance()
    reads.figures(here, here.ledger.run(run_id))


@reconciler("answers", every=15.0, due=answers.changed, hands=1, most=20)
def keep_answers(run_id: str) -> None:
    """Read anew what came back of a send, when something has."""
    here = engine.instance()
    answers.keep(here, here.ledger.run(run_id))


def _conversions_due() -> list[str]:
    return list(due(engine.instance()))


@reconciler("conversions", every=300.0, due=_conversions_due, hands=1)
def keep_conversions(run_id: str) -> None:
    """Count a send's conversions in the company's database; while that gives no reads (its hours, a stop), later."""
    here = engine.instance()
    try:
        count_conversions(here, here.ledger.run(run_id))
    except TwainError as error:
        log.info("Conversions of %s are counted later: %s", run_id, error.what)


def _history_is_scattered() -> list[str]:
    return ["history"] if engine.instance().history.scattered() > _MOST_FILES else []


@reconciler("history", every=900.0, due=_history_is_scattered, hands=1)
def compact_history(_history: str = "history") -> None:
    """Merge the many small files of past sends, so that one customer's history is found in few places."""
    engine.instance().history.compact()


@dataclass(frozen=True, slots=True)
class Suppressed:
    """How many addresses were new, how many known; the places (from 0) of those that are no addresses."""

    added: int
    known: int
    refused: tuple[int, ...]


def suppress(*, by: object, addresses: Sequence[str], reason: str) -> Suppressed:
    """Let nothing go to these addresses any more. The audit tells how many and why, never which."""
    refuse_unless(by, SUPPRESS_ADDRESS)
    here = engine.instance(by)
    usable = hasher(here)
    refused = tuple(place for place, raw in enumerate(addresses) if usable(raw) is None)
    good = [raw for place, raw in enumerate(addresses) if place not in set(refused)]
    who = str(getattr(by, "username", by))
    added, _ = suppress_addresses(here, good, reason.strip()[:80], f"by {who}")
    record(by, "addresses suppressed", "suppression", {"added": added, "of": len(good), "reason": reason.strip()[:80]})
    return Suppressed(added, len(good) - added, refused)


def unmask(*, by: object, feed: str, key: str, reason: str) -> Customer:
    """Show somebody's masked fields: needs the right and a reason, and the audit has the row before the data is shown."""
    refuse_unless(by, UNMASK_CUSTOMER)
    if len(reason.strip()) < _SHORTEST_REASON:
        raise ConfigError(
            "Unmasking needs a reason that somebody else can follow.", todo="Say in a sentence what you need it for."
        )
    here = engine.instance(by)
    record(by, "customer unmasked", f"customer:{feed}:{key}", {"reason": reason.strip()[:500]})
    return look_up(here, here.workspace.feed(feed), key, reveal=True)
