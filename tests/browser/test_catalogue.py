"""The task "find a feed by a business word", by mouse and by keyboard."""

import re

import pytest
from playwright.sync_api import expect


def test_finding_a_feed_by_mouse(page_as, house, task):
    page = page_as("lhoffmann")
    page.goto("/")
    with task("Find a feed by a business word", "mouse", page):
        page.get_by_role("link", name="Data catalogue").first.click()
        page.get_by_label("Search").click()
        page.get_by_label("Search").press_sequentially("loyalty")
        expect(page.get_by_role("status")).to_have_text("1 feed")
        page.get_by_role("link", name=re.compile("Loyalty tier")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Customers")
    expect(page).to_have_url(f"{house.url}/catalogue/feed/customers/#field-tier")
    expect(page.get_by_text("Priya Nair, Senior DBA")).to_be_visible()
    expect(page.locator("#field-tier")).to_contain_text("choose people by it")


def test_finding_a_feed_by_keyboard(page_as, house, task, tab_to):
    page = page_as("lhoffmann")
    page.goto("/")
    with task("Find a feed by a business word", "keyboard", page):
        tab_to(page, page.get_by_role("link", name="Data catalogue").first)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Data catalogue")
        tab_to(page, page.get_by_label("Search"))
        page.keyboard.type("branches")
        expect(page.get_by_role("status")).to_have_text("1 feed")
        tab_to(page, page.get_by_role("link", name="Stores", exact=True))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Stores")


def test_the_address_remembers_what_was_searched(page_as):
    page = page_as("lhoffmann")
    page.goto("/catalogue/")
    page.get_by_label("Search").press_sequentially("zzzz")
    expect(page.get_by_text("No feed fits")).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=zzzz"))
    page.get_by_label("Search").fill("birthday")
    expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Search")).to_have_value("birthday")


def test_quality_over_time_is_a_chart_and_a_table(page_as):
    page = page_as("pnair")
    page.goto("/catalogue/feed/customers/")
    expect(page.locator(".feeds-chart canvas")).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("columnheader", name="Held sends")).to_be_visible()


def test_a_review_by_keyboard_ends_in_a_diff(page_as, tab_to):
    page = page_as("pnair")
    page.goto("/catalogue/feed/customers/review/")
    expect(page.get_by_role("heading", level=2).first).to_have_text("phone")
    tab_to(page, page.get_by_label("What does the business call it?"))
    page.keyboard.press("Control+A")
    page.keyboard.type("Mobile number")
    tab_to(page, page.get_by_role("button", name="Decide"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name="See the diff (1 field)"))
    page.keyboard.press("Enter")
    expect(page.locator(".feeds-diff .added", has_text="Mobile number")).to_be_visible()
    page.goto("/catalogue/feed/customers/review/")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("This review is discarded")).to_be_visible()


@pytest.mark.parametrize("path", ["/catalogue/", "/catalogue/feed/customers/", "/catalogue/feed/customers/review/"])
def test_a_phone_is_enough(page_as, path):
    page = page_as("pnair", phone=True)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{path} is {wide} px wider than a phone"
