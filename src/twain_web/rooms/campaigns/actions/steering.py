"""Pausing, resuming, stopping and settling one send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from twain.errors import WrongState
from twain.flows import brakes
from twain.flows import resolve as flow_resolve
from twain.flows import send as flow_send
from twain.records import Run
from twain_web import engine
from twain_web.rooms.campaigns.models import Launch
from twain_web.rooms.people.public import record


def pause_send(*, by: Any, run_id: str) -> Run:  # noqa: ANN401 — a Person
    """Stop claiming; what is in flight is answered. Nothing goes on by itself until somebody resumes it."""
    run = flow_send.pause(engine.instance(by), run_id)
    Launch.objects.filter(run_id=run.id).update(wanted="wait")
    record(by, "send paused", f"send:{run.id}", {"campaign": run.campaign})
    return run


def resume_send(*, by: Any, run_id: str) -> Launch:  # noqa: ANN401
    """Go on with a send that was paused or held, or left by a dead process; its own process is started by the reconciler."""
    instance = engine.instance(by)
    run = instance.ledger.run(run_id)
    if run.state not in flow_send.OPEN:
        raise WrongState(f"Send {run.id} is {run.state}: there is nothing to go on with.", todo="Reload the page.")
    if brakes.holds(instance, run):
        brakes.release(instance, run.id)
        record(by, "brake released", f"send:{run.id}", {"campaign": run.campaign})
    launch = _go(by, run)
    record(by, "send resumed", f"send:{run.id}", {"campaign": run.campaign})
    return launch


def cancel_send(*, by: Any, run_id: str) -> Run:  # noqa: ANN401
    """End a send for good: people not reached yet are accounted for as suppressed (cancelled)."""
    run = flow_send.cancel(engine.instance(by), run_id)
    Launch.objects.filter(run_id=run.id, state__in=Launch.OPEN).update(
        state=Launch.State.CANCELLED, ended_at=timezone.now()
    )
    record(by, "send stopped for good", f"send:{run.id}", {"campaign": run.campaign})
    return run


def resolve_send(*, by: Any, run_id: str, resend: bool) -> int:  # noqa: ANN401
    """Settle every delivery that is unknown: send again, or count as sent. Returns how many there were."""
    instance = engine.instance(by)
    run = instance.ledger.run(run_id)
    if resend:
        _refuse_while_another(run)
    number = flow_resolve.resolve(instance, run.id, resend=resend)
    if resend:
        _go(by, instance.ledger.run(run.id))
    verb = "unknown deliveries sent again" if resend else "unknown deliveries counted as sent"
    record(by, verb, f"send:{run.id}", {"campaign": run.campaign, "people": number})
    return number


def _go(by: Any, run: Run) -> Launch:  # noqa: ANN401
    """Want it to go on. A send that the command line began gets a launch of its own, so that it is looked after."""
    try:
        with transaction.atomic():
            launch, made = Launch.objects.get_or_create(run_id=run.id, defaults=_adopted(by, run))
            if not made:
                launch.state, launch.wanted, launch.looked_at, launch.ended_at = Launch.State.RUNNING, "now", None, None
                launch.save(update_fields=["state", "wanted", "looked_at", "ended_at"])
    except IntegrityError:
        raise _another(run) from None
    return launch


def _adopted(by: Any, run: Run) -> dict[str, Any]:  # noqa: ANN401
    now = timezone.now()
    expires = datetime.fromtimestamp(run.not_after, UTC) if run.not_after else now + timedelta(days=14)
    return {"campaign": run.campaign, "bundle": run.bundle, "token": f"run:{run.id}", "asked_by": by, "due_at": now,
            "expires_at": expires, "state": Launch.State.RUNNING, "wanted": "now"}  # fmt: skip


def _refuse_while_another(run: Run) -> None:
    if Launch.objects.filter(campaign=run.campaign, state__in=Launch.OPEN).exclude(run_id=run.id).exists():
        raise _another(run)


def _another(run: Run) -> WrongState:
    return WrongState(
        f"Another launch of {run.campaign} is scheduled or being sent.", todo="Wait for it, or take it back first."
    )
