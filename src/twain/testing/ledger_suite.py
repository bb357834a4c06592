"""The contract of a control store. A new store subclasses :class:`LedgerContract` and keeps every test.

The subclass gives two fixtures, ``ledger`` and ``empty``: two new ledgers in different places, both opened with the fixture
``clock`` (``open_ledger(url, clock=clock)``).
"""

# ruff: noqa: S101, D102, FBT003 — a test asserts, and its name says what

from __future__ import annotations

from dataclasses import replace

import pytest

from twain.errors import Held, LeaseLost, LedgerError, WrongState
from twain.ledger.stored import StoredLedger
from twain.records import (
    Approval,
    Bundle,
    Fate,
    Funnel,
    Lease,
    RunState,
    Shard,
    Stop,
    Tally,
    Wait,
)
from twain.testing.ledger_returned_suite import ReturnedContract
from twain.testing.ledger_signups_suite import SignupsContract
from twain.testing.ledger_steps import (
    FREE,
    START,
    HandClock,
    a_bundle,
    a_worker,
    all_of,
    an_event,
    claimed,
    leased,
    planned,
    send_all,
    sending,
    snapshotting,
)
from twain.testing.ledger_windows_suite import (
    FateContract,
    PaceContract,
    SuppressionContract,
    WindowContract,
)
from twain.testing.ledger_wishes_suite import WishesContract


def code_of(error: pytest.ExceptionInfo[LedgerError]) -> str:
    """The stable code an error shows."""
    return error.value.shown_code


class CampaignContract:
    """Bundles, approvals, links, figures of checks."""

    def test_a_bundle_is_kept_once_under_its_hash(self, ledger: StoredLedger) -> None:
        bundle = a_bundle()
        ledger.publish(bundle)
        ledger.publish(bundle)
        assert ledger.bundle(bundle.hash) == bundle

    def test_a_bundle_that_is_not_what_its_hash_says_is_refused(self, ledger: StoredLedger) -> None:
        with pytest.raises(LedgerError) as error:
            ledger.publish(Bundle(a_bundle().hash, "spring", {"feed": "others"}))
        assert code_of(error) == "T704"

    def test_an_unknown_bundle_is_named(self, ledger: StoredLedger) -> None:
        with pytest.raises(LedgerError, match="abc"):
            ledger.bundle("abc")

    def test_approvals_are_on_exactly_one_bundle(self, ledger: StoredLedger) -> None:
        one, other = a_bundle("spring"), a_bundle("autumn")
        for bundle in (one, other):
            ledger.publish(bundle)
        yes = Approval(one.hash, "Priya Nair", "data owner", START, "looks right")
        ledger.approve(yes)
        ledger.approve(yes)
        assert ledger.approvals(one.hash) == [yes]
        assert ledger.approvals(other.hash) == []

    def test_nobody_approves_what_was_not_published(self, ledger: StoredLedger) -> None:
        with pytest.raises(LedgerError):
            ledger.approve(Approval("0" * 64, "Priya Nair", "data owner", START))

    def test_links_are_kept_and_never_change_their_target(self, ledger: StoredLedger) -> None:
        ledger.remember_links("b1", {1: "https://example.com/a", 2: "https://example.com/b"})
        ledger.remember_links("b1", {2: "https://example.com/b", 3: "https://example.com/c"})
        assert ledger.links("b1") == {n: f"https://example.com/{c}" for n, c in enumerate("abc", 1)}
        with pytest.raises(LedgerError) as error:
            ledger.remember_links("b1", {1: "https://example.com/elsewhere"})
        assert code_of(error) == "T706"
        assert ledger.links("b1")[1] == "https://example.com/a"

    def test_the_last_checks_figures_replace_the_former(self, ledger: StoredLedger) -> None:
        assert ledger.last_check("customers") == {}
        ledger.remember_check("customers", {"rows": 10, "consent": 0.5})
        ledger.remember_check("customers", {"rows": 12})
        assert ledger.last_check("customers") == {"rows": 12.0}
        for name in ("conversion:r2", "conversion:r1", "conversions", "conversion"):
            ledger.remember_check(name, {"at": len(name)})
        assert ledger.last_checks("conversion:") == {"conversion:r1": {"at": 13.0}, "conversion:r2": {"at": 13.0}}
        assert ledger.last_checks("nothing:") == {}


