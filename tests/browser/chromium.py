"""Where this machine's Chromium lies, and how tests start it.

The headless build comes first: the other one draws its window's frame for every page, though nobody sees it, and takes twice
the work for the same page.
"""

from __future__ import annotations

import shutil

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

MISSING = (
    "The browser tests need Chromium, and there is none here. On Debian or Ubuntu: apt-get install chromium-headless-shell "
    "(./test does it by itself when it runs as root)."
)


def find_chromium() -> str | None:
    """The browser's path, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)
