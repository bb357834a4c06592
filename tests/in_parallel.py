"""How tests are shared out among processes: a file's tests stay together, and what takes long begins first.

Kept together, a file's fixtures are made once; begun last, a long file would leave the other processes with nothing to do.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

#: Folders whose tests open whole houses and start processes, the longest first. Files stay in random order beside them.
_LONG = (
    "tests/browser/",
    "tests/web/up/",
    "tests/web/campaigns/",
    "tests/acceptance/",
    "tests/faults/",
    "tests/integration/",
)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # the library has no types
    """One file is one piece of work; all browser tests are one, because they share a house."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/browser/" if nodeid.startswith("tests/browser/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)


# After the shuffle of pytest-randomly, whose order it keeps within each rank.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, folder in enumerate(_LONG) if item.nodeid.startswith(folder)), len(_LONG))
