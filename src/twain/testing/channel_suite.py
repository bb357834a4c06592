# ruff: noqa: S101 — a suite of tests: they assert what they promise
"""The contract suite of ports.Channel. A new channel subclasses it and must pass it whole.

Say how to open the channel and what has arrived; the suite does the rest. See ``tests/contract/test_channels.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from twain.errors import ChannelError, LeaseLost
from twain.ports import Channel
from twain.records import Envelope, Fate, Outcome, Wait


def sample_message(number: int = 0, lines: int = 3) -> bytes:
    """A small, well-formed message whose Message-ID tells its number."""
    body = b"".join(b"Line %d of message %d.\r\n" % (line, number) for line in range(lines))
    return b"Message-ID: <%d@suite.test>\r\nSubject: Message %d\r\n\r\n%b" % (number, number, body)


@dataclass
class ListFeeder:
    """ports.Feeder over a list: remembers every answer, and how it was called."""

    envelopes: Sequence[Envelope]

    def __post_init__(self) -> None:
        self.waiting = deque(self.envelopes)
        self.answers: dict[int, Outcome] = {}
        self.answered_twice: list[int] = []
        self.taken: set[int] = set()
        self.ticks = 0
        self.most_open = 0
        self.waits: deque[Wait] = deque()
        self.lose_lease_at: int | None = None
        self.called_back: set[int] = set()

    def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
        """The next ones, at most *limit*."""
        if self.waits:
            return self.waits.popleft()
        if self.lose_lease_at is not None and len(self.taken) >= self.lose_lease_at:
            raise LeaseLost("The suite took the lease away.")
        given = [self.waiting.popleft() for _ in range(min(limit, len(self.waiting)))]
        self.taken |= {one.ticket for one in given}
        self.most_open = max(self.most_open, len(self.taken) - len(self.answers))
        return given or None

    def answer(self, ticket: int, outcome: Outcome) -> None:
        """Remember."""
        if ticket in self.answers:
            self.answered_twice.append(ticket)
        self.answers[ticket] = outcome

    def recalled(self) -> Collection[int]:
        """Those that a test called back."""
        return self.called_back

    def tick(self) -> None:
        """Count."""
        self.ticks += 1

    def fates(self) -> Counter[Fate]:
        """How many of each."""
        return Counter(one.fate for one in self.answers.values())


def envelopes(count: int, recipient: str = "person{}@example.org") -> list[Envelope]:
    """So many sample messages to as many people."""
    return [
        Envelope(n, b"bounces@example.com", recipient.format(n).encode(), sample_message(n))
        for n in range(1, count + 1)
    ]


class ChannelSuite(ABC):
    """Every promise of ports.Channel that can be seen from outside."""

    @abstractmethod
    def open(self) -> Channel:
        """A channel ready to deliver, in its usual configuration."""

    @abstractmethod
    def refuse(self, recipient: bytes, reply: bytes) -> None:
        """Make the far end refuse this recipient with this SMTP-like reply line."""

    @abstractmethod
    def arrived(self) -> list[tuple[bytes, bytes, bytes]]:
        """What the far end accepted: (sender, recipient, message)."""

    def test_every_message_arrives_once_and_unchanged(self) -> None:
        """Nothing lost, doubled or altered."""
        sent = envelopes(100)
        feeder = ListFeeder(sent)
        self.open().deliver(feeder)
        assert feeder.fates() == {Fate.SENT: 100}
        assert Counter(self.arrived()) == Counter((one.sender, one.recipient, one.data) for one in sent)

    def test_everything_taken_is_answered_exactly_once(self) -> None:
        """Also with refusals in between."""
        self.refuse(b"person3@example.org", b"550 5.1.1 No such user")
        self.refuse(b"person7@example.org", b"450 4.2.0 Try again later")
        feeder = ListFeeder(envelopes(20))
        self.open().deliver(feeder)
        assert set(feeder.answers) == feeder.taken == set(range(1, 21))
        assert not feeder.answered_twice

    def test_a_refused_person_does_not_disturb_the_next(self) -> None:
        """The neighbours' messages arrive, theirs alone, at them alone."""
        for number in (2, 3, 9):
            self.refuse(b"person%d@example.org" % number, b"550 5.1.1 No such user")
        sent = envelopes(12)
        feeder = ListFeeder(sent)
        self.open().deliver(feeder)
        wanted = [(one.sender, one.recipient, one.data) for one in sent if one.ticket not in {2, 3, 9}]
        assert sorted(self.arrived()) == sorted(wanted)
        assert {t for t, o in feeder.answers.items() if o.fate is Fate.FAILED} == {2, 3, 9}

    def test_a_permanent_refusal_fails_with_its_reason(self) -> None:
        """5yz."""
        self.refuse(b"person1@example.org", b"550 5.1.1 No such user")
        feeder = ListFeeder(envelopes(1))
        self.open().deliver(feeder)
        assert (feeder.answers[1].fate, feeder.answers[1].reason) == (Fate.FAILED, "unknown_user")
        assert "No such user" in feeder.answers[1].reply

    def test_a_passing_refusal_defers(self) -> None:
        """4yz, which is never a failure."""
        self.refuse(b"person1@example.org", b"450 4.7.1 Too many messages, slow down")
        feeder = ListFeeder(envelopes(1))
        self.open().deliver(feeder)
        assert (feeder.answers[1].fate, feeder.answers[1].reason) == (Fate.DEFERRED, "throttled")

    def test_replies_are_clean_and_short(self) -> None:
        """Control characters from outside never reach a log (X19)."""
        self.refuse(b"person1@example.org", b"550 5.7.1 \x1b[31mred\x07\x00 " + b"x" * 500)
        feeder = ListFeeder(envelopes(1))
        self.open().deliver(feeder)
        assert feeder.answers[1].reply.isprintable()
        assert 0 < len(feeder.answers[1].reply) <= 200

    def test_addresses_that_would_be_commands_never_leave(self) -> None:
        """CR, LF, NUL, angle brackets and spaces fail at the door, alone (X8)."""
        bad = (
            b"a\r\nRSET@x.org",
            b"a\n@x.org",
            b"a\0@x.org",
            b"a>b@x.org",
            b"<a@x.org",
            b"a b@x.org",
            b"",
            b"a\r@x.org",
        )
        sent = [Envelope(n, b"b@example.com", one, sample_message(n)) for n, one in enumerate(bad)]
        feeder = ListFeeder([*sent, Envelope(99, b"b@example.com", b"fine@example.org", sample_message(99))])
        self.open().deliver(feeder)
        assert [recipient for _, recipient, _ in self.arrived()] == [b"fine@example.org"]
        assert all(feeder.answers[n].reason == "bad_address" for n in range(len(bad)))

    def test_no_more_is_begun_than_promised(self) -> None:
        """promise() bounds what a crash may leave unknown."""
        channel = self.open()
        feeder = ListFeeder(envelopes(500))
        channel.deliver(feeder)
        assert 0 < feeder.most_open <= channel.promise()["messages"]

    def test_ticks_come_after_answers(self) -> None:
        """At least one tick, so that answers are kept."""
        feeder = ListFeeder(envelopes(5))
        self.open().deliver(feeder)
        assert feeder.ticks >= 1

    def test_a_wait_is_waited_for(self) -> None:
        """A Wait is no end."""
        feeder = ListFeeder(envelopes(3))
        feeder.waits = deque([Wait(0.01, "pace"), Wait(0.02, "pace")])
        self.open().deliver(feeder)
        assert feeder.fates() == {Fate.SENT: 3}

    def test_nothing_to_do_is_soon_done(self) -> None:
        """An empty delivery ends."""
        feeder = ListFeeder([])
        self.open().deliver(feeder)
        assert not feeder.answers

    def test_a_lost_lease_ends_everything_and_is_told(self) -> None:
        """Nothing more is sent; what was taken is answered all the same."""
        feeder = ListFeeder(envelopes(300))
        feeder.lose_lease_at = 40
        try:
            self.open().deliver(feeder)
        except LeaseLost:
            assert set(feeder.answers) == feeder.taken
            assert len(self.arrived()) <= len(feeder.taken) < 300
        else:
            message = "LeaseLost was swallowed."
            raise AssertionError(message)

    def test_lanes_and_limits_speak_the_same_language(self) -> None:
        """Every address has a lane; known providers have their own."""
        channel = self.open()
        assert channel.lane("someone@gmail.com") == channel.lane("other@googlemail.com") == "gmail"
        assert channel.lane("someone@example.org") == "*"
        assert all(pace.per_second is None or pace.per_second > 0 for pace in channel.paces().values())

    def test_its_own_test_finds_nothing_wrong(self) -> None:
        """``twain channel test`` on a working channel."""
        assert self.open().test() == []

    def test_it_says_who_it_is(self) -> None:
        """Name, kind, and whether it can reach anybody."""
        channel = self.open()
        assert channel.name
        assert channel.kind
        assert channel.leaves_loopback in {True, False}
        assert issubclass(ChannelError, Exception)
