"""The machine's clocks, and which boot of it this is."""

from __future__ import annotations

import time
from pathlib import Path


class SystemClock:
    """The real time of this machine (``ports.Clock``)."""

    def now(self) -> float:
        """Wall clock, epoch seconds UTC; it can jump."""
        return time.time()

    def boottime(self) -> float:
        """Seconds since boot, suspended time included; it never jumps."""
        return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def read_boot_id() -> str:
    """Tells one boot of this machine from the next; ``unknown`` where the system has no such thing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
