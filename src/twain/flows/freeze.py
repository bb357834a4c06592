"""Checks and snapshot: one read transaction in the company's database, and the audience is frozen.

Nothing can be sent until the manifest is committed; a crash before that discards the attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pyarrow as pa

from twain.audiences.split import splitter
from twain.errors import Held, SourceError, TwainError
from twain.feeds.checks import check_audience, check_feed
from twain.feeds.consent import check_consent
from twain.flows.capacity import require_slot, take_slot
from twain.flows.capping import had_enough
from twain.flows.checked import keep_verdicts
from twain.flows.conversions import measures_lift
from twain.flows.domains import require_domain
from twain.flows.instance import Instance
from twain.flows.prepare import Prepared, prepare_here
from twain.flows.quiet import quiet_for
from twain.flows.watch import Watch
from twain.flows.waves import wave_of
from twain.ledger.converted import ConversionBook
from twain.ports import Session
from twain.records import Bundle, Level, Role, Run, RunEvent, RunState, Verdict
from twain.snapshot.take import Snapshot, discard, take_snapshot

#: Why people are left out, as both teams read it on the timeline.
LEFT_OUT = {
    "no_address": "without an address",
    "invalid": "whose address cannot be right",
    "duplicate": "whose address is there twice",
    "consent": "who have not agreed",
    "history": "by what they got before",
    "cap": "mailed too often lately",
    "holdout": "held out to compare",
}
_FREEZABLE = frozenset({RunState.PLANNED, RunState.CHECKED, RunState.SNAPSHOTTING, RunState.HELD})


def freeze(instance: Instance, run: Run, watch: Watch, prepared: Prepared) -> Run:
    """Check the data and freeze the audience. Raises Held, after which the run is ``held`` and can be resumed."""
    discard(instance.settings.spool, run.id)
    try:
        obey_stops(instance, prepared.bundle)
        _require_domain(instance, run, prepared.bundle)
        if not run.scope.startswith("to:"):
            require_slot(instance, prepared.bundle)
        run, snapshot = _read(instance, run, prepared, watch)
    except (Held, SourceError) as held:
        _hold(instance, run, held)
        held.todo = f"{held.todo} Then go on: twain resume {run.id}."
        raise
    return _commit(instance, run, prepared, snapshot)


def prepare_run(instance: Instance, run: Run) -> Prepared:
    """The run's bundle, compiled."""
    bundle = instance.ledger.bundle(run.bundle)
    keys = [run.scope[3:]] if run.scope.startswith("to:") else None
    return prepare_here(instance, bundle, keys)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try at a snapshot, with the key that its files are sealed under."""

    snapshot: Snapshot
    sealed_key: bytes


def _read(instance: Instance, run: Run, prepared: Prepared, watch: Watch) -> tuple[Run, _Attempt]:
    source = instance.source(prepared.feed.source)
    limits = instance.limits(prepared.feed.source)
    with ExitStack() as reading:
        session = reading.enter_context(source.session(instance.tag(run.campaign), limits))
        watch.stage("checks", f"Pre-send checks on {prepared.feed.source}")
        verdicts = check_feeds(instance, session, prepared, watch)
        keep_verdicts(instance, verdicts, prepared.feeds, run=run)
        hold_on(verdicts)
        run = _step(instance, run, RunState.CHECKED, "checked", _summary(verdicts))
        run = _step(instance, run, RunState.SNAPSHOTTING, "snapshotting", "Reading the audience.")
        watch.stage("audience", "Reading the audience")
        attempt = _take(instance, run, prepared, _until_read(session, prepared, reading), watch)
    if not run.scope:
        people = _check_people(instance, run, prepared, attempt.snapshot, watch)
        keep_verdicts(instance, people, prepared.feeds, run=run)
        hold_on(people)
    take_slot(instance, run, prepared.bundle, attempt.snapshot.funnel.audience)
    return run, attempt


def _until_read(session: Session, prepared: Prepared, reading: ExitStack) -> Iterator[pa.RecordBatch]:
    """The audience's rows; IT's transaction ends with the last of them, while the snapshot is still being sorted."""
    yield from session.stream(prepared.audience.statement)
    reading.close()


def check_feeds(instance: Instance, session: Session, prepared: Prepared, watch: Watch) -> list[Verdict]:
    """Run the pre-send checks of every feed the bundle reads, in the session that will read the audience."""
    verdicts: list[Verdict] = []
    thresholds = prepared.bundle.body.get("checks", {})
    for name in sorted({feed for feed, _ in prepared.audience.statement.lineage} | {prepared.feed.name}):
        feed = prepared.feeds[name]
        live = session.describe(feed.table or f"({feed.query})")
        found, figures = check_feed(
            session, feed, live, now=instance.clock.now(), last=instance.ledger.last_check(name), thresholds=thresholds
        )
        for verdict in found:
            watch.verdict(verdict)
        verdicts += found
        if not any(v.level is Level.HOLD for v in found):
            instance.ledger.remember_check(name, figures)
    unasked = _unasked(instance, prepared, session.dialect)
    for verdict in unasked:
        watch.verdict(verdict)
    return verdicts + unasked


def _unasked(instance: Instance, prepared: Prepared, dialect: str) -> list[Verdict]:
    """What is said, whoever is mailed, where no field says who agreed."""
    body = prepared.bundle.body
    name = str(body.get("topic", ""))
    topic = instance.workspace.policy.recipients.topic(name)
    basis = topic.basis if topic else ""
    found = check_consent(prepared.feed, topic=name, basis=basis, thresholds=body.get("checks", {}), dialect=dialect)
    return [found] if found else []


def _check_people(instance: Instance, run: Run, prepared: Prepared, snapshot: Snapshot, watch: Watch) -> list[Verdict]:
    body = prepared.bundle.body
    memory = f"audience:{run.campaign}"
    estimate = instance.ledger.last_check(memory).get("audience")
    asked = prepared.feed.with_role(Role.CONSENT) is not None
    verdicts = check_audience(
        snapshot.funnel, estimate=estimate, ceiling=body.get("ceiling"), thresholds=body.get("checks", {}), asked=asked
    )
    for verdict in verdicts:
        watch.verdict(verdict)
    if not any(v.level is Level.HOLD for v in verdicts):
        instance.ledger.remember_check(memory, {"audience": float(snapshot.funnel.audience)})
    return verdicts


def hold_on(verdicts: list[Verdict]) -> None:
    """Raise Held when a verdict says so, in both languages, naming who can mend it."""
    held = [verdict for verdict in verdicts if verdict.level is Level.HOLD]
    if held:
        owners = sorted({str(v.owner) for v in held if v.owner})
        raise Held(
            "Held by pre-send checks: " + " ".join(v.technical for v in held),
            business=" ".join(v.business for v in held),
            todo=f"{' and '.join(owners) or 'IT'} can mend it.",
        )


def _take(
    instance: Instance, run: Run, prepared: Prepared, batches: Iterator[pa.RecordBatch], watch: Watch
) -> _Attempt:
    data_key = instance.vault.new_data_key()
    snapshot = take_snapshot(
        batches,
        run_id=run.id,
        spool=instance.settings.spool,
        data_key=data_key,
        hash_address=instance.vault.hash_addresses,
        lane=instance.channel(run.channel).lane,
        split=split_of(prepared, whole=not run.scope.startswith("to:")),
        history=instance.key_sets(prepared.audience),
        had_enough=had_enough(instance, prepared.bundle, run.id) if not run.scope.startswith("to:") else None,
        keep_held_out=measures_lift(prepared.bundle),
        not_before=_wave(instance, prepared.bundle),
        quiet=quiet_for(prepared.bundle, instance.settings.time_zone),
        ceiling=None,
        limit=int(run.scope[6:]) if run.scope.startswith("limit:") else None,
        progress=watch.read,
    )
    return _Attempt(snapshot, instance.vault.seal(data_key, run.id))


def _wave(instance: Instance, bundle: Bundle) -> Callable[[str | None], float] | None:
    return wave_of(bundle.body.get("local_time", ""), instance.clock.now(), bundle.body.get("local_date", ""))


def split_of(prepared: Prepared, *, whole: bool) -> Callable[[bytes], int]:
    """Who gets which arm. A send to one chosen person has no holdout (*whole* is False)."""
    holdout = float(prepared.bundle.body.get("holdout", 0.0)) if whole else 0.0
    return splitter(prepared.bundle.campaign, holdout, prepared.arms)


def _commit(instance: Instance, run: Run, prepared: Prepared, attempt: _Attempt) -> Run:
    funnel = attempt.snapshot.funnel
    if attempt.snapshot.held_out:
        book = ConversionBook(instance.settings.history)
        book.write_held_out(run, prepared.feed.name, attempt.snapshot.held_out, instance.clock.now())
    links = dict(enumerate(link for p in prepared.programs for link in p.links))
    instance.ledger.remember_links(prepared.bundle.hash, links)
    excluded = ", ".join(
        f"{count} {LEFT_OUT.get(reason, reason)}" for reason, count in funnel.excluded.items() if count
    )
    text = f"{funnel.audience} people; of {funnel.matched} matched, left out: {excluded or 'nobody'}."
    event = RunEvent(run.id, instance.clock.now(), "sending", text, f"batches: {len(attempt.snapshot.shards)}")
    return instance.ledger.commit_manifest(run.id, attempt.snapshot.shards, funnel, attempt.sealed_key, event)


def _require_domain(instance: Instance, run: Run, bundle: Bundle) -> None:
    """Held while the sender's domain is red; what is amber goes into the timeline."""
    amber = require_domain(instance, bundle)
    if amber:
        business = "The sender's domain could be set up better; the send goes on."
        instance.ledger.note(RunEvent(run.id, instance.clock.now(), "domain", business, " ".join(amber)))


