"""What the house does by itself every so often, done now: ``python -m tests.browser.look_now desk.used``."""

from __future__ import annotations

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twain_web.settings")
django.setup(set_prefix=False)

from twain_web.reconcile import REGISTRY, step_now  # noqa: E402 — after the settings

for key in REGISTRY[sys.argv[1]].due():
    step_now(sys.argv[1], key)
