"""Mail that comes back is read fast, the worst of it too: mails per second and core, and the slowest of hostile ones.

The slowest of a few hundred mails made to be slow may take 100 ms (a slow pattern is how a mailbox stops a reader).
"""

from __future__ import annotations

import argparse
import time
from email import message_from_bytes

from flufl.bounce import all_failures

from benchmarks._returned import hostile_mails, ordinary_mails
from benchmarks.report import Report, cpu_seconds, interleave
from twain.returns.mail import Kind, read_returned
from twain.returns.tokens import TokenMint, message_id
from twain.vault import KeyRing

_LONGEST_MS = 100.0


def run(options: argparse.Namespace) -> Report:
    """Ordinary mails against flufl.bounce alone; then each hostile one, the fastest of three readings."""
    report = Report("bounces")
    mint = TokenMint(KeyRing(1, {1: bytes(range(32))}))
    mac = mint.stamps("r0towx8i0vj9", 3, [77])[0][0]
    ordinary = ordinary_mails(message_id("r0towx8i0vj9", 3, 77, mac, "mail.example.com").decode())
    many = ordinary * max(1, int(20 * options.scale))

    def ours() -> None:
        for raw in many:
            read_returned(raw, mint.verify_message_id)

    def theirs() -> None:
        for raw in many:
            all_failures(message_from_bytes(raw))

    mine, peer = interleave(cpu_seconds(ours), cpu_seconds(theirs), rounds=max(5, options.rounds))
    slowest = max((_seconds(raw, mint), name) for name, raw in hostile_mails().items())
    known = [read_returned(raw, mint.verify_message_id) for raw in ordinary]
    report.figures |= {
        "mails_per_second": len(many) / mine,
        "hostile_mails": len(hostile_mails()),
        "slowest": slowest[1],
        "understood": sum(one.kind is not Kind.UNKNOWN for one in known),
        "ordinary_mails": len(ordinary),
    }
    report.ratios["cpu_against_flufl_alone"] = mine / peer
    report.at_most("slowest_ms", slowest[0] * 1e3, _LONGEST_MS)
    report.at_least("traced_to_our_message", sum(one.message is not None for one in known) / len(known), 1.0)
    return report


def _seconds(raw: bytes, mint: TokenMint) -> float:
    """CPU seconds of one reading, the best of three: what else the machine does is not the mail's fault."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        read_returned(raw, mint.verify_message_id)
        times.append(time.process_time() - begun)
    return min(times)
