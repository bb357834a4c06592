"""The contract of a control store, second half: windows, fates, pace, suppression, backup."""

# ruff: noqa: S101, D102, FBT003 — a test asserts, and its name says what

from __future__ import annotations

from pathlib import Path

import pytest

from twain.errors import LeaseLost, LedgerError, WrongState
from twain.ledger.stored import StoredLedger
from twain.records import Fate, LanePace, Lease, Outcome, RunState, Settlement, Stop, Suppression, Wait, Window
from twain.testing.ledger_quiet_suite import QuietContract
from twain.testing.ledger_steps import (
    FREE,
    START,
    HandClock,
    a_worker,
    all_of,
    an_event,
    claimed,
    leased,
    send_all,
    sending,
)
from twain.testing.ledger_warming_suite import WarmingContract


def code_of(error: pytest.ExceptionInfo[LedgerError]) -> str:
    """The stable code an error shows."""
    return error.value.shown_code


def finished(ledger: StoredLedger) -> None:
    """Finish the run."""
    ledger.advance("r1", {RunState.SENDING}, RunState.FINISHED, an_event("r1", "finished"))


class WindowContract:
    """Claims and settlements."""

    def test_claims_go_on_where_the_last_one_ended(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(1200,))
        lease = leased(ledger)
        windows = [claimed(ledger, lease, limit) for limit in (3, 9999, 600, 500)]
        assert [(w.rows[0], len(w.rows)) for w in windows] == [(0, 3), (3, 500), (503, 500), (1003, 197)]
        assert all(w.attempts == (0,) * len(w.rows) for w in windows)
        assert len({w.id for w in windows}) == 4
        assert ledger.claim(lease, limit=500, pace=FREE, channel_pace=FREE) is None

    def test_a_settled_window_is_counted_with_its_reasons(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(6,))
        lease = leased(ledger)
        window = claimed(ledger, lease)
        kinds = [(Fate.SENT, ""), (Fate.FAILED, "refused"), (Fate.FAILED, "refused"), (Fate.SUPPRESSED, "left")]
        ledger.settle(
            lease,
            window,
            [
                Outcome(n, fate, reason)
                for n, (fate, reason) in enumerate([*kinds, (Fate.UNCERTAIN, "crash"), (Fate.SENT, "")])
            ],
        )
        tally = ledger.tally("r1")
        assert (tally.sent, tally.failed, tally.suppressed, tally.uncertain, tally.pending) == (2, 2, 1, 1, 0)
        assert tally.reasons == {"failed:refused": 2, "suppressed:left": 1, "uncertain:crash": 1}
        assert tally.accounted_for

    def test_a_claim_settles_former_windows_with_it(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(12,))
        lease = leased(ledger)
        first, second = claimed(ledger, lease, 5), claimed(ledger, lease, 5)
        settling = [
            Settlement(first, all_of(first, Fate.SENT)),
            Settlement(second, all_of(second, Fate.SENT)[2:], second.rows[:2]),
        ]
        claims = [
            ledger.claim(lease, limit=1, pace=FREE, channel_pace=FREE, settling=settling) for _ in range(2)
        ]  # what was settled is not settled twice
        assert ledger.tally("r1").sent == 8
        assert [w.rows for w in claims if isinstance(w, Window)] == [(5,), (6,)]  # the two that came back unsent

    def test_a_claim_that_is_refused_settles_nothing(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, rows=(12,))
        lease = leased(ledger, seconds=5.0)
        window = claimed(ledger, lease, 5)
        clock.pass_by(60.0)
        settling = [Settlement(window, all_of(window, Fate.SENT))]
        with pytest.raises(LeaseLost):
            ledger.claim(lease, limit=5, pace=FREE, channel_pace=FREE, settling=settling)
        assert ledger.tally("r1").sent == 0

    def test_the_same_settlement_again_changes_nothing(self, ledger: StoredLedger) -> None:
        sending(ledger)
        lease = leased(ledger)
        window = claimed(ledger, lease)
        for _ in range(2):
            ledger.settle(lease, window, all_of(window, Fate.SENT))
        assert ledger.tally("r1").sent == 10
        with pytest.raises(LedgerError) as error:
            ledger.settle(lease, window, all_of(window, Fate.FAILED, "refused"))
        assert code_of(error) == "T744"

    def test_a_settlement_names_every_row_once(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(4,))
        lease = leased(ledger)
        window = claimed(ledger, lease)
        sent = all_of(window, Fate.SENT)
        wrong = [
            (sent[:3], ()),
            ([*sent, Outcome(4, Fate.SENT)], ()),
            ([*sent, sent[0]], ()),
            (sent, (0,)),
            (sent[:3], (2,)),
            ([*sent[:3], Outcome(3, Fate.DEFERRED)], ()),
        ]
        for outcomes, unsent in wrong:
            with pytest.raises(LedgerError) as error:
                ledger.settle(lease, window, outcomes, unsent=unsent)
            assert code_of(error) == "T742"
        assert ledger.tally("r1").pending == 4

    def test_unsent_rows_are_claimed_again_as_if_never_tried(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(6,))
        lease = leased(ledger)
        window = claimed(ledger, lease, 4)
        ledger.settle(lease, window, all_of(window, Fate.SENT)[:2], unsent=(2, 3))
        again = claimed(ledger, lease)
        assert (again.rows, again.attempts) == ((2, 3), (0, 0))
        assert claimed(ledger, lease).rows == (4, 5)

    def test_deferred_rows_come_back_when_due_with_one_attempt_more(
        self, ledger: StoredLedger, clock: HandClock
    ) -> None:
        sending(ledger, rows=(4,))
        lease = leased(ledger, seconds=3600.0)
        window = claimed(ledger, lease)
        outcomes = [*all_of(window, Fate.SENT)[:2], *(Outcome(n, Fate.DEFERRED, "busy", "451 later") for n in (2, 3))]
        ledger.settle(lease, window, outcomes, retry_at={2: clock.now() + 60, 3: clock.now() + 90})
        assert (ledger.tally("r1").sent, ledger.tally("r1").pending) == (2, 2)
        wait = ledger.claim(lease, limit=5, pace=FREE, channel_pace=FREE)
        assert isinstance(wait, Wait)
        assert wait.seconds == pytest.approx(60, abs=0.1)
        clock.pass_by(60)
        second = claimed(ledger, lease)
        assert (second.rows, second.attempts) == ((2,), (1,))
        ledger.settle(lease, second, [Outcome(2, Fate.DEFERRED, "busy")], retry_at={2: clock.now() + 10})
        clock.pass_by(30)
        third = claimed(ledger, lease)
        assert (third.rows, third.attempts) == ((2, 3), (2, 1))
        ledger.settle(lease, third, all_of(third, Fate.SENT))
        assert ledger.tally("r1").accounted_for

    def test_a_shard_that_only_waits_for_retries_is_leased_when_they_are_due(
        self, ledger: StoredLedger, clock: HandClock
    ) -> None:
        sending(ledger, rows=(2,))
        lease = leased(ledger)
        window = claimed(ledger, lease)
        later = {row: clock.now() + 40 for row in window.rows}
        ledger.settle(lease, window, all_of(window, Fate.DEFERRED), retry_at=later)
        ledger.release(lease)
        wait = ledger.lease("r1", a_worker("w2"))
        assert isinstance(wait, Wait)
        assert wait.seconds == pytest.approx(40, abs=0.1)
        clock.pass_by(40)
        assert claimed(ledger, leased(ledger, "w2")).rows == (0, 1)