class RunContract:
    """Runs and their manifest."""

    def test_a_run_comes_back_as_it_was_created(self, ledger: StoredLedger) -> None:
        run = planned(ledger, not_after=START + 60)
        assert ledger.run("r1") == run
        with pytest.raises(LedgerError) as error:
            ledger.create_run(run)
        assert code_of(error) == "T707"

    def test_a_run_is_found_by_an_unambiguous_prefix(self, ledger: StoredLedger) -> None:
        planned(ledger, "a-100")
        planned(ledger, "a-200", campaign="autumn")
        assert ledger.run("a-2").campaign == "autumn"
        for wanted in ("a-", "a-101", "%"):
            with pytest.raises(LedgerError) as error:
                ledger.run(wanted)
            assert code_of(error) == "T702"
            assert ("a-100" in str(error.value)) == (wanted != "%")

    def test_runs_are_listed_newest_first(self, ledger: StoredLedger) -> None:
        for number, campaign in enumerate(("spring", "autumn", "spring")):
            run = planned(ledger, f"r{number}", campaign=campaign)
            assert run.campaign == campaign
        ledger.advance("r2", {RunState.PLANNED}, RunState.CANCELLED, an_event("r2"))
        assert [r.id for r in ledger.runs()] == ["r2", "r1", "r0"]
        assert [r.id for r in ledger.runs(limit=1)] == ["r2"]
        assert [r.id for r in ledger.runs(campaign="spring")] == ["r2", "r0"]
        assert [r.id for r in ledger.runs(states=[RunState.PLANNED])] == ["r1", "r0"]

    def test_a_state_changes_only_from_an_expected_one_that_allows_it(self, ledger: StoredLedger) -> None:
        planned(ledger)
        with pytest.raises(WrongState):
            ledger.advance("r1", {RunState.CHECKED}, RunState.SNAPSHOTTING, an_event("r1"))
        with pytest.raises(WrongState):
            ledger.advance("r1", {RunState.PLANNED}, RunState.FINISHED, an_event("r1"))
        assert ledger.run("r1").state is RunState.PLANNED
        assert ledger.timeline("r1") == []

    def test_every_change_is_in_the_timeline_in_both_languages(self, ledger: StoredLedger) -> None:
        sending(ledger)
        ledger.note(an_event("r1", "note"))
        kinds = [event.kind for event in ledger.timeline("r1")]
        assert kinds == ["checked", "snapshotting", "sending", "note"]
        assert ledger.timeline("r1")[-1] == an_event("r1", "note")

    def test_nothing_can_be_leased_before_the_manifest(self, ledger: StoredLedger) -> None:
        snapshotting(ledger)
        assert ledger.lease("r1", a_worker("w1")) is None
        assert ledger.shards("r1") == []
        assert ledger.tally("r1").audience == 0

    def test_the_manifest_makes_everything_real_at_once(self, ledger: StoredLedger) -> None:
        run = sending(ledger, rows=(3, 4))
        assert run.state is RunState.SENDING
        assert run.funnel == Funnel(9, {"duplicate": 2}, 7)
        assert run.sealed_key == b"sealed"
        assert run.started_at is not None
        assert [(s.number, s.rows) for s in ledger.shards("r1")] == [(0, 3), (1, 4)]
        assert ledger.tally("r1").pending == 7

    def test_several_sends_are_tallied_in_one_read(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(3, 4))
        found = ledger.tallies(["r1", "unknown"])
        assert found == {"r1": ledger.tally("r1"), "unknown": Tally(0, 0, 0, 0, 0, 0)}
        assert ledger.tallies([]) == {}

    def test_a_manifest_that_does_not_add_up_is_refused(self, ledger: StoredLedger) -> None:
        snapshotting(ledger)
        shard = Shard("r1", 0, 5, "*", "p", "s")
        for funnel in (Funnel(5, {}, 4), Funnel(6, {}, 5), Funnel(5, {"consent": 1}, 5)):
            with pytest.raises(LedgerError) as error:
                ledger.commit_manifest("r1", [shard], funnel, b"k", an_event("r1"))
            assert code_of(error) == "T741"
        assert ledger.run("r1").state is RunState.SNAPSHOTTING

    def test_a_second_manifest_is_refused(self, ledger: StoredLedger) -> None:
        sending(ledger)
        with pytest.raises(WrongState):
            ledger.commit_manifest("r1", [], Funnel(0, {}, 0), b"k", an_event("r1"))

    def test_a_run_cannot_send_without_a_manifest(self, ledger: StoredLedger) -> None:
        planned(ledger)
        ledger.advance("r1", {RunState.PLANNED}, RunState.HELD, an_event("r1"))
        with pytest.raises(WrongState) as error:
            ledger.advance("r1", {RunState.HELD}, RunState.SENDING, an_event("r1"))
        assert code_of(error) == "T731"

    def test_a_run_finishes_only_when_everyone_is_accounted_for(self, ledger: StoredLedger) -> None:
        sending(ledger)
        with pytest.raises(WrongState, match="10 people") as error:
            ledger.advance("r1", {RunState.SENDING}, RunState.FINISHED, an_event("r1"))
        assert code_of(error) == "T732"
        send_all(ledger)
        done = ledger.advance("r1", {RunState.SENDING}, RunState.FINISHED, an_event("r1"))
        assert done == ledger.run("r1")
        assert done.ended_at is not None


