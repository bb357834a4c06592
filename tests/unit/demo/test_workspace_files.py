"""The demo company's workspace: every file reads, fits the database, and compiles; nobody in it could be real."""

import re
import tomllib
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import pytest

from twain.content.program import preview
from twain.demo import company, writers
from twain.demo.tables import TABLES
from twain.feeds.contract import load_feeds
from twain.flows.campaigns import campaign_names, read_campaign
from twain.flows.policy import read_policy
from twain.flows.prepare import Question, answer
from twain.flows.publish import campaign_body
from twain.flows.workspace import load_workspace
from twain.records import Field, Privacy, Right, Role
from twain.snapshot.address import Canonical, canonical

ROOT = Path(writers.__file__).parent / "workspace"
AS_OF = company.midnight(date(2026, 9, 1))
TODAY = AS_OF.date()
NAMES = campaign_names(ROOT)


@pytest.fixture(scope="module")
def feeds():
    return load_feeds(ROOT / "feeds", ROOT)[0]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shop.duckdb"
    writers.build_demo(path, "duckdb", 2_000, 7, as_of=AS_OF)
    with duckdb.connect(str(path), read_only=True) as db:
        yield db


@cache
def answered(name: str):
    workspace = load_workspace(ROOT)
    campaign = workspace.campaign(name)
    question = Question(
        campaign_body(workspace, campaign), workspace.feed(campaign.feed), workspace.feeds, "duckdb", TODAY
    )
    return answer(question, workspace.settings.base_url)


def mailable(shop, name: str) -> list[dict]:
    """Those whom mail could reach, their addresses ready for the wire, as the snapshot makes them."""
    found = ((row, canonical(row["address"])) for row in people(shop, name))
    return [row | {"address": one.address} for row, one in found if isinstance(one, Canonical)]


def people(shop, name: str) -> list[dict]:
    audience = answered(name)[1].statement
    found = shop.execute(audience.sql, dict(audience.params))
    columns = [column for column, *_ in found.description]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def test_the_contracts_have_nothing_wrong():
    feeds, problems = load_feeds(ROOT / "feeds", ROOT)
    assert sorted(feeds) == ["customers", "orders", "products", "stores", "visits"]
    assert problems == []


def test_every_field_is_a_column_of_the_demo_company(feeds):
    columns = {table.name: set(table.schema.names) for table in TABLES}
    for feed in feeds.values():
        assert {field.column for field in feed.fields.values()} <= columns[feed.table], feed.name


def test_every_feed_is_explained_in_business_words(feeds):
    for feed in feeds.values():
        assert feed.description
        assert feed.synonyms
        assert all(len(f.description) > 10 and f.business_name != f.name for f in feed.fields.values()), feed.name


def test_every_feed_says_how_fresh_it_must_be_and_who_answers(feeds):
    assert all(feed.freshness.max_age_seconds and feed.owner.title and feed.owner.email for feed in feeds.values())


def test_a_field_that_nobody_reviewed_does_not_exist(feeds):
    text = (ROOT / "feeds" / "customers.odcs.yaml").read_text(encoding="utf-8")
    assert "name: phone" in text
    assert "phone" not in feeds["customers"].fields


def test_messages_know_their_key_address_consent_and_time_zone(feeds):
    roles = {role: feeds["customers"].with_role(role) for role in Role}
    assert {role for role, field in roles.items() if field} == set(Role) - {Role.PHONE, Role.CONSENT_AT}


def test_personal_data_leaves_by_no_export_but_where_it_must(feeds):
    def exported(field: Field) -> bool:
        return field.privacy is Privacy.PERSONAL and Right.EXPORT in field.rights

    assert [f.name for f in feeds["customers"].fields.values() if exported(f)] == ["city"]


