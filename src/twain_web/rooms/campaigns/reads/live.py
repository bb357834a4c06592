"""One send, looked at closely: its people, its errors by reason, the load on IT's database, both teams' timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from twain.errors import TwainError
from twain.flows.account import report
from twain.flows.instance import Instance
from twain.flows.load import Load
from twain.flows.resolve import missed
from twain.records import Fate, Run, RunEvent, RunState, Tally
from twain_web import engine
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.campaigns.reads.loads import load_now
from twain_web.rooms.campaigns.reads.sends import LiveSend, card_of, is_over
from twain_web.rooms.people.public import named


@dataclass(frozen=True, slots=True)
class Beside:
    """What a higher room says of why a launch is held: a sentence, and its page."""

    text: str
    url: str


#: Higher rooms put in here what says that, by the launch's number.
BESIDE: list[Callable[[int], Sequence[Beside]]] = []
_LOOKED_AT = 500  # people whose errors are read for the relay's words
_WORDS = 3

#: Stable reasons as people say them.
REASONS = {
    "refused": _lazy("The mailbox's provider refused it"),
    "unknown_user": _lazy("There is no such mailbox"),
    "unknown_domain": _lazy("There is no such domain"),
    "bad_address": _lazy("The address is not one that can get mail"),
    "mailbox_disabled": _lazy("The mailbox is closed"),
    "mailbox_full": _lazy("The mailbox is full"),
    "mailbox": _lazy("The mailbox does not take it"),
    "too_large": _lazy("The message is too large for them"),
    "blocked": _lazy("The provider blocks this sender or this message"),
    "content": _lazy("The provider does not like the message"),
    "not_authorised": _lazy("The relay does not let us send"),
    "too_many_recipients": _lazy("The provider had enough for now"),
    "relay": _lazy("Their mail system could not take it"),
    "network": _lazy("Their mail system could not be reached"),
    "protocol": _lazy("Their mail system did not understand ours"),
    "malformed": _lazy("The message or its address is malformed"),
    "max_age": _lazy("They put it off for too long"),
    "unsubscribed": _lazy("They had unsubscribed"),
    "suppressed": _lazy("They must not be mailed"),
    "render": _lazy("The message could not be built for this person"),
    "left": _lazy("They left the audience meanwhile"),
    "consent": _lazy("They withdrew their consent meanwhile"),
    "cancelled": _lazy("The send was stopped before it reached them"),
    "expired": _lazy("Its time was over before it reached them"),
    "connection_lost": _lazy("The connection ended in the very moment"),
}
_UNKNOWN = _lazy("Nobody can say whether it arrived: the connection or a process ended in the very moment")


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
    beside: tuple[Beside, ...] = ()


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
        load=load_now(instance, source) if source and not is_over(run) else None,
        source=source,
        events=_timeline(instance, run, launch),
        launch=launch,
        tried=Rehearsal.objects.filter(launch=launch, kind="hold").first() if launch else None,
        beside=tuple(one for say in BESIDE for one in say(launch.pk)) if launch and is_waiting(run) else (),
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
        text = REASONS.get(reason, _UNKNOWN if fate == "uncertain" else reason.replace("_", " "))
        found.append(Reason(fate, reason, str(text), people, said))
    if tally.uncertain and not any(one.fate == "uncertain" for one in found):
        said = tuple(words.get(("uncertain", ""), Counter()).most_common(_WORDS))
        found.append(Reason("uncertain", "", str(_UNKNOWN), tally.uncertain, said))
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
    happened, approved = instance.ledger.timeline(run.id), instance.ledger.approvals(run.bundle)
    names = {name: named(name).shown for name in {*(e.person for e in happened), *(y.person for y in approved)} if name}
    events = [_event(event, names.get(event.person, "")) for event in happened]
    for yes in approved:
        who, note = names[yes.person], f" “{yes.note}”" if yes.note else ""
        events.append(Event(yes.at, "approved", _("Approved by %s.") % who + note, run.bundle[:12], who))
    if launch is not None:
        who = str(launch.asked_by)
        events.append(Event(launch.asked_at.timestamp(), "launched", _("Launched by %s.") % who, "", who))
    return tuple(sorted(events, key=lambda event: event.at))


def _event(event: RunEvent, who: str) -> Event:
    business = event.business.replace(f"by {event.person}.", f"by {who}.") if who else event.business
    return Event(event.at, event.kind, business, event.technical, who)


def is_waiting(run: Run) -> bool:
    """Held or paused: there is a reason to show."""
    return run.state in (RunState.HELD, RunState.PAUSED)
