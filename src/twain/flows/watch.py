"""What a flow tells whoever looks on: the command line's progress bar, the web's live page, or nobody."""

from __future__ import annotations

from typing import Protocol

from twain.records import Tally, Verdict


class Watch(Protocol):
    """Called from inside the flow, often: it must be quick and must not fail."""

    def stage(self, name: str, text: str) -> None:
        """A new part of the journey begins: ``checks``, ``audience``, ``sending``, ``accounting``."""

    def verdict(self, verdict: Verdict) -> None:
        """A pre-send check has spoken."""

    def read(self, rows: int) -> None:
        """So many rows have come from the company's database."""

    def sent(self, tally: Tally) -> None:
        """Where everyone is now."""

    def waiting(self, why: str) -> None:
        """Nothing goes just now, and why; empty: it goes (again)."""


class Nobody:
    """Looks away."""

    def stage(self, name: str, text: str) -> None:
        """Say nothing."""

    def verdict(self, verdict: Verdict) -> None:
        """Say nothing."""

    def read(self, rows: int) -> None:
        """Say nothing."""

    def sent(self, tally: Tally) -> None:
        """Say nothing."""

    def waiting(self, why: str) -> None:
        """Say nothing."""
