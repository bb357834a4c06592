"""Database to sink: CPU per message against Postfix's smtp-source, rate against aiosmtplib (and nodemailer where node is).

One worker process, durable ledger, a token in every message, no DKIM. The CPU counted is that of the whole command, from its
first import to its last fsync; its child process that works in the source database is shown apart. Needs Debian's ``postfix``
for smtp-sink and smtp-source.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._workspace import CAMPAIGN, Bench, make, smtp_sink, twain
from benchmarks.report import Report

_HERE = Path(__file__).parent


def arguments(parser: argparse.ArgumentParser) -> None:
    """The same number of connections for everybody."""
    parser.add_argument("--connections", type=int, default=10)


def run(options: argparse.Namespace) -> Report:
    """Measure all in turn, *rounds* times; 200 000 recipients at scale 1."""
    # An installed Twain is not compiled anew at each start, as it would be under this setting: 0.3 s of CPU.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    people, peers = int(200_000 * options.scale), max(int(2_000 * options.scale), 400)
    report = Report("pipeline")
    with tempfile.TemporaryDirectory(prefix="twain-pipeline-") as place, smtp_sink() as port:
        bench = make(Path(place), people, port=port, connections=options.connections)
        size = _size(bench)
        node = _node(Path(place))
        rows = [
            _round(bench, port, people, peers, size, options.connections, node) for _ in range(max(options.rounds, 5))
        ]
    medians = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    report.figures = {"recipients": people, "connections": options.connections, "message bytes": size, **medians}
    cpu, source = medians["twain µs CPU per message"], medians["smtp-source -d µs CPU per message"]
    rate, peer = medians["twain messages per s"], medians["aiosmtplib messages per s"]
    report.ratios = {
        "CPU, twain ÷ smtp-source -d": statistics.median(
            row["twain µs CPU per message"] / row["smtp-source -d µs CPU per message"] for row in rows
        ),
        "rate, twain ÷ aiosmtplib + EmailMessage": rate / peer,
    }
    report.ratios["rate while sending, twain ÷ smtp-source -d"] = statistics.median(
        row["twain messages per s while sending"] / row["smtp-source -d messages per s"] for row in rows
    )
    report.figures["limit: 1.5 × smtp-source -d, µs"] = 1.5 * source
    report.at_most("CPU per message ÷ smtp-source -d's", cpu / source, 1.5)
    report.at_least("wall rate ÷ aiosmtplib + EmailMessage", rate / peer, 20.0)
    if node:
        report.ratios["rate, twain ÷ nodemailer pool"] = rate / medians["nodemailer messages per s"]
    return report


def _round(
    bench: Bench, port: int, people: int, peers: int, size: int, connections: int, node: Path | None
) -> dict[str, float]:
    shutil.rmtree(bench.folder / ".twain", ignore_errors=True)
    done = twain(bench.folder, "send", CAMPAIGN)
    if done.code or done.json["sent"] != people:
        raise RuntimeError(f"the send ended with {done.code}: {done.json}")
    source_cpu, source_wall = _smtp_source(port, people, size, connections)
    row = {
        "twain µs CPU per message": done.own / people * 1e6,
        "source database's child, µs CPU per message": done.source / people * 1e6,
        "twain messages per s": people / done.wall,
        "twain messages per s while sending": float(done.json["rate"]),
        "smtp-source -d µs CPU per message": source_cpu * 1e6,
        "smtp-source -d messages per s": 1 / source_wall,
        "aiosmtplib messages per s": _answer(
            sys.executable, "-m", "benchmarks._peer_aiosmtplib", port, peers, connections
        ),
    }
    if node:
        row["nodemailer messages per s"] = _answer("node", str(node / "peer.js"), port, peers, connections)
    return row


def _smtp_source(port: int, messages: int, size: int, connections: int) -> tuple[float, float]:
    """CPU and wall seconds per message: the second is what the sink takes from a program that has nothing to personalise."""
    before = os.times()
    subprocess.run(
        ["/usr/sbin/smtp-source", "-d", "-s", str(connections), "-m", str(messages), "-l", str(size),
         "-f", "news@mail.example.com", "-t", "person@example.com", f"127.0.0.1:{port}"],
        check=True, capture_output=True,
    )  # fmt: skip
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu / messages, (after.elapsed - before.elapsed) / messages


def _answer(*words: object) -> float:
    done = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, cwd=_HERE.parent)
    return float(done.stdout)


def _size(bench: Bench) -> int:
    return int(twain(bench.folder, "preview", CAMPAIGN, "--to", "7").json["previews"][0]["size"])


def _node(place: Path) -> Path | None:
    """nodemailer installed in a folder, or None where there is no node."""
    if not shutil.which("npm"):
        return None
    folder = place / "node"
    folder.mkdir()
    shutil.copyfile(_HERE / "_peer_nodemailer.js", folder / "peer.js")
    done = subprocess.run(
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "nodemailer@7"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    return folder if done.returncode == 0 else None
