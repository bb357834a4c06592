"""The demo's inbox, as tests read it: what people get by mail."""

from __future__ import annotations

import re
import urllib.request
from html import unescape

from playwright.sync_api import Page

from tests.browser.house import House


def newest_mail(house: House, subject: str) -> str | None:
    """The text of the newest mail whose subject begins so; None while there is none."""
    with urllib.request.urlopen(house.inbox) as page:
        listed = page.read().decode()
    found = re.search(rf'href="/(\d+)"[^>]*>{re.escape(subject)}', listed)
    if found is None:
        return None
    with urllib.request.urlopen(f"{house.inbox.rstrip('/')}/{found[1]}/text") as page:
        return unescape(page.read().decode()).replace("\r\n", "\n")


def mail(page: Page, house: House, subject: str) -> str:
    """The mail, once it has come."""
    for _ in range(240):
        text = newest_mail(house, subject)
        if text is not None:
            return text
        page.wait_for_timeout(250)
    raise AssertionError(f"No mail “{subject}” has come.")
