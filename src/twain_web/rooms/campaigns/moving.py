"""What moves launches by itself: the start at the due moment, going on after a pause or a crash, the end.

Every step can be made again after a crash at any point of it: the run's id is minted and noted before the run is made, the run's
process is found by a lock that the kernel keeps, and everything else is read from the ledger. Nothing here asks the company's
database: that can take long, and is done by the rehearsals (``trying.py``).
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import LedgerError, TwainError
from twain.flows.freeze import obey_stops
from twain.flows.instance import Instance
from twain.flows.production import require_production
from twain.flows.publish import publish, require_approval
from twain.flows.send import SendOptions, new_run_id, plan
from twain.records import Bundle
from twain_web import engine
from twain_web.outbox import tell
from twain_web.reconcile import reconciler
from twain_web.rooms.campaigns import processes
from twain_web.rooms.campaigns.following import CHECK_AGAIN, follow, hold_launch
from twain_web.rooms.campaigns.models import Launch
from twain_web.rooms.campaigns.records import campaign_record
from twain_web.rooms.campaigns.telling import News, tell_owners


def _due() -> Iterable[str]:
    """Launches that want a step now: runs to follow, moments reached, holds to look at again."""
    now = timezone.now()
    waiting = Q(state=Launch.State.SCHEDULED, due_at__lte=now)
    held = Q(state=Launch.State.HELD) & (
        Q(looked_at=None) | Q(looked_at__lte=now - CHECK_AGAIN) | Q(expires_at__lte=now)
    )
    found = Launch.objects.filter(waiting | held | Q(state=Launch.State.RUNNING)).order_by("due_at")
    return [str(pk) for pk in found.values_list("pk", flat=True)]


@reconciler("launches", every=1.0, due=_due, hands=4)
def move(key: str) -> None:
    """Move one launch forward, if there is anything to do."""
    launch = Launch.objects.select_related("asked_by").get(pk=key)
    instance = engine.instance(launch.asked_by)
    if launch.state == Launch.State.RUNNING:
        _follow(instance, launch)
    elif launch.is_open:
        _before_its_run(instance, launch)


def _follow(instance: Instance, launch: Launch) -> None:
    """What the ledger does not know any more, because an older backup of it was restored, is not sent anew: it may have gone."""
    try:
        follow(instance, launch)
    except LedgerError as error:
        if error.shown_code != "T702":
            raise
        why = _(
            "The ledger does not know this send any more: perhaps an older backup was restored. It may have gone, or in part."
        )
        Launch.objects.filter(pk=launch.pk).update(
            state=Launch.State.CANCELLED, ended_at=timezone.now(), why=why, technical=error.what[:1000]
        )
        tell_owners(instance, launch, News(_("Lost from sight: %s") % launch.campaign, why, error.what), None)


def _before_its_run(instance: Instance, launch: Launch) -> None:
    now = timezone.now()
    if now >= launch.expires_at:
        _expire(instance, launch)
    elif now >= launch.due_at:
        _begin(instance, launch)


def _expire(instance: Instance, launch: Launch) -> None:
    why = _("It could not go in time, and was not to go later.")
    Launch.objects.filter(pk=launch.pk).update(
        state=Launch.State.EXPIRED, ended_at=timezone.now(), why=f"{why} {launch.why}".strip()[:1000]
    )
    tell_owners(instance, launch, News(_("Not sent: %s") % launch.campaign, why, launch.technical), None)
    tell("campaign.expired", campaign=launch.campaign, bundle=launch.bundle)


def _begin(instance: Instance, launch: Launch) -> None:
    """The due moment: everything that was looked at when it was launched is looked at again, then the run is made."""
    if launch.run_id and _known(instance, launch.run_id):
        _running(instance, launch)
        return
    try:
        if void_if_edited(instance, launch):
            return
        bundle = instance.ledger.bundle(launch.bundle)
        obey_stops(instance, bundle)
        require_production(instance, bundle)
        require_approval(instance, bundle)
        _make_run(instance, launch, bundle)
    except TwainError as error:
        hold_launch(instance, launch, error)
        return
    _running(instance, launch)


def _make_run(instance: Instance, launch: Launch, bundle: Bundle) -> None:
    """One id per launch, whoever is quicker; a run under it that is there already is ours."""
    Launch.objects.filter(pk=launch.pk, run_id="").update(run_id=new_run_id(instance.clock.now()))
    launch.refresh_from_db(fields=["run_id"])
    try:
        plan(instance, bundle, SendOptions(run_id=launch.run_id, not_after=launch.expires_at.timestamp()))
    except TwainError:
        if _known(instance, launch.run_id):
            return
        Launch.objects.filter(pk=launch.pk).update(run_id="")  # nothing was made: it can still be taken back
        launch.run_id = ""
        raise


def _running(instance: Instance, launch: Launch) -> None:
    launch.state, launch.why, launch.technical = Launch.State.RUNNING, "", ""
    launch.host, launch.held_at, launch.looked_at = processes.this_machine(), None, None
    with transaction.atomic():
        launch.save(update_fields=["state", "why", "technical", "host", "held_at", "looked_at"])
        tell("campaign.started", campaign=launch.campaign, run=launch.run_id, bundle=launch.bundle)
    follow(instance, launch)


def void_if_edited(instance: Instance, launch: Launch) -> bool:
    """What was approved is not what would go now: its audience, words or contracts were edited. Raises what makes it unfit."""
    if publish(instance, campaign_record(launch.campaign)).hash == launch.bundle:
        return False
    why = _("It was edited after it was approved and launched: it needs a new approval.")
    Launch.objects.filter(pk=launch.pk).update(state=Launch.State.VOID, ended_at=timezone.now(), why=why)
    tell_owners(instance, launch, News(_("Not sent: %s") % launch.campaign, why), None)
    tell("campaign.voided", campaign=launch.campaign, bundle=launch.bundle)
    return True


def _known(instance: Instance, run_id: str) -> bool:
    try:
        return instance.ledger.run(run_id).id == run_id
    except LedgerError:
        return False
