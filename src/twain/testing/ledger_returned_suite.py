"""The contract of a control store, third part: mail that came back."""

# ruff: noqa: S101, D102 — a test asserts, and its name says what

from __future__ import annotations

from dataclasses import replace

import pytest

from twain.ledger.stored import StoredLedger
from twain.records import CameBack, SoftRule
from twain.testing.ledger_steps import START

DAY = 86_400.0
RULE = SoftRule(3, 7 * DAY)
ANNA = b"a" * 32


def mail(number: int, *, cause: str = "hard", kind: str = "bounce", run: str = "r1", sent: float = START) -> CameBack:
    """One mail about Anna's message of one send."""
    return CameBack(
        mail=number.to_bytes(32, "big"),
        at=START + number,
        via="pipe",
        kind=kind,
        cause=cause if kind == "bounce" else "",
        status="5.1.1",
        words="550 <…> User unknown",
        proof="address",
        believed=True,
        run_id=run,
        shard=0,
        row=7,
        campaign="summer",
        feed="customers",
        recipient="k7",
        address_hash=ANNA,
        sent_at=sent,
    )


class ReturnedContract:
    """Every ledger books a mail once, together with what follows from it."""

    def test_a_mail_is_booked_once(self, ledger: StoredLedger) -> None:
        (booked,) = ledger.book_returned([mail(1)], RULE)
        assert booked.followed == "suppressed: hard bounce"
        assert ledger.book_returned([mail(1), mail(2)], RULE)[0].followed == "suppressed before: hard bounce"
        assert ledger.book_returned([mail(1), mail(2)], RULE) == []
        assert [m.mail[-1] for m in ledger.returned()] == [2, 1]
        assert [m.mail[-1] for m in ledger.returned_for("r1", 0, 7)] == [1, 2]
        (entry,) = ledger.suppressions()
        assert (entry.address_hash, entry.reason, entry.at) == (ANNA, "hard bounce", START + 1)
        assert "000000000000, pipe" in entry.origin

    @pytest.mark.parametrize("kind", ["delay", "auto_reply", "reply", "unknown"])
    def test_what_is_no_bounce_suppresses_nobody(self, ledger: StoredLedger, kind: str) -> None:
        ledger.book_returned([mail(1, kind=kind)], RULE)
        assert list(ledger.suppressions()) == []
        assert ledger.returned_counts("r1") == {kind: 1}

    @pytest.mark.parametrize("cause", ["block", "throttle"])
    def test_what_is_not_their_fault_suppresses_nobody(self, ledger: StoredLedger, cause: str) -> None:
        ledger.book_returned([mail(n, cause=cause, run=f"r{n}") for n in range(9)], RULE)
        assert list(ledger.suppressions()) == []

    def test_a_complaint_suppresses_at_once(self, ledger: StoredLedger) -> None:
        ledger.book_returned([mail(1, kind="complaint")], RULE)
        assert [s.reason for s in ledger.suppressions()] == ["complaint"]

    def test_what_is_not_believed_is_only_listed(self, ledger: StoredLedger) -> None:
        ledger.book_returned([replace(mail(1), believed=False), mail(2, kind="reply")], RULE)
        assert list(ledger.suppressions()) == []
        assert [m.mail[-1] for m in ledger.returned(unproved=True)] == [1]
        assert ledger.returned_counts("r1") == {"reply": 1}
        assert ledger.returned_for("r1", 0, 7)[0].kind == "reply"

    @pytest.mark.parametrize(
        ("sent", "suppressed"),
        [
            ([("r1", 0), ("r2", 3), ("r3", 6)], True),
            ([("r3", 6), ("r1", 0), ("r2", 3)], True),  # read in another order
            ([("r1", 0), ("r1", 1), ("r1", 2)], False),  # one send
            ([("r1", 0), ("r2", 3)], False),
            ([("r1", 0), ("r2", 5), ("r3", 10)], False),  # too far apart
            ([("r1", 0), ("r2", 5), ("r3", 10), ("r4", 11)], True),
        ],
    )
    def test_soft_bounces(self, ledger: StoredLedger, sent: list[tuple[str, int]], suppressed: bool) -> None:  # noqa: FBT001 — a row of the table
        for number, (run, day) in enumerate(sent):
            ledger.book_returned([mail(number, cause="soft", run=run, sent=START + day * DAY)], RULE)
        assert [s.reason for s in ledger.suppressions()] == ["soft bounces"] * suppressed

    def test_people_are_counted_once_a_kind(self, ledger: StoredLedger) -> None:
        other = replace(mail(3), row=8, address_hash=b"b" * 32)
        ledger.book_returned([mail(1), mail(2), other, mail(4, kind="complaint"), mail(5, run="r2")], RULE)
        assert ledger.returned_counts("r1") == {"bounce:hard": 2, "complaint": 1}
        assert [m.run_id for m in ledger.returned(run_id="r2")] == ["r2"]

    def test_a_batch_never_changes(self, ledger: StoredLedger) -> None:
        ledger.book_returned([mail(1), mail(2)], RULE)
        (first,) = ledger.returned_batches()
        ledger.book_returned([mail(3)], RULE)
        assert [m.mail[-1] for m in ledger.returned_batch(first)] == [1, 2]
        batches = ledger.returned_batches()
        assert batches[0] == first
        assert [m.mail[-1] for m in ledger.returned_batch(batches[1])] == [3]
        ledger.returned_filed(first)
        assert ledger.returned_batches() == batches[1:]

    def test_old_rows_name_nobody_and_are_still_known(self, ledger: StoredLedger) -> None:
        ledger.book_returned([mail(1), mail(2), mail(500)], RULE)
        assert ledger.returned_old(START + 100) == 0  # not yet in the history
        for batch in ledger.returned_batches():
            ledger.returned_filed(batch)
        assert ledger.returned_old(START + 100) == 2
        newest, *old = ledger.returned()
        assert newest.recipient == "k7"
        assert {(m.recipient, m.address_hash, m.words) for m in old} == {("", bytes(32), "")}
        assert ledger.book_returned([mail(1)], RULE) == []

    def test_nobody_is_suppressed_for_the_erased(self, ledger: StoredLedger) -> None:
        assert ledger.book_returned([replace(mail(1), address_hash=b"", believed=False)], RULE)[0].followed == ""
        assert list(ledger.suppressions()) == []
