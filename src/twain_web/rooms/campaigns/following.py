"""Following a send that has a run: its process kept alive, its pauses ended, its end noted. Its holds: ``trying.py``."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
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
    elif too_late(run):
        _end(launch, expire(instance, run.id))
    elif run.state is RunState.PAUSED:
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
        tell_of_hold(instance, launch, None)


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
        go_on(launch, run)


def too_late(run: Run) -> bool:
    """Whether its "not after" is over: Friday's offer never goes out on Monday, whatever has been mended since."""
    return run.not_after is not None and timezone.now().timestamp() >= run.not_after


def _paused(instance: Instance, launch: Launch, run: Run) -> None:
    """A pause by hand lasts until a hand ends it; one that weather or a stop caused ends when that does."""
    if processes.lives(run.id):
        return
    event = last(instance, run, "paused")
    by_hand = event is not None and event.technical == BY_HAND
    if launch.wanted == "wait" or (by_hand and launch.wanted != "now"):
        return
    if event is not None and not launch.why:
        Launch.objects.filter(pk=launch.pk).update(why=event.business[:1000], technical=event.technical[:1000])
    if launch.wanted != "now" and not rested(launch):
        return
    try:
        obey_stops(instance, instance.ledger.bundle(run.bundle))
    except Held as stop:
        Launch.objects.filter(pk=launch.pk).update(
            looked_at=timezone.now(), wanted="go", why=stop.business, technical=stop.what
        )
        return
    go_on(launch, run)


def go_on(launch: Launch, run: Run) -> None:
    """Start the process that carries it on; first the process, then the note, so that a crash between makes the step again."""
    processes.start(run.id, launch.asked_by.username)
    with transaction.atomic():
        Launch.objects.filter(pk=launch.pk).update(
            looked_at=timezone.now(), held_at=None, why="", technical="", host=processes.this_machine()
        )
        if launch.why:  # else it never stood still, only its process had gone
            tell("campaign.resumed", campaign=launch.campaign, run=run.id)


def tell_of_hold(instance: Instance, launch: Launch, found: Rehearsal | None) -> list[str]:
    """Tell its people that it is held; returns who was told. *found*: what the checks said, if there was anything to check."""
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


def rested(launch: Launch) -> bool:
    """Whether it is time to look at a hold again."""
    return launch.looked_at is None or timezone.now() - launch.looked_at >= CHECK_AGAIN


def last(instance: Instance, run: Run, kind: str) -> RunEvent | None:
    """The newest entry of this kind in the send's timeline."""
    return next((event for event in reversed(instance.ledger.timeline(run.id)) if event.kind == kind), None)
