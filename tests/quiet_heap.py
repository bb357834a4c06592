"""The garbage collector leaves alone what was loaded before the first test: going through it again is a tenth of all work."""

from __future__ import annotations

import gc

_GARBAGE_FIRST = 10_000  # objects made and not freed before the collector looks at them


def pytest_collection_finish() -> None:
    """All modules and tests are there now, and stay to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_FIRST, *gc.get_threshold()[1:])


def pytest_unconfigure() -> None:
    """Libraries that count what they leave behind find nothing held back."""
    gc.unfreeze()
