"""The local engine: work on this machine's processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class LocalEngine:
    """ports.Engine on *processes* fresh processes (spawned: no lock or connection of the parent's is inherited)."""

    def __init__(self, processes: int) -> None:
        self.processes = processes

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Yield results as they come; the first error ends it, after the others have finished their items."""
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self.processes, mp_context=context) as pool:
            for done in as_completed([pool.submit(work, item) for item in items]):
                yield done.result()
