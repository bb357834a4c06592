"""Python's garbage collector, told when it has nothing to find: its rounds took a tenth to a fifth of such work."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_GARBAGE_FIRST = 20_000  # objects made and not freed before the collector looks at them


@contextmanager
def at_rest() -> Iterator[None]:
    """While the block runs, nothing is collected. For loading code: what is loaded stays."""
    rests = not gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not rests:
            gc.enable()


@contextmanager
def quiet_heap() -> Iterator[None]:
    """While the block runs, the collector leaves alone what was there before, and looks less often.

    For delivery: all that it makes is freed by reference counts. Only in the main thread, because the collector's settings are
    the process's; what somebody else has frozen already stays as it is.
    """
    if threading.current_thread() is not threading.main_thread() or gc.get_freeze_count():
        yield
        return
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_GARBAGE_FIRST, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
