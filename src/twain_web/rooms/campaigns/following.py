"""Following a send that has a run: its process kept alive, its holds tried again, its people told, its end noted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import Held, TwainError
from twain.flows.freeze import obey_stops
from twain.flows.instance import Instance
from twain.flows.send import BY_HAND, expire
from twain.records import Run, RunEvent, RunState
from twain_web.outbox import tell
from twain_web.rooms.campaigns import processes
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.campaigns.rehearsing import rehearse
from twain_web.rooms.campaigns.telling import News, tell_owners

#: How long a hold rests before its checks are tried again.
CHECK_AGAIN = timedelta(seconds=settings.TWAIN.check_again_seconds)
#: How long after a start a process that is gone is started again.
START_AGAIN = timedelta(seconds=5)
#: How long another machine's house may be silent before this one takes its sends over.
SILENT = timedelta(minutes=5)

_ENDS = {
    RunState.FINISHED: Launch.State.FINISHED,
    RunState.CANCELLED: Launch.State.CANCELLED,
    RunState.EXPIRED: Launch.State.EXPIRED,
}
_WORKING = frozenset(
    {RunState.PLANNED, RunState.CHECKED, RunState.SNAPSHOTTING, RunState.SENDING, RunState.RECONCILING}
)


def follow(instance: Instance, launch: Launch) -> None:
    """Look at the launch's run and do what its state asks for."""
    run = instance.ledger.run(launch.run_id)
    if run.state in _ENDS:
        _end(launch, run)
    elif _elsewhere(launch):
        return
    elif run.state in _WORKING:
        _keep_alive(launch, run)
    elif _too_late(run):
        _end(launch, expire(instance, run.id))
    elif run.state is RunState.HELD:
        _held(instance, launch, run)
    else:
        _paused(instance, launch, run)


def hold_launch(instance: Instance, launch: Launch, error: TwainError) -> None:
    """Nothing was made yet, and it may not go now: say why, tell its people once, look again later."""
    now = timezone.now()
    if launch.held_at is None:
        launch.held_at, launch.told_at = now, None
    launch.state, launch.looked_at = Launch.State.HELD, now
    launch.why, launch.technical = error.business[:1000], f"{error.what} {error.todo}".strip()[:1000]
    launch.save(update_fields=["state", "looked_at", "why", "technical", "held_at", "told_at"])
    if launch.told_at is None:
        _tell(instance, launch, None)


def _end(launch: Launch, run: Run) -> None:
    Launch.objects.filter(pk=launch.pk).update(
        state=_ENDS[run.state], ended_at=timezone.now(), held_at=None, why="", technical=""
    )
    tell("campaign.sent", campaign=launch.campaign, run=run.id, state=str(run.state))


def _elsewhere(launch: Launch) -> bool:
    """Another machine looks after it; if that has been silent for long, this one does from now on."""
    here, now = processes.this_machine(), timezone.now()
    silent = launch.looked_at is None or now - launch.looked_at > SILENT
    if launch.host in ("", here) or silent:
        if launch.host != here:
            Launch.objects.filter(pk=launch.pk).update(host=here)
        return False
    return True


def _keep_alive(launch: Launch, run: Run) -> None:
    """Start its process unless it lives. One that has just died is left alone for a moment, or it would spin."""
    now = timezone.now()
    if launch.wanted == "now":  # whoever resumed it has been obeyed
        Launch.objects.filter(pk=launch.pk).update(wanted="go")
    if processes.lives(run.id):
        if launch.looked_at is None or now - launch.looked_at > SILENT / 5:
            Launch.objects.filter(pk=launch.pk).update(looked_at=now)
        return
    if launch.looked_at is None or now - launch.looked_at >= START_AGAIN:
        _go_on(launch, run)


def _too_late(run: Run) -> bool:
    return run.not_after is not None and timezone.now().timestamp() >= run.not_after


def _held(instance: Instance, launch: Launch, run: Run) -> None:
    if processes.lives(run.id):  # it has said so and is about to end, or has just been sent on
        return
    if launch.held_at is None:
        _begin_hold(instance, launch, run)
    elif launch.told_at is None:
        _tell_once(instance, launch, run)
    elif launch.wanted == "now" or (launch.wanted == "go" and _rested(launch)):
        _try_again(instance, launch, run)