class PaceContract(QuietContract, WarmingContract):
    """IT's limits, kept by all workers together."""

    def test_per_second_is_shared_by_all_workers(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, rows=(500, 500))
        leases = [leased(ledger, "w1", seconds=999.0), leased(ledger, "w2", seconds=999.0)]
        pace, starts = LanePace(per_second=10), []
        for _ in range(100):
            for lease in leases:
                got = ledger.claim(lease, limit=500, pace=pace, channel_pace=FREE)
                if isinstance(got, Window):
                    assert len(got.rows) <= 10
                    assert got.rate == 10
                    assert got.start_at - clock.now() <= 1.0
                    starts += [got.start_at + n / got.rate for n in range(len(got.rows))]
            clock.pass_by(0.25)
        starts.sort()
        assert len(starts) == pytest.approx(10 * 25, abs=20)
        for first, eleventh in zip(starts, starts[11:], strict=False):
            assert eleventh - first > 0.999

    def test_a_slow_lane_waits_between_single_messages(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, rows=(5,))
        lease = leased(ledger, seconds=999.0)
        pace = LanePace(per_second=0.1)
        first = ledger.claim(lease, limit=500, pace=pace, channel_pace=FREE)
        wait = ledger.claim(lease, limit=500, pace=pace, channel_pace=FREE)
        assert isinstance(first, Window)
        assert isinstance(wait, Wait)
        assert len(first.rows) == 1
        assert 8.0 < wait.seconds < 10.0
        clock.pass_by(wait.seconds)
        second = ledger.claim(lease, limit=500, pace=pace, channel_pace=FREE)
        assert isinstance(second, Window)
        assert second.start_at - first.start_at == pytest.approx(10.0, abs=0.01)

    def test_per_hour_is_never_exceeded(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, rows=(2000,))
        lease = leased(ledger, seconds=99_999.0)
        taken: list[tuple[float, int]] = []
        for _ in range(150):
            got = ledger.claim(lease, limit=7, pace=LanePace(per_hour=50), channel_pace=FREE)
            if isinstance(got, Window):
                taken.append((clock.now(), len(got.rows)))
            clock.pass_by(97.0 if isinstance(got, Window) else max(got.seconds, 1.0) if got else 1.0)
        assert sum(n for _, n in taken) > 300
        for at, _ in taken:
            assert sum(n for when, n in taken if at <= when < at + 3600.0) <= 50

    def test_the_channel_as_a_whole_limits_its_lanes(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, rows=(500, 500), lanes=("a", "b"))
        leases = [leased(ledger, name, seconds=999.0) for name in ("w1", "w2")]
        taken = {"a": 0, "b": 0}
        for _ in range(80):
            for lease in leases:
                got = ledger.claim(lease, limit=500, pace=LanePace(per_second=15), channel_pace=LanePace(per_second=20))
                taken[lease.shard.lane] += len(got.rows) if isinstance(got, Window) else 0
            clock.pass_by(0.25)
        assert 300 < sum(taken.values()) <= 20 * 22
        assert min(taken.values()) > 100
        assert max(taken.values()) <= 15 * 22

    def test_a_throttled_lane_is_slower_and_recovers(self, ledger: StoredLedger, clock: HandClock) -> None:
        assert ledger.lane_slowness("mail", "gmail") == 1.0
        ledger.throttled("mail", "gmail", slow=0.25)
        assert ledger.lane_slowness("mail", "gmail") == pytest.approx(0.25, rel=0.01)
        assert ledger.lane_slowness("mail", "*") == 1.0
        clock.pass_by(60)
        assert ledger.lane_slowness("mail", "gmail") == pytest.approx(0.5, rel=0.01)
        clock.pass_by(600)
        assert ledger.lane_slowness("mail", "gmail") == 1.0

    def test_slow_scales_the_lanes_pace(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(500,))
        got = ledger.claim(leased(ledger), limit=500, pace=LanePace(per_second=100), channel_pace=FREE, slow=0.1)
        assert isinstance(got, Window)
        assert (len(got.rows), got.rate) == (10, 10.0)


