"""The dispatcher between a real ledger and the memory channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.delivery_desk import RUN, Desk, MovableClock, address, open_desk
from twain.delivery.channels.memory import MemoryChannel
from twain.delivery.dispatch import Terms
from twain.delivery.pace import Backoff
from twain.errors import LeaseLost, LedgerUnavailable
from twain.ports import Feeder
from twain.records import Envelope, Fate, Outcome, RunState, Shard, Stop, Wait
from twain.settings import ChannelSettings

QUICK = Terms(backoff=Backoff(first=0.02, factor=1.0, reconnect=0.01))


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'ledger.db'}"
    made = open_desk(tmp_path, url)
    yield made
    made.ledger.close()


def memory(**limits: Mapping[str, float]) -> MemoryChannel:
    return MemoryChannel(
        ChannelSettings("memory", "memory", {}, limits={k.replace("ALL", ""): v for k, v in limits.items()})
    )


def test_everybody_gets_one_message_and_is_accounted_for(desk: Desk) -> None:
    desk.begin([700, 40, 3])
    channel = memory()
    report = desk.send(channel)
    assert (report.ended, report.sent) == ("done", 743)
    assert len({one.recipient for one in channel.sent}) == len(channel.sent) == 743
    tally = desk.ledger.tally(RUN)
    assert (tally.sent, tally.pending, tally.accounted_for) == (743, 0, True)


def test_the_journal_goes_when_everything_is_settled(desk: Desk) -> None:
    desk.begin([5])
    worker = desk.worker()
    desk.send(memory(), worker)
    assert not Path(worker.journal).exists()


def test_suppressed_people_get_nothing(desk: Desk) -> None:
    desk.begin([10])
    desk.suppress(0, 4)
    channel = memory()
    report = desk.send(channel)
    assert (report.sent, report.suppressed) == (9, 1)
    assert address(0, 4) not in {one.recipient for one in channel.sent}
    assert 4 not in desk.messages.rendered


def test_who_unsubscribes_while_a_window_is_open_gets_nothing(desk: Desk) -> None:
    desk.begin([300])

    class Unsubscribing(MemoryChannel):
        """Somebody at the end of the window unsubscribes after the first burst."""

        def _send(self, envelope: Envelope) -> Outcome:
            if not self.sent:
                desk.suppress(0, 49)
                assert isinstance(desk.clock, MovableClock)
                desk.clock.pass_time(0.3)
            return super()._send(envelope)

    channel = Unsubscribing(ChannelSettings("memory", "memory", {"in_flight": 8}))
    report = desk.send(channel)
    assert (report.sent, report.suppressed) == (299, 1)
    assert address(0, 49) not in {one.recipient for one in channel.sent}


def test_what_cannot_be_built_fails_alone(desk: Desk) -> None:
    desk.begin([10])
    desk.messages.unbuildable = {3, 7}
    report = desk.send(memory())
    assert (report.sent, report.failed) == (8, 2)
    assert desk.ledger.tally(RUN).reasons == {"failed:render": 2}


def test_deferred_messages_are_tried_again_and_arrive(desk: Desk) -> None:
    desk.begin([6])
    channel = memory()
    channel.script.answer(address(0, 2), b"451 4.3.0 later", b"450 4.2.0 greylisted", b"250 2.0.0 ok")
    report = desk.send(channel, terms=QUICK)
    assert (report.ended, report.sent, report.deferred, report.failed) == ("done", 6, 2, 0)
    assert desk.ledger.tally(RUN).sent == 6


def test_deferred_for_too_long_is_failed_as_expired(desk: Desk) -> None:
    desk.begin([2])
    channel = memory()
    channel.script.answer(address(0, 1), b"451 4.3.0 later")
    report = desk.send(channel, terms=Terms(backoff=Backoff(first=0.02, factor=1.0, max_age=0.05)))
    assert (report.sent, report.failed) == (1, 1)
    assert desk.ledger.tally(RUN).reasons == {"failed:expired": 1}


def test_a_storm_of_throttling_loses_nobody_and_fails_nobody(desk: Desk) -> None:
    desk.begin([40])
    channel = memory()
    for row in range(40):
        channel.script.answer(address(0, row), b"421 4.7.0 Too many messages", b"250 2.0.0 ok")
    assert isinstance(desk.clock, MovableClock)
    clock = desk.clock
    channel._sleep = lambda seconds: clock.pass_time(max(seconds, 0.25))
    report = desk.send(channel, terms=QUICK)
    assert (report.sent, report.failed, report.deferred) == (40, 0, 40)
    assert len({one.recipient for one in channel.sent}) == 40


def test_throttling_slows_the_lane_for_all_workers(desk: Desk) -> None:
    desk.begin([60])
    channel = memory(**{"*": {"per_second": 50}})
    for row in range(30):
        channel.script.answer(address(0, row), b"421 4.7.0 Too many messages", b"250 2.0.0 ok")
    assert isinstance(desk.clock, MovableClock)
    clock = desk.clock
    slowest = [1.0]

    def watch(seconds: float) -> None:
        slowest.append(desk.ledger.lane_slowness("memory", "*"))
        clock.pass_time(max(seconds, 0.1))

    channel._sleep = watch
    report = desk.send(channel, terms=QUICK)
    assert report.sent == 60
    assert min(slowest) < 0.6  # halved; the ledger lets it heal at once


def test_limits_per_second_are_kept(desk: Desk) -> None:
    desk.begin([30])
    assert isinstance(desk.clock, MovableClock)
    clock = desk.clock
    begun = clock.boottime()
    channel = memory(ALL={"per_second": 10})
    channel._sleep = lambda seconds: clock.pass_time(max(seconds, 0.02))
    desk.send(channel)
    assert len(channel.sent) == 30
    assert clock.boottime() - begun >= 1.9


def test_unlike_lanes_are_held_together_so_that_a_slow_one_stops_nobody(desk: Desk) -> None:
    desk.begin([20, 200], lanes=["gmail", "*"])
    assert isinstance(desk.clock, MovableClock)
    clock = desk.clock
    channel = memory(gmail={"per_second": 5})
    channel._sleep = lambda seconds: clock.pass_time(max(seconds, 0.02))
    desk.send(channel)
    last_fast = max(n for n, one in enumerate(channel.sent) if one.recipient.startswith(b"p1."))
    slow_before = sum(one.recipient.startswith(b"p0.") for one in channel.sent[:last_fast])
    assert slow_before < 20
    assert len(channel.sent) == 220


def test_a_pause_gives_back_what_was_not_begun_and_a_resume_sends_it(desk: Desk) -> None:
    desk.begin([300])

    class Pausing(MemoryChannel):
        def _send(self, envelope: Envelope) -> Outcome:
            if len(self.sent) == 20:
                desk.pause()
                assert isinstance(desk.clock, MovableClock)
                desk.clock.pass_time(1.1)
            return super()._send(envelope)

    channel = Pausing(ChannelSettings("memory", "memory", {"in_flight": 8}))
    report = desk.send(channel)
    assert report.ended == "paused"
    assert 20 <= report.sent <= 28
    assert desk.ledger.tally(RUN).pending == 300 - report.sent
    desk.resume()
    again = memory()
    assert desk.send(again, desk.worker("w2")).ended == "done"
    recipients = [one.recipient for one in channel.sent + again.sent]
    assert len(recipients) == len(set(recipients)) == 300


@pytest.mark.parametrize("scope", ["all", "channel:memory"])
def test_the_red_switch_stops_it(desk: Desk, scope: str) -> None:
    desk.begin([10])
    desk.ledger.set_stop(Stop(scope, "Priya", "wrong price", desk.clock.now()))
    channel = memory()
    report = desk.send(channel)
    assert report.ended == "stopped"
    assert "wrong price" in report.why
    assert not channel.sent


def test_after_its_time_nothing_is_sent(desk: Desk) -> None:
    desk.begin([10], not_after=desk.clock.now() - 1)
    channel = memory()
    assert desk.send(channel).ended == "expired"
    assert not channel.sent


def test_a_worker_can_be_asked_to_end(desk: Desk) -> None:
    desk.begin([10])
    channel = memory()
    assert desk.send(channel, terms=Terms(should_stop=lambda: True)).ended == "asked"
    assert not channel.sent


def test_a_channel_out_of_reach_ends_it_and_nobody_is_lost(desk: Desk) -> None:
    desk.begin([10])
    channel = memory()
    channel.up = False
    report = desk.send(channel)
    assert report.ended == "channel_unavailable"
    assert report.error is not None
    assert desk.ledger.tally(RUN).pending == 10
    channel.up = True
    assert desk.send(channel, desk.worker("w2")).sent == 10


def test_who_left_before_sending_is_suppressed_with_the_reason(desk: Desk) -> None:
    desk.begin([10])
    asked: list[int] = []

    def refresh(shard: Shard, rows: Sequence[int]) -> Mapping[int, str]:
        asked.extend(rows)
        return {5: "left"}

    report = desk.send(memory(), terms=Terms(refresh=refresh))
    assert (report.sent, report.suppressed) == (9, 1)
    assert asked == list(range(10))
    assert desk.ledger.tally(RUN).reasons == {"suppressed:left": 1}


def test_answers_wait_for_a_ledger_that_is_away(desk: Desk) -> None:
    """F3: claims stop, nothing is lost, and it goes on by itself."""
    desk.begin([120])

    class Away:
        """The ledger, out of reach for the third to the tenth second of the test's clock."""

        def __init__(self) -> None:
            self.calls = 0
            self.refused = 0

        def __getattr__(self, name: str) -> object:
            inner = getattr(desk.ledger, name)
            if name not in {"claim", "settle", "renew", "suppressed_since", "run", "stops"}:
                return inner

            def call(*words: object, **named: object) -> object:
                self.calls += 1
                if 4 <= self.calls < 20:
                    self.refused += 1
                    raise LedgerUnavailable("away")
                return inner(*words, **named)

            return call

    away = Away()
    channel = memory()
    assert isinstance(desk.clock, MovableClock)
    clock = desk.clock
    channel._sleep = lambda seconds: clock.pass_time(max(seconds, 0.25))
    report = desk.send(channel, ledger=away)  # type: ignore[arg-type]
    assert away.refused == 16
    assert (report.ended, report.sent) == ("done", 120)
    assert len({one.recipient for one in channel.sent}) == len(channel.sent) == 120


