"""What counts as a success: said in the plan's form, part of the bundle, shown in versions, review and differences."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.urls import reverse

from tests.web.campaigns.conftest import Way
from twain.errors import RuleError
from twain.flows.publish import make
from twain.records import Conversion
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.campaigns.differences import differences
from twain_web.rooms.campaigns.models import Campaign
from twain_web.rooms.campaigns.plans import Plan
from twain_web.rooms.campaigns.public import campaign_record
from twain_web.rooms.campaigns.successes import amounts, events, in_words

ORDERS = {"success": "orders:ordered_at", "success_days": "5", "success_of": "sent", "success_value": "orders:total"}


def posted(way: Way, **changes: str) -> dict[str, str]:
    """The plan's form as the page would send it, with changes."""
    (arm,) = way.campaign.plan.arms
    return {
        "based_on": str(way.campaign.version), "audience": "gold-in-berlin", "channel": "mail", "when": "now",
        "expires_hours": "12", "crash_policy": "never_twice", "track_links": "on", "arm-TOTAL_FORMS": "1",
        "arm-INITIAL_FORMS": "1", "arm-0-name": "main", "arm-0-content": arm.content, "arm-0-share": "100", **changes,
    }  # fmt: skip


def saved(way: Way) -> Plan:
    return Campaign.objects.get(pk=way.campaign.pk).plan


def test_the_form_offers_what_a_rule_may_read(way: Way):
    found = {value: (title, name) for title, fields in events() for value, name in fields}
    assert found["orders:ordered_at"][0] == engine.workspace().feeds["orders"].title
    assert not any(value.startswith(("customers:", "products:")) for value in found)
    assert "orders:total" in [value for _, fields in amounts() for value, _ in fields]
    assert "orders:order_id" not in [value for _, fields in amounts() for value, _ in fields]


def test_said_in_the_form_it_is_part_of_what_is_approved_and_shown_where_it_is_decided(way: Way, client):
    client.force_login(way.marketer)
    url, before = reverse("campaigns:campaign", args=[way.campaign.slug]), campaign_record(way.campaign.slug)
    assert client.post(url, posted(way, **ORDERS)).status_code == 302
    record = campaign_record(way.campaign.slug)
    assert record.conversion == Conversion("orders", "ordered_at", 5 * 86_400.0, of="sent", value="total")
    old, new = (make(engine.instance(), one) for one in (before, record))
    assert old.hash != new.hash
    told = {one.title: one.after for one in differences(old.body, new.body)}
    words = in_words(record.conversion)
    assert told["Counts as a success"] == words
    assert "within 5 days of the send" in words
    for page in ("campaigns:review", "campaigns:versions"):
        assert "within 5 days of the send" in client.get(reverse(page, args=[way.campaign.slug])).content.decode()
    shown = client.get(url).content.decode()
    assert '<option value="orders:ordered_at" selected>' in shown
    assert '<option value="orders:total" selected>' in shown


def test_without_one_nothing_of_the_row_is_kept_and_no_version_is_made(way: Way, client):
    client.force_login(way.marketer)
    url = reverse("campaigns:campaign", args=[way.campaign.slug])
    client.post(url, posted(way, success="", success_days="9", success_of="sent", success_value="orders:total"))
    assert saved(way) == way.campaign.plan
    assert campaign_record(way.campaign.slug).conversion is None
    assert in_words(None) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"success": "customers:birth_date"},
        {"success": "orders:nothing"},
        {"success": "orders:ordered_at", "success_value": "orders:order_id"},
        {"success": "orders:ordered_at", "success_days": "0"},
        {"success": "orders:ordered_at", "success_of": "opened"},
    ],
)
def test_what_no_rule_may_read_is_refused(way: Way, client, wrong):
    client.force_login(way.marketer)
    answer = client.post(reverse("campaigns:campaign", args=[way.campaign.slug]), posted(way, **wrong))
    assert answer.status_code == 422
    assert saved(way) == way.campaign.plan


def test_an_amount_of_other_data_is_missing_something(way: Way):
    mixed = replace(way.campaign.plan, success="orders:ordered_at", success_value="visits:minutes")
    assert any("same data" in text for text in mixed.missing())


def test_a_plan_kept_before_there_was_any_is_read_as_it_was(way: Way):
    raw = way.campaign.plan.as_json()
    older = {key: value for key, value in raw.items() if not key.startswith("success")}
    assert Plan.from_json(older) == way.campaign.plan


def test_a_rule_the_contracts_no_longer_allow_says_so_in_the_review(way: Way, client, signed_in):
    way.edit(success="orders:gone")
    with pytest.raises(RuleError, match="gone"):
        make(engine.instance(), campaign_record(way.campaign.slug))
    page = signed_in(Role.MARKETER).get(reverse("campaigns:review", args=[way.campaign.slug]))
    assert page.status_code == 200
    assert "gone" in page.content.decode()
