"""The gateway: clicks per second, each on the disk before its answer, against an empty WSGI handler under the same server.

Both run under granian with the same number of processes, in turn, on this machine; so does the load generator, whose own CPU per
answer is told: on few cores it is part of what both can reach. Ours is served by RSGI, the empty handler by WSGI. Every click has
a token of its own and is verified, looked up, kept with a sync it shares, and redirected. Then a gateway is killed in mid-load,
and every answer that was seen must be in what is left.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.report import Report
from twain.flows.gateway import event_folder
from twain.flows.instance import open_instance
from twain.ledger.bundles import make_bundle
from twain.records import Run, RunState
from twain.returns.events import finished_files, read_events
from twain.settings import load_settings

_HERE = Path(__file__).parent
RUN, LINKS = "r0benchgateway", 5
PEOPLE = 20_000


def arguments(parser: argparse.ArgumentParser) -> None:
    """How the servers are run, and how they are asked."""
    parser.add_argument("--workers", type=int, default=2, help="processes of each server")
    parser.add_argument("--threads", type=int, default=32, help="the empty handler's threads, in each process")
    parser.add_argument("--connections", type=int, default=96)
    parser.add_argument("--depth", type=int, default=2, help="requests on their way, per connection")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measured round")


def run(options: argparse.Namespace) -> Report:
    """Rounds of both in turn, then the kills."""
    report = Report("gateway")
    with tempfile.TemporaryDirectory(prefix="twain-gateway-", dir=Path.cwd()) as place:
        root = Path(place)
        paths = _workspace(root, max(int(PEOPLE * options.scale), 500))
        rows = []
        for _ in range(max(options.rounds, 5)):
            with _empty(options) as port:
                empty = _click(port, paths, options)
            with _gateway(root, options) as (_, port):
                ours = _click(port, paths, options)
            rows.append((ours, empty))
        lost, seen = zip(*(_killed(root, paths, options) for _ in range(3)), strict=True)
    _enter(report, rows)
    report.figures |= {
        "answers seen before three kills": sum(seen),
        "workers": options.workers,
        "threads": options.threads,
    }
    report.at_most("events lost after their answer", sum(lost), 0)
    return report


def _enter(report: Report, rows: list[tuple[dict[str, float], dict[str, float]]]) -> None:
    rate = statistics.median(ours["rate"] for ours, _ in rows)
    ratio = statistics.median(ours["rate"] / empty["rate"] for ours, empty in rows)
    p99 = statistics.median(ours["p99"] for ours, _ in rows)
    refused = sum(ours["refused"] for ours, _ in rows)
    report.figures |= {
        "clicks per s": rate,
        "empty handler, requests per s": statistics.median(empty["rate"] for _, empty in rows),
        "p50 ms": statistics.median(ours["p50"] for ours, _ in rows),
        "p99 ms": p99,
        "empty handler's p99 ms": statistics.median(empty["p99"] for _, empty in rows),
        "generator, µs per click": statistics.median(ours["spent"] for ours, _ in rows),
        "generator, µs per empty answer": statistics.median(empty["spent"] for _, empty in rows),
        "not redirected": refused,
    }
    report.ratios["clicks ÷ an empty handler's answers"] = ratio
    report.at_least("clicks per s", rate, 15_000)
    report.at_least("÷ an empty WSGI handler, same server and run", ratio, 0.6)
    report.at_most("p99, ms", p99, 30)
    report.at_most("clicks not redirected", refused, 0)


def _workspace(root: Path, people: int) -> list[str]:
    """A workspace whose ledger knows one send; the paths of one click each of *people*."""
    (root / "twain.toml").write_text('[workspace]\nname = "bench"\n')
    with open_instance(root) as here:
        bundle = make_bundle("bench", {"campaign": "bench", "feed": "people"})
        here.ledger.publish(bundle)
        here.ledger.create_run(
            Run(RUN, bundle.hash, "bench", RunState.PLANNED, "mail", "never_twice", "p", time.time())
        )
        here.ledger.remember_links(bundle.hash, {n: f"https://shop.example.com/offer/{n}" for n in range(LINKS)})
        stamps = here.mint().stamps(RUN, 0, range(people))
    return [f"/c/{token.decode()}.{row % LINKS}" for row, (_, token) in enumerate(stamps)]


def _click(port: int, paths: list[str], options: argparse.Namespace, *, told: bool = False) -> dict[str, float]:
    with _clicker(port, paths, options, told=told) as clicking:
        return _figures(clicking)


@contextmanager
def _clicker(
    port: int, paths: list[str], options: argparse.Namespace, *, told: bool
) -> Iterator[subprocess.Popen[str]]:
    asked = {"port": port, "paths": paths, "connections": options.connections, "depth": options.depth,
             "seconds": options.seconds, "told": told}  # fmt: skip
    words = [sys.executable, "-m", "benchmarks._clicker"]
    with subprocess.Popen(
        words, cwd=_HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as clicking:
        assert clicking.stdin is not None
        clicking.stdin.write(json.dumps(asked))
        clicking.stdin.close()
        yield clicking


def _figures(clicking: subprocess.Popen[str]) -> dict[str, Any]:
    assert clicking.stdout is not None
    figures: dict[str, Any] = json.loads(clicking.stdout.read())
    return figures


# ---------------------------------------------------------------- servers


@contextmanager
def _empty(options: argparse.Namespace) -> Iterator[int]:
    """Granian with as many processes as ``twain gateway`` has here, before a handler that does nothing but redirect."""
    port = _free()
    words = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--no-ws", "--log-level", "error",
             "--workers", str(options.workers), "--blocking-threads", str(options.threads),
             "benchmarks._empty:application"]  # fmt: skip
    with _served(words, _HERE.parent, port):
        yield port


@contextmanager
def _gateway(root: Path, options: argparse.Namespace) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = _free()
    words = [sys.executable, "-m", "twain", "gateway", "--port", str(port), "--workers", str(options.workers),
             "--threads", str(options.threads)]  # fmt: skip
    with _served(words, root, port) as server:
        yield server, port


@contextmanager
def _served(words: list[str], folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a process group of its own, ended as a whole."""
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True) as server:
        try:
            _wait_for(port)
            yield server
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as one:
                one.sendall(b"GET /u/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if one.recv(12):
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nobody answers on port {port}")


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        number: int = one.getsockname()[1]
    return number


# ---------------------------------------------------------------- kills


def _killed(root: Path, paths: list[str], options: argparse.Namespace) -> tuple[int, int]:
    """Kill every process of a gateway in mid-load: (answers whose event is gone, answers seen)."""
    folder = event_folder(load_settings(root))
    for path in finished_files(folder):
        path.unlink()
    with _gateway(root, options) as (server, port), _clicker(port, paths, options, told=True) as clicking:
        time.sleep(min(options.seconds / 2, 1.5))
        os.killpg(server.pid, signal.SIGKILL)
        answered = [int(place) for place in _figures(clicking)["answered"]]
    kept = Counter(event.row for path in finished_files(folder) for event in read_events(path))
    missing = Counter(answered)
    missing.subtract(kept)
    return sum(number for number in missing.values() if number > 0), len(answered)
