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


#: Files of browser tests that go together, because tests of one process share a house; all others are a third group.
_HOUSES = {
    "tests/browser/test_every_page.py": "every page",
    "tests/browser/test_campaigns.py": "campaigns",
    "tests/browser/test_moments.py": "campaigns",
}


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # the library has no types
    """One file is one piece of work; browser tests are three, so that no more than three houses are opened for them."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _HOUSES.get(file, "browser") if file.startswith("tests/browser/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    return ByFile(config, log)


# After the shuffle of pytest-randomly, whose order it keeps within each rank.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, folder in enumerate(_LONG) if item.nodeid.startswith(folder)), len(_LONG))
