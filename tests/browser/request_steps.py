"""What the stories of requests share: asking, answering by a mail's link, looking until it is there."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.house import House
from tests.browser.inbox import mail

THERE = "There: seen by the automatic check"
_TRIES = 60


def ask(page: Page, outcome: str, purpose: str, told: dict[str, str]) -> str:
    """Fill in the page on which a type of request is asked, and ask; *told*: label → what is entered. The request's address."""
    page.get_by_label("Could we have").fill(outcome)
    for label, words in {**told, "What is it for?": purpose}.items():
        page.get_by_label(label).fill(words)
    page.get_by_role("button", name=re.compile("^Ask ")).click()
    expect(page.get_by_role("heading", name="Asked", exact=True)).to_be_visible()
    return page.url


def mailed(page: Page, house: House, subject: str, answer: str) -> Page:
    """Open the link of a mail that says *answer*, in a browser that has not signed in."""
    letter = mail(page, house, subject)
    page.goto(re.search(rf"^{re.escape(answer)}:\n(\S+)$", letter, re.MULTILINE)[1])
    expect(page.get_by_text("Nothing is sent before you press the button.")).to_be_visible()
    return page


def until(page: Page, seen: Locator) -> None:
    """Reload until it is seen: what a check sees comes by itself."""
    for _ in range(_TRIES):
        if seen.is_visible():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{page.url} does not say {seen}: {page.locator('#main').inner_text()}")


def until_there(page: Page) -> None:
    """Until the request has closed itself."""
    until(page, page.get_by_role("heading", name=THERE))