class FateContract:
    """Where everyone is, and what becomes of the uncertain."""

    def settled(self, ledger: StoredLedger) -> None:
        """Ten people: 0–5 sent, 6 failed, 7 suppressed, 8 and 9 uncertain (row 4 at its second try)."""
        sending(ledger, rows=(10,))
        lease = leased(ledger)
        first = claimed(ledger, lease, 8)
        outcomes = [Outcome(n, Fate.SENT, "", f"250 ok {n}", START + n) for n in (0, 1, 2, 3, 5)]
        outcomes += [
            Outcome(6, Fate.FAILED, "refused", "550 no", START + 6),
            Outcome(7, Fate.SUPPRESSED, "left", "", START + 7),
        ]
        ledger.settle(lease, first, outcomes, unsent=(4,))
        again = claimed(ledger, lease)
        ledger.settle(lease, again, [Outcome(4, Fate.SENT, "", "250 ok 4", START + 20)])
        last = claimed(ledger, lease)
        ledger.settle(lease, last, all_of(last, Fate.UNCERTAIN, "crash", "", START + 30))
        ledger.release(lease)

    def test_outcomes_are_columns_in_row_order(self, ledger: StoredLedger) -> None:
        self.settled(ledger)
        got = ledger.outcomes("r1", 0)
        assert list(got.fates) == [1, 1, 1, 1, 1, 1, 2, 3, 4, 4]
        assert list(got.reasons) == [""] * 6 + ["refused", "left", "crash", "crash"]
        assert list(got.replies[:5]) == [f"250 ok {n}" for n in range(5)]
        assert list(got.times) == pytest.approx([START + t for t in (0, 1, 2, 3, 20, 5, 6, 7, 30, 30)], abs=0.01)
        assert (got.feed, got.run.id, got.shard.number) == ("customers", "r1", 0)

    def test_undecided_shards_have_no_outcomes(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(10,))
        assert ledger.settled_shards("r1") == []
        for asked in (lambda: ledger.outcomes("r1", 0), lambda: ledger.mark_archived("r1", 0, "p", "s")):
            with pytest.raises(WrongState) as error:
                asked()
            assert code_of(error) == "T733"

    def test_who_was_missed(self, ledger: StoredLedger) -> None:
        self.settled(ledger)
        missed = list(ledger.undelivered("r1", [Fate.FAILED, Fate.SUPPRESSED, Fate.UNCERTAIN]))
        assert [(u.row, u.fate, u.reason, u.reply) for u in missed] == [
            (6, Fate.FAILED, "refused", "550 no"),
            (7, Fate.SUPPRESSED, "left", ""),
            (8, Fate.UNCERTAIN, "crash", ""),
            (9, Fate.UNCERTAIN, "crash", ""),
        ]

    def test_archived_shards_are_not_offered_again(self, ledger: StoredLedger) -> None:
        self.settled(ledger)
        assert [s.number for s in ledger.settled_shards("r1")] == [0]
        ledger.mark_archived("r1", 0, "deliveries/x", "ab")
        assert ledger.settled_shards("r1") == []
        assert ledger.archived("r1") == {0: ("deliveries/x", "ab")}

    def test_the_uncertain_can_be_resolved_as_sent(self, ledger: StoredLedger) -> None:
        self.settled(ledger)
        ledger.mark_archived("r1", 0, "deliveries/x", "ab")
        assert ledger.resolve("r1", [(0, 8), (0, 3), (0, 6)], Fate.SENT, an_event("r1", "resolved")) == 1
        tally = ledger.tally("r1")
        assert (tally.sent, tally.failed, tally.uncertain) == (7, 1, 1)
        assert tally.reasons["uncertain:crash"] == 1
        assert list(ledger.outcomes("r1", 0).fates) == [1, 1, 1, 1, 1, 1, 2, 3, 1, 4]
        assert [s.number for s in ledger.settled_shards("r1")] == [0]
        assert ledger.timeline("r1")[-1].kind == "resolved"

    def test_the_uncertain_can_be_sent_again_even_when_finished_and_archived(self, ledger: StoredLedger) -> None:
        self.settled(ledger)
        ledger.mark_archived("r1", 0, "deliveries/x", "ab")
        finished(ledger)
        assert ledger.resolve("r1", [(0, 8), (0, 9)], Fate.DEFERRED, an_event("r1")) == 2
        assert ledger.run("r1").state is RunState.SENDING
        assert ledger.tally("r1").pending == 2
        assert ledger.settled_shards("r1") == []
        again = claimed(ledger, lease := leased(ledger, "w2"))
        assert (again.rows, again.attempts) == ((8, 9), (0, 0))
        ledger.settle(lease, again, all_of(again, Fate.SENT))
        assert ledger.tally("r1").sent == 8
        assert ledger.tally("r1").reasons == {"failed:refused": 1, "suppressed:left": 1}
        assert [s.number for s in ledger.settled_shards("r1")] == [0]

    def test_nobody_is_sent_to_again_once_the_key_is_destroyed(self, ledger: StoredLedger) -> None:
        self.settled(ledger)
        finished(ledger)
        ledger.forget_key("r1")
        assert ledger.run("r1").sealed_key == b""
        with pytest.raises(WrongState) as error:
            ledger.resolve("r1", [(0, 8)], Fate.DEFERRED, an_event("r1"))
        assert code_of(error) == "T734"
        assert ledger.resolve("r1", [(0, 8)], Fate.SENT, an_event("r1")) == 1
        with pytest.raises(WrongState):
            ledger.resolve("r1", [(0, 9)], Fate.FAILED, an_event("r1"))

    def test_a_cancelled_run_accounts_for_everyone(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(6, 5))
        lease = leased(ledger)
        done, given_back, open_one = (claimed(ledger, lease, 2) for _ in range(3))
        ledger.settle(lease, done, all_of(done, Fate.SENT))
        ledger.settle(lease, given_back, [], unsent=given_back.rows)
        with pytest.raises(WrongState):
            ledger.abandon("r1", Fate.SUPPRESSED, "cancelled", an_event("r1"))
        ledger.advance("r1", {RunState.SENDING}, RunState.CANCELLED, an_event("r1"))
        assert ledger.abandon("r1", Fate.SUPPRESSED, "cancelled", an_event("r1")) == 7
        assert ledger.tally("r1").pending == 2
        ledger.settle(lease, open_one, all_of(open_one, Fate.SENT)[:1], unsent=(open_one.rows[1],))
        assert ledger.abandon("r1", Fate.SUPPRESSED, "cancelled", an_event("r1")) == 1
        tally = ledger.tally("r1")
        assert (tally.sent, tally.suppressed, tally.pending) == (3, 8, 0)
        assert tally.reasons == {"suppressed:cancelled": 8}
        assert list(ledger.outcomes("r1", 0).fates) == [1, 1, 3, 3, 1, 3]

    def test_rows_are_pruned_only_when_the_history_has_them(self, ledger: StoredLedger, clock: HandClock) -> None:
        self.settled(ledger)
        finished(ledger)
        clock.pass_by(1000)
        assert ledger.prune(clock.now()) == 0
        ledger.resolve("r1", [(0, 8), (0, 9)], Fate.SENT, an_event("r1"))
        ledger.mark_archived("r1", 0, "deliveries/x", "ab")
        assert ledger.prune(clock.now() - 5000) == 0
        assert ledger.prune(clock.now()) == 1
        assert ledger.prune(clock.now()) == 0
        assert ledger.tally("r1").sent == 8
        with pytest.raises(LedgerError) as error:
            list(ledger.undelivered("r1", [Fate.FAILED]))
        assert code_of(error) == "T750"


