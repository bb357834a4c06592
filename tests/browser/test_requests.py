"""Requests, as both teams live them: answered while typing; asked, promised from the mailbox, closed by itself."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.browser.inbox import mail

SOON = "2027-03-05"


def test_the_catalogue_answers_while_one_types_and_the_keyboard_is_enough(page_as, task, tab_to):
    page = page_as("lhoffmann")
    page.goto("/requests/")
    with task("Find that the catalogue has it already", "keyboard", page):
        tab_to(page, page.get_by_role("link", name="Ask IT", exact=True).first)
        page.keyboard.press("Enter")
        tab_to(page, page.get_by_label("Could we have"))
        page.keyboard.type("the birthday of all customers")
        this = page.get_by_role("button", name="Yes, this is it: Date of birth in Customers")
        expect(this).to_be_visible()
        tab_to(page, this)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Already available")).to_be_visible()
    expect(page.get_by_role("link", name="Show it in the catalogue")).to_have_attribute(
        "href", "/catalogue/feed/customers/#field-birth_date"
    )


def _ask(page):
    page.goto("/requests/ask/")
    page.get_by_label("Could we have").fill("the points that somebody has ever collected")
    page.get_by_label("What would you call it?").fill("points ever")
    page.get_by_label("What kind of value?").select_option("A number")
    page.get_by_label("What is it for?").fill("Thanks to those who have been with us for long")
    page.get_by_label("By when would it help?").fill(SOON)
    page.get_by_label("Why then?").fill("the club turns ten")
    expect(page.get_by_role("heading", name="How long it takes").locator("xpath=../..")).to_contain_text(
        "Estimate by Priya Nair"
    )
    page.get_by_role("button", name="Ask Priya Nair").click()
    expect(page.get_by_role("heading", name="Asked", exact=True)).to_be_visible()


def _reviewed(contract):
    """What IT commits: the patch, its column named, its review done."""
    head, mark, field = contract.rpartition("- name: points_ever\n")
    field = re.sub(r"^( +)# (?=customProperties|  )", r"\1", field, flags=re.MULTILINE)
    return head + mark + "        physicalName: points\n" + field.replace("logicalType: number", "logicalType: integer")


@pytest.mark.timeout(180)
def test_asked_promised_from_the_mailbox_and_closed_by_itself(page_as, visitor, house, good_page, complaints):
    complaints.allow(r"status of 409")  # a link that was used says no
    lena, priya = page_as("lhoffmann"), visitor()
    _ask(lena)
    letter = mail(lena, house, "A question from Lena Hoffmann: the points that")
    link = re.search(r"Yes, by Friday 5 March:\n(\S+)", letter)[1]

    priya.goto(link)
    expect(priya.get_by_text("You answer as Priya Nair, Senior DBA")).to_be_visible()
    good_page(priya, "request-mail-answer")
    lena.reload()
    expect(lena.get_by_role("heading", name="Asked", exact=True)).to_be_visible()
    priya.get_by_role("button", name="Yes, by Friday 5 March").click()
    expect(priya.get_by_role("heading", name="Thank you, Priya Nair")).to_be_visible()
    good_page(priya)
    lena.reload()
    expect(lena.get_by_text("Promised for Friday 5 March 2027 by Priya Nair, Senior DBA")).to_be_visible()
    priya.goto(link)
    expect(priya.get_by_text("This question has been answered already.").first).to_be_visible()

    it = page_as("pnair")
    it.goto(lena.url)
    patch = it.request.get(f"{lena.url}patch/").text()
    contract = house.root / "feeds" / "customers.odcs.yaml"
    before = contract.read_text()
    subprocess.run(["git", "apply", "-"], cwd=house.root, input=patch, text=True, check=True)
    try:
        contract.write_text(_reviewed(contract.read_text()))
        for page in (lena, it):
            _until_closed(page)
    finally:
        contract.write_text(before)
    assert "Points ever" in mail(lena, house, "It is there: the points that")


def test_a_lead_route_closes_when_a_marked_lead_is_in_its_own_table(page_as, house):
    lena, jonas = page_as("lhoffmann"), page_as("jweber")
    lena.goto("/requests/ask/?kind=lead-route")
    lena.get_by_label("Could we have").fill("the sign-ups of the hut evenings in the CRM")
    lena.get_by_label("Which form?").fill("hut-evenings")
    lena.get_by_label("What is it for?").fill("Shops greet whoever signed up")
    lena.get_by_role("button", name="Ask Jonas Weber").click()
    jonas.goto(lena.url)
    _until(jonas, jonas.get_by_text("There is no form “hut-evenings” yet."))
    forms = house.root / "forms"
    (forms / "hut-evenings.toml").write_text((forms / "newsletter.toml").read_text())
    for page in (lena, jonas):
        _until_closed(page)
    mark = lena.get_by_text(re.compile("^[0-9a-f]{16}$")).inner_text()
    with closing(sqlite3.connect(house.root / "data" / "crm.sqlite")) as crm:
        row = crm.execute("select email from leads where lead_id = ?", (f"test-lead-{mark}",)).fetchone()
    assert row == (f"test-lead-{mark}@twain.invalid",)


def test_a_contract_is_confirmed_from_the_mailbox(page_as, visitor, house, good_page, complaints):
    complaints.allow(r"status of 409")  # a link that was used says no
    house.seeded("contracts_seed")
    priya = visitor()
    link = re.search(r"^\S+/requests/still-right/\S+$", mail(priya, house, "Still right?"), re.MULTILINE)[0]
    priya.goto(link)
    expect(priya.get_by_text("You answer as Priya Nair, Senior DBA")).to_be_visible()
    good_page(priya, "request-still-right")
    priya.get_by_role("button", name="Yes, still right").click()
    expect(priya.get_by_role("heading", name="Thank you, Priya Nair")).to_be_visible()
    good_page(priya)
    priya.goto(link)
    expect(priya.get_by_text("This question has been answered already.").first).to_be_visible()
    lena = page_as("lhoffmann")
    lena.goto("/catalogue/feed/customers/")
    expect(lena.get_by_text(re.compile("Contract confirmed on .* by Priya Nair"))).to_be_visible()


def _until_closed(page):
    _until(page, page.get_by_role("heading", name="There: seen by the automatic check"))


def _until(page, seen):
    """Reload until it is seen: what a check sees comes by itself, a page that is open does not change."""
    for _ in range(40):
        if seen.is_visible():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{page.url} does not say {seen}: {page.locator('#main').inner_text()}")
