"""Rehearsals, a day and two hours before a launch and while a send is held: they ask the company's database.

However long that takes: they have threads and leases of their own, so a launch begins at its moment even while it
is being rehearsed, and nobody else waits.
What they find is written against the launch as it stands when they are done, not as it stood when they began.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from twain.flows.brakes import holds
from twain.flows.instance import Instance
from twain.records import Run, RunEvent, RunState
from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.campaigns import processes
from twain_web.rooms.campaigns.following import go_on, last, rested, tell_of_hold, too_late
from twain_web.rooms.campaigns.models import Launch, Rehearsal
from twain_web.rooms.campaigns.moving import void_if_edited
from twain_web.rooms.campaigns.rehearsing import rehearse
from twain_web.rooms.campaigns.telling import News, tell_owners

#: Rehearsals before the due moment.
REHEARSALS = {"t24": timedelta(hours=24), "t2": timedelta(hours=2)}


def due() -> list[str]:
    """``<launch>:<kind>`` of every rehearsal that is wanted now: those before a launch first, then those of holds."""
    return [*_ahead(), *_holds()]


@reconciler("rehearsals", every=1.0, due=due, hands=2)
def rehearse_launch(key: str) -> None:
    """Make one rehearsal, and tell whom it concerns."""
    pk, kind = key.split(":")
    launch = Launch.objects.select_related("asked_by").get(pk=pk)
    instance = engine.instance(launch.asked_by)
    if kind == "hold":
        _look_at_hold(instance, launch)
    elif _still_wanted(launch, kind) and not void_if_edited(instance, launch):
        _rehearse(instance, launch, kind)


# ---------------------------------------------------------------- before a launch


def _ahead() -> Iterator[str]:
    """Each rehearsal once; one whose moment had passed when it was launched is not made up for."""
    now = timezone.now()
    waiting = Launch.objects.filter(
        state=Launch.State.SCHEDULED, due_at__gt=now, due_at__lte=now + max(REHEARSALS.values())
    )
    for launch in waiting.order_by("due_at").prefetch_related("rehearsals"):
        made = {one.kind for one in launch.rehearsals.all()}
        for kind, before in REHEARSALS.items():
            if kind not in made and launch.asked_at <= launch.due_at - before <= now:
                yield f"{launch.pk}:{kind}"


def _still_wanted(launch: Launch, kind: str) -> bool:
    """Another house may have made it since it was seen to be due, and told whom it concerns."""
    return launch.state == Launch.State.SCHEDULED and not launch.rehearsals.filter(kind=kind).exists()


def _rehearse(instance: Instance, launch: Launch, kind: str) -> None:
    found = rehearse(instance, instance.ledger.bundle(launch.bundle), kind, launch)
    launch.refresh_from_db()
    if found.ready or launch.state != Launch.State.SCHEDULED:
        return
    news = News(
        _("Would be held: %s") % launch.campaign,
        found.why,
        found.technical,
        _("It is planned for %s. If this is mended by then, it goes.") % _moment(launch.due_at),
    )
    told = tell_owners(instance, launch, news, found)
    Launch.objects.filter(pk=launch.pk).update(told="; ".join(told)[:400], told_at=timezone.now())


# ---------------------------------------------------------------- while a send is held


def _holds() -> Iterator[str]:
    """Launches of this machine whose send is held and wants to be looked at: it is new, nobody was told, or it has rested."""
    mine = ("", processes.this_machine())
    running = Launch.objects.filter(state=Launch.State.RUNNING, host__in=mine).exclude(run_id="").order_by("looked_at")
    wanted = [launch for launch in running if _wants_a_look(launch)]
    if wanted:
        ledger = engine.ledger()
        yield from (f"{one.pk}:hold" for one in wanted if ledger.run(one.run_id).state is RunState.HELD)


def _wants_a_look(launch: Launch) -> bool:
    new = launch.held_at is None or launch.told_at is None
    return new or launch.wanted == "now" or (launch.wanted == "go" and rested(launch))


def _look_at_hold(instance: Instance, launch: Launch) -> None:
    run = instance.ledger.run(launch.run_id)
    if run.state is not RunState.HELD or not _wants_a_look(launch) or processes.lives(run.id) or too_late(run):
        return  # it has gone on, its process has said so and is about to end, or its time is over
    if launch.held_at is None:
        _begin_hold(instance, launch, run)
    elif launch.told_at is None:
        _tell_once(instance, launch, run)
    else:
        _try_again(instance, launch, run)


def _begin_hold(instance: Instance, launch: Launch, run: Run) -> None:
    """A new hold: try the checks once to learn whose they are, then tell its people."""
    event = last(instance, run, "held")
    found = rehearse(instance, instance.ledger.bundle(run.bundle), "hold", launch)
    why, technical = _words(event, found)
    held_at = datetime.fromtimestamp(event.at, UTC) if event else timezone.now()
    if not _still_held(instance, launch, run):
        return
    Launch.objects.filter(pk=launch.pk).update(
        held_at=held_at, why=why, technical=technical, looked_at=timezone.now(), told_at=None, told=""
    )
    if holds(instance, run):  # no check can mend that: it rests until somebody releases it
        Launch.objects.filter(pk=launch.pk).update(wanted="wait")
    launch.refresh_from_db()
    _tell_once(instance, launch, run)


def _tell_once(instance: Instance, launch: Launch, run: Run) -> None:
    """Once per hold; after a crash right here, once more rather than not at all."""
    told = tell_of_hold(instance, launch, Rehearsal.objects.filter(launch=launch, kind="hold").first())
    if told:
        _note(instance, run, "told", _("%s told.") % "; ".join(told), _("by mail"))


def _try_again(instance: Instance, launch: Launch, run: Run) -> None:
    """The checks again; when they pass it goes on by itself."""
    held_at = launch.held_at
    found = rehearse(instance, instance.ledger.bundle(run.bundle), "hold", launch)
    Rehearsal.objects.filter(launch=launch, kind="hold", pk__lt=found.pk, at__gt=held_at).delete()
    if not _still_held(instance, launch, run):
        return
    Launch.objects.filter(pk=launch.pk).update(
        looked_at=timezone.now(),
        why=(found.why or launch.why)[:1000],
        technical=(found.technical or launch.technical)[:1000],
    )
    Launch.objects.filter(pk=launch.pk, wanted="now").update(wanted="go")
    if found.ready and launch.wanted == "go" and instance.workspace.policy.incidents.resume == "ask":
        _ask_whether(instance, launch, run)
    elif found.ready and launch.wanted != "wait":
        _note(instance, run, "checked", _("The checks pass again: it goes on by itself."), _("%.1f s") % found.seconds)
        go_on(launch, run)


def _ask_whether(instance: Instance, launch: Launch, run: Run) -> None:
    """Both teams agreed that somebody says so first: it rests, and whoever launched it is asked once."""
    if not Launch.objects.filter(pk=launch.pk, wanted="go").update(wanted="wait"):
        return  # somebody was quicker
    _note(instance, run, "checked", _("The checks pass again: it waits until somebody says that it may go on."))
    until = _("It is not sent after %s.") % _moment(launch.expires_at)
    news = News(_("May it go on? %s") % launch.campaign, _("The checks pass again."), "", until)
    tell_owners(instance, launch, news, None)


def _still_held(instance: Instance, launch: Launch, run: Run) -> bool:
    """Whether, after a rehearsal that may have taken long, there is still something to hold or to let go."""
    launch.refresh_from_db()
    return launch.state == Launch.State.RUNNING and instance.ledger.run(run.id).state is RunState.HELD


def _words(event: RunEvent | None, found: Rehearsal) -> tuple[str, str]:
    """What held it, in both languages: the timeline's words, or the newest checks'."""
    if event is not None and event.business:
        return event.business[:1000], event.technical[:1000]
    return (found.why or _("It waits for its checks."))[:1000], found.technical[:1000]


def _note(instance: Instance, run: Run, kind: str, business: str, technical: str = "") -> None:
    instance.ledger.note(RunEvent(run.id, instance.clock.now(), kind, business, technical))


def _moment(when: datetime) -> str:
    return f"{timezone.localtime(when.astimezone(UTC)):%d %b %Y %H:%M}"
