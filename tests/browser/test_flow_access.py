"""Flow 3, access: asked back and answered by mail, the table named, and closed by the grant in a real PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest
from playwright.sync_api import expect

from tests.browser.request_steps import THERE, ask, mailed, until_there
from tests.conftest import make_reader

OUTCOME = "the repairs of the last two winters"
WAIT = 60_000


@pytest.fixture
def repairs(postgres_database, house, tmp_path):
    """A database of IT's that the house knows, with a table that Twain's login may not read; ``grant()`` lets it."""
    toml = house.root / "twain.toml"
    before, url = toml.read_text(), tmp_path / "repairs.url"
    with psycopg.connect(postgres_database, autocommit=True) as owner:
        owner.execute("CREATE TABLE repairs (id int PRIMARY KEY, note text)")
        url.write_text(make_reader(owner, postgres_database))
        reader = psycopg.conninfo.conninfo_to_dict(url.read_text())["user"]
        toml.write_text(f'{before}\n[sources.workshop]\nkind = "postgres"\nurl_file = "{url}"\n')
        yield lambda: owner.execute(f"GRANT SELECT ON repairs TO {reader}")
    toml.write_text(before)


def test_access_closes_when_the_grant_is_seen_in_the_database(repairs, page_as, visitor, house, good_page, tab_to):
    lena, priya = page_as("lhoffmann"), page_as("pnair")
    lena.goto("/requests/ask/?kind=access")
    lena.get_by_label("Which database?").select_option("workshop")
    good_page(lena)
    address = ask(lena, OUTCOME, "Whoever had boots mended is offered care", {"For how many days?": "30"})
    mailbox = mailed(visitor(), house, f"A question from Lena Hoffmann: {OUTCOME}", "Ask back")
    mailbox.get_by_label("What do you need to know?").fill("Only what was repaired, or for whom as well?")
    mailbox.get_by_role("button", name="Ask back").click()
    expect(mailbox.get_by_role("heading", name="Thank you, Priya Nair")).to_be_visible()
    mailbox = mailed(visitor(), house, f"Priya Nair asks back: {OUTCOME}", "Answer the question")
    mailbox.get_by_label("Your answer").fill("Only what was repaired")
    mailbox.get_by_role("button", name="Answer the question").click()
    expect(mailbox.get_by_role("heading", name="Thank you, Lena Hoffmann")).to_be_visible()

    priya.goto(address)
    tab_to(priya, priya.get_by_text("Look for something else")).press("Enter")
    tab_to(priya, priya.get_by_label("Which table?"))
    priya.keyboard.type("repairs")
    tab_to(priya, priya.get_by_role("button", name="Look for exactly this")).press("Enter")
    expect(priya.get_by_text("Twain may not read “repairs” yet.")).to_be_visible(timeout=WAIT)
    good_page(priya)
    repairs()
    tab_to(priya, priya.get_by_role("button", name="Look now")).press("Enter")
    expect(priya.get_by_role("heading", name=THERE)).to_be_visible(timeout=WAIT)
    expect(priya.get_by_text("SELECT on repairs (id, note)")).to_be_visible()
    until_there(lena)
    expect(lena.get_by_text("Only what was repaired", exact=True)).to_be_visible()
