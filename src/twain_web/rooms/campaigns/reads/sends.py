"""Sends as pages show them: where everyone is, how fast it goes, when it will be over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.cache import cache
from django.urls import reverse

from twain.flows.account import Report, report
from twain.flows.send import OPEN
from twain.flows.warming import Warming, warming_of_run
from twain.records import Run, RunState
from twain_web import engine
from twain_web.rooms.campaigns.models import Campaign, Launch
from twain_web.rooms.campaigns.reads.cards import file_titles
from twain_web.rooms.people.public import named

_SAMPLES = 20
_MOST = 100
_HELD = str(RunState.HELD)
_WINDOW = 60.0  # seconds over which a rate is measured


@dataclass(frozen=True, slots=True)
class LiveSend:
    """A send that is not over, or just was. *rate* is messages per second lately; *eta* when the last one goes, if known.

    *warming* says in words what may go on which day while its sender is warmed up.
    """

    run_id: str
    campaign: str
    name: str
    url: str
    state: str
    audience: int
    sent: int
    failed: int
    suppressed: int
    unknown: int
    pending: int
    rate: float
    eta: datetime | None
    why: str
    owner: str
    started_at: datetime
    channel: str
    next_at: datetime | None = None
    expires_at: datetime | None = None
    told: str = ""
    warming: str = ""

    @property
    def done(self) -> int:
        """People who have their end."""
        return self.audience - self.pending

    @property
    def share(self) -> float:
        """Of all people, those who have their end: 0 to 1."""
        return self.done / self.audience if self.audience else 0.0


@dataclass(frozen=True, slots=True)
class OpenSends:
    """What is not over, the newest first: *live* is being sent, paused or about to; *held* waits for its checks."""

    live: list[LiveSend]
    held: list[LiveSend]


def open_sends() -> OpenSends:
    """Every send that is not over, read at once."""
    found = _shown()
    return OpenSends([one for one in found if one.state != _HELD], [one for one in found if one.state == _HELD])


def card_of_run(run_id: str) -> LiveSend:
    """One send, over or not. Raises LedgerError when there is none."""
    instance = engine.instance()
    return card_of(report(instance, instance.ledger.run(run_id)))


def card_of(one: Report, launch: Launch | None = None, name: str = "") -> LiveSend:
    """The card of a report that is read already."""
    run, tally = one.run, one.tally
    launch = launch or Launch.objects.filter(run_id=run.id).first()
    rate = _rate(one) if run.state is RunState.SENDING else one.rate
    warming = warming_of_run(engine.instance(), run, tally.pending) if run.state in OPEN else None
    return LiveSend(
        run_id=run.id,
        campaign=run.campaign,
        name=name or _name(run.campaign),
        url=reverse("campaigns:send", args=[run.id]),
        state=str(run.state),
        audience=one.funnel.audience,
        sent=tally.sent,
        failed=tally.failed,
        suppressed=tally.suppressed,
        unknown=tally.uncertain,
        pending=tally.pending,
        rate=rate,
        eta=_eta(run, tally.pending, rate, warming),
        why=launch.why if launch and run.state in (RunState.HELD, RunState.PAUSED) else "",
        owner=_owner(run),
        started_at=datetime.fromtimestamp(run.started_at or run.created_at, UTC),
        channel=run.channel,
        expires_at=datetime.fromtimestamp(run.not_after, UTC) if run.not_after else None,
        told=launch.told if launch else "",
        warming=warming.words if warming else "",
    )


def _shown() -> list[LiveSend]:
    instance = engine.instance()
    runs = instance.ledger.runs(limit=_MOST, states=OPEN)
    if not runs:
        return []
    tallies = instance.ledger.tallies([run.id for run in runs])
    launches = {one.run_id: one for one in Launch.objects.filter(run_id__in=[run.id for run in runs])}
    names = names_of(run.campaign for run in runs)
    return [card_of(report(instance, r, tallies[r.id]), launches.get(r.id), names[r.campaign]) for r in runs]


def newest_runs(slug: str) -> Iterable[Run]:
    """A campaign's sends, the newest first."""
    return engine.ledger().runs(limit=20, campaign=slug)


def is_over(run: Run) -> bool:
    """Nothing more happens by itself."""
    return run.state not in OPEN


def _rate(one: Report) -> float:
    """Messages per second over the last minute's looks; the whole send's average while there was only one."""
    now, key = datetime.now(UTC).timestamp(), f"rate:{one.run.id}"
    looks = [look for look in cache.get(key, []) if now - look[0] <= _WINDOW]
    if not looks or now - looks[-1][0] >= 1.0:
        cache.set(key, [*looks, (now, one.tally.sent)][-_SAMPLES:], 300)
    if looks and now - looks[0][0] > 0.5:
        return max(0.0, (one.tally.sent - looks[0][1]) / (now - looks[0][0]))
    return one.rate


def _eta(run: Run, pending: int, rate: float, warming: Warming | None) -> datetime | None:
    if run.state is RunState.SENDING and warming is not None and warming.days > 1:
        return datetime.fromtimestamp(warming.finish, UTC)
    if run.state is not RunState.SENDING or rate <= 0:
        return None
    return datetime.now(UTC) + timedelta(seconds=pending / rate)


def names_of(slugs: Iterable[str]) -> dict[str, str]:
    """What people call these campaigns, of the house and of the files; a slug that nobody knows any more stands for itself."""
    wanted = set(slugs)
    if not wanted:
        return {}
    names = dict(Campaign.objects.filter(slug__in=wanted).values_list("slug", "name"))
    titles = {slug: title for slug, title in file_titles().items() if slug in wanted}
    return {slug: slug for slug in wanted} | titles | names


def _name(slug: str) -> str:
    return names_of([slug])[slug]


def _owner(run: Run) -> str:
    return named(run.person).shown
