"""Peak memory of a send at one and two million recipients: our own processes, and the source's engine apart.

Growth is what the second million adds. The peaks are the kernel's (VmHWM), read while the send runs.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._workspace import CAMPAIGN, make, smtp_sink
from benchmarks.report import Report


def run(options: argparse.Namespace) -> Report:
    """Send to 1 and 2 million people (times scale) into smtp-sink."""
    million = int(1_000_000 * options.scale)
    report = Report("memory")
    peaks = {}
    with smtp_sink() as port:
        for times in (1, 2):
            peaks[times] = _send(million * times, port)
            own, engine = peaks[times]
            report.figures[f"{million * times:,} recipients: our processes, MB peak"] = own
            report.figures[f"{million * times:,} recipients: source engine, MB peak"] = engine
    growth = (peaks[2][0] - peaks[1][0]) / (million / 1e6)
    report.at_most("our processes at 1 M recipients, MB", peaks[1][0], 350.0)
    report.at_most("growth per further million, MB", growth, 40.0)
    return report


def _send(people: int, port: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="twain-memory-") as place:
        bench = make(Path(place), people, port=port, connections=4)
        command = [sys.executable, "-m", "twain", "send", CAMPAIGN, "--json"]
        running = subprocess.Popen(command, cwd=bench.folder, stdout=subprocess.PIPE, text=True)
        own = engine = 0.0
        while running.poll() is None:
            own = max(own, _peak(running.pid))
            engine = max([engine, *(_peak(child) for child in _children(running.pid))])
            time.sleep(0.05)
        answer = running.stdout.read() if running.stdout else ""
        if running.returncode or f'"sent": {people}' not in answer:
            raise RuntimeError(f"the send ended with {running.returncode}: {answer[-500:]}")
        shutil.rmtree(bench.folder / ".twain", ignore_errors=True)
        return own, engine


def _peak(pid: int) -> float:
    """A process's peak resident memory in MB; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    line = next((row for row in status.splitlines() if row.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) / 1024


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
