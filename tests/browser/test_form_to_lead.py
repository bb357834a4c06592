"""The hosted subscription form, with and without JavaScript: asked, mailed, confirmed, and one lead in IT's own table."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import looks
from tests.browser.inbox import mail
from tests.browser.test_recipient_pages import clean
from twain.flows.instance import open_instance
from twain.flows.intake import deliver_outgoing

WORDS = {
    "en": {
        "title": "News from Nordlicht Outdoor", "email": "E-mail address", "agree": "I agree that Nordlicht Outdoor",
        "button": "Sign up", "wrong": "Please look at this again:", "check": "One more step: look into your mailbox",
        "subject": "Please confirm: news from Nordlicht Outdoor", "confirm": "Yes, confirm", "thanks": "Thank you",
    },
    "de": {
        "title": "Neues von Nordlicht Outdoor", "email": "E-Mail-Adresse", "agree": "Ich bin einverstanden",
        "button": "Anmelden", "wrong": "Bitte sehen Sie das noch einmal an:",
        "check": "Noch ein Schritt: Sehen Sie in Ihr Postfach",
        "subject": "Bitte bestätigen: Neues von Nordlicht Outdoor", "confirm": "Ja, bestätigen", "thanks": "Danke",
    },
}  # fmt: skip


@pytest.fixture
def somebody(browser, house, complaints):
    """A page of somebody of this language, whose browser runs scripts or does not."""
    contexts = []

    def opened(language, *, scripts):
        settings = {**looks(house), "locale": language}
        contexts.append(browser.new_context(**settings, java_script_enabled=scripts))
        contexts[-1].set_default_timeout(10_000)
        page = contexts[-1].new_page()
        complaints.listen(page)
        return page

    yield opened
    for context in contexts:
        context.close()


def leads(house, address):
    """What the table of IT's has of somebody: the intake's own login inserts there, nobody else does."""
    with closing(sqlite3.connect(f"file:{house.root}/data/crm.sqlite?mode=ro", uri=True)) as crm:
        return crm.execute("select lead_id, confirmed_at from leads where email = ?", [address]).fetchall()


def arrived(page, house, address):
    """Its rows, once there is one; the house writes what is due every five seconds."""
    for _ in range(120):
        if found := leads(house, address):
            return found
        page.wait_for_timeout(250)
    raise AssertionError(f"No lead of {address} has arrived: {house.twain('leads', 'list', '--json')}")


@pytest.mark.parametrize(("language", "scripts"), [("en", True), ("de", False)], ids=["with scripts", "without"])
def test_from_the_form_to_one_row_of_the_companys_table(somebody, house, complaints, language, scripts):
    complaints.allow(r"422 \(Unprocessable Entity\).*/f/newsletter")
    page, words, address = somebody(language, scripts=scripts), WORDS[language], f"signs-up-{language}@customer.example"
    look = clean if scripts else lambda _page, _name="": None

    page.goto("/f/newsletter")
    expect(page.get_by_role("heading", level=1)).to_have_text(words["title"])
    look(page, "form")
    page.get_by_role("button", name=words["button"]).click()
    expect(page.get_by_text(words["wrong"])).to_be_visible()
    look(page, "form-wrong")

    page.get_by_label(words["email"]).fill(address)
    page.get_by_label(words["agree"]).check()
    page.get_by_role("button", name=words["button"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["check"])
    look(page, "form-check-your-mail")
    assert leads(house, address) == []

    link = re.search(r"/j/[\w.~-]+", mail(page, house, words["subject"]))
    page.goto(link[0])
    look(page, "form-confirm")
    assert leads(house, address) == []
    page.get_by_role("button", name=words["confirm"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["thanks"])
    look(page, "form-thanks")

    ((lead, confirmed_at),) = arrived(page, house, address)
    assert confirmed_at
    page.goto(link[0])
    page.reload()
    with open_instance(house.root) as here:
        deliver_outgoing(here)
    assert [row[0] for row in leads(house, address)] == [lead]
