"""Flow 5, the year plan: an idea, announced, in the way of a freeze, answered with a simpler way, adopted; and by ICS."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

DAY = (datetime.now(UTC) + timedelta(days=200)).date()
FREEZE = """title = "IT, for this test"
zone = "Europe/Berlin"
[[freeze]]
effective_from = 2020-01-01
name = "Move of the data centre"
kind = "hard"
classes = ["send"]
from = {}
until = {}
"""


@pytest.fixture
def frozen(house):
    """A day, far ahead, on which nothing is sent."""
    calendar = house.root / "calendars" / "move.toml"
    calendar.write_text(FREEZE.format(DAY, DAY + timedelta(days=1)))
    yield
    calendar.unlink()


def test_a_plan_meets_a_freeze_and_its_simpler_way_is_adopted(frozen, page_as, good_page, tab_to):
    lena, jonas, title = page_as("lhoffmann"), page_as("jweber"), f"Letters to hikers {uuid.uuid4().hex[:6]}"
    lena.goto("/calendar/new/")
    lena.get_by_label("What is planned").fill(title)
    lena.get_by_label("What for").fill("Bring people back to the huts")
    lena.get_by_label("When").fill(f"{DAY}T09:00")
    lena.get_by_label("To how many people, about").fill("41000")
    lena.get_by_role("button", name="Write it down").click()
    expect(lena.get_by_role("heading", name="Idea")).to_be_visible()
    expect(lena.get_by_role("alert")).to_contain_text("Move of the data centre")
    good_page(lena)
    lena.get_by_role("button", name="Announce it to IT").click()
    expect(lena.get_by_role("heading", name="Announced")).to_be_visible()

    jonas.goto(lena.url)
    expect(jonas.get_by_role("alert")).to_contain_text("Move of the data centre")
    tab_to(jonas, jonas.get_by_label("What would be simpler"))
    jonas.keyboard.type("Two days later: the new machines bear it in one go")
    tab_to(jonas, jonas.get_by_label("At another time")).fill(f"{DAY + timedelta(days=2)}T10:00")
    tab_to(jonas, jonas.get_by_role("button", name="Offer it")).press("Enter")
    expect(jonas.get_by_text("Offered.")).to_be_visible()
    tab_to(jonas, jonas.get_by_role("button", name="Yes, it is feasible")).press("Enter")
    expect(jonas.get_by_role("heading", name="Feasible")).to_be_visible()
    good_page(jonas)

    lena.reload()
    lena.get_by_role("button", name="Adopt this").click()
    expect(lena.get_by_text("Adopted by Lena Hoffmann")).to_be_visible()
    expect(lena.get_by_text("Move of the data centre")).to_have_count(0)
    lena.goto("/calendar/")
    lena.get_by_role("button", name="address").first.click()
    secret = lena.get_by_label("Address").input_value()
    good_page(lena)
    subscribed = jonas.request.get(secret).text()
    assert title in subscribed
    assert "Move of the data centre" in subscribed
