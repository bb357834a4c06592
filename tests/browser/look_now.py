"""What the house does by itself every so often, done now: ``python -m tests.browser.look_now desk.used``."""

from __future__ import annotations

import sys

from twain_web.loading import load

load()

from twain_web.reconcile import REGISTRY, step_now  # noqa: E402 — after the settings

for key in REGISTRY[sys.argv[1]].due():
    step_now(sys.argv[1], key)
