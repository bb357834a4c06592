"""A send, whole: from a live database row to a delivered message. Read this first.

::

    campaign's files ─▶ bundle ─▶ approval ─▶ run ─▶ checks + snapshot ─▶ delivery ─▶ everyone accounted for
                        publish   publish     here   freeze               deliver     account

Each step leaves the run in a state from which :func:`carry_on` goes on, in this process or, after a crash, in another.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from twain.errors import ConfigError, Held, WrongState
from twain.flows.account import Report, finish, report
from twain.flows.brakes import require_released
from twain.flows.check import refuse_words
from twain.flows.deliver import deliver
from twain.flows.ending import close
from twain.flows.freeze import freeze, obey_stops, prepare_run
from twain.flows.instance import Instance
from twain.flows.prepare import Prepared
from twain.flows.production import require_production
from twain.flows.publish import publish, require_approval
from twain.flows.watch import Nobody, Watch
from twain.records import Bundle, Run, RunEvent, RunState

#: A run in one of these is not over; a second send of its campaign would mail people twice.
OPEN = frozenset({RunState.PLANNED, RunState.CHECKED, RunState.SNAPSHOTTING, RunState.SENDING, RunState.PAUSED,
                  RunState.RECONCILING, RunState.HELD})  # fmt: skip
_WAITING = frozenset({RunState.PAUSED, RunState.HELD})
_BEFORE_SNAPSHOT = frozenset({RunState.PLANNED, RunState.CHECKED, RunState.SNAPSHOTTING, RunState.HELD})
#: In a timeline: somebody wanted this; nothing goes on by itself after it.
BY_HAND = "by hand"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class SendOptions:
    """What the sender chose beyond the campaign: one person, the first n, a deadline, how many worker processes.

    *run_id*: the send's id, when somebody has minted and noted it beforehand, so that after a crash they find it again.
    """

    to: str = ""
    limit: int | None = None
    not_after: float | None = None
    workers: int = 1
    run_id: str = ""


def send(instance: Instance, campaign: str, options: SendOptions | None = None, watch: Watch | None = None) -> Report:
    """Send a campaign now and return its report when everyone is accounted for.

    Raises Held (checks, approval, a stop, size), ConfigError, ContractError, RuleError, ContentError before anything
    leaves; SourceError, LedgerError, ChannelError when the outside fails: the run then waits for ``twain resume``.
    """
    options = options or SendOptions()
    record = instance.workspace.campaign(campaign)
    bundle = publish(instance, record)
    obey_stops(instance, bundle)
    require_production(instance, bundle)
    require_approval(instance, bundle)
    refuse_words(instance, record)
    run = plan(instance, bundle, options)
    return carry_on(instance, run, watch, workers=options.workers)


def carry_on(instance: Instance, run: Run, watch: Watch | None = None, *, workers: int = 1) -> Report:
    """Take a run from the state it is in to its end, or to what stops it."""
    watch = watch or Nobody()
    if run.state in _WAITING and instance.ledger.shards(run.id):
        run = unpause(instance, run)
    prepared: Prepared | None = None
    if run.state in _BEFORE_SNAPSHOT:
        prepared = prepare_run(instance, run)
        run = freeze(instance, run, watch, prepared)
    if run.state is RunState.SENDING:
        run = deliver(instance, run, watch, workers=workers, prepared=prepared)
    if run.state is RunState.RECONCILING:
        run = finish(instance, run, watch)
    return report(instance, run)


def plan(instance: Instance, bundle: Bundle, options: SendOptions) -> Run:
    """Write the run into the ledger. Raises WrongState while another send of the campaign is not over."""
    open_runs = instance.ledger.runs(campaign=bundle.campaign, states=OPEN)
    if open_runs:
        other = open_runs[0]
        raise WrongState(
            f"Send {other.id} of {bundle.campaign!r} is not over: it is {other.state}.",
            todo=f"Go on with it: twain resume {other.id}. Or end it: twain cancel {other.id}.",
        )
    now = instance.clock.now()
    run = Run(
        id=options.run_id or new_run_id(now),
        bundle=bundle.hash,
        campaign=bundle.campaign,
        state=RunState.PLANNED,
        channel=bundle.body["channel"],
        crash_policy=bundle.body["crash_policy"],
        person=instance.person,
        created_at=now,
        not_after=_deadline(bundle, options, now),
        scope=_scope(options),
    )
    instance.ledger.create_run(run)
    return run


def unpause(instance: Instance, run: Run) -> Run:
    """A run whose audience is frozen, and which was paused or held since, sends again."""
    require_released(instance, run)
    event = RunEvent(run.id, instance.clock.now(), "resumed", f"Resumed by {instance.person}.", "", instance.person)
    return instance.ledger.advance(run.id, _WAITING, RunState.SENDING, event)


def resume(instance: Instance, run_id: str, watch: Watch | None = None, *, workers: int = 1) -> Report:
    """Go on with a run that was paused, held, or left by a process that died. Raises WrongState when it is over."""
    run = instance.ledger.run(run_id)
    if run.state not in OPEN:
        raise WrongState(
            f"Send {run.id} is {run.state}: there is nothing to go on with.", todo="See: twain run " + run.id
        )
    return carry_on(instance, run, watch, workers=workers)


def new_run_id(now: float) -> str:
    """A short name that sorts by time: ``r``, seven base-36 digits of the second, four of chance."""
    number, digits = int(now), ""
    for _ in range(7):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return f"r{digits}{''.join(secrets.choice(_DIGITS) for _ in range(4))}"


def _deadline(bundle: Bundle, options: SendOptions, now: float) -> float | None:
    if options.not_after is not None:
        if options.not_after <= now:
            raise Held("The time after which this must not be sent has passed.", todo="Choose a later --not-after.")
        return options.not_after
    after = bundle.body.get("not_after")
    return None if after is None else now + float(after)


def _scope(options: SendOptions) -> str:
    if options.to and options.limit is not None:
        raise ConfigError("--to and --limit exclude each other.", todo="Use one of them.")
    if options.to:
        return f"to:{options.to}"
    return f"limit:{options.limit}" if options.limit is not None else ""


def pause(instance: Instance, run_id: str) -> Run:
    """Stop claiming; what is in flight is answered, nothing is lost."""
    run = instance.ledger.run(run_id)
    event = RunEvent(run.id, instance.clock.now(), "paused", f"Paused by {instance.person}.", BY_HAND, instance.person)
    return instance.ledger.advance(run.id, {RunState.SENDING}, RunState.PAUSED, event)


def cancel(instance: Instance, run_id: str) -> Run:
    """End a run; people not reached yet are accounted for as suppressed (cancelled)."""
    run = instance.ledger.run(run_id)
    event = RunEvent(run.id, instance.clock.now(), "cancelled", f"Cancelled by {instance.person}.", "", instance.person)
    run = instance.ledger.advance(run.id, OPEN - {RunState.RECONCILING}, RunState.CANCELLED, event)
    return close(instance, run)


def expire(instance: Instance, run_id: str) -> Run:
    """End a waiting run whose time is over; people not reached yet are accounted for as suppressed (expired)."""
    run = instance.ledger.run(run_id)
    event = RunEvent(run.id, instance.clock.now(), "expired", "Its time is over: it was not to go later than this.")
    run = instance.ledger.advance(run.id, OPEN - {RunState.RECONCILING, RunState.SENDING}, RunState.EXPIRED, event)
    return close(instance, run)