class LeaseContract:
    """Who may send a shard."""

    def test_a_shard_has_one_holder(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(5, 5))
        assert {leased(ledger, "w1").shard.number, leased(ledger, "w2").shard.number} == {0, 1}
        assert isinstance(ledger.lease("r1", a_worker("w3")), Wait)

    def test_lanes_not_yet_held_come_first(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(5, 5, 5), lanes=("a", "a", "b"))
        first = leased(ledger, "w1")
        second = ledger.lease("r1", a_worker("w1"), held_lanes=[first.shard.lane])
        assert isinstance(second, Lease)
        assert (first.shard.lane, second.shard.lane) == ("a", "b")

    def test_a_lease_is_shorter_for_its_holder_than_for_the_ledger(
        self, ledger: StoredLedger, clock: HandClock
    ) -> None:
        sending(ledger)
        lease = leased(ledger, seconds=10.0)
        assert clock.boot < lease.expires_boottime < clock.boot + 10.0

    def test_takeover_waits_for_the_lease_and_its_grace(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger)
        old = leased(ledger, "w1", seconds=30.0)
        clock.pass_by(30.0 + 4.9)
        assert isinstance(ledger.lease("r1", a_worker("w2")), Wait)
        clock.pass_by(0.2)
        new = leased(ledger, "w2")
        assert new.fence > old.fence

    def test_orphans_come_with_the_worker_who_left_them(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, rows=(10,))
        old = leased(ledger, "w1")
        settled, left = claimed(ledger, old, 4), claimed(ledger, old, 3)
        ledger.settle(old, settled, all_of(settled, Fate.SENT))
        clock.pass_by(60)
        new = leased(ledger, "w2")
        assert [o.rows for o in new.orphans] == [left.rows]
        assert new.orphans[0].worker == a_worker("w1")
        ledger.settle(new, new.orphans[0], all_of(left, Fate.UNCERTAIN, "crash"))
        assert claimed(ledger, new).rows == (7, 8, 9)

    def test_the_fence_stops_a_worker_who_was_frozen(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger)
        old = leased(ledger, "w1")
        window = claimed(ledger, old, 4)
        clock.pass_by(60)
        leased(ledger, "w2")
        for stale in (
            lambda: ledger.claim(old, limit=5, pace=FREE, channel_pace=FREE),
            lambda: ledger.settle(old, window, all_of(window, Fate.SENT)),
            lambda: ledger.renew(old),
        ):
            with pytest.raises(LeaseLost):
                stale()
        ledger.release(old)
        assert ledger.tally("r1").sent == 0
        assert isinstance(ledger.lease("r1", a_worker("w3")), Wait)

    def test_a_lease_that_is_over_claims_nothing_until_renewed(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger)
        lease = leased(ledger, seconds=30.0)
        window = claimed(ledger, lease, 4)
        clock.pass_by(31)
        with pytest.raises(LeaseLost):
            ledger.claim(lease, limit=5, pace=FREE, channel_pace=FREE)
        ledger.settle(lease, window, all_of(window, Fate.SENT))
        again = ledger.renew(lease, seconds=30.0)
        assert clock.boot < again.expires_boottime < clock.boot + 30.0
        assert claimed(ledger, again).rows == (4, 5, 6, 7, 8, 9)

    def test_a_released_shard_is_free_at_once(self, ledger: StoredLedger) -> None:
        sending(ledger)
        lease = leased(ledger, "w1")
        window = claimed(ledger, lease, 4)
        ledger.release(lease)
        assert [o.rows for o in leased(ledger, "w2").orphans] == [window.rows]

    def test_a_wave_waits_for_its_time(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, rows=(5,), not_before={0: START + 100.0})
        wait = ledger.lease("r1", a_worker("w1"))
        assert isinstance(wait, Wait)
        assert wait.seconds == pytest.approx(100.0)
        clock.pass_by(100.0)
        assert leased(ledger).shard.number == 0

    def test_when_everyone_is_accounted_for_nothing_is_left(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(700, 5))
        assert send_all(ledger) == 705
        assert ledger.lease("r1", a_worker("w2")) is None

    def test_a_paused_run_gives_out_only_what_somebody_left_open(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(5, 5))
        lease = leased(ledger, "w1")
        window = claimed(ledger, lease, 2)
        ledger.advance("r1", {RunState.SENDING}, RunState.PAUSED, an_event("r1"))
        assert ledger.claim(lease, limit=5, pace=FREE, channel_pace=FREE) is None
        assert ledger.lease("r1", a_worker("w2")) is None
        ledger.release(lease)
        orphaned = leased(ledger, "w2")
        assert [o.rows for o in orphaned.orphans] == [window.rows]
        assert ledger.claim(orphaned, limit=5, pace=FREE, channel_pace=FREE) is None

    def test_a_stop_stops_leases_and_claims_at_once(self, ledger: StoredLedger) -> None:
        sending(ledger, rows=(5, 5))
        lease = leased(ledger, "w1")
        for scope in ("all", "channel:mail"):
            ledger.set_stop(Stop(scope, "Priya Nair", "wrong prices", START))
            for answer in (
                ledger.lease("r1", a_worker("w2")),
                ledger.claim(lease, limit=1, pace=FREE, channel_pace=FREE),
            ):
                assert isinstance(answer, Wait)
                assert "Priya Nair" in answer.why
            assert ledger.lift_stop(scope, "Priya Nair")
        ledger.set_stop(Stop("channel:sms", "Priya Nair", "another channel", START))
        assert claimed(ledger, lease, 1).rows == (0,)

    def test_too_late_is_too_late(self, ledger: StoredLedger, clock: HandClock) -> None:
        sending(ledger, not_after=START + 20)
        lease = leased(ledger)
        assert claimed(ledger, lease, 1).rows == (0,)
        clock.pass_by(20)
        assert ledger.claim(lease, limit=1, pace=FREE, channel_pace=FREE) is None
        assert ledger.lease("r1", a_worker("w2")) is None

    def test_a_restored_ledger_sends_nothing_until_reconciled(self, ledger: StoredLedger) -> None:
        sending(ledger)
        lease = leased(ledger)
        ledger.mark_restored(True, "Priya Nair")
        assert ledger.needs_reconciling()
        for asked in (
            lambda: ledger.lease("r1", a_worker("w2")),
            lambda: ledger.claim(lease, limit=1, pace=FREE, channel_pace=FREE),
        ):
            with pytest.raises(Held) as error:
                asked()
            assert error.value.shown_code == "T620"
        ledger.mark_restored(False, "Priya Nair")
        assert claimed(ledger, lease, 1).rows == (0,)


