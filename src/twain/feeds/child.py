"""The child process in which a company database is read: ``python -m twain.feeds.child``.

It learns everything over its stdin (never argv, never the environment), answers over its stdout, keeps to a memory limit
set by the kernel, ends a statement at its time, and dies with its parent: when the pipe closes, it interrupts what runs
in the server and exits.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from twain.feeds import conform, sources, wire
from twain.feeds.engine import Engine, Fault, Query, Work
from twain.ports import LiveTable

# Python, Arrow and a driver need this much beside the engine's own memory.
_BASE_MB = 768
_BATCH_BYTES = 4 << 20


def main() -> None:
    """Serve one parent until it closes the pipe. The driver of the kind that argv names is loaded before there is work."""
    talk = _Talk(*_private_pipes())
    for kind in sys.argv[1:]:
        with suppress(Exception):  # whoever sends work for it hears what is wrong
            sources.opener(kind)
    try:
        work = Work(**talk.first())
        _limit_memory(work.memory_mb)
        engine = sources.opener(work.kind)(work)
    except Fault as fault:
        talk.fault(fault)
        return
    except wire.Closed:  # it was a spare, and nobody needed it
        return
    talk.watch(engine)
    talk.say(wire.READY, {})
    _serve(talk, engine, work.timeout_seconds)


def _serve(talk: _Talk, engine: Engine, seconds: float) -> None:
    while (command := talk.next()) is not None:
        timer = _Alarm(engine, seconds)
        try:
            with timer:
                _obey(talk, engine, command)
        except wire.Closed:
            break
        except Exception as error:  # noqa: BLE001 — whatever it was, the parent must hear of it
            talk.fault(_as_fault(error, late=timer.rang))
            _recover(talk, engine)
    engine.close()


def _recover(talk: _Talk, engine: Engine) -> None:
    try:
        engine.recover()
    except Fault:
        talk.close()


def _as_fault(error: Exception, *, late: bool) -> Fault:
    fault = error if isinstance(error, Fault) else Fault("query", f"{type(error).__name__}: {error}")
    if isinstance(error, MemoryError | pa.ArrowMemoryError):
        fault = Fault("memory")
    return Fault("time", state=fault.state) if late else fault


def _obey(talk: _Talk, engine: Engine, command: Mapping[str, Any]) -> None:
    match command["do"]:
        case "read":
            _read(talk, engine, Query.unpacked(command["query"]))
        case "cost":
            talk.say(wire.END, {"cost": engine.cost(Query.unpacked(command["query"]))})
        case "tables":
            talk.say(wire.END, {"tables": [asdict(table) for table in engine.tables()]})
        case "describe":
            found: LiveTable | None = engine.describe(command["relation"])
            talk.say(wire.END, {"table": asdict(found) if found else None})


def _read(talk: _Talk, engine: Engine, query: Query) -> None:
    talk.raw(wire.SCHEMA, conform.schema(query.columns).serialize())
    rows = 0
    for batch in _pieces(engine.read(query)):
        rows += batch.num_rows
        if query.max_rows is not None and rows > query.max_rows:
            raise Fault("rows", str(query.max_rows))
        talk.raw(wire.BATCH, batch.serialize())
    talk.say(wire.END, {"rows": rows})


def _pieces(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut what is too large for a frame: related rows as JSON can be long."""
    for batch in batches:
        step = max(1, batch.num_rows * _BATCH_BYTES // max(batch.nbytes, 1))
        for start in range(0, batch.num_rows, step):
            yield batch.slice(start, step)


class _Alarm:
    """Interrupts the engine when a statement's time is over."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        self.rang = False
        self._engine = engine
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def _ring(self) -> None:
        self.rang = True
        self._engine.interrupt()

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


class _Talk:
    """Both pipes. A thread of its own listens, so that a cancel or the parent's end is heard while a query runs."""

    def __init__(self, inward: int, outward: int) -> None:
        self._in = inward
        self._out = outward
        self._commands: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def first(self) -> dict[str, Any]:
        _, payload = wire.receive(self._in)
        told: dict[str, Any] = json.loads(payload)
        return told

    def watch(self, engine: Engine) -> None:
        threading.Thread(target=self._listen, args=(engine,), daemon=True).start()

    def _listen(self, engine: Engine) -> None:
        try:
            while (command := self.first())["do"] != "close":
                if command["do"] == "cancel":
                    engine.interrupt()
                else:
                    self._commands.put(command)
        except wire.Closed:
            engine.interrupt()
            os._exit(0)
        self._commands.put(None)

    def next(self) -> dict[str, Any] | None:
        return self._commands.get()

    def say(self, kind: bytes, value: Mapping[str, Any]) -> None:
        wire.send_json(self._out, kind, value)

    def raw(self, kind: bytes, buffer: pa.Buffer) -> None:
        wire.send(self._out, kind, memoryview(buffer))

    def fault(self, fault: Fault) -> None:
        self.say(wire.FAULT, {"kind": fault.kind, "text": fault.text, "state": fault.state})

    def close(self) -> None:
        self._commands.put(None)


def _private_pipes() -> tuple[int, int]:
    """Keep the pipes for ourselves: nothing that a driver prints may get between the frames."""
    inward, outward = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return inward, outward


def _limit_memory(megabytes: int) -> None:
    size = (megabytes + _BASE_MB) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    try:
        main()
    except wire.Closed:
        sys.exit(0)
