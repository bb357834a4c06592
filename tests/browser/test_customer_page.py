"""Find one customer and why she got it; look at masked fields with a reason."""

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import expect

from twain.flows.instance import open_instance

CAMPAIGN, NAME = "summer-thanks", "Summer thank-you"


@pytest.fixture(scope="module")
def got_it(house):
    """The key of somebody who got the campaign, as the delivery history has it."""
    with open_instance(house.root) as instance:
        (file, *_) = instance.history.files()
    sent = pq.read_table(file, filters=[("campaign", "=", CAMPAIGN), ("fate", "=", "sent")])
    return sent.column("key")[0].as_py()


def test_one_customer_and_why_she_got_it_by_mouse(house, page_as, task, got_it):
    page = page_as("lhoffmann")
    page.goto(house.url)
    with task("Find one customer and why she got it", "mouse", page):
        page.get_by_role("link", name="Customers").click()
        page.get_by_label("Customer number or e-mail address").press_sequentially(got_it)
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_text("Loyalty tier")).to_be_visible()
        expect(page.get_by_role("link", name=NAME).first).to_be_visible()
        page.get_by_label("Audience or campaign").select_option(label=NAME)
        page.get_by_role("button", name="Why?").click()
        expect(page.get_by_text("Yes, in it.")).to_be_visible()


def test_one_customer_and_why_she_got_it_by_keyboard(house, page_as, task, tab_to, got_it):
    page = page_as("pnair")
    page.goto(house.url)
    with task("Find one customer and why she got it", "keyboard", page):
        tab_to(page, page.get_by_role("link", name="Customers"))
        page.keyboard.press("Enter")
        expect(page.get_by_label("Customer number or e-mail address")).to_be_focused()
        page.keyboard.type(got_it)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Loyalty tier")).to_be_visible()
        tab_to(page, page.get_by_label("Audience or campaign"))
        page.keyboard.type(NAME)
        tab_to(page, page.get_by_role("button", name="Why?"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("Yes, in it.")).to_be_visible()


def test_unmasking_asks_for_a_reason(house, page_as, got_it):
    page = page_as("mseidel")
    page.goto(f"{house.url}/customers/customers/{got_it}/")
    expect(page.get_by_text("Loyalty tier")).to_be_visible()
    page.get_by_role("button", name="Show masked fields").click()
    page.get_by_label("What do you need it for?").fill("She called: the birthday voucher never came.")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("This was written into the audit.")).to_be_visible()
    expect(page.get_by_text("•••")).to_have_count(0)