def _begin_hold(instance: Instance, launch: Launch, run: Run) -> None:
    """A new hold: try the checks once to learn whose they are. Its people are told in the next step."""
    event = _last(instance, run, "held")
    found = rehearse(instance, instance.ledger.bundle(run.bundle), "hold", launch)
    launch.held_at = datetime.fromtimestamp(event.at, UTC) if event else timezone.now()
    launch.why, launch.technical = _words(event, found)
    launch.looked_at, launch.told_at, launch.told = timezone.now(), None, ""
    launch.save(update_fields=["held_at", "why", "technical", "looked_at", "told_at", "told"])
    _tell_once(instance, launch, run)


def _tell_once(instance: Instance, launch: Launch, run: Run) -> None:
    """Once per hold; after a crash right here, once more rather than not at all."""
    told = _tell(instance, launch, Rehearsal.objects.filter(launch=launch, kind="hold").first())
    if told:
        _note(instance, run, "told", _("%s told.") % "; ".join(told), _("by mail"))


def _try_again(instance: Instance, launch: Launch, run: Run) -> None:
    """The checks again; when they pass it goes on by itself."""
    found = rehearse(instance, instance.ledger.bundle(run.bundle), "hold", launch)
    Launch.objects.filter(pk=launch.pk).update(
        looked_at=timezone.now(),
        wanted="go",
        why=(found.why or launch.why)[:1000],
        technical=(found.technical or launch.technical)[:1000],
    )
    Rehearsal.objects.filter(launch=launch, kind="hold", pk__lt=found.pk, at__gt=launch.held_at).delete()
    if found.ready:
        _note(instance, run, "checked", _("The checks pass again: it goes on by itself."), _("%.1f s") % found.seconds)
        _go_on(launch, run)


def _paused(instance: Instance, launch: Launch, run: Run) -> None:
    """A pause by hand lasts until a hand ends it; one that weather or a stop caused ends when that does."""
    if processes.lives(run.id):
        return
    event = _last(instance, run, "paused")
    by_hand = event is not None and event.technical == BY_HAND
    if launch.wanted == "wait" or (by_hand and launch.wanted != "now"):
        return
    if event is not None and not launch.why:
        Launch.objects.filter(pk=launch.pk).update(why=event.business[:1000], technical=event.technical[:1000])
    if launch.wanted != "now" and not _rested(launch):
        return
    try:
        obey_stops(instance, instance.ledger.bundle(run.bundle))
    except Held as stop:
        Launch.objects.filter(pk=launch.pk).update(
            looked_at=timezone.now(), wanted="go", why=stop.business, technical=stop.what
        )
        return
    _go_on(launch, run)


def _go_on(launch: Launch, run: Run) -> None:
    """Start the process that carries it on; first the process, then the note, so that a crash between makes the step again."""
    processes.start(run.id, launch.asked_by.username)
    Launch.objects.filter(pk=launch.pk).update(
        looked_at=timezone.now(), held_at=None, why="", technical="", host=processes.this_machine()
    )


def _tell(instance: Instance, launch: Launch, found: Rehearsal | None) -> list[str]:
    people = _("%s people: ") % found.audience if found is not None and found.audience else ""
    news = News(
        _("Held: %s") % launch.campaign,
        f"{people}{launch.why}",
        launch.technical,
        _("It goes on by itself once this is mended, and expires at %s.")
        % f"{timezone.localtime(launch.expires_at):%d %b %Y %H:%M}",
    )
    told = tell_owners(instance, launch, news, found)
    Launch.objects.filter(pk=launch.pk).update(told="; ".join(told)[:400], told_at=timezone.now())
    tell("campaign.held", campaign=launch.campaign, run=launch.run_id, why=launch.why)
    return told


def _words(event: RunEvent | None, found: Rehearsal) -> tuple[str, str]:
    """What held it, in both languages: the timeline's words, or the newest checks'."""
    if event is not None and event.business:
        return event.business[:1000], event.technical[:1000]
    return (found.why or _("It waits for its checks."))[:1000], found.technical[:1000]


def _rested(launch: Launch) -> bool:
    return launch.looked_at is None or timezone.now() - launch.looked_at >= CHECK_AGAIN


def _last(instance: Instance, run: Run, kind: str) -> RunEvent | None:
    return next((event for event in reversed(instance.ledger.timeline(run.id)) if event.kind == kind), None)


def _note(instance: Instance, run: Run, kind: str, business: str, technical: str = "") -> None:
    instance.ledger.note(RunEvent(run.id, instance.clock.now(), kind, business, technical))
