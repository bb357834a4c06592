"""One send, looked at closely: its people, its errors by reason, the load on IT's database, both teams' timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _

from twain.errors import TwainError
from twain.flows.account import report
from twain.flows.instance import Instance
from twain.flows.load import Load, load_of
from twain.flows.resolve import missed
from twain.records import Fate, Run, RunEvent, RunState, Tally
from twain_web import engine
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.campaigns.reads.sends import LiveSend, card_of, is_over
from twain_web.rooms.people.public import named

_LOOKED_AT = 500  # people whose errors are read for the relay's words
_WORDS = 3

#: Stable reasons as people say them.
REASONS = {
    "refused": "The mailbox's provider refused it",
    "bounced": "It came back",
    "unsubscribed": "They had unsubscribed",
    "suppressed": "They must not be mailed",
    "render": "The message could not be built for this person",
    "left": "They left the audience meanwhile",
    "consent": "They withdrew their consent meanwhile",
    "cancelled": "The send was stopped before it reached them",
    "expired": "Its time was over before it reached them",
    "crash": "The connection or a process ended in the middle of it",
    "no_answer": "The relay did not answer after it had the message",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """People who did not get it for the same reason; *words* are what relays said, most frequent first."""

    fate: str
    reason: str
    text: str
    people: int
    words: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline, with somebody's full name where it was somebody."""

    at: float
    kind: str
    business: str
    technical: str
    person: str


@dataclass(frozen=True, slots=True)
class Send:
    """Everything on a send's page."""

    run: Run
    card: LiveSend
    tally: Tally
    excluded: Mapping[str, int]
    matched: int
    over: bool
    accounted_for: bool
    reasons: tuple[Reason, ...]
    load: Load | None
    source: str
    events: tuple[Event, ...]
    launch: Launch | None
    tried: Rehearsal | None


def send(run_id: str) -> Send:
    """Read it all. Raises LedgerError when there is no such send."""
    instance = engine.instance()
    run = instance.ledger.run(run_id)
    one = report(instance, run)
    launch = Launch.objects.filter(run_id=run.id).select_related("asked_by").first()
    source = _source(instance, run)
    return Send(
        run=run,
        card=card_of(one, launch),
        tally=one.tally,
        excluded={reason: n for reason, n in one.funnel.excluded.items() if n},
        matched=one.funnel.matched,
        over=is_over(run),
        accounted_for=one.accounted_for,
        reasons=tuple(_reasons(instance, run, one.tally)),
        load=load_of(instance, source) if source and not is_over(run) else None,
        source=source,
        events=_timeline(instance, run, launch),
        launch=launch,
        tried=Rehearsal.objects.filter(launch=launch, kind="hold").first() if launch else None,
    )


def _source(instance: Instance, run: Run) -> str:
    feed = instance.workspace.feeds.get(str(instance.ledger.bundle(run.bundle).body["feed"]))
    return feed.source if feed else ""


def _reasons(instance: Instance, run: Run, tally: Tally) -> list[Reason]:
    words = _words(instance, run, tally)
    found = []
    for key, people in sorted(tally.reasons.items(), key=lambda item: -item[1]):
        fate, _colon, reason = key.partition(":")
        said = tuple(words.get((fate, reason), Counter()).most_common(_WORDS))
        found.append(Reason(fate, reason, REASONS.get(reason, reason.replace("_", " ")), people, said))
    if tally.uncertain and not any(one.fate == "uncertain" for one in found):
        said = tuple(words.get(("uncertain", ""), Counter()).most_common(_WORDS))
        found.append(Reason("uncertain", "", REASONS["crash"], tally.uncertain, said))
    return found


def _words(instance: Instance, run: Run, tally: Tally) -> dict[tuple[str, str], Counter[str]]:
    """What relays said, of the first so many people: enough to see what is wrong, quick on any send."""
    said: dict[tuple[str, str], Counter[str]] = {}
    if not tally.failed and not tally.uncertain:
        return said
    try:
        for one in islice(missed(instance, run.id, (Fate.FAILED, Fate.UNCERTAIN)), _LOOKED_AT):
            if one.reply:
                said.setdefault((one.fate.name.lower(), one.reason), Counter())[one.reply] += 1
    except TwainError:  # the rows were pruned: the reasons' numbers are still there
        return said
    return said


def _timeline(instance: Instance, run: Run, launch: Launch | None) -> tuple[Event, ...]:
    """Both teams' doings in one: who approved and launched it here, and what the send says of itself."""
    events = [_event(event) for event in instance.ledger.timeline(run.id)]
    for yes in instance.ledger.approvals(run.bundle):
        who, note = named(yes.person).shown, f" “{yes.note}”" if yes.note else ""
        events.append(Event(yes.at, "approved", _("Approved by %s.") % who + note, run.bundle[:12], who))
    if launch is not None:
        who = named(launch.asked_by.username).shown
        events.append(Event(launch.asked_at.timestamp(), "launched", _("Launched by %s.") % who, "", who))
    return tuple(sorted(events, key=lambda event: event.at))


def _event(event: RunEvent) -> Event:
    who = named(event.person).shown if event.person else ""
    business = event.business.replace(f"by {event.person}.", f"by {who}.") if who else event.business
    return Event(event.at, event.kind, business.replace("no_address", _("no address")), event.technical, who)


def is_waiting(run: Run) -> bool:
    """Held or paused: there is a reason to show."""
    return run.state in (RunState.HELD, RunState.PAUSED)