class SuppressionContract:
    """Whom nobody may mail; stops; backup."""

    def test_a_worker_keeps_its_own_set_up_to_date(self, ledger: StoredLedger) -> None:
        hashes = [bytes([n]) * 32 for n in range(5)]
        assert ledger.suppressed_since(0) == ([], 0)
        assert ledger.suppress(Suppression(h, "unsubscribed", "link", START) for h in hashes[:3]) == 3
        known, seq = ledger.suppressed_since(0)
        assert sorted(known) == hashes[:3]
        assert ledger.suppress([Suppression(h, "complaint", "fbl", START + 9) for h in hashes[2:]]) == 2
        assert sorted(ledger.suppressed_since(seq)[0]) == hashes[3:]
        assert ledger.suppress([]) == 0
        last = ledger.suppressed_since(0)[1]
        assert ledger.suppressed_since(last) == ([], last)

    def test_the_first_reason_stays(self, ledger: StoredLedger) -> None:
        ledger.suppress([Suppression(b"x" * 32, "unsubscribed", "link", START)])
        ledger.suppress([Suppression(b"x" * 32, "bounced", "mail", START + 1)])
        (kept,) = ledger.suppressions()
        assert ledger.suppression(kept.address_hash) == kept
        assert ledger.suppression(b"nobody" + bytes(26)) is None
        assert (kept.reason, kept.origin, kept.at) == ("unsubscribed", "link", START)

    def test_taking_somebody_off_is_possible_once(self, ledger: StoredLedger) -> None:
        ledger.suppress([Suppression(b"x" * 32, "unsubscribed", "link", START)])
        assert ledger.unsuppress(b"x" * 32, "Priya Nair")
        assert not ledger.unsuppress(b"x" * 32, "Priya Nair")
        assert list(ledger.suppressions()) == []
        assert ledger.suppress([Suppression(b"x" * 32, "unsubscribed", "link", START)]) == 1

    def test_stops_are_listed_and_lifted(self, ledger: StoredLedger) -> None:
        stop = Stop("source:shop", "Priya Nair", "maintenance", START)
        ledger.set_stop(stop)
        assert ledger.stops() == [stop]
        assert ledger.lift_stop("source:shop", "Priya Nair")
        assert not ledger.lift_stop("source:shop", "Priya Nair")
        assert ledger.stops() == []

    def test_a_backup_restored_elsewhere_sends_nothing_by_itself(
        self, ledger: StoredLedger, empty: StoredLedger, tmp_path: Path
    ) -> None:
        sending(ledger, rows=(600,))
        ledger.suppress([Suppression(bytes([n]) * 32, "unsubscribed", "link", START) for n in range(3)])
        lease = leased(ledger)
        window = claimed(ledger, lease)
        ledger.settle(lease, window, all_of(window, Fate.SENT))
        target = tmp_path / "backup" / "ledger.db"
        ledger.backup(target)
        assert target.stat().st_mode & 0o077 == 0
        assert not ledger.needs_reconciling()
        empty.restore(target)
        assert empty.needs_reconciling()
        assert empty.run("r1").state is RunState.HELD
        assert "backup" in empty.timeline("r1")[-1].business
        assert empty.tally("r1") == ledger.tally("r1")
        assert list(empty.suppressions()) == list(ledger.suppressions())
        empty.mark_restored(False, "Priya Nair")
        empty.advance("r1", {RunState.HELD}, RunState.SENDING, an_event("r1"))
        assert send_all(empty, name="w9") == 100
        assert list(empty.outcomes("r1", 0).fates) == [1] * 600
        assert empty.suppress([Suppression(b"n" * 32, "unsubscribed", "link", START)]) == 1
        assert empty.suppressed_since(3)[0] == [b"n" * 32]

    def test_a_backup_is_never_restored_over_anything(
        self, ledger: StoredLedger, empty: StoredLedger, tmp_path: Path
    ) -> None:
        sending(ledger)
        ledger.backup(tmp_path / "ledger.db")
        sending(empty)
        with pytest.raises(LedgerError) as error:
            empty.restore(tmp_path / "ledger.db")
        assert code_of(error) == "T762"
        (tmp_path / "letter.txt").write_text("Dear all, " * 500)
        for nothing in ("letter.txt", "missing.db"):
            with pytest.raises(LedgerError) as error:
                empty.restore(tmp_path / nothing)
            assert code_of(error) == "T761"
        assert not empty.needs_reconciling()
        assert isinstance(empty.lease("r1", a_worker("w1")), Lease)
