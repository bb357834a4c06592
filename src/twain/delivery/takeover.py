"""Takeover: what a former holder's open windows come to, by its journal."""

from __future__ import annotations

from collections.abc import Iterable

from twain.delivery.journal import Told, key_of, read_journal
from twain.delivery.pace import UNSENT, Backoff
from twain.ports import Clock, Ledger
from twain.records import CrashPolicy, Fate, Lease, Outcome, Window

LOST_WITH_WORKER = "worker_lost"


def settle_orphans(lease: Lease, ledger: Ledger, clock: Clock, policy: CrashPolicy, backoff: Backoff) -> list[Outcome]:
    """Settle every window that a former holder of this shard left open; returns the outcomes that were settled.

    Answered → its outcome. Begun and unanswered → uncertain under ``never_twice``, to be sent again under
    ``never_miss``. Not begun → unsent. Where the journal is missing, or from before a reboot, all was begun.
    """
    settled: list[Outcome] = []
    for window in lease.orphans:
        told = _told_of(window, lease.worker.boot_id)
        outcomes, unsent = decide(window, told, policy, clock.now())
        outcomes, retry_at = _with_retries(window, outcomes, backoff, clock.now())
        ledger.settle(lease, window, outcomes, unsent=unsent, retry_at=retry_at)
        settled += outcomes
    return settled


def _told_of(window: Window, boot_id: str) -> Told:
    journal = read_journal(window.worker, boot_id)
    if journal is None:
        return Told(begun=set(window.rows))
    return journal.get(key_of(window), Told())


def decide(window: Window, told: Told, policy: CrashPolicy, now: float) -> tuple[list[Outcome], list[int]]:
    """Outcomes and unsent rows of a window, from what its journal tells."""
    outcomes, unsent = [], []
    for row in window.rows:
        answer = told.answers.get(row)
        if answer is not None and answer.reason != UNSENT:
            outcomes.append(answer)
        elif answer is not None or row not in told.begun or policy == "never_miss":
            unsent.append(row)
        else:
            words = "The worker ended before it learned the relay's answer."
            outcomes.append(Outcome(row, Fate.UNCERTAIN, LOST_WITH_WORKER, words, now))
    return outcomes, unsent


def _with_retries(
    window: Window, outcomes: Iterable[Outcome], backoff: Backoff, now: float
) -> tuple[list[Outcome], dict[int, float]]:
    """Deferred rows get the time of their next try, or are given up when they have been tried for long enough."""
    attempts = dict(zip(window.rows, window.attempts, strict=True))
    kept, retry_at = [], {}
    for one in outcomes:
        again = backoff.next_try(one, attempts[one.row], now)
        kept.append(again[0])
        if again[1] is not None:
            retry_at[one.row] = again[1]
    return kept, retry_at
