"""What DKIM costs: signing against ``openssl speed`` on one core, and the pipeline signed against the same unsigned.

Signing is everything between a message and the signed message (10 KB, our headers), measured in CPU time as openssl does. The
pipeline is a whole ``twain send`` by one worker to our own sink, unsigned, with Ed25519 and with RSA-2048 in turn; its rate is
that of the sending alone, without the command's start and the snapshot, which would flatter the signed one.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks._workspace import CAMPAIGN, Bench, body_html, make, twain
from benchmarks.report import Report, interleave
from twain.delivery.dkim import Sealer
from twain.delivery.dkim_keys import ED25519, RSA, new_key
from twain.demo.sink import start_sink

_DOMAIN = "mail.example.com"
_KINDS = {"unsigned": "", "ed25519": ED25519, "rsa": RSA}
_SIGNED_PER_ROUND = {RSA: 1200, ED25519: 6000}
_SPEED = re.compile(r"^(?:rsa\s+2048 bits|\s*253 bits EdDSA.*?)\s+\S+s\s+\S+s\s+([\d.]+)", re.MULTILINE)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Connections to the sink."""
    parser.add_argument("--connections", type=int, default=4)


def run(options: argparse.Namespace) -> Report:
    """Measure both, at least five rounds each; 50 000 recipients at scale 1."""
    report = Report("dkim")
    with tempfile.TemporaryDirectory(prefix="twain-dkim-") as place:
        folder = Path(place)
        _signing(report, folder, options.rounds)
        with start_sink() as sink:
            people = max(int(50_000 * options.scale), 1000)
            bench = make(folder / "bench", people, port=sink.port, connections=options.connections)
            _pipeline(report, bench, folder, max(options.rounds, 5))
    return report


# ---------------------------------------------------------------- signing


def _signing(report: Report, folder: Path, rounds: int) -> None:
    message = _message()
    report.figures["signing: message bytes"] = len(message)
    for algorithm, speed in ((RSA, "rsa2048"), (ED25519, "ed25519")):
        sealer = Sealer([new_key(_DOMAIN, "s", algorithm, folder / f"{algorithm}.pem")])
        ours, theirs = interleave(
            partial(_sign, sealer, message, _SIGNED_PER_ROUND[algorithm]),
            partial(_openssl, speed),
            rounds=rounds,
        )
        report.figures[f"{algorithm}: signed messages per s of CPU"] = ours
        report.figures[f"openssl speed {speed}: signatures per s of CPU"] = theirs
        report.ratios[f"signing ÷ openssl speed, {algorithm}"] = ours / theirs
    report.at_least("RSA-2048 signing ÷ openssl speed rsa2048", report.ratios[f"signing ÷ openssl speed, {RSA}"], 0.85)


def _sign(sealer: Sealer, message: bytes, number: int) -> float:
    """Messages per second of CPU; each with a Message-ID of its own, as in a send."""
    messages = [message.replace(b"<1.", b"<%d." % n) for n in range(number)]
    begun = time.process_time()
    for one in messages:
        sealer.seal(one, 1_795_000_000)
    return number / (time.process_time() - begun)


def _openssl(kind: str) -> float:
    done = subprocess.run(["openssl", "speed", "-seconds", "1", kind], capture_output=True, text=True, check=True)
    return float(_SPEED.findall(done.stdout)[-1])


def _message() -> bytes:
    head = (
        b"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\nFrom: Nordlicht Outdoor <news@mail.example.com>\r\n"
        b"To: person1@d1.example.com\r\n"
        b"Subject: =?utf-8?B?SsO8cmdlbiwgeW91ciBvcmRlcnM=?=\r\nMessage-ID: <1.1.0.3fe149e607a2c0b533cb@mail.example.com>\r\n"
        b"List-ID: <news.mail.example.com>\r\nList-Unsubscribe: <https://mail.example.com/u/AQAAAHMeaONSVppjAAABAAAAlwZ>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/alternative;\r\n boundary="=_c56df6658a2085f38282876d"\r\n\r\n'
    )
    body = body_html().encode("ascii", "xmlcharrefreplace")
    return head + b"".join(body[n : n + 75].replace(b"\n", b" ") + b"=\r\n" for n in range(0, len(body), 75))


# ---------------------------------------------------------------- the pipeline


def _pipeline(report: Report, bench: Bench, folder: Path, rounds: int) -> None:
    plain = (bench.folder / "twain.toml").read_text()
    measured: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in _KINDS}
    for number in range(rounds):
        for kind in _KINDS if number % 2 == 0 else reversed(_KINDS):
            measured[kind].append(_send(bench, plain + _table(_KINDS[kind], folder)))
    medians = {
        kind: [statistics.median(column) for column in zip(*rows, strict=True)] for kind, rows in measured.items()
    }
    report.figures["pipeline: recipients"] = bench.people
    for kind, (rate, whole, cpu) in medians.items():
        report.figures[f"pipeline {kind}: messages per s while sending"] = rate
        report.figures[f"pipeline {kind}: messages per s, whole command"] = whole
        report.figures[f"pipeline {kind}: µs CPU per message"] = cpu
    for kind in ("ed25519", "rsa"):
        pairs = zip(measured[kind], measured["unsigned"], strict=True)
        report.ratios[f"pipeline {kind} ÷ unsigned, while sending"] = statistics.median(a[0] / b[0] for a, b in pairs)
    report.at_least("pipeline Ed25519 ÷ unsigned", report.ratios["pipeline ed25519 ÷ unsigned, while sending"], 0.45)


def _table(algorithm: str, folder: Path) -> str:
    if not algorithm:
        return ""
    return f'\n[channels.mail.dkim]\ndomain = "{_DOMAIN}"\nselector = "s"\nkey_file = "{folder / algorithm}.pem"\n'


def _send(bench: Bench, toml: str) -> tuple[float, float, float]:
    """Messages per second while sending and over the whole command; µs of CPU per message."""
    (bench.folder / "twain.toml").write_text(toml)
    shutil.rmtree(bench.folder / ".twain", ignore_errors=True)
    done = twain(bench.folder, "send", CAMPAIGN)
    if done.code or done.json["sent"] != bench.people:
        raise RuntimeError(f"the send ended with {done.code}: {done.json}")
    return float(done.json["rate"]), bench.people / done.wall, done.own / bench.people * 1e6
