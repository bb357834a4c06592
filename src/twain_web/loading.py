"""Loading the house into a process: Django and all its rooms, once."""

from __future__ import annotations

import os

from twain.collector import at_rest


def load() -> None:
    """Set Django up for the workspace at ``TWAIN_ROOT``, or at or above the current folder. Raises ConfigError without one."""
    import django  # noqa: PLC0415 — not before a process needs it

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twain_web.settings")
    with at_rest():
        django.setup(set_prefix=False)
