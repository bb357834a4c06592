"""From the gateways' spools to the delivery history: what recipients did, each event once, machines told from people.

A spool file becomes one file of the history, under its own name, and is deleted then. A collector that dies in between is
repeated and writes the same again, or, when its file was merged with others meanwhile, finds that and only deletes.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from twain.errors import LedgerError, LedgerUnavailable
from twain.flows.gateway import event_folder
from twain.flows.instance import Instance
from twain.insight.reactions import Reactions, reactions
from twain.ledger.happened import EVENTS
from twain.records import Run
from twain.returns.agents import Judge, Message, rules
from twain.returns.events import Event, finished_files, open_files, read_events
from twain.snapshot.spool import read_shard

_GONE = "T702"


@dataclass(frozen=True, slots=True)
class Collected:
    """How many events went into the history, how many of them machines caused, and from how many spool files."""

    events: int = 0
    machines: int = 0
    files: int = 0


class _Known(NamedTuple):
    """What we know of the message that an event is of. *sent_at*: epoch seconds, None when that is not settled yet."""

    campaign: str
    feed: str
    key: str
    arm: str
    sent_at: float | None


_UNKNOWN = _Known("", "", "", "", None)


def settle_seconds() -> float:
    """How old an event must be before it is judged: what tells a machine may come after it."""
    seconds = rules().seconds
    return max(seconds["burst"], seconds["canary"] / 4)


def waiting(instance: Instance, *, settle: float | None = None) -> bool:
    """Whether there is something to collect; costs a look into a folder."""
    return bool(_due(instance, settle_seconds() if settle is None else settle))


def collect(instance: Instance, *, settle: float | None = None, most: int = 64) -> Collected:
    """Take what gateways of this machine have kept into the history, at most *most* files at a time.

    *settle*: only files whose last event is so many seconds old. Somebody else who collects here now is left to it. Raises
    LedgerUnavailable (T711) when the history has no room: the spool keeps everything until it has.
    """
    folder = event_folder(instance.settings)
    if not folder.is_dir():
        return Collected()
    with _alone(folder) as ours:
        files = _due(instance, settle_seconds() if settle is None else settle)[:most] if ours else []
        read = {path: list(read_events(path)) for path in files}
        events = [event for kept in read.values() for event in kept]
        if not events:
            return _empty(files)
        judge = Judge(_around(instance, folder, events))
        known = _Messages(instance).known({event[:3] for event in events})
        collected = Collected()
        for path, kept in read.items():
            machines = _write(instance, path.stem, kept, judge, known) if kept else 0
            path.unlink()
            collected = Collected(collected.events + len(kept), collected.machines + machines, collected.files + 1)
    return collected


def came_back(instance: Instance, run_id: str) -> Reactions:
    """What people and machines did with a send's messages, as far as it is collected."""
    return reactions(run_id, instance.history.files("events", run_id))


def _empty(files: Sequence[Path]) -> Collected:
    for path in files:
        path.unlink()
    return Collected(files=len(files))


