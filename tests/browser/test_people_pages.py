"""The room of people in a browser: the directory, one's own page, entering somebody, the audit."""

import re

from playwright.sync_api import expect


def test_the_directory_names_everybody_in_full(page_as):
    page = page_as("lhoffmann")
    page.goto("/people/")
    row = page.get_by_role("row").filter(has_text="Priya Nair")
    expect(row).to_contain_text("Senior DBA")
    expect(row).to_contain_text("Data and platforms")
    expect(page.get_by_role("link", name="Enter somebody")).to_have_count(0)


def test_somebodys_page(page_as):
    page = page_as("mseidel")
    page.goto("/people/")
    page.get_by_role("link", name="Jonas Weber").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jonas Weber")
    expect(page.get_by_text("Europe/Berlin")).to_be_visible()


def test_one_says_how_one_wants_to_be_named(page_as):
    page = page_as("tklein")
    page.goto("/people/me/")
    page.get_by_label("How you want to be named").fill("Dr Tom Klein, Internal Audit")
    page.get_by_label("Who answers when you are away").select_option(label="Anna Berg, Systems Administrator")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("status")).to_contain_text("kept")
    page.goto("/people/tklein/")
    expect(page.get_by_text("Dr Tom Klein, Internal Audit")).to_be_visible()
    expect(page.get_by_role("link", name="Anna Berg, Systems Administrator")).to_be_visible()


def test_an_administrator_enters_somebody_who_then_signs_in(page_as, visitor, good_page, tab_to):
    page = page_as("aberg")
    page.goto("/people/new/")
    page.get_by_label("Full name").fill("Nora Winter")
    page.get_by_label("Title").fill("CRM Analyst")
    page.get_by_label("Username").fill("nwinter")
    page.get_by_label("E-mail address").fill("nora.winter@nordlicht.example")
    page.get_by_label("Team").select_option(label="Customer relations")
    page.get_by_label("Marketer", exact=True).check()
    tab_to(page, page.get_by_role("button", name="Enter", exact=True))
    page.keyboard.press("Enter")
    link = page.get_by_label("The link").input_value()
    good_page(page)

    new = visitor()
    new.goto(link)
    good_page(new, "set-password")
    new.get_by_label("New Password", exact=True).fill("a-walk-in-the-snow")
    new.get_by_label(re.compile("again", re.IGNORECASE)).fill("a-walk-in-the-snow")
    new.get_by_role("button", name=re.compile("password", re.IGNORECASE)).click()
    new.goto("/account/login/")
    new.get_by_label("Username or email").fill("nora.winter@nordlicht.example")
    new.get_by_label("Password", exact=True).fill("a-walk-in-the-snow")
    new.get_by_role("button", name="Sign in", exact=True).click()
    new.goto("/people/me/")
    expect(new.get_by_role("heading", level=1)).to_have_text("Nora Winter")

    page.goto("/people/nwinter/")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("status").first).to_contain_text("can no longer sign in")
    new.goto("/people/me/")
    expect(new).to_have_url(re.compile("/account/login/"))


def test_the_audit_is_walked_and_filtered(page_as, good_page):
    page = page_as("tklein")
    page.goto("/audit/")
    page.get_by_label("What was done").select_option("person entered")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("row").filter(has_text="person:pnair")).to_be_visible()
    page.get_by_role("button", name="Walk the chain").click()
    expect(page.locator("#walk")).to_contain_text("unbroken")
    good_page(page, "audit")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert "person:pnair" in download.value.path().read_text(encoding="utf-8")


def test_a_token_is_shown_once(page_as, good_page):
    page = page_as("jweber")
    page.goto("/people/me/tokens/")
    page.get_by_label("What will use it").fill("Nightly report")
    page.get_by_label("people:read").check()
    page.get_by_role("button", name="Make the token").click()
    assert page.get_by_label(re.compile("copy it now")).input_value().startswith("twain_")
    good_page(page)
    page.goto("/people/me/tokens/")
    good_page(page, "tokens")
    page.get_by_role("button", name="End Nightly report").click()
    expect(page.get_by_role("row").filter(has_text="Nightly report")).to_contain_text("ended")