def test_a_frozen_worker_sends_and_settles_nothing_more(desk: Desk) -> None:
    """F6: SIGSTOP past the lease, takeover, SIGCONT."""
    desk.begin([50])
    assert isinstance(desk.clock, MovableClock)
    clock = desk.clock
    other = memory()
    ended: list[str] = []

    class Freezing(MemoryChannel):
        def deliver(self, feeder: Feeder) -> None:
            taken = feeder.take(5)
            assert isinstance(taken, list)
            clock.pass_time(60)
            ended.append(desk.send(other, desk.worker("w2")).ended)
            before = desk.ledger.tally(RUN)
            try:
                feeder.take(5)
            except LeaseLost:
                for envelope in taken:
                    feeder.answer(envelope.ticket, Outcome(0, Fate.SENT, "", "too late", 0.0))
                feeder.tick()
                assert desk.ledger.tally(RUN) == before
                raise

    class OnceFrozen(MemoryChannel):
        calls = 0

        def deliver(self, feeder: Feeder) -> None:
            self.calls += 1
            (Freezing.deliver if self.calls == 1 else MemoryChannel.deliver)(self, feeder)  # type: ignore[arg-type]

    channel = OnceFrozen(ChannelSettings("memory", "memory", {}))
    report = desk.send(channel, desk.worker("w1"))
    assert ended == ["done"]
    assert not channel.sent
    tally = desk.ledger.tally(RUN)
    assert (tally.sent, tally.uncertain, tally.pending) == (45, 5, 0)
    assert report.sent == 0


