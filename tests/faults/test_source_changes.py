"""F8: the database changes under a send that reads each window again: held in both languages, nothing half-sent unnoticed."""

import threading

import duckdb
import pytest

from twain.testing.relay import Relay

FRESHNESS = "  - property: twain.freshnessMode\n    value: at_send\n  - property: twain.synonyms\n    value: [people"


@pytest.fixture
def relay():
    with Relay() as made:
        yield made


@pytest.fixture
def live(demo, relay):
    """The demo company, read again just before each window; a pace at which a send takes several windows."""
    demo.edit("feeds/customers.odcs.yaml", "  - property: twain.synonyms\n    value: [people", FRESHNESS)
    demo.edit(
        "twain.toml", f"port = {demo.sink.port}", f'port = {relay.port}\nlimits = {{ "" = {{ per_second = 100 }} }}'
    )
    return demo


def change_at(relay, number, *, shop, statements):
    """Change the database when message *number* has arrived; DuckDB lets a second process in between two readings."""
    done = threading.Event()

    def change():
        relay.wait_for(number)
        while not done.is_set():
            try:
                with duckdb.connect(str(shop)) as con:
                    for statement in statements:
                        con.execute(statement)
                done.set()
            except duckdb.IOException:
                done.wait(0.01)

    worker = threading.Thread(target=change)
    worker.start()
    return worker


def test_a_column_renamed_under_a_send_holds_it_and_mended_it_goes_on(live, relay):
    shop = live.root / "data/shop.duckdb"
    worker = change_at(relay, 20, shop=shop, statements=["alter table customers rename column first_name to forename"])
    held = live.twain("send", "summer-thanks", "--json")
    worker.join(30)
    assert held.code in (3, 5), held.out
    assert held.json["error"]["business"]
    assert "first_name" in str(held.json["error"])
    run = live.twain("runs", "--json").json["runs"][0]
    assert run["state"] == "held"
    assert 0 < run["sent"] < run["audience"]
    assert run["sent"] == len(relay.received)
    assert run["pending"] == run["audience"] - run["sent"]
    with duckdb.connect(str(shop)) as con:
        con.execute("alter table customers rename column forename to first_name")
    books = live.twain("resume", run["run"], "--json").json
    assert books["state"] == "finished"
    assert books["sent"] == books["audience"] == len(relay.received)
    assert set(relay.recipients().values()) == {1}


def test_who_withdraws_consent_under_a_send_gets_nothing(live, relay):
    shop = live.root / "data/shop.duckdb"
    worker = change_at(relay, 20, shop=shop, statements=["update customers set newsletter_consent = false"])
    books = live.twain("send", "summer-thanks", "--json").json
    worker.join(30)
    assert books["state"] == "finished"
    assert books["sent"] == len(relay.received) < books["audience"]
    assert sum(books["suppressed"].values()) == books["audience"] - books["sent"]
    assert set(books["suppressed"]) <= {"consent", "left"}
