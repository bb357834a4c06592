"""While code is loaded the garbage collector rests; while messages are delivered it leaves alone what was there before."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from twain.collector import at_rest, quiet_heap


@pytest.fixture
def thawed() -> Iterator[None]:
    """A process in which nothing is frozen; afterwards it is as the tests keep it."""
    gc.unfreeze()
    yield
    gc.freeze()


def test_what_was_there_is_left_alone_until_the_end(thawed: None) -> None:
    before = gc.get_threshold()
    with quiet_heap():
        assert gc.get_freeze_count() > 1_000
        assert gc.get_threshold()[0] > before[0]
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, before)


def test_it_ends_with_an_error_too(thawed: None) -> None:
    with pytest.raises(RuntimeError), quiet_heap():
        raise RuntimeError
    assert gc.get_freeze_count() == 0


def test_what_somebody_else_froze_stays_frozen() -> None:
    gc.freeze()
    thresholds = gc.get_threshold()
    with quiet_heap():
        assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() > 1_000


def test_it_rests_while_code_is_loaded_and_then_goes_on() -> None:
    with at_rest():
        with at_rest():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_another_thread_changes_nothing_of_the_process(thawed: None) -> None:
    seen: list[int] = []

    def work() -> None:
        with quiet_heap():
            seen.append(gc.get_freeze_count())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [0]