@pytest.mark.parametrize("name", NAMES)
def test_each_campaign_finds_people_and_every_message_can_be_built(shop, name):
    programs, _ = answered(name)
    rows = mailable(shop, name)
    assert rows
    for row in rows[:40]:
        for program in programs:
            shown = preview(program, row)
            assert shown.subject.strip()
            assert "Oranienstraße 12" in shown.html
            assert "Oranienstraße 12" in shown.text
            assert "{{" not in shown.html.replace("{{ 7 | times: 7 }}", "")


def test_the_main_mail_has_five_links_a_loop_and_a_condition(shop):
    programs, _ = answered("summer-thanks")
    rows = mailable(shop, "summer-thanks")
    by_tier = {row["tier"]: preview(programs[0], row).html for row in rows[:300] if row["last_orders"] != "[]"}
    assert all(len(program.links) == 5 for program in programs)
    assert set(by_tier) == {"gold", "silver", "bronze"}
    assert "gold members" in by_tier["gold"]
    assert "gold members" not in by_tier["bronze"]
    assert 8_000 < len(by_tier["gold"].encode()) < 14_000
    most = max(rows, key=lambda row: len(row["last_orders"]))
    assert len(re.findall(r"\d\d\.\d\d\.20\d\d", preview(programs[0], most).html)) == 3


def test_somebody_who_only_looked_around_gets_no_empty_list(shop):
    programs, _ = answered("summer-thanks")
    nobody_ordered = next(row for row in mailable(shop, "summer-thanks") if row["last_orders"] == "[]")
    assert "YOUR LAST TRIPS" not in preview(programs[0], nobody_ordered).html


def test_birthdays_are_those_of_the_day(shop):
    keys = [int(row["key"]) for row in people(shop, "birthday")]
    wanted = shop.execute(
        "SELECT customer_id FROM customers WHERE month(birth_date) = 9 AND day(birth_date) = 1"
    ).fetchall()
    assert sorted(keys) == sorted(key for (key,) in wanted)


def test_the_arms_of_the_main_campaign_share_it_in_halves():
    arms = read_campaign(ROOT, "summer-thanks").arms
    assert [(arm.name, arm.share) for arm in arms] == [("main", 0.5), ("short", 0.5)]


def test_the_main_send_needs_nobodys_approval_but_a_larger_one_does():
    policy, campaign = read_policy(ROOT), read_campaign(ROOT, "summer-thanks")
    assert campaign.ceiling is not None
    assert campaign.ceiling >= 100_000
    assert policy.rules_for({"ceiling": campaign.ceiling}) == []
    assert [rule.roles for rule in policy.rules_for({"ceiling": 200_000})] == [("data owner",)]
    assert all(person.title for person in policy.people.values())


def test_shared_audiences_and_fragments_are_used_or_compile(shop):
    workspace = load_workspace(ROOT)
    campaign = workspace.campaign("summer-thanks")
    for name in workspace.audiences:
        body = {**campaign_body(workspace, campaign), "audience": {"audience": name}, "audiences": workspace.audiences}
        question = Question(body, workspace.feed("customers"), workspace.feeds, "duckdb", TODAY)
        statement = answer(question, "http://127.0.0.1")[1].statement
        found = shop.execute(f"SELECT count(*) FROM ({statement.sql})", dict(statement.params)).fetchone()
        assert found[0] > 0, name


def test_no_address_or_link_in_it_can_reach_anybody():
    for path in (p for p in ROOT.rglob("*") if p.is_file()):
        text = path.read_text(encoding="utf-8")
        hosts = re.findall(r"https?://([^/\s\"':]+)", text) + re.findall(r"[\w.-]+@([\w.-]+)", text)
        assert all(host.endswith(".example") or host == "127.0.0.1" for host in hosts), path.name


def test_nothing_leaves_this_machine():
    settings = tomllib.loads((ROOT / "twain.toml").read_text(encoding="utf-8"))
    assert settings["production"]["enabled"] is False
    assert settings["channels"]["mail"]["host"] == "127.0.0.1"