def _hold(instance: Instance, run: Run, held: TwainError) -> None:
    now = instance.ledger.run(run.id)
    event = RunEvent(run.id, instance.clock.now(), "held", held.business, held.what)
    if now.state in _FREEZABLE:
        instance.ledger.advance(run.id, {now.state}, RunState.HELD, event)
    discard(instance.settings.spool, run.id)


def _step(instance: Instance, run: Run, to: RunState, kind: str, text: str) -> Run:
    event = RunEvent(run.id, instance.clock.now(), kind, text)
    if instance.ledger.run(run.id).state is to:  # a process died here once, and this one begins again
        instance.ledger.note(event)
        return instance.ledger.run(run.id)
    return instance.ledger.advance(run.id, _FREEZABLE, to, event)


def _summary(verdicts: list[Verdict]) -> str:
    warned = [v.business for v in verdicts if v.level is Level.WARN]
    passed = sum(1 for v in verdicts if v.level is Level.PASS)
    return f"{passed} checks passed." + (f" Warnings: {' '.join(warned)}" if warned else "")


def obey_stops(instance: Instance, bundle: Bundle) -> None:
    """Raise Held while somebody's stop forbids this send."""
    feed = instance.workspace.feed(bundle.body["feed"])
    scopes = {"all", f"channel:{bundle.body['channel']}", f"source:{feed.source}"}
    for stop in instance.ledger.stops():
        if stop.scope in scopes:
            raise Held(
                f"Stopped ({stop.scope}) by {stop.person}: {stop.why}.",
                todo="When it is safe again: twain stop --lift " + stop.scope,
                business=f"{stop.person} has stopped this: {stop.why}.",
            )
