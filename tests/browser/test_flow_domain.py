"""Flow 4, a sender domain: asked for, red with the exact record, entered in a real DNS, green, and closed by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.request_steps import THERE, ask, until, until_there
from tests.loopback_dns import good_world, loopback_dns

DOMAIN = "mail.nordlicht.test"
OUTCOME = "letters from post@mail.nordlicht.test"
WAIT = 60_000


@pytest.fixture
def world(house):
    """A DNS on loopback, three authoritative servers of it, where everything of the domain stands but its SPF record."""
    toml = house.root / "twain.toml"
    before = toml.read_text()
    with loopback_dns() as made:
        world = good_world(made)
        world.put(DOMAIN, "TXT")
        servers = f'servers = ["127.0.0.1:{world.port}"]\nport = {world.port}\ntimeout = "3s"'
        toml.write_text(f"{before}\n[dns]\n{servers}\n")
        yield world
    toml.write_text(before)


def test_a_domain_turns_green_by_the_record_that_its_page_asks_for(world, page_as, house, good_page, tab_to):
    lena, anna = page_as("lhoffmann"), page_as("aberg")
    lena.goto("/requests/ask/?kind=sender-domain")
    address = ask(lena, OUTCOME, "People answer a letter sooner than a no-reply", {"Which domain?": DOMAIN})
    expect(lena.get_by_text("IT has not entered the domain in twain.toml yet.")).to_be_visible(timeout=WAIT)

    with (house.root / "twain.toml").open("a") as toml:
        toml.write(f'[domains."{DOMAIN}"]\naddresses = ["192.0.2.10"]\nincludes = ["_spf.nordlicht.test"]\n')
    until(lena, lena.get_by_text("The DNS is not right yet: SPF."))
    anna.goto(f"/domains/{DOMAIN}/")
    tab_to(anna, anna.get_by_role("button", name="Look now")).press("Enter")
    expect(anna.get_by_text("Would not arrive").first).to_be_visible(timeout=WAIT)
    good_page(anna)
    record = anna.locator("details", has=anna.get_by_role("heading", name=re.compile("^SPF")))
    wanted = record.get_by_label("Should say").input_value()
    assert wanted.startswith("v=spf1 ")

    world.put(DOMAIN, "TXT", wanted)
    tab_to(anna, anna.get_by_role("button", name="Look now")).press("Enter")
    expect(anna.get_by_text("Ready").first).to_be_visible(timeout=WAIT)
    lena.get_by_role("button", name="Look now").click()
    expect(lena.get_by_role("heading", name=THERE)).to_be_visible(timeout=WAIT)
    expect(lena.get_by_text(f"The DNS of {DOMAIN} is right on every server that answers for it.").first).to_be_visible()
    anna.goto(address)
    until_there(anna)
