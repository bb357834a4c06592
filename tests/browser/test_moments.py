"""Two of the moments that must work, each as a whole: count, then trust; the contract that protects me.

The third, the hold and the close, is in test_campaigns.py.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.house import ran

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
    page.get_by_label("Hold it when there are more people than").fill("500")
    page.get_by_role("button", name="Save and go to the launch review").click()
    expect(page.get_by_role("heading", name="How many people")).to_be_visible(timeout=WAIT)


def _cell(page, table, row):
    return _number(page.get_by_role("region", name=table).get_by_role("row", name=row).get_by_role("cell").inner_text())


@pytest.mark.timeout(400)
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


# ---------------------------------------------------------------- the contract that protects me

CONTRACT, OLD, NEW = "feeds/customers.odcs.yaml", "- name: first_name\n", "- name: given_name\n"
SLOW = "every-pair-of-orders"


def _git(folder, *words, given=None):
    command = ["git", "-c", "user.name=Priya Nair", "-c", "user.email=p@example.com", "-C", str(folder), *words]
    return subprocess.run(command, input=given, check=True, capture_output=True, text=True).stdout


def _copied(root, origin, name, *changes):
    """A campaign in files, beside the one it is a copy of."""
    shutil.copytree(root / "campaigns" / origin, root / "campaigns" / name)
    file = root / "campaigns" / name / "campaign.toml"
    for old, new in changes:
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))


@pytest.fixture
def build(house, tmp_path):
    """What IT's build has: a clone of the workspace, in which a third campaign reads the column, too."""
    clone = tmp_path / "build"
    _git(house.root, "clone", "--quiet", str(house.root), str(clone))
    _copied(clone, "birthday", "name-day", ('"Birthday wishes"', '"Name day"'))
    _git(clone, "add", ".")
    _git(clone, "commit", "--quiet", "-m", "Name days")
    return clone


def _the_build_says_what_breaks_and_how_to_mend_it(build):
    contract = build / CONTRACT
    contract.write_text(contract.read_text().replace(OLD, NEW))
    answer = ran(build, "check", "--against", "HEAD")
    said = " ".join(answer.stdout.split())
    assert answer.returncode == 2
    for name in ("summer-thanks", "birthday", "name-day"):
        assert f"{name} (campaign): Lena Hoffmann, Campaign Manager" in said
    assert re.search(r"summer-thanks \(campaign\): Lena Hoffmann, Campaign Manager; goes Fri\w* [^;]*09:00", said)
    _git(build, "apply", given=answer.stdout)
    assert ran(build, "check", "--offline", "--against", "HEAD").returncode == 0


def _the_house_says_the_same_of_its_own(name, priya, good_page):
    priya.goto("/catalogue/changes/?feed=customers")
    contract = priya.get_by_label("The changed contract")
    contract.fill(contract.input_value().replace(OLD, NEW))
    rows = priya.get_by_role("table").get_by_role("row")
    priya.get_by_role("button", name="See what it breaks").click()
    expect(priya.get_by_role("heading", name=re.compile(r"It breaks \d+ campaigns"))).to_be_visible()
    for one in ("summer-thanks", "birthday", name):
        expect(rows.filter(has_text=one).first).to_contain_text("Lena Hoffmann, Campaign Manager")
    expect(rows.filter(has_text="summer-thanks").first).to_contain_text(re.compile(r"Fri .*09:00"))
    expect(priya.locator(".feeds-diff .added", has_text="physicalName: given_name").first).to_be_visible()
    good_page(priya, "feeds-change")


@pytest.fixture
def slow(house):
    """A campaign in files whose audience takes the database many seconds."""
    fragment = house.root / "fragments" / f"{SLOW}.sql"
    fragment.write_text(_EVERY_PAIR)
    changes = (('"Birthday wishes"', '"Careful rows"'), (_BIRTHDAY, f'  {{ not = {{ fragment = "{SLOW}" }} }},'))
    _copied(house.root, "birthday", "careful-rows", *changes)
    yield "careful-rows"
    shutil.rmtree(house.root / "campaigns" / "careful-rows")
    fragment.unlink()


_BIRTHDAY = '  { anniversary = "birth_date", feb29 = "feb28" },'
_EVERY_PAIR = """SELECT a.customer_id
FROM orders AS a CROSS JOIN orders AS b
WHERE length(a.status || b.status || cast(a.order_id + b.order_id AS varchar)) = 1
"""


def _on_a_live_send_the_load_is_seen_and_stopped(slow, lena, priya, good_page):
    lena.goto(f"/campaigns/of/{slow}/review/")
    lena.get_by_role("button", name="Launch now").click()
    lena.wait_for_url("**/sends/**")
    priya.goto("/")
    priya.get_by_role("link", name="Careful rows").first.click()
    load = priya.get_by_role("region", name="Database shop now")
    expect(load).to_contain_text(re.compile(r"[12] of 2 connections in use"), timeout=WAIT)
    expect(load).to_contain_text(re.compile(r"\d+\.\d s"))
    good_page(priya, "send-reading")
    priya.on("dialog", lambda dialog: dialog.accept())
    priya.get_by_role("button", name="Stop for good").click()
    expect(priya.locator(".campaign-live[data-state=cancelled]")).to_be_visible(timeout=WAIT)
    expect(priya.get_by_text("Cancelled by Priya Nair, Senior DBA.")).to_be_visible()


@pytest.mark.timeout(400)
def test_the_contract_that_protects_me(build, house, slow, page_as, good_page):
    lena, priya = page_as("lhoffmann"), page_as("pnair")
    name = f"Spring walk {uuid.uuid4().hex[:6]}"
    house.seeded("campaign_seed", name)
    _the_build_says_what_breaks_and_how_to_mend_it(build)
    _the_house_says_the_same_of_its_own(name, priya, good_page)
    _on_a_live_send_the_load_is_seen_and_stopped(slow, lena, priya, good_page)
