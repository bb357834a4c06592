"""A check fails by a real change in the database: held, told, seen by a mail's link, mended, seen to pass, sent to its end."""

from __future__ import annotations

import re
import threading
import uuid

import duckdb
import pytest
from playwright.sync_api import expect

from tests.browser.inbox import mail

WAIT = 60_000
TITLE = "“Loyalty tier” of Customers: a rule is not kept"


@pytest.fixture
def tier(house):
    """Give one customer a tier that there is none of; called with nothing, their own again."""

    def change(wrong: str = "") -> None:
        pause = threading.Event()
        for _ in range(200):
            try:
                with duckdb.connect(str(house.root / "data" / "shop.duckdb")) as shop:
                    shop.execute("UPDATE customers SET tier = ? WHERE customer_id = ?", [wrong or own[1], own[0]])
            except duckdb.IOException:  # the house is reading just now
                pause.wait(0.1)
            else:
                return
        raise AssertionError("The database was never free.")

    with duckdb.connect(str(house.root / "data" / "shop.duckdb"), read_only=True) as shop:
        own = shop.execute("SELECT customer_id, tier FROM customers ORDER BY customer_id LIMIT 1").fetchone()
    yield change
    change()


def _launched(house, lena, priya, tier):
    """Approved while all was well; launched when it no longer is. The send's page, held."""
    slug = house.seeded("campaign_seed", f"Tier {uuid.uuid4().hex[:6]}")
    for page, button in ((lena, "Ask for approval"), (priya, "Approve exactly this")):
        page.goto(f"/campaigns/of/{slug}/review/")
        page.get_by_role("button", name=button).click(timeout=WAIT)
    expect(priya.get_by_text("Approved: exactly this")).to_be_visible()
    tier("tin")
    lena.reload()
    lena.get_by_role("button", name="Launch now").click()
    lena.wait_for_url("**/sends/**")
    expect(lena.locator(".campaign-live[data-state=held]")).to_be_visible(timeout=WAIT)
    return slug


def _answered(visitor, letter, answer, thanks):
    """The link's page asks once more; its button does it."""
    visitor.goto(re.search(rf"^{re.escape(answer)}:\n(\S+)$", letter, re.MULTILINE)[1])
    expect(visitor.get_by_text("You answer as Priya Nair, Senior DBA")).to_be_visible()
    visitor.get_by_role("button", name=answer).click()
    expect(visitor.get_by_text(thanks)).to_be_visible()


@pytest.mark.timeout(400)
def test_a_check_fails_is_seen_from_the_mailbox_mended_and_the_send_goes_on(house, tier, page_as, visitor, good_page):
    lena, it, mailbox = page_as("lhoffmann"), page_as("pnair"), visitor()
    slug = _launched(house, lena, it, tier)
    send = lena.url
    told = lena.get_by_role("link", name=re.compile(f"{TITLE}. Priya Nair, Senior DBA, told"))
    expect(told).to_be_visible(timeout=WAIT)
    letter = mail(lena, house, f"Held: {TITLE}")
    assert "1 campaign" in letter
    assert "For IT: customers.tier: invalidValues is 1, mustBe 0" in letter
    told.click()
    expect(lena.get_by_role("heading", name=re.compile(r"1 campaign, [\d\s]+ recipients wait"))).to_be_visible()
    expect(lena.get_by_text("An answer is agreed by")).to_be_visible()  # the letter was opened by nobody yet
    incident = lena.url
    it.goto("/")
    expect(it.get_by_role("link", name=TITLE)).to_be_visible()

    mailbox.goto(re.search(r"^I have seen it:\n(\S+)$", letter, re.MULTILINE)[1])
    good_page(mailbox, "incident-mail-answer")
    lena.reload()
    expect(lena.get_by_text("has seen it at")).to_have_count(0)  # opening a link is no answer
    _answered(mailbox, letter, "I have seen it", "Both teams see now that you know.")
    lena.reload()
    expect(lena.get_by_text("has seen it at")).to_be_visible()
    _answered(mailbox, letter, "It is mended: look again now", "The check is being made again.")
    expect(lena.get_by_text("Looked again: “Loyalty tier” of Customers is not valid in 1 of")).to_be_visible(
        timeout=WAIT
    )
    good_page(lena, "incident")
    it.goto("/incidents/")
    expect(it.get_by_role("link", name=TITLE).filter(has_text="recipients wait")).to_be_visible()
    good_page(it, "incidents")

    tier()
    for page, address in ((lena, send), (it, incident)):
        page.goto(address)
    expect(lena.locator(".campaign-live[data-state=finished]")).to_be_visible(timeout=150_000)
    expect(it.get_by_role("heading", name=re.compile("Mended: seen to pass"))).to_be_visible(timeout=WAIT)
    for _ in range(40):
        if it.get_by_text("was sent to its end").is_visible():
            break
        it.wait_for_timeout(500)
        it.reload()
    for words in (f"Tier {slug.rpartition('-')[2]} goes on.", f"Tier {slug.rpartition('-')[2]} was sent to its end."):
        expect(it.get_by_text(words)).to_be_visible()
