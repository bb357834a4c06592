"""Campaigns in a browser: asked, approved by the other team, launched and watched to its end; held, told, mended, gone."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable

import duckdb
import pytest
from playwright.sync_api import Page, expect

WAIT = 60_000


@pytest.fixture
def planned(house) -> Callable[[str], str]:
    """Plan a campaign of Lena's; its slug."""

    def plan(name: str) -> str:
        return house.seeded("campaign_seed", f"{name} {uuid.uuid4().hex[:6]}")

    return plan


def _review(page: Page, slug: str) -> None:
    page.goto(f"/campaigns/of/{slug}/review/")
    expect(page.get_by_role("heading", name="How many people")).to_be_visible(timeout=WAIT)


def _press(page: Page, name: str, way: str, tab_to) -> None:
    button = page.get_by_role("button", name=name)
    if way == "keyboard":
        tab_to(page, button)
        page.keyboard.press("Enter")
    else:
        button.click()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_asked_approved_launched_and_watched_to_its_end(way, planned, page_as, good_page, task, tab_to):
    slug = planned("Spring thank-you")
    lena, priya = page_as("lhoffmann"), page_as("pnair")
    pictures = way == "mouse"

    with task("Ask approval", way, lena):
        _review(lena, slug)
        tab_to(lena, lena.get_by_label("Why, in a sentence"))
        lena.keyboard.type("Spring is short.")
        _press(lena, "Ask for approval", way, tab_to)
        expect(lena.get_by_text("Asked by Lena Hoffmann, Campaign Manager")).to_be_visible()
    good_page(lena, "launch-review-asked" if pictures else "")

    with task("Approve as the other team", way, priya):
        priya.goto("/campaigns/")
        link = priya.get_by_role("link", name=re.compile("asks for your approval")).filter(has_text=_name(slug))
        if way == "keyboard":
            tab_to(priya, link)
            priya.keyboard.press("Enter")
        else:
            link.click()
        _press(priya, "Approve exactly this", way, tab_to)
        expect(priya.get_by_text("Approved: exactly this")).to_be_visible()
    good_page(priya, "launch-review-approved" if pictures else "")

    with task("Launch and watch it finish", way, lena):
        lena.reload()
        _press(lena, "Launch now", way, tab_to)
        lena.wait_for_url("**/sends/**")
        expect(lena.locator("[data-state=finished]").first).to_be_visible(timeout=WAIT)
    expect(lena.get_by_text("Everyone accounted for:")).to_be_visible()
    expect(lena.get_by_text("Approved by Priya Nair, Senior DBA.")).to_be_visible()
    good_page(lena, "send-finished" if pictures else "")


def _name(slug: str) -> str:
    """The name is the slug's words with its own end."""
    return slug.rpartition("-")[2]


@pytest.fixture
def stale(house):
    """Make the customers ten days older; call the answer to mend that."""
    done: list[str] = []

    def change(sign: str) -> None:
        pause = threading.Event()
        for _ in range(600):
            try:
                with duckdb.connect(str(house.root / "data" / "shop.duckdb")) as shop:
                    shop.execute(f"UPDATE customers SET updated_at = updated_at {sign} INTERVAL 10 DAY")
            except duckdb.IOException:  # the house is reading just now
                pause.wait(0.1)
            else:
                done.append(sign)
                return
        raise AssertionError("The database was never free.")

    yield change
    if done == ["-"]:
        change("+")


@pytest.mark.timeout(600)
def test_held_told_mended_and_gone_by_itself(planned, page_as, good_page, stale):
    slug = planned("Held over night")
    lena, priya = page_as("lhoffmann"), page_as("pnair")
    _review(lena, slug)
    lena.get_by_role("button", name="Ask for approval").click()
    _review(priya, slug)
    priya.get_by_role("button", name="Approve exactly this").click()
    expect(priya.get_by_text("Approved: exactly this")).to_be_visible()
    stale("-")
    lena.reload()
    lena.get_by_role("button", name="Launch now").click()
    lena.wait_for_url("**/sends/**")
    expect(lena.locator(".campaign-live[data-state=held]")).to_be_visible(timeout=WAIT)
    expect(lena.get_by_role("status").filter(has_text="Priya Nair, Senior DBA")).to_contain_text("told", timeout=WAIT)
    expect(lena.get_by_role("status").filter(has_text="Expires")).to_contain_text("goes on by itself")
    good_page(lena, "send-held")
    priya.goto("/campaigns/")
    expect(priya.get_by_role("link", name=re.compile("is held")).filter(has_text=_name(slug))).to_be_visible()
    stale("+")
    expect(lena.locator(".campaign-live[data-state=finished]")).to_be_visible(timeout=300_000)
    expect(lena.get_by_text("The checks pass again: it goes on by itself.")).to_be_visible()


def test_the_red_switch_is_seen_by_everybody(page_as, good_page):
    jonas, lena = page_as("jweber"), page_as("lhoffmann")
    jonas.goto("/campaigns/switch/")
    jonas.get_by_label("Why").last.fill("Index rebuild until noon.")
    jonas.get_by_role("button", name=re.compile("Stop: Database shop")).click()
    lena.goto("/campaigns/")
    expect(lena.get_by_role("alert")).to_contain_text("Index rebuild until noon.")
    good_page(lena, "stopped")
    jonas.on("dialog", lambda dialog: dialog.accept())
    jonas.get_by_role("button", name=re.compile("Lift the stop: Database shop")).click()
    lena.reload()
    expect(lena.get_by_text("Index rebuild until noon.")).to_have_count(0)


def test_a_campaign_is_planned_on_one_page(page_as, good_page):
    page = page_as("lhoffmann")
    page.goto("/campaigns/new/")
    page.get_by_label("Name").fill("Autumn walk")
    page.get_by_role("button", name="Begin planning").click()
    expect(page.get_by_text("Choose an audience: who gets it.")).to_be_visible()
    page.get_by_label("Audience").select_option(label="Gold customers in Berlin")
    page.get_by_label("Channel").select_option("mail")
    page.get_by_role("radio", name="At a local time, wherever each person is").check()
    page.get_by_label("Day", exact=True).fill("2031-05-01")
    page.get_by_label("Local time", exact=True).fill("09:00")
    page.get_by_role("button", name="Try another variant beside it").click()
    expect(page.get_by_role("group", name="Variant 2")).to_be_visible()
    expect(page.get_by_label("Audience")).to_have_value("gold-in-berlin")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("Choose the content: what they get.")).to_be_visible()
    good_page(page, "campaign-plan")
    page.get_by_role("link", name="version 1").click()
    expect(page.get_by_text("wherever each person is")).to_be_visible()
    good_page(page, "campaign-versions")
