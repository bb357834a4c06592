"""The dispatcher: between the ledger, which knows what may go, and a channel, which asks for the next message.

One worker's part of a run reads top to bottom: lease a shard, settle what a former worker left open, claim a window, hand
out its messages, keep the answers, settle the window when all of them are in, give everything back at the end.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from twain.delivery.journal import Journal
from twain.delivery.lanes import LaneBook
from twain.delivery.lookout import STALE, End, Lookout
from twain.delivery.pace import Backoff
from twain.delivery.ramps import Ramps
from twain.delivery.takeover import settle_orphans
from twain.delivery.tickets import Picked, Tickets
from twain.delivery.windows import HeldShard, OpenWindow
from twain.errors import ChannelError, Held, LeaseLost, LedgerUnavailable, SourceError, TwainError
from twain.ports import Channel, Clock, Ledger, Messages
from twain.records import Envelope, Fate, Lease, Outcome, Shard, Wait, Window, Worker
from twain.records.warming import WarmUp

log = logging.getLogger("twain.delivery")

T = TypeVar("T")

Refresh = Callable[[Shard, Sequence[int]], Mapping[int, str]]
"""Read these rows again just before they go (feeds with ``freshness: at_send``): row → reason for each that may not."""

_MOST_OPEN = 8  # windows of one shard that wait for answers
_MOST_SHARDS = 8
_LEAST_CLAIM, _MOST_CLAIM = 50, 500
_PROGRESS_EVERY = 0.5
_REWRITE_AT = 8 << 20  # bytes of journal
_STORE_FIRST, _STORE_MOST = 0.25, 5.0
_ASK_AGAIN = 0.25


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """How one worker's part of a run ended.

    *ended*: ``done`` (nothing is left to send), ``paused``, ``cancelled``, ``expired``, ``stopped``, ``held``,
    ``channel_unavailable``, ``ledger_unavailable``, ``asked``. *why* is for people. Counts are of this worker's rows.
    """

    ended: str
    why: str = ""
    sent: int = 0
    failed: int = 0
    suppressed: int = 0
    uncertain: int = 0
    deferred: int = 0
    windows: int = 0
    error: TwainError | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a delivery, beyond what the run says. Times in seconds.

    *store_patience*: how long a ledger out of reach is waited for at the end, when only settling is left to do.
    *should_stop* is asked about once a second (a signal handler's flag, say): True ends this worker gracefully. *warming* says
    the ramps of the run's sender and channel, and is asked every few seconds.
    """

    backoff: Backoff = field(default_factory=Backoff)
    lease_seconds: float = 30.0
    store_patience: float = 300.0
    refresh: Refresh | None = None
    should_stop: Callable[[], bool] | None = None
    warming: Callable[[], Sequence[WarmUp]] = tuple


def deliver(
    ledger: Ledger,
    run_id: str,
    channel: Channel,
    messages: Messages,
    worker: Worker,
    clock: Clock,
    *,
    on_progress: Callable[[], None] | None = None,
    terms: Terms | None = None,
) -> DeliveryReport:
    """Send what this worker can lease of a run, until nothing is left or something ends it; says which.

    *on_progress* is called at most twice a second.
    Raises what is nobody's weather: a damaged spool (LedgerError), a programming error; every answer is kept first.
    """
    terms = terms or Terms()
    lookout = Lookout(ledger, run_id, channel.name, clock, terms.should_stop)
    journal = Journal(worker)
    dispatcher = Dispatcher(ledger, channel, messages, worker, clock, journal, lookout, terms)
    dispatcher.on_progress = on_progress
    try:
        return dispatcher.work()
    finally:
        journal.close(forget=dispatcher.all_settled)