def test_waits_say_why(desk: Desk) -> None:
    desk.begin([3])
    seen: list[Wait] = []

    class Peeking(MemoryChannel):
        def deliver(self, feeder: Feeder) -> None:
            taken = feeder.take(10)
            assert isinstance(taken, list)
            waiting = feeder.take(10)
            assert isinstance(waiting, Wait)
            seen.append(waiting)
            for envelope in taken:
                feeder.answer(envelope.ticket, self._send(envelope))
            feeder.tick()
            super().deliver(feeder)

    desk.send(Peeking(ChannelSettings("memory", "memory", {})))
    assert seen[0].why == "waiting for answers"
    assert desk.ledger.run(RUN).state is RunState.SENDING


@pytest.mark.parametrize("rows", [[30], [30, 30, 30]])
def test_a_lane_that_is_full_for_an_hour_is_not_asked_over_and_over(desk: Desk, rows: list[int]) -> None:
    desk.begin(rows)
    asked, looks = [0], [0]
    channel = memory(ALL={"per_hour": 10})
    claim = desk.ledger.claim

    def counted(*given: object, **named: object) -> object:
        asked[0] += 1
        return claim(*given, **named)  # type: ignore[arg-type]

    def enough() -> bool:
        looks[0] += 1
        return looks[0] > 1

    assert desk.send(channel, terms=Terms(should_stop=enough)).sent == 10
    desk.ledger.claim = counted  # type: ignore[method-assign]
    looks[0] = 0
    report = desk.send(channel, desk.worker("w2"), terms=Terms(should_stop=enough))
    assert (report.ended, report.sent) == ("asked", 0)
    assert asked[0] <= 4
