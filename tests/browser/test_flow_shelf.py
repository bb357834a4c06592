"""Flows 1 and 2, the shelf: found by a business word, with its owner; an ask that it answers; who uses what, for IT."""

from __future__ import annotations

import uuid

from playwright.sync_api import expect

from tests.browser.request_steps import until


def test_what_is_there_already_is_found_used_and_seen_by_its_owner(page_as, house, good_page, tab_to):
    lena, priya = page_as("lhoffmann"), page_as("pnair")
    lena.goto("/catalogue/")
    lena.get_by_label("Search").press_sequentially("given name")
    lena.get_by_role("link", name="First name first_name").click()
    expect(lena.locator("#field-first_name")).to_contain_text("choose people by it")
    expect(lena.get_by_text("Priya Nair, Senior DBA").first).to_be_visible()

    lena.goto("/requests/ask/")
    lena.get_by_label("Could we have").press_sequentially("the first name of our customers")
    lena.get_by_role("button", name="Yes, this is it: First name in Customers").click()
    expect(lena.get_by_role("heading", name="Already available")).to_be_visible()
    expect(lena.get_by_text("It counts as already available once you have used it")).to_be_visible()
    good_page(lena)

    name = f"First names {uuid.uuid4().hex[:6]}"
    house.seeded("campaign_seed", name)
    priya.goto("/catalogue/")
    tab_to(priya, priya.get_by_label("Search"))
    priya.keyboard.type("given name")
    expect(priya.get_by_role("status")).to_have_text("1 feed")
    tab_to(priya, priya.locator("#hits").get_by_role("link", name="Customers", exact=True)).press("Enter")
    used = priya.get_by_role("region", name="Where it is used")
    expect(used).to_be_visible()
    priya.goto("/catalogue/feed/customers/?uses=all")  # other stories' campaigns may stand before this one
    expect(used.locator(".list-group-item", has_text=name)).to_contain_text("Lena Hoffmann, Campaign Manager")

    house.seeded("look_now", "desk.used")
    until(lena, lena.get_by_text("Used since"))
