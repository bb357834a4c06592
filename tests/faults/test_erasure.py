"""Somebody is erased, also while a send holds them: not mailed if unclaimed, and gone everywhere but the suppression hash."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from twain.flows.instance import open_instance

BLANK = b"\0" * 32


def somebody(demo):
    """Key and address of one person who may be mailed and shares the address with nobody."""
    with duckdb.connect(str(demo.root / "data/shop.duckdb"), read_only=True) as shop:
        return shop.execute(
            "select cast(customer_id as varchar), email from customers where newsletter_consent and email like '%_@_%._%' "
            "and lower(email) in (select lower(email) from customers group by 1 having count(*) = 1) "
            "and exists (select 1 from orders o where o.customer_id = customers.customer_id) order by customer_id limit 1"
        ).fetchone()


def everybody(demo):
    demo.edit("campaigns/summer-thanks/campaign.toml", "holdout = 0.05", "holdout = 0.0")
    toml = demo.root / "campaigns/summer-thanks/campaign.toml"
    text = toml.read_text()
    start, end = text.index("[audience]"), text.index("[defaults]")
    toml.write_text(text[:start] + "[audience]\nall = []\n\n" + text[end:])


def history(demo, query, *values):
    with open_instance(demo.root) as instance:
        files = [str(path) for path in instance.history.files()]
    return duckdb.connect().execute(f"select {query}", [files, *values]).fetchone()[0] if files else 0


def hash_of(demo, address):
    with open_instance(demo.root) as instance:
        return instance.vault.address_hash(address.lower().encode())


def traces_on_disk(root: Path, *needles: bytes) -> list[str]:
    """Files of Twain's own (not the company's database, not its files) that hold one of the needles."""
    kept = [p for p in (root / ".twain").rglob("*") if p.is_file()]
    return sorted(str(p.relative_to(root)) for p in kept if any(needle in p.read_bytes() for needle in needles))


def test_who_is_forgotten_while_a_send_holds_them_gets_nothing_and_is_gone(demo):
    everybody(demo)
    key, address = somebody(demo)
    demo.edit("twain.toml", f"port = {demo.sink.port}", 'give_up_after = "1s"\nport = 1')
    assert demo.twain("send", "summer-thanks", "--json").code == 7  # its audience is frozen, nothing was claimed
    run = demo.twain("runs", "--json").json["runs"][0]["run"]
    done = demo.twain("forget", address, "--yes", "--json").json
    assert done["sealed"] == [run]
    toml = demo.root / "twain.toml"
    toml.write_text(toml.read_text().replace("port = 1 ", f"port = {demo.sink.port} "))
    books = demo.twain("resume", run, "--json").json
    assert sum(books["suppressed"].values()) == 1
    assert books["audience"] == books["sent"] + 1
    hashed = hash_of(demo, address)
    assert history(demo, "count(*) from read_parquet($1) where key = $2", key) == 0
    assert history(demo, "count(*) from read_parquet($1) where address_hash = $2", hashed) == 0
    assert history(demo, "count(*) from read_parquet($1) where key = '' and address_hash = $2", BLANK) == 1
    assert history(demo, "count(*) from read_parquet($1)") == books["audience"]
    assert traces_on_disk(demo.root, address.encode(), address.lower().encode()) == []
    assert demo.twain("forget", address, "--yes", "--json").json["sealed"] == []
    with open_instance(demo.root) as instance:
        assert instance.ledger.suppression(hashed).reason == "erased"


def test_who_is_forgotten_after_a_send_is_gone_from_it_and_it_still_adds_up(demo):
    everybody(demo)
    key, _ = somebody(demo)
    sent = demo.twain("send", "summer-thanks", "--json").json
    alone = demo.twain("send", "summer-thanks", "--to", key, "--json").json
    assert alone["sent"] == 1
    assert history(demo, "count(*) from read_parquet($1) where key = $2", key) == 2
    rehearsed = demo.twain("forget", key, "--json")
    assert (rehearsed.code, rehearsed.json["would_forget"]["keys"]) == (3, [key])
    assert history(demo, "count(*) from read_parquet($1) where key = $2", key) == 2  # nothing without --yes
    done = demo.twain("forget", key, "--yes", "--json").json
    assert (done["addresses"], done["rows"], done["left"]) == (1, 2, 0)
    with open_instance(demo.root) as instance:
        assert sorted(run.scope for run in instance.ledger.runs()) == ["", "to:"]  # no key in the ledger either
    assert history(demo, "count(*) from read_parquet($1)") == sent["audience"] + 1
    assert demo.twain("run", sent["run"], "--json").json["sent"] == sent["sent"]
    again = demo.twain("send", "summer-thanks", "--to", key, "--json").json
    assert again["sent"] == 0 < sum(again["suppressed"].values())
    assert demo.twain("person", key, "--json").json["suppressed"][0]["reason"] == "erased"


def test_what_is_kept_about_somebody_is_shown_to_them(demo):
    everybody(demo)
    key, address = somebody(demo)
    demo.twain("send", "summer-thanks", "--to", key, "--json")
    by_key, by_address = (demo.twain("person", who, "--json").json for who in (key, address.upper()))
    assert by_key["keys"] == by_address["keys"] == [{"feed": "customers", "key": key}]
    assert [d["fate"] for d in by_key["deliveries"]] == ["sent"]
    assert by_key["addresses"] == [hash_of(demo, address).hex()]
    assert "Messages" in demo.twain("person", key).out


def test_two_people_behind_one_address_are_not_one(demo):
    everybody(demo)
    key, address = somebody(demo)
    with duckdb.connect(str(demo.root / "data/shop.duckdb")) as shop:
        other = shop.execute(
            "select cast(max(customer_id) as varchar) from customers where newsletter_consent and email like '%_@_%._%'"
        ).fetchone()[0]
    demo.twain("send", "summer-thanks", "--to", key, "--json")
    with duckdb.connect(str(demo.root / "data/shop.duckdb")) as shop:
        shop.execute("update customers set email = $1 where customer_id = $2", [address, int(other)])
    demo.twain("send", "summer-thanks", "--to", other, "--json")
    refused = demo.twain("forget", address, "--yes")
    assert refused.code == 2
    assert all(named in refused.err for named in (key, other))
    assert demo.twain("forget", key, "--yes", "--json").json["left"] == 0
    assert history(demo, "count(*) from read_parquet($1) where key = $2", other) == 1


def test_after_an_old_backup_the_erased_are_erased_again(demo, tmp_path):
    everybody(demo)
    key, _ = somebody(demo)
    demo.twain("send", "summer-thanks", "--to", key, "--json")
    shutil.copytree(demo.root / ".twain/history", tmp_path / "history")
    demo.twain("forget", key, "--yes")
    shutil.rmtree(demo.root / ".twain/history")
    shutil.copytree(tmp_path / "history", demo.root / ".twain/history")  # somebody puts an old copy back
    assert history(demo, "count(*) from read_parquet($1) where key = $2", key) == 1
    assert demo.twain("retain").code == 0
    assert history(demo, "count(*) from read_parquet($1) where key = $2", key) == 0


def test_nobody_of_that_name(demo):
    assert demo.twain("forget", "nobody-999999", "--yes").code == 2
    assert "Nothing is known" in demo.twain("forget", "nobody-999999", "--yes").err


@pytest.mark.parametrize(("kept", "left"), [("400d", 1), ("0s", 0)])
def test_what_is_too_old_is_dropped(demo, kept, left):
    everybody(demo)
    key, _ = somebody(demo)
    demo.twain("send", "summer-thanks", "--to", key, "--json")
    policy = demo.root / "policy.toml"
    policy.write_text(policy.read_text() + f'\n[retention]\ndeliveries = "{kept}"\n')
    assert demo.twain("retain", "--json").json["dropped"]["deliveries"] == 1 - left
    assert history(demo, "count(*) from read_parquet($1)") == left