class ErasureContract:
    """Who was erased stays known by hash, and nowhere by name."""

    def test_the_erased_are_remembered_once(self, ledger: StoredLedger) -> None:
        assert ledger.erased() == frozenset()
        assert ledger.remember_erased([b"a" * 32, b"k" * 32], "Priya Nair") == 2
        assert ledger.remember_erased([b"a" * 32, b"b" * 32], "Jonas Weber") == 1
        assert ledger.remember_erased([], "Priya Nair") == 0
        assert ledger.erased() == {b"a" * 32, b"b" * 32, b"k" * 32}

    def test_a_send_made_for_one_person_loses_their_key(self, ledger: StoredLedger) -> None:
        run = planned(ledger, "r0")
        for run_id, scope in (("r1", "to:4711"), ("r2", "to:47")):
            ledger.create_run(replace(run, id=run_id, scope=scope))
        assert ledger.unname([("customers", "4711")], [b"a" * 32]) == 1
        assert sorted(run.scope for run in ledger.runs()) == ["", "to:", "to:47"]


class LedgerContract(
    ErasureContract,
    SignupsContract,
    CampaignContract,
    RunContract,
    LeaseContract,
    WindowContract,
    PaceContract,
    FateContract,
    SuppressionContract,
    WishesContract,
    ReturnedContract,
):
    """Everything a ledger promises."""

    @pytest.fixture
    def clock(self) -> HandClock:
        """The time of this test."""
        return HandClock()
