"""Two of the moments that must work, each as a whole: count, then trust; the contract that protects me.

The third, the hold and the close, is in test_campaigns.py.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

WAIT = 60_000
SEARCH = "Search by any word"
COUNTED = "#count [role=status] .audience-number-big"


def _number(words):
    """A number as pages write it: thousands are set apart by a narrow space."""
    return int(re.sub(r"\D", "", words))


# ---------------------------------------------------------------- count, then trust


def _add(page, words, offer):
    page.get_by_role("button", name="Add a condition", exact=True).last.click()
    page.get_by_label(SEARCH).press_sequentially(words)
    page.locator("#picker-list").get_by_role("button", name=offer).first.click()


def _gold_in_berlin(page, name):
    """Build it; within two seconds there is a number, or it says honestly that it is estimating."""
    page.goto("/audiences/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Build it").click()
    _add(page, "loyalty", "Loyalty tier")
    page.get_by_label("gold", exact=True).check()
    _add(page, "town", "City")
    page.get_by_label("City", exact=True).press_sequentially("Berlin")
    expect(page.locator("#words")).to_contain_text("City is “Berlin”")
    expect(page.locator("#count")).to_contain_text(re.compile(r"would get a message|estimating"), timeout=2_000)
    expect(page.locator(COUNTED)).to_be_visible(timeout=20_000)


def _planned(page, name, audience):
    """One page: who, what, how, and a bound under which policy asks for nobody's approval."""
    page.goto("/campaigns/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Begin planning").click()
    page.get_by_label("Audience").select_option(label=audience)
    page.get_by_label("Content", exact=True).select_option("first-frost")
    page.get_by_label("Channel").select_option("mail")
    page.get_by_text("Bounds and measuring").click()
    page.get_by_label("Hold it when there are more people than").fill("500")
    page.get_by_role("button", name="Save and go to the launch review").click()
    expect(page.get_by_role("heading", name="How many people")).to_be_visible(timeout=WAIT)


def _cell(page, table, row):
    return _number(page.get_by_role("region", name=table).get_by_role("row", name=row).get_by_role("cell").inner_text())


@pytest.mark.timeout(240)
def test_count_then_trust(page_as):
    page, name = page_as("lhoffmann"), f"Gold in Berlin {uuid.uuid4().hex[:4]}"
    _gold_in_berlin(page, name)
    counted = _number(page.locator(COUNTED).inner_text())
    assert counted > 0
    funnel = page.get_by_role("list", name="From those who match to those who would get a message")
    expect(funnel).to_contain_text("have not agreed")
    bars = [_number(one) * (-1 if one.startswith("−") else 1) for one in funnel.locator(".number").all_inner_texts()]
    assert sum(bars[:-1]) == bars[-1] == counted
    beside = page.locator("#beneath")
    expect(beside).to_contain_text("Priya Nair, Senior DBA")
    expect(beside).to_contain_text(re.compile(r"old, .* allowed"))
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version 1.")).to_be_visible()

    _planned(page, f"Invitation for {name}", name)
    page.get_by_role("link", name=re.compile("as the most difficult people get it")).click()
    shown = page.frame_locator("iframe.content-preview")
    expect(shown.get_by_text(re.compile(r".{25,}, the first frost is here")).first).to_be_visible(timeout=30_000)
    page.go_back()

    page.get_by_role("button", name="Launch now").click()
    page.wait_for_url("**/sends/**")
    expect(page.locator(".campaign-live[data-state=finished]")).to_be_visible(timeout=WAIT)
    assert _cell(page, "Everyone accounted for", "Sent") == counted
    assert _cell(page, "From the audience to the send", "Match the audience") == bars[0]
    assert _cell(page, "From the audience to the send", "Get a message") == counted
    page.goto("/results/")
    page.get_by_role("link", name=f"Invitation for {name}").click()
    result = page.get_by_role("region", name="From matched to sent")
    expect(result.get_by_role("row", name="Matched the audience").get_by_role("cell").first).to_have_text(str(bars[0]))
    expect(result.get_by_role("row", name="Sent").get_by_role("cell").first).to_have_text(str(counted))
    expect(page.get_by_text("Nobody: everyone in the audience got it.")).to_be_visible()