def _due(instance: Instance, settle: float) -> list[Path]:
    before = instance.clock.now() - settle
    return [path for path in finished_files(event_folder(instance.settings)) if path.stat().st_mtime <= before]


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """True when nobody else collects in this folder; the lock ends with the process."""
    handle = os.open(folder / "collecting.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _around(instance: Instance, folder: Path, events: Sequence[Event]) -> list[Event]:
    """All that happened to these messages about then: collected before, about to be, and still being kept."""
    messages = {event[:3] for event in events}
    since = min(event.at for event in events) - rules().seconds["canary"]
    runs = sorted({event.run_id for event in events})
    before = [
        Event(row["run_id"], row["shard"], row["row"], row["kind"], row["at"].timestamp(), row["link"])
        for row in instance.history.events_since(since, runs)
    ]
    here = [event for path in (*finished_files(folder), *open_files(folder)) for event in read_events(path)]
    return [event for event in (*before, *here) if event[:3] in messages]


def _write(
    instance: Instance, name: str, events: Sequence[Event], judge: Judge, known: Mapping[Message, _Known]
) -> int:
    """One file of the history; returns how many of its events machines caused."""
    rows: dict[str, list[Any]] = {field: [] for field in EVENTS.names}
    for number, event in enumerate(events):
        message = known.get(event[:3], _UNKNOWN)
        verdict = judge.judge(event, message.sent_at)
        said = (f"{name}.{number}", *event[:3], message.campaign, message.feed, message.key, message.arm, event.kind,
                event.link, verdict.machine, verdict.why, verdict.client, int(event.at * 1000))  # fmt: skip
        for field, value in zip(EVENTS.names, said, strict=True):
            rows[field].append(value)
    table = pa.table({field: pa.array(rows[field], EVENTS.field(field).type) for field in EVENTS.names}, EVENTS)
    try:
        instance.history.write_events(name, table)
    except OSError as error:
        raise LedgerUnavailable(
            f"The delivery history {instance.settings.history} cannot be written: {error.strerror}.",
            todo="Make room there; what recipients did is kept in the gateways' spool until then.",
            code="T711",
        ) from error
    return sum(rows["machine"])


class _Messages:
    """What is known of messages: from the delivery history, or, while their send goes on, from the spool and the ledger."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._runs: dict[str, Run | None] = {}

    def known(self, messages: set[Message]) -> dict[Message, _Known]:
        """Of each message what there is; a message of a run that nobody knows is missing."""
        ordered = sorted(messages)
        columns = [[one[place] for one in ordered] for place in range(3)]
        kinds = (pa.string(), pa.int32(), pa.int32())
        table = pa.table([pa.array(c, k) for c, k in zip(columns, kinds, strict=True)], ["run_id", "shard", "row"])
        found = {
            (row["run_id"], row["shard"], row["row"]): _Known(
                row["campaign"], row["feed"], row["key"], row["arm"], row["at"].timestamp()
            )
            for row in self._instance.history.mailed(table).to_pylist()
        }
        under_way: dict[tuple[str, int], list[int]] = {}
        for run_id, shard, row in ordered:
            if (run_id, shard, row) not in found:
                under_way.setdefault((run_id, shard), []).append(row)
        for (run_id, shard), rows in under_way.items():
            found |= self._under_way(run_id, shard, rows)
        return found

    def _under_way(self, run_id: str, shard: int, rows: Sequence[int]) -> dict[Message, _Known]:
        run = self._run(run_id)
        if run is None:
            return {}
        body = self._instance.ledger.bundle(run.bundle).body
        feed, arms = str(body.get("feed", "")), [str(arm["name"]) for arm in body.get("arms", [])]
        known = _Known(run.campaign, feed, "", "", None)
        found: dict[Message, _Known] = {(run_id, shard, row): known for row in rows}
        stored = next((s for s in self._instance.ledger.shards(run.id) if s.number == shard), None)
        if stored is None or not run.sealed_key:
            return found
        try:
            table = read_shard(stored, self._instance.vault.unseal(run.sealed_key, run.id)).select(["key", "arm"])
        except LedgerError:
            return found  # the key was destroyed in this very moment: the send is over
        sent = self._instance.ledger.sent_times(run.id, shard)
        for row in (row for row in rows if row < table.num_rows):
            arm = int(table["arm"][row].as_py())
            key, name = str(table["key"][row].as_py()), arms[arm] if arm < len(arms) else ""
            found[run_id, shard, row] = known._replace(key=key, arm=name, sent_at=sent.get(row))
        return found

    def _run(self, run_id: str) -> Run | None:
        if run_id not in self._runs:
            try:
                self._runs[run_id] = self._instance.ledger.run(run_id)
            except LedgerError as error:
                if error.shown_code != _GONE:
                    raise
                self._runs[run_id] = None
        return self._runs[run_id]
