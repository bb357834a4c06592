"""The contract of a control store: signups by form, and what goes on to IT's systems."""

# ruff: noqa: S101, D102 — a test asserts, and its name says what

from __future__ import annotations

from dataclasses import replace

from twain.ledger.signups import MAIL_PAUSE
from twain.ledger.stored import StoredLedger
from twain.records import IntakeTries, OldList, OnItsWay, Outgoing, SignedUp, Signup
from twain.testing.ledger_steps import START, HandClock

ANNA, BEN = b"a" * 32, b"b" * 32


def signup(number: int, address: bytes = ANNA, *, form: str = "news", state: str = "pending") -> Signup:
    """One that waits for its confirmation, for a week."""
    return Signup(
        id=number.to_bytes(16, "big"),
        form=form,
        state=state,  # type: ignore[arg-type]
        address_hash=address,
        at=START,
        topic="news",
        network="198.51.100.0/24",
        sealed=b"sealed",
        expires_at=START + 7 * 86_400,
        mail_due=START,
    )


def lead(number: int) -> Outgoing:
    """One that is due at once."""
    return Outgoing(f"lead-{number}", "lead", "news", "crm", ANNA, START, b"sealed", due=START, give_up_at=START + 60)


class SignupsContract:
    """Every ledger keeps signups and what goes on alike."""

    def test_nobody_waits_twice_by_one_form(self, ledger: StoredLedger) -> None:
        first, again = signup(1), replace(signup(2), version="2027", sealed=b"other")
        assert [ledger.sign_up(one) for one in (first, again)] == ["kept", "kept"]
        (kept,) = ledger.signups_of(ANNA)
        assert (kept.id, kept.version, kept.sealed) == (first.id, "2027", b"other")

    def test_a_network_that_sends_too_many_keeps_nothing_more(self, ledger: StoredLedger) -> None:
        said = [ledger.sign_up(signup(n, bytes([n]) * 32), most=2) for n in (1, 2, 3)]
        assert said == ["kept", "kept", "limited"]
        assert ledger.signup(signup(3).id) is None

    def test_an_address_is_mailed_once_an_hour(self, ledger: StoredLedger, clock: HandClock) -> None:
        for number, form in ((1, "news"), (2, "fair")):
            ledger.sign_up(signup(number, form=form))
        ledger.sign_up(signup(3, BEN))
        taken = [ledger.take_mail(identifier) for identifier in ledger.signups_to_mail()]
        assert sorted(one.address_hash for one in taken if one) == [ANNA, BEN]
        mailed = next(one for one in taken if one and one.address_hash == ANNA)
        ledger.note_mail(mailed.id, mailed_at=clock.now())
        ledger.sign_up(replace(signup(4, form=mailed.form), at=clock.now()))
        assert ledger.signups_to_mail() == []
        clock.pass_by(MAIL_PAUSE + 1)
        assert [one.address_hash for i in ledger.signups_to_mail() if (one := ledger.take_mail(i))].count(ANNA) == 1

    def test_a_signup_is_confirmed_once_with_what_goes_on(self, ledger: StoredLedger) -> None:
        ledger.sign_up(signup(1))
        assert [ledger.confirm_signup(signup(1).id, "net", [lead(1)]) for _ in range(2)] == [True, False]
        (kept,) = ledger.signups_of(ANNA)
        assert (kept.state, kept.confirmed_from, kept.sealed) == ("confirmed", "net", b"")
        assert ledger.outgoing_due() == {"crm": ["lead-1"]}

    def test_what_waited_in_vain_ends_and_its_answers_go(self, ledger: StoredLedger, clock: HandClock) -> None:
        ledger.sign_up(signup(1))
        clock.pass_by(7 * 86_400)
        assert not ledger.confirm_signup(signup(1).id, "net", [lead(1)])
        assert ledger.expire_signups() == 1
        (kept,) = ledger.signups_of(ANNA)
        assert (kept.state, kept.sealed, ledger.outgoing_due()) == ("expired", b"", {})

    def test_what_goes_on_is_claimed_written_and_emptied(self, ledger: StoredLedger, clock: HandClock) -> None:
        assert ledger.hand_over([lead(1), lead(1), lead(2)]) == 2
        one = ledger.take_outgoing("lead-1")
        assert one is not None
        assert ledger.take_outgoing("lead-1") is None
        ledger.settle_outgoing(one, "written")
        two = ledger.take_outgoing("lead-2")
        assert two is not None
        ledger.settle_outgoing(two, "dead", problem="refused")
        assert [(w.state, w.number) for w in ledger.unwritten()] == [("dead", 1)]
        assert [ledger.retry_outgoing(i, clock.now() + 60) for i in ("lead-1", "lead-2")] == [False, True]
        assert {(o.id, o.state, o.sealed) for o in ledger.outgoing()} == {
            ("lead-1", "written", b""),
            ("lead-2", "waiting", b"sealed"),
        }

    def test_what_is_due_comes_by_intake_however_much_waits_for_another(
        self, ledger: StoredLedger, clock: HandClock
    ) -> None:
        for number in range(5):
            ledger.hand_over([replace(lead(number), due=clock.now() - 10 + number)])
        ledger.hand_over([replace(lead(7), intake="shop", due=clock.now())])
        ledger.hand_over([replace(lead(8), intake="shop", due=clock.now() + 1)])
        assert ledger.outgoing_due(limit=3) == {"crm": ["lead-0", "lead-1", "lead-2"], "shop": ["lead-7"]}
        assert sum(map(len, ledger.outgoing_due().values())) == 6

    def test_what_goes_on_is_counted_by_form_and_intake(self, ledger: StoredLedger, clock: HandClock) -> None:
        ledger.hand_over([lead(1), lead(2), replace(lead(3), about="fair")])
        one = ledger.take_outgoing("lead-1")
        assert one is not None
        ledger.settle_outgoing(one, "written")
        assert ledger.tally_outgoing() == [
            OnItsWay("lead", "fair", "crm", "waiting", 1, START, 0.0),
            OnItsWay("lead", "news", "crm", "waiting", 1, START, 0.0),
            OnItsWay("lead", "news", "crm", "written", 1, START, clock.now()),
        ]

    def test_how_the_last_tries_at_an_intake_went(self, ledger: StoredLedger, clock: HandClock) -> None:
        assert ledger.intake_tries() == []
        ledger.hand_over([lead(1), lead(2), replace(lead(3), intake="hook")])
        for number, intake in ((1, "crm"), (3, "hook")):
            clock.pass_by(1)
            one = ledger.take_outgoing(f"lead-{number}")
            assert one is not None
            ledger.settle_outgoing(one, "dead", problem=f"T872 The intake {intake} refused: anna@example.com.")
        clock.pass_by(1)
        two = ledger.take_outgoing("lead-2")
        assert two is not None
        ledger.settle_outgoing(two, "written")
        assert ledger.intake_tries() == [
            IntakeTries("crm", START + 1, START + 3, "T872"), IntakeTries("hook", START + 2, 0.0, "T872"),
        ]  # fmt: skip

    def test_signups_are_counted_and_those_that_could_not_be_asked(self, ledger: StoredLedger) -> None:
        for number, address in ((1, ANNA), (2, BEN)):
            ledger.sign_up(signup(number, address))
        ledger.note_mail(signup(1).id, again=START + 60, problem="the relay is away")
        ledger.note_mail(signup(2).id, mailed_at=START)
        assert ledger.tally_signups() == [SignedUp("news", "pending", 2, 1)]

    def test_whoever_is_erased_is_in_neither(self, ledger: StoredLedger) -> None:
        ledger.sign_up(signup(1))
        ledger.hand_over([lead(1)])
        assert ledger.forget_signups([ANNA]) == 2
        assert (ledger.signups_of(ANNA), ledger.outgoing()) == ([], [])

    def test_a_waiver_never_replaces_an_import(self, ledger: StoredLedger) -> None:
        assert ledger.old_list() is None
        waived, imported = OldList("waived", "anna", "none before", 1.0), OldList("imported", "ben", "old.csv", 2.0)
        for settled in (waived, imported, waived):
            ledger.settle_old_list(settled)
        assert ledger.old_list() == imported