class Dispatcher:
    """ports.Feeder over a ledger: everything it hands out is durably claimed and journalled as begun."""

    on_progress: Callable[[], None] | None = None

    def __init__(
        self,
        ledger: Ledger,
        channel: Channel,
        messages: Messages,
        worker: Worker,
        clock: Clock,
        journal: Journal,
        lookout: Lookout,
        terms: Terms,
    ) -> None:
        self._ledger, self._channel, self._messages = ledger, channel, messages
        self._worker, self._clock, self._journal = worker, clock, journal
        self._lookout, self._terms = lookout, terms
        self._lanes = LaneBook(ledger, channel, clock)
        self._ramps = Ramps(terms.warming, ledger, lookout.run_id, clock)
        self._held: list[HeldShard] = []
        self._tickets = Tickets(messages.sender, self._lanes, terms.backoff)
        self._counts: Counter[int] = Counter()
        self._windows_settled = 0
        self._end: End | None = None
        self._finished = False
        self._problem: TwainError | None = None
        self._abandoned = False
        self._lease_after = 0.0
        self._store_after = 0.0
        self._store_failures = 0
        self._store_error: LedgerUnavailable | None = None
        self._progress_at = 0.0
        self._wait = Wait(_ASK_AGAIN)
        self._now = clock.now()

    # ---- the whole of one worker's part

    def work(self) -> DeliveryReport:
        """Let the channel deliver, as often as leases are lost; then settle and give back."""
        while not self._finished and self._end is None:
            try:
                self._channel.deliver(self)
            except LeaseLost as lost:
                self._forget_lost(lost)
            except (ChannelError, Held, SourceError) as problem:
                self._problem = problem
                self._end = End(_ended_by(problem), str(problem))
            except BaseException:
                self._close_books(patience=0.0)
                raise
        self._close_books(patience=self._terms.store_patience)
        return self._report(self._problem)

    @property
    def all_settled(self) -> bool:
        """No window of ours is open: the journal has nothing more to tell."""
        return not self._abandoned and not any(held.windows for held in self._held)

    def _report(self, error: TwainError | None) -> DeliveryReport:
        end = self._end or End("done")
        if not self.all_settled:
            error = error or self._store_error
            end = End("ledger_unavailable", str(error or end.why))
        counts = {fate.name.lower(): self._counts[fate] for fate in Fate}
        return DeliveryReport(end.how, end.why, windows=self._windows_settled, error=error, **counts)

    # ---- ports.Feeder

    def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
        """Up to *limit* messages that may go now; a Wait; None when this worker's part is over."""
        self._wait = Wait(_ASK_AGAIN, "waiting for answers")
        if self._end is None and self._store_is_due():
            self._guarded(self._look_out)
        if self._end is not None:
            return None
        if self._lookout.age() > STALE:
            return self._wait  # nobody can say who unsubscribed: nothing begins
        picked: Picked = []
        try:
            self._gather(limit, picked)
        except BaseException:
            _take_back(picked)
            raise
        if picked:
            return self._hand_out(picked)
        return None if self._finished or self._end is not None else self._wait

    def answer(self, ticket: int, outcome: Outcome) -> None:
        """Put one answer down; it is booked under its row with the others of its burst."""
        self._tickets.heard(ticket, outcome)

    def recalled(self) -> Collection[int]:
        """Tickets of people who unsubscribed since; all of them while the ledger cannot say who did."""
        due = self._lookout.due
        if due and self._store_is_due():
            self._guarded(self._lookout.refresh_suppressed)
        return self._tickets.recall(self._lookout.suppressed, everybody=due and self._lookout.age() > STALE)

    def tick(self) -> None:
        """Journal the burst's answers, settle complete windows, renew leases, tell progress. Raises LeaseLost."""
        self._now = self._clock.now()
        self._write_answers()
        self._guarded(self._settle_and_renew)
        boot = self._clock.boottime()
        if self.on_progress is not None and boot - self._progress_at >= _PROGRESS_EVERY:
            self._progress_at = boot
            self._guarded(self.on_progress)

    # ---- handing out

    def _look_out(self) -> None:
        self._end = self._end or self._lookout.look()
        if self._end is not None:
            self._give_back()

    def _gather(self, limit: int, picked: Picked) -> None:
        """From open windows first; then from a new window; then from a new shard."""
        for held in self._held:
            if self._is_ours(held):
                for window in held.windows:
                    limit -= self._pick(window, limit, picked)
        while limit > 0 and self._end is None and self._store_is_due():
            fresh = self._guarded(self._open_next)
            if fresh is None:
                break
            limit -= self._pick(fresh, limit, picked)

    def _pick(self, window: OpenWindow, limit: int, picked: Picked) -> int:
        if limit <= 0 or not window.left:
            return 0
        if self._clock.now() >= window.window.before:
            window.give_back()  # quiet hours have begun
            return 0
        boot = self._clock.boottime()
        messages = window.pick(min(limit, window.due(boot)), self._lookout.suppressed, self._now)
        if messages:
            picked.append((window, messages))
        if window.left:
            self._soonest(Wait(window.next_due_in(boot), "keeping the lane's pace"))
        return len(messages)

    def _hand_out(self, picked: Picked) -> Sequence[Envelope] | Wait:
        try:
            self._journal.begun({window.key: [row for row, _, _ in messages] for window, messages in picked})
        except LedgerUnavailable as error:
            _take_back(picked)
            self._store_failed(error)
            return self._wait
        return self._tickets.hand_out(picked)

    def _is_ours(self, held: HeldShard) -> bool:
        """The lease is checked on this machine's boottime before every message; a late one is renewed or lost."""
        if held.lost:
            return False
        if self._clock.boottime() < held.lease.expires_boottime:
            return True
        return bool(self._store_is_due() and self._guarded(lambda: self._renew(held)))

    # ---- claiming

    def _open_next(self) -> OpenWindow | None:
        """Claim a window from a shard we hold, or from one more shard; None when there is nothing for now."""
        self._ramps.look(self._held)
        for held in list(self._held):
            if self._may_claim(held) and self._is_ours(held):
                window = self._claim(held)
                if window is not None:
                    return window
        while self._may_lease():
            leased = self._lease()
            if leased is None:
                return None
            window = self._claim(leased)
            if window is not None:
                return window
        return None

    def _may_claim(self, held: HeldShard) -> bool:
        if held.dry or held.lost or len(held.windows) >= _MOST_OPEN or held.left:
            return False
        return self._is_due(held.claim_after, self._wait.why)

    def _claim(self, held: HeldShard) -> OpenWindow | None:
        self._lookout.refresh_suppressed()
        (lane, channel), slow = self._lanes.pace(held.lane)
        limit = max(_LEAST_CLAIM, min(_MOST_CLAIM, int(self._lanes.rate())))
        done, warming = held.complete(), self._ramps.now or ()
        claim = partial(self._ledger.claim, held.lease, limit=limit, pace=lane, channel_pace=channel, slow=slow)
        claimed = self._in_lease(held, partial(claim, settling=[one.settlement() for one in done], warming=warming))
        for window in done:
            self._settled(held, window)
        if isinstance(claimed, Window):
            return self._open(held, claimed)
        if claimed is None:
            held.dry = True
        else:
            held.claim_after = self._clock.boottime() + claimed.seconds
            self._soonest(claimed)
        if not held.windows and (claimed is None or claimed.seconds > self._terms.lease_seconds / 2):
            self._release(held)
            if claimed is not None and claimed.lane:
                self._lease_after = self._lanes.passed_by(held.lane, claimed.seconds)
        return None

    def _open(self, held: HeldShard, claimed: Window) -> OpenWindow:
        window = OpenWindow(held, claimed, now=self._clock.now(), boot=self._clock.boottime())
        held.windows.append(window)
        if self._terms.refresh is not None:
            self._refresh(self._terms.refresh, window)
        return window

    def _refresh(self, refresh: Refresh, window: OpenWindow) -> None:
        """Read the rows again. Without an answer nothing more may go; what is under way still gets its own."""
        try:
            window.refuse(dict(refresh(window.held.lease.shard, window.window.rows)), self._now)
        except (Held, SourceError) as problem:
            self._problem = problem
            self._end = End("held", str(problem))
            self._give_back()

    def _may_lease(self) -> bool:
        return self._is_due(self._lease_after, self._wait.why) and len(self._held) < _MOST_SHARDS

    def _lease(self) -> HeldShard | None:
        lanes = [*(held.lane for held in self._held), *self._lanes.full()]
        run_id, seconds = self._lookout.run_id, self._terms.lease_seconds
        found = self._ledger.lease(run_id, self._worker, held_lanes=lanes, seconds=seconds)
        if isinstance(found, Lease):
            return self._hold(found)
        if found is None:
            self._nothing_left()
            found = Wait(_ASK_AGAIN, "waiting for answers")
        self._lease_after = self._clock.boottime() + min(found.seconds, 5.0)
        self._soonest(Wait(min(found.seconds, 5.0), found.why))
        return None

    def _nothing_left(self) -> None:
        """Nothing to lease: because all is sent, or because the run may no longer send."""
        if not self._held:
            self._end = self._end or self._lookout.look(at_once=True)
            self._finished = self._end is None

    def _hold(self, lease: Lease) -> HeldShard:
        """Settle the former holder's windows, then load the shard."""
        try:
            policy = self._lookout.crash_policy
            settled = settle_orphans(lease, self._ledger, self._clock, policy, self._terms.backoff)
            held = HeldShard(lease, self._messages.open(lease.shard))
        except BaseException:
            self._ledger.release(lease)
            raise
        self._count(settled)
        self._windows_settled += len(lease.orphans)
        self._held.append(held)
        return held

    # ---- settling

    def _write_answers(self) -> None:
        self._tickets.book(self._now)
        if not self._tickets.unjournalled:
            return
        try:
            self._journal.answered(self._tickets.unjournalled)
        except LedgerUnavailable as error:
            self._store_failed(error)  # they are still in memory, and settling them is as good
        else:
            self._tickets.unjournalled = {}

    def _settle_and_renew(self) -> None:
        if not self._store_is_due():
            return
        for held in list(self._held):
            for window in () if held.left else held.complete():  # else with the next claim, in one transaction
                self._settle(held, window)
            if held.dry and not held.windows:
                held.dry = False  # what was deferred or came back may be claimable: the ledger knows
            self._renew_in_time(held)
        if self._journal.size > _REWRITE_AT:
            self._journal.rewrite({w.key: w.told() for held in self._held for w in held.windows})

    def _settle(self, held: HeldShard, window: OpenWindow) -> None:
        _, outcomes, unsent, retry_at = window.settlement()
        settle = partial(self._ledger.settle, held.lease, window.window, outcomes, unsent=unsent, retry_at=retry_at)
        self._in_lease(held, settle)
        self._settled(held, window)

    def _settled(self, held: HeldShard, window: OpenWindow) -> None:
        held.windows.remove(window)
        self._windows_settled += 1
        self._count(window.outcomes)

    def _renew_in_time(self, held: HeldShard) -> None:
        if held.lease.expires_boottime - self._clock.boottime() < self._terms.lease_seconds * 0.6:
            self._renew(held)

    def _renew(self, held: HeldShard) -> bool:
        seconds = self._terms.lease_seconds
        held.lease = self._in_lease(held, lambda: self._ledger.renew(held.lease, seconds=seconds))
        return True

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        """Add these to the report's figures; by their numbers, which hash faster than fates do."""
        self._counts.update(map(int, [one.fate for one in outcomes]))

    def _release(self, held: HeldShard) -> None:
        self._ledger.release(held.lease)
        self._held.remove(held)
        self._lease_after = 0.0

    def _give_back(self) -> None:
        for held in self._held:
            for window in held.windows:
                window.give_back()

    def _forget_lost(self, lost: LeaseLost) -> None:
        """Somebody else has these shards: they settle what we left open, from our journal."""
        log.warning("%s", lost)
        self._write_answers()
        self._held = [held for held in self._held if not held.lost]
        self._tickets.forget()

    def _close_books(self, patience: float) -> None:
        """Settle what was answered, give back the rest; wait for a ledger out of reach as long as *patience* says."""
        self._give_back()
        ends = self._clock.boottime() + patience
        while True:
            try:
                self._now = self._clock.now()
                self._write_answers()
                self._guarded(self._settle_and_renew)
            except LeaseLost as lost:
                self._forget_lost(lost)
            if self.all_settled or self._clock.boottime() >= ends:
                break
            threading.Event().wait(_ASK_AGAIN)
        self._abandoned = not self.all_settled
        for held in list(self._held):
            self._guarded(partial(self._release, held))

    # ---- the ledger's weather

    def _in_lease(self, held: HeldShard, work: Callable[[], T]) -> T:
        try:
            return work()
        except LeaseLost:
            held.lost = True
            raise

    def _guarded(self, work: Callable[[], T]) -> T | None:
        """Do it; when the ledger is out of reach, remember, and try again later: claims stop, nothing is lost."""
        try:
            done = work()
        except LedgerUnavailable as error:
            self._store_failed(error)
            return None
        self._store_failures = 0
        return done

    def _store_is_due(self) -> bool:
        return self._is_due(self._store_after, str(self._store_error))

    def _store_failed(self, error: LedgerUnavailable) -> None:
        if self._store_failures == 0:
            log.warning("Sending waits: %s", error)
        wait = min(_STORE_MOST, _STORE_FIRST * 2**self._store_failures)
        self._store_failures = min(self._store_failures + 1, 10)
        self._store_error = error
        self._store_after = self._clock.boottime() + wait
        self._wait = Wait(_ASK_AGAIN, str(error))

    def _is_due(self, moment: float, why: str) -> bool:
        """Whether a moment of the boottime has come; until then there is something to wait for."""
        due_in = moment - self._clock.boottime()
        if due_in > 0:
            self._soonest(Wait(due_in, why))
        return due_in <= 0

    def _soonest(self, wait: Wait) -> None:
        self._wait = Wait(max(0.0, min(wait.seconds, self._wait.seconds)), wait.why or self._wait.why)


def _take_back(picked: Picked) -> None:
    """What was picked and not handed out can be claimed again."""
    for window, messages in picked:
        window.unsent += [row for row, _, _ in messages]


def _ended_by(problem: TwainError) -> str:
    return "channel_unavailable" if isinstance(problem, ChannelError) else "held"
