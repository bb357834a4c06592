"""Every check leaves its figures in the delivery history: before a send, when it holds one, and by ``twain check``."""

from twain.ledger.lake import Lake


def checks(demo, feed="customers"):
    return Lake(demo.root / ".twain" / "history").checks(feed, 0.0)


def test_a_send_leaves_what_it_checked(demo):
    run = demo.twain("send", "summer-thanks", "--json").json["run"]
    rows = checks(demo)
    assert {row["run_id"] for row in rows} == {run}
    assert {row["campaign"] for row in rows} == {"summer-thanks"}
    assert {"schema", "freshness", "rows"} <= {row["check"] for row in rows}
    assert {row["version"] for row in rows} == {"1.2.0"}
    assert all(len(row["contract"]) == 64 for row in rows)
    assert next(row["observed"] for row in rows if row["check"] == "rows") == 600
    people = checks(demo, "")
    assert {"address", "consent"} <= {row["check"] for row in people}


def test_a_send_that_is_held_leaves_why(demo):
    demo.edit("feeds/customers.odcs.yaml", "mustBeGreaterThan: 0", "mustBeGreaterThan: 1000000")
    assert demo.twain("send", "summer-thanks", "--json").code == 3
    held = [row for row in checks(demo) if row["level"] == "hold"]
    assert [row["check"] for row in held] == ["quality:rowCount"]
    assert held[0]["run_id"]


def test_twain_check_leaves_figures_of_no_send(demo):
    demo.twain("check")
    assert {row["run_id"] for row in checks(demo)} == {""}
    assert checks(demo, "stores")
