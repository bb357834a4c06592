"""What the two teams are to each other: thanks after a send, the status check with its survey, a vendor looked at together."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.inbox import mail, newest_mail

WORDS = "We sold tents in November, and it was your data that knew to whom."


def _until(page, locator):
    """What comes by itself comes soon."""
    for _ in range(60):
        if locator.count():
            return locator.first
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{page.url}: {page.locator('#main').inner_text()}")


def test_a_send_s_results_become_a_thank_you_in_a_human_s_words(page_as, visitor, house, good_page, complaints):
    complaints.allow(r"status of 409")  # a link that was used says no
    lena, priya = page_as("lhoffmann"), visitor()
    lena.goto("/partnership/thanks/")
    _until(lena, lena.get_by_role("link", name="Thank Priya Nair"))
    good_page(lena, "thanks")
    lena.locator("article").filter(has_text="The results of").get_by_role("link", name="Thank Priya Nair").first.click()
    expect(lena.get_by_text(re.compile("Your feed .+ was read by .+ sent"))).not_to_have_count(0)
    expect(lena.get_by_label("Your words")).to_have_value("")
    good_page(lena, "thank")
    lena.get_by_label("Your words").fill(WORDS)
    lena.get_by_role("button", name="Send it to Priya Nair").click()
    expect(lena.get_by_text("Sent to Priya Nair, Senior DBA")).to_be_visible()

    letter = mail(lena, house, "Thank you, from Lena Hoffmann, Campaign Manager")
    assert WORDS in letter
    assert "Your feed" in letter
    link = re.search(r"^\S+/partnership/thanks/forward/\S+$", letter, re.MULTILINE)[0]
    priya.goto(link)
    expect(priya.get_by_text("You are Priya Nair, Senior DBA")).to_be_visible()
    good_page(priya, "thanks-forward")
    assert newest_mail(house, "A thank-you to Priya Nair") is None, "opening the link did something"
    priya.get_by_role("button", name="Pass it on").click()
    expect(priya.get_by_role("heading", name="Passed on")).to_be_visible()
    good_page(priya)
    assert WORDS in mail(priya, house, "A thank-you to Priya Nair, Senior DBA")
    priya.goto(link)
    expect(priya.get_by_text("This question has been answered already.").first).to_be_visible()


def test_the_two_leads_meet_and_both_teams_answer_without_a_name(page_as, house, good_page, tab_to):
    house.seeded("partnership_seed")
    mara, anna, lena = page_as("mseidel"), page_as("aberg"), page_as("lhoffmann")
    lena.goto("/partnership/checks/")
    tab_to(lena, lena.get_by_role("link", name="Answer the survey"))
    lena.keyboard.press("Enter")
    expect(lena.get_by_text("How is it to work with IT?")).to_be_visible()
    good_page(lena, "survey")
    tab_to(lena, lena.get_by_role("radio", name="Excellent"))
    lena.keyboard.press("ArrowDown")
    tab_to(lena, lena.get_by_label("What should we change?"))
    lena.keyboard.type("Say when a freeze begins")
    tab_to(lena, lena.get_by_role("button", name="Answer without my name"))
    lena.keyboard.press("Enter")
    expect(lena.get_by_text("You have answered.")).to_be_visible()
    anna.goto("/partnership/checks/survey/")
    expect(anna.get_by_text("Talk instead")).to_be_visible()

    mara.goto("/partnership/checks/")
    assert "Say when a freeze begins" not in mara.content()
    mara.locator(".page-header .btn-primary").click()
    expect(mara.get_by_role("heading", name="Carried over")).to_be_visible()
    mara.get_by_label("Put the closing of the books into IT's calendar").check()
    mara.get_by_label("Short notes").fill("The closing of the books is in the calendar.")
    mara.get_by_label("To carry into the next one").fill("Show Anna the winter campaign")
    mara.get_by_role("button", name="Write it down").click()
    expect(mara.get_by_role("heading", name="Notes")).to_be_visible()
    good_page(mara, "status-check-held")
    notes = mail(mara, house, "Notes of the status check")
    assert "Show Anna the winter campaign" in notes

    anna.goto("/partnership/checks/")
    anna.get_by_role("link", name="Plan the next one").click()
    anna.get_by_role("button", name="Plan it").click()
    expect(anna.get_by_text("Planned. Both get a mail")).to_be_visible()
    expect(anna.get_by_label("Show Anna the winter campaign")).to_be_visible()
    assert "Carried over" in mail(anna, house, "Status check on")


def _score(page, url, values):
    page.goto(url)
    for row, value in values.items():
        page.get_by_role("group", name=row, exact=True).get_by_text(str(value), exact=True).click()
    page.get_by_role("button", name="Give these scores").click()


ROWS = ("Security", "Privacy", "Integration effort", "Sync and freshness", "Peak capacity", "Maintenance", "Usability",
        "Deliverability", "Measurement", "Three-year cost", "Support", "Exit")  # fmt: skip


def test_a_vendor_is_scored_blind_revealed_and_scored_once_more(page_as, good_page):
    lena, priya = page_as("lhoffmann"), page_as("pnair")
    lena.goto("/requests/ask/?kind=vendor-review")
    lena.get_by_label("Could we have").fill("Wortwerk for translations")
    lena.get_by_label("What is it for?").fill("Our letters in four languages")
    lena.get_by_role("button", name=re.compile("^Ask ")).click()
    lena.get_by_role("link", name="Begin the review with both teams").click()
    for name in ("Lena Hoffmann, Campaign Manager", "Priya Nair, Senior DBA"):
        lena.get_by_label(name).check()
    lena.get_by_role("button", name="Begin with the gates").click()
    good_page(lena, "vendor-gates")
    for _ in range(5):
        lena.locator("details[open] input[name=evidence]").first.fill("Contract, section 4")
        lena.locator("details[open]").first.get_by_role("button", name="Passed", exact=False).first.click()
    url = lena.url
    _score(lena, url, dict.fromkeys(ROWS, 3) | {"Exit": 4})
    expect(lena.get_by_text("Your scores are kept.")).to_be_visible()
    expect(lena.get_by_role("table")).to_have_count(0)
    priya.goto(url)
    expect(priya.get_by_text("Marketing · done")).to_be_visible()
    good_page(priya, "vendor-scores")
    expect(priya.get_by_role("table")).to_have_count(0)
    _score(priya, url, dict.fromkeys(ROWS, 3) | {"Exit": 1})

    for page in (lena, priya):
        page.goto(url)
        expect(page.get_by_role("row", name=re.compile("Exit.*To be talked about"))).to_be_visible()
    good_page(lena, "vendor-revealed")
    lena.get_by_role("button", name="We have talked").click()
    _score(lena, url, {"Exit": 3})
    _score(priya, url, {"Exit": 2})
    row = priya.get_by_role("row", name=re.compile("Exit"))
    assert row.get_by_role("cell").all_inner_texts() == ["4.0", "1.0", "3.0", "2.0", "Agreed since"]
    priya.get_by_label("We take it").check()
    priya.get_by_label("Why").fill("It does what we need, and lets us out again.")
    priya.get_by_role("button", name="Write the decision down").click()
    expect(priya.get_by_role("heading", name="We take it")).to_be_visible()
    good_page(priya, "vendor-decided")
