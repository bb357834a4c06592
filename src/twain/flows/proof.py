"""A test send: the message as some people would get it, sent to those who check it. No run, no count, no history."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from twain.content import mime
from twain.content.program import CompiledProgram, preview
from twain.delivery.channels.smtp_door import is_clean_address
from twain.errors import ConfigError
from twain.flows.campaigns import Campaign
from twain.flows.freeze import obey_stops
from twain.flows.instance import Instance
from twain.flows.prepare import Prepared
from twain.flows.preview import read_people
from twain.flows.production import require_production
from twain.records import Envelope, Fate, Outcome, Stamp, Wait

MARK = "[Test] "
_MOST = 60


@dataclass(frozen=True, slots=True)
class Proof:
    """One test message and what became of it. *who* is the person with whose (masked) data it was made."""

    recipient: str
    who: str
    sent: bool
    reply: str


def send_proofs(
    instance: Instance, campaign: Campaign, recipients: Sequence[str], *, key: str = "", extremes: bool = False
) -> list[Proof]:
    """Send the message to *recipients*, once per person it is shown with; the subject begins with ``[Test]``.

    Fields without the preview right are masked, clicks are not counted, and its unsubscribe link unsubscribes nobody.
    Raises ConfigError (an address, nobody to show), Held (a stop, or production's rules), ContentError, ChannelError.
    """
    for address in recipients:
        if not is_clean_address(address.encode("utf-8", "replace")):
            raise ConfigError(f"{address!r} is not an address.", todo="Write it as name@domain.")
    prepared, rows = read_people(instance, _marked(campaign), key=key, extremes=extremes)
    obey_stops(instance, prepared.bundle)
    require_production(instance, prepared.bundle)
    if len(rows) * len(recipients) > _MOST:
        raise ConfigError(
            f"That would be {len(rows) * len(recipients)} test messages.", todo=f"At most {_MOST} at once."
        )
    feeder = _Feeder(prepared.sender.address.encode("ascii"))
    pairs = [(recipient, row) for row in rows for recipient in recipients]
    for recipient, row in pairs:
        feeder.waiting.append((recipient, _message(instance, prepared, {**row, "address": recipient})))
    instance.channel(campaign.channel).deliver(feeder)
    return [
        _proof(
            recipient, f"{prepared.feed.fields[prepared.feed.key].business_name} {row['key']}", feeder.answers.get(n)
        )
        for n, (recipient, row) in enumerate(pairs, 1)
    ]


def _marked(campaign: Campaign) -> Campaign:
    contents = tuple(replace(content, subject=MARK + content.subject) for content in campaign.contents)
    return replace(campaign, contents=contents, track_links=False, track_opens=False)


def _message(instance: Instance, prepared: Prepared, row: dict[str, object]) -> bytes:
    program: CompiledProgram = prepared.programs[0]
    domain = prepared.sender.address.rpartition("@")[2]
    name = f"<test.{secrets.token_hex(12)}@{domain}>".encode("ascii")
    stamp = Stamp(name, b"test", mime.date(instance.clock.now()))
    return preview(program, row, stamp).message


def _proof(recipient: str, who: str, outcome: Outcome | None) -> Proof:
    if outcome is None:
        return Proof(recipient, who, sent=False, reply="The way out gave no answer.")
    return Proof(recipient, who, sent=outcome.fate is Fate.SENT, reply=outcome.reply)


@dataclass(slots=True)
class _Feeder:
    """ports.Feeder over a handful of messages."""

    sender: bytes
    waiting: list[tuple[str, bytes]] = field(default_factory=list)
    answers: dict[int, Outcome] = field(default_factory=dict)
    taken: int = 0

    def take(self, limit: int) -> Sequence[Envelope] | Wait | None:
        """The next few."""
        return list(self._next(limit)) or None

    def _next(self, limit: int) -> Iterator[Envelope]:
        for recipient, data in self.waiting[self.taken : self.taken + limit]:
            self.taken += 1
            yield Envelope(self.taken, self.sender, recipient.encode("ascii"), data)

    def answer(self, ticket: int, outcome: Outcome) -> None:
        """Keep what the relay said."""
        self.answers[ticket] = outcome

    def recalled(self) -> Collection[int]:
        """A test is called back by nobody."""
        return ()

    def tick(self) -> None:
        """Nothing is kept of a test."""
