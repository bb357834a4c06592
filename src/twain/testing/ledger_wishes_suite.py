"""The contract of a control store, fourth part: what people want less of, by channel and topic, for a while or for good."""

# ruff: noqa: S101, D102 — a test asserts, and its name says what

from __future__ import annotations

import pytest

from twain.ledger.bundles import make_bundle
from twain.ledger.stored import StoredLedger
from twain.records import Run, RunState, Suppression
from twain.testing.ledger_steps import START, HandClock

ANNA, BEN = b"a" * 32, b"b" * 32


def wish(scope: str, until: float | None = None, *, who: bytes = ANNA, own: bool = True) -> Suppression:
    """What Anna asked for."""
    return Suppression(who, "left", "page", START, scope=scope, until=until, own=own)


def a_run(ledger: StoredLedger, run_id: str, channel: str, topic: str) -> str:
    """A planned send by a channel about a topic."""
    bundle = make_bundle(run_id, {"campaign": run_id, "topic": topic})
    ledger.publish(bundle)
    ledger.create_run(Run(run_id, bundle.hash, run_id, RunState.PLANNED, channel, "never_twice", "p", START))
    return run_id


class WishesContract:
    """Scopes, pauses, and who may take what back."""

    @pytest.mark.parametrize(
        ("scope", "stopped"),
        [("all", "abc"), ("channel:mail", "ab"), ("topic:offers", "ac"), ("topic:birthday", "b"), ("topic:off", "")],
    )
    def test_a_wish_holds_for_its_scope_alone(self, ledger: StoredLedger, scope: str, stopped: str) -> None:
        a_run(ledger, "a", "mail", "offers")
        a_run(ledger, "b", "mail", "birthday")
        a_run(ledger, "c", "sms", "offers")
        ledger.suppress([wish(scope)])
        assert "".join(run for run in "abc" if ledger.suppressed_since(0, run)[0]) == stopped

    def test_a_pause_ends_by_itself(self, ledger: StoredLedger, clock: HandClock) -> None:
        run = a_run(ledger, "a", "mail", "offers")
        ledger.suppress([wish("all", clock.now() + 60)])
        assert ledger.suppressed_since(0, run)[0] == [ANNA]
        assert ledger.suppression(ANNA) is not None
        clock.pass_by(61)
        assert ledger.suppressed_since(0, run)[0] == []
        assert ledger.suppression(ANNA) is None
        assert len(list(ledger.suppressions())) == 1

    def test_of_two_ends_the_later_counts(self, ledger: StoredLedger, clock: HandClock) -> None:
        now = clock.now()
        ends = [now + 60, now + 30, now + 90, None, now + 99]
        seen = []
        for end in ends:
            ledger.suppress([wish("all", end)])
            seen.append(ledger.suppressions_of(ANNA)[0].until)
        assert seen == [now + 60, now + 60, now + 90, None, None]

    def test_a_longer_pause_is_news_to_a_worker(self, ledger: StoredLedger, clock: HandClock) -> None:
        run = a_run(ledger, "a", "mail", "offers")
        ledger.suppress([wish("all", clock.now() + 60)])
        _, seq = ledger.suppressed_since(0, run)
        ledger.suppress([wish("all")])
        assert ledger.suppressed_since(seq, run)[0] == [ANNA]

    def test_what_is_their_own_they_take_back_and_nothing_else(self, ledger: StoredLedger) -> None:
        ledger.suppress([wish("topic:offers"), wish("channel:mail"), wish("channel:mail", own=False)])
        ledger.suppress([wish("channel:mail", who=BEN)])
        assert ledger.take_back(ANNA, ["channel:mail", "all"]) == 1
        assert [(w.scope, w.own) for w in ledger.suppressions_of(ANNA)] == [
            ("channel:mail", False),
            ("topic:offers", True),
        ]
        assert len(ledger.suppressions_of(BEN)) == 1

    def test_the_widest_comes_first(self, ledger: StoredLedger) -> None:
        ledger.suppress([wish("topic:a"), wish("channel:b"), wish("all")])
        assert [w.scope for w in ledger.suppressions_of(ANNA)] == ["all", "channel:b", "topic:a"]

    def test_of_the_erased_no_particular_wish_is_kept(self, ledger: StoredLedger) -> None:
        ledger.suppress([wish("topic:a"), wish("channel:b", own=False), wish("all"), wish("all", own=False)])
        ledger.suppress([wish("topic:a", who=BEN)])
        assert ledger.drop_wishes([ANNA]) == 3
        assert [(w.scope, w.own) for w in ledger.suppressions_of(ANNA)] == [("all", False)]
        assert len(ledger.suppressions_of(BEN)) == 1

    def test_other_topics_wishes_are_not_read_again_and_again(self, ledger: StoredLedger) -> None:
        run = a_run(ledger, "a", "mail", "offers")
        ledger.suppress([wish("topic:other")])
        assert ledger.suppressed_since(0, run) == ([], 1)

    def test_wishes_survive_a_backup(
        self, ledger: StoredLedger, empty: StoredLedger, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        ledger.suppress([wish("topic:a", START + 1e9), wish("all", own=False)])
        copy = tmp_path_factory.mktemp("backup") / "ledger.db"
        ledger.backup(copy)
        empty.restore(copy)
        assert list(empty.suppressions()) == list(ledger.suppressions())
