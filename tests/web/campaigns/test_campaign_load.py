"""My database's connections and query time on a send's page: asked seldom, shown with where the figures come from."""

from __future__ import annotations

import pytest

from tests.web.campaigns.conftest import Way, move, run_of
from twain.flows.load import Load, Query
from twain_web import engine
from twain_web.rooms.campaigns.reads import loads


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often the database was asked; it answers with one query that has run for 7.25 seconds."""
    times: list[str] = []

    def answer(_instance, source: str) -> Load:
        times.append(source)
        return Load(source, 1, 2, (Query("twain send spring lena", 9.0, 7.25),), by_database=True)

    monkeypatch.setattr(loads, "_known", {})
    monkeypatch.setattr(loads, "asked_load", answer)
    return times


def test_however_many_look_it_is_asked_once_in_five_seconds(company, asked, monkeypatch):
    instance = engine.instance()
    now = [100.0]
    monkeypatch.setattr(loads.time, "monotonic", lambda: now[0])
    assert [loads.load_now(instance, "shop").longest for _ in range(5)] == [7.25] * 5
    assert asked == ["shop"]
    now[0] += loads.SECONDS
    loads.load_now(instance, "shop")
    assert asked == ["shop", "shop"]


def test_whoever_comes_while_it_is_asked_does_not_wait(company, asked):
    with loads._asking:
        found = loads.load_now(engine.instance(), "shop")
    assert (found.by_database, found.connections, asked) == (False, 0, [])


def test_the_page_says_how_long_the_query_has_run_and_who_says_so(way: Way, sink, signed_in, asked, monkeypatch):
    monkeypatch.setattr("twain_web.rooms.campaigns.processes.start", lambda *_: True)
    way.approve()
    launch = move(way.launch())
    page = signed_in(username="priya").get(f"/campaigns/sends/{run_of(launch).id}/").content.decode()
    assert "The longest query has run for 7.2 s" in page or "The longest query has run for 7.3 s" in page
    assert "twain send spring lena" in page
    assert "As the database itself says" in page
