"""One feed's page: what it shows to whom, how it is now, and its quality's past."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests.web.feeds.feeds_workspace import CUSTOMERS, change, git
from twain.feeds import reading
from twain.feeds.slots import slot
from twain.ledger.lake import Lake
from twain.ledger.verdicts import Checked
from twain.records import Level, Stop, Verdict
from twain_web import engine
from twain_web.reconcile import REGISTRY, NotNow
from twain_web.roles import Role
from twain_web.rooms.feeds import health as now
from twain_web.rooms.feeds import looking, public, reads
from twain_web.rooms.feeds.models import CampaignReads, FeedHealth

URL = "/catalogue/feed/customers/"


@pytest.fixture
def looked(company, db):
    looking.look("customers")


def test_what_marketing_sees(signed_in, looked, django_assert_max_num_queries):
    client = signed_in(Role.MARKETER)
    client.get(URL)
    with django_assert_max_num_queries(25):
        page = client.get(URL).content.decode()
    assert "Priya Nair, Senior DBA" in page
    assert "2\u202f000" in page  # rows
    assert "choose people by it" in page
    assert "Tells one row from another" in page
    assert "all 16 rules kept" in page
    assert "Made up from the contract" in page
    assert "person1@example.com" in page
    assert "orders.customer_id = customers.customer_id" in page
    for for_it in ("Grants", "History", "SELECT", "For IT"):
        assert for_it not in page
    assert client.get(f"{URL}history/").status_code == 403
    assert client.get(f"{URL}contract/").status_code == 403


def test_what_it_sees(signed_in, looked):
    page = signed_in(Role.DATA_OWNER).get(URL).content.decode()
    assert "SELECT" in page  # the SQL of each check
    assert "Review 1 field" in page
    assert "no roles" in page  # DuckDB has nothing to grant
    auditor = signed_in(Role.AUDITOR)
    assert auditor.get(f"{URL}history/").status_code == 200
    assert auditor.get(f"{URL}review/").status_code == 403


def test_grants_for_postgres(signed_in, monkeypatch, db):
    workspace = engine.workspace()
    shop = replace(
        workspace.settings.sources["shop"], kind="postgres", options={"url": "postgresql://twain_ro@db/shop"}
    )
    settings = replace(workspace.settings, sources={"shop": shop})
    monkeypatch.setattr(engine, "workspace", lambda: replace(workspace, settings=settings))
    page = signed_in(Role.DATA_OWNER).get(URL).content.decode()
    assert "GRANT SELECT (&quot;customer_id&quot;" in page
    assert "twain_ro" in page
    assert "&quot;phone&quot;" not in page


def test_samples_are_nobody_real(signed_in, looked):
    rows = signed_in(Role.MARKETER).get(URL).context["samples"]
    assert rows == signed_in(Role.MARKETER).get(URL).context["samples"]
    assert all(row[1].endswith("@example.com") for row in rows)


def test_an_unknown_feed_is_not_found(signed_in):
    for path in ("feed/nothing/", "feed/nothing/quality/", "feed/..%2f..%2fpolicy/", "feed/nothing/review/"):
        assert signed_in(Role.DATA_OWNER).get(f"/catalogue/{path}").status_code == 404


# ---------------------------------------------------------------- how it is now


def known(feed, **values):
    moment = timezone.now()
    return FeedHealth(
        **{"feed": feed.name, "contract": feed.contract_hash, "looked_at": moment, "newest": moment, "next_at": moment}
        | values
    )


@pytest.mark.parametrize(
    ("newest_hours", "looked_minutes", "level"),
    [(1, 0, "green"), (40, 0, "amber"), (49, 0, "red"), (49, 170, "amber"), (1, 300, "amber"), (72, 300, "amber")],
)
def test_freshness_is_worked_out_from_what_was_seen(newest_hours, looked_minutes, level):
    """Two days are allowed, and the feed is looked at every hour."""
    feed, moment = engine.workspace().feeds["customers"], timezone.now()
    seen = known(
        feed, newest=moment - timedelta(hours=newest_hours), looked_at=moment - timedelta(minutes=looked_minutes)
    )
    assert now.freshness(feed, seen, moment).level == level


def test_what_nobody_knows_is_grey_and_what_cannot_be_read_is_red():
    feed = engine.workspace().feeds["customers"]
    assert now.freshness(feed, None).level == "grey"
    assert now.freshness(feed, known(feed, contract="other")).level == "grey"
    assert now.freshness(feed, known(feed, looked_at=None, trouble={"business": "gone"})).level == "red"
    assert now.freshness(feed, known(feed, newest=None)).words == "No dated row at all"


def test_a_look_reads_the_database_once_in_its_interval(company, db):
    assert looking.feeds_due()[:3] == ["customers", "orders", "products"]
    assert REGISTRY["feeds.health"].most == 3, "a few each time"
    looking.look("customers")
    seen = FeedHealth.objects.get(feed="customers")
    assert (seen.rows, len(seen.verdicts), seen.trouble) == (2000, 16, {})
    assert "customers" not in looking.feeds_due()
    FeedHealth.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    before = seen.checked_at
    due = looking.feeds_due()
    assert (due[:3], due[-1]) == (["orders", "products", "stores"], "customers")
    looking.look("customers")  # the newest row alone: the rules were checked a moment ago
    seen.refresh_from_db()
    assert seen.checked_at == before
    assert seen.looked_at > before


def test_a_look_that_finds_no_free_connection_changes_nothing_and_is_due_again(company, db, monkeypatch):
    monkeypatch.setattr(reading, "_WAIT_BACKGROUND", 0.1)
    settings = engine.instance().source_settings("shop")
    with ExitStack() as others:
        for number in range(settings.max_connections):
            others.enter_context(slot(settings, 10, f"twain send spring {number}"))
        with pytest.raises(NotNow):
            looking.look("customers")
        assert "customers" in looking.feeds_due()
        assert not FeedHealth.objects.filter(feed="customers").exists()
    looking.look("customers")
    assert FeedHealth.objects.get(feed="customers").trouble == {}


def test_nobody_looks_where_reading_is_stopped_or_out_of_hours(company, db, monkeypatch):
    ledger = engine.instance().ledger
    ledger.set_stop(Stop("source:shop", "Priya Nair", "maintenance", 0.0))
    assert looking.feeds_due() == []
    ledger.lift_stop("source:shop", "Priya Nair")
    assert looking.feeds_due() != []
    workspace = engine.workspace()
    minute = datetime.now(UTC).strftime("%H:%M")
    shop = replace(workspace.settings.sources["shop"], hours=(minute, minute))
    settings = replace(workspace.settings, sources={"shop": shop})
    monkeypatch.setattr(engine, "workspace", lambda: replace(workspace, settings=settings))
    assert looking.feeds_due() == []


def test_a_database_that_is_gone_is_told_in_both_voices(signed_in, db, monkeypatch):
    workspace = engine.workspace()
    shop = replace(workspace.settings.sources["shop"], options={"path": "/nowhere/shop.duckdb"})
    settings = replace(workspace.settings, sources={"shop": shop})
    monkeypatch.setattr(engine, "workspace", lambda: replace(workspace, settings=settings))
    looking.look("customers")
    page = signed_in(Role.MARKETER).get(URL).content.decode()
    assert "Could not be read" in page
    seen = FeedHealth.objects.get()
    assert seen.trouble["business"]
    assert seen.next_at > timezone.now()  # it is tried again, not at once


def test_a_rule_that_is_not_kept_stands_first(signed_in, db):
    feed = engine.workspace().feeds["customers"]
    bad = {"check": "quality:invalidValues", "level": "hold", "field": "country", "business": "“Country” is not valid in 7 rows.",
           "technical": "7", "observed": 7.0, "expected": "mustBe 0", "sql": "SELECT 7"}  # fmt: skip
    known(feed, verdicts=[bad | {"level": "pass", "field": "tier"}, bad], checked_at=timezone.now(), rows=2).save()
    page = signed_in(Role.MARKETER).get(URL)
    assert [rule.level for rule in page.context["rules"]] == ["hold", "pass"]
    assert "is not valid in 7 rows" in page.content.decode()
    assert page.context["rules"][1].words == "There are three tiers."
    assert b"1 rule holds sends" in signed_in(Role.MARKETER).get("/catalogue/").content


# ---------------------------------------------------------------- its past


def test_quality_over_time_is_the_delivery_history(signed_in, db):
    history, moment = engine.instance().history, timezone.now()
    for days, level in ((3, Level.PASS), (2, Level.HOLD), (1, Level.PASS)):
        at = (moment - timedelta(days=days)).timestamp()
        verdicts = [
            Verdict("freshness", level, "stores", "updated_at", "Stores are 9 h old.", "", 9.0, "at most 2 h"),
            Verdict("rows", Level.PASS, "stores", "", "", "", 20.0 + days, "at least one row"),
        ]
        history.write_checks(Checked(verdicts, at, "r1", "spring"))
        history.write_checks(Checked(verdicts, at + 1))  # twice a day counts once
    answer = signed_in(Role.MARKETER).get("/catalogue/feed/stores/quality/")
    days = answer.context["days"]
    assert [(d.kept, d.warned, d.held, d.rows) for d in days] == [(2, 0, 0, 23), (1, 0, 1, 22), (2, 0, 0, 21)]
    assert days[1].wrong == ("Stores are 9 h old.",)
    assert b"<table" in answer.content  # whoever cannot see the chart reads it


def test_a_feed_without_a_past_says_so(signed_in, db, monkeypatch):
    monkeypatch.setattr(Lake, "checks", lambda *_, **__: [])
    assert b"No check has been written" in signed_in(Role.MARKETER).get("/catalogue/feed/visits/quality/").content


def test_the_contracts_history_comes_from_git(signed_in, checkout):
    change(CUSTOMERS, "version: 1.2.0", "version: 1.3.0")
    git("commit", "-qam", "Customers 1.3")
    client = signed_in(Role.DATA_OWNER)
    answer = client.get(f"{URL}history/")
    newest, first = answer.context["commits"]
    assert (newest.subject, first.subject) == ("Customers 1.3", "The first feeds")
    assert "+version: 1.3.0" in client.get(f"{URL}history/{newest.hash}/").content.decode()
    for wrong in ("main", "HEAD", "--output=x", "0" * 40, "f" * 39):
        assert client.get(f"{URL}history/{wrong}/").status_code == 404


def test_without_git_the_page_says_so(signed_in, db):
    assert b"no git checkout" in signed_in(Role.DATA_OWNER).get(f"{URL}history/").content


# ---------------------------------------------------------------- where it is used


def test_uses_come_from_the_files_and_from_higher_rooms(signed_in, db, monkeypatch):
    for name in looking.campaigns_due():
        looking.read_campaign(name)
    assert looking.campaigns_due() == []
    assert {u.name for u in reads.uses_of("orders")} == {"Summer thank-you"}
    when = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(public, "USES", public.USES)
    public.USES.append(
        lambda feed: [public.Use("audience", f"Gold, of {feed}", "/audiences/gold/", when, "Lena Hoffmann")]
    )
    try:
        uses = reads.uses_of("orders")
        page = signed_in(Role.MARKETER).get("/catalogue/feed/orders/").content.decode()
    finally:
        public.USES.pop()
    assert uses[0].name == "Gold, of orders"  # what goes soonest stands first
    assert 'href="/audiences/gold/"' in page
    assert "Summer thank-you" in page
    assert "Lena Hoffmann, Campaign Manager" in page


def test_campaigns_are_read_again_when_their_files_change(db, files):
    for name in looking.campaigns_due():
        looking.read_campaign(name)
    toml = Path(engine.workspace().root) / "campaigns" / "birthday" / "campaign.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("[message]", "[massage]", 1), encoding="utf-8")
    assert looking.campaigns_due() == ["birthday"]
    looking.read_campaign("birthday")
    (problem,) = CampaignReads.objects.get(campaign="birthday").problems
    assert problem["file"] == "campaigns/birthday/campaign.toml"
    toml.unlink()
    looking.read_campaign("birthday")
    assert not CampaignReads.objects.filter(campaign="birthday").exists()
