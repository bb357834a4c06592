"""Loading the house into a process: Django and all its rooms, once."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager


def load() -> None:
    """Set Django up for the workspace at ``TWAIN_ROOT``, or at or above the current folder. Raises ConfigError without one."""
    import django  # noqa: PLC0415 — not before a process needs it

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twain_web.settings")
    with no_garbage():
        django.setup(set_prefix=False)


@contextmanager
def no_garbage() -> Iterator[None]:
    """While the block runs, the collector rests: what is loaded stays, and looking through it was a fifth of a start's work."""
    rests = not gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not rests:
            gc.enable()
