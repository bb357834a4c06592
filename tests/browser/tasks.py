"""How much work a task is: presses of the mouse, keys, seconds. Recorded by the tests into docs/tasks.md."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

PAGE = Path(__file__).parents[2] / "docs" / "tasks.md"
RECORDING = os.environ.get("TWAIN_SCREENS") == "1"
_COUNTED = "twainCounts"
_LISTEN = f"""
for (const kind of ["pointerdown", "keydown"])
  window.addEventListener(kind, (event) => {{ if (event.isTrusted) window.{_COUNTED}(kind); }}, true);
"""
_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| (\d+) \| (\d+) \| ([\d.]+) \|$", re.MULTILINE)
_HEAD = """# What each task takes

Recorded by the browser tests (`TWAIN_SCREENS=1 ./test tests/browser`) on the demo company: presses of the mouse, keys pressed
(typing included), and seconds from the first page to the task's end, by a machine that does not have to think.

| task | way | presses | keys | seconds |
|---|---|---:|---:|---:|
"""


@dataclass
class Effort:
    """What has been done so far."""

    presses: int = 0
    keys: int = 0


def count_in(context: BrowserContext) -> Effort:
    """Count every real press and key in all pages of *context*, across navigations."""
    effort = Effort()

    def counted(kind: str) -> None:
        if kind == "pointerdown":
            effort.presses += 1
        else:
            effort.keys += 1

    context.expose_function(_COUNTED, counted)
    context.add_init_script(_LISTEN)
    return effort


@contextmanager
def recorded(name: str, way: str, page: Page, effort: Effort) -> Iterator[Effort]:
    """Measure a block: yields an Effort with what the block took, complete at its end."""
    before, began, taken = Effort(effort.presses, effort.keys), time.monotonic(), Effort()
    yield taken
    seconds = time.monotonic() - began
    page.evaluate("1")  # one round trip: whatever was counted in the page has arrived
    taken.presses, taken.keys = effort.presses - before.presses, effort.keys - before.keys
    if RECORDING:
        _write(name, way, taken, seconds)


def _write(name: str, way: str, taken: Effort, seconds: float) -> None:
    with PAGE.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        rows = {(m[1], m[2]): m[0] for m in _ROW.finditer(file.read())}
        rows[name, way] = f"| {name} | {way} | {taken.presses} | {taken.keys} | {seconds:.1f} |"
        file.truncate(0)
        file.write(_HEAD + "".join(f"{rows[key]}\n" for key in sorted(rows)))
