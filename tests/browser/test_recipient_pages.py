"""Every page that a recipient sees: axe in both colour schemes, and the whole way through without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import _AXE, PHONE, WIDE, _assert_accessible, _picture, looks
from twain.flows.instance import open_instance

PAGES = {"u": "recipient-unsubscribe", "p": "recipient-choices", "w": "recipient-why"}


@pytest.fixture(scope="module")
def link(house):
    """``link("p", 3)``: that page of the campaign's message to one of its people."""
    with open_instance(house.root) as here:
        run = next(r for r in here.ledger.runs(campaign="summer-thanks") if not r.scope)
        mint = here.mint()

    def made(kind, row):
        return f"/{kind}/{mint.stamps(run.id, 1, [row])[0][1].decode()}"

    return made


@pytest.fixture
def without_scripts(browser, house, complaints):
    """A page of somebody whose browser runs no script, on a phone, in German."""
    settings = {**looks(house, phone=True), "locale": "de-DE"}
    context = browser.new_context(**settings, java_script_enabled=False)
    context.set_default_timeout(10_000)
    page = context.new_page()
    complaints.listen(page)
    yield page
    context.close()


def clean(page, name=""):
    """Nothing at all for axe to say, in either scheme; nothing wider than the screen; pictures."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(_AXE)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []
        _picture(page, f"{name}-{scheme}" if name else "")
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    _picture(page, f"{name}-phone" if name else "")
    page.set_viewport_size(WIDE)


@pytest.mark.parametrize("kind", PAGES)
def test_what_a_recipient_opens(visitor, link, kind):
    page = visitor()
    page.goto(link(kind, 1))
    clean(page, PAGES[kind])
    for tongue, heading in (("de", "Deutsch"), ("fr", "Français"), ("es", "Español")):
        page.get_by_role("link", name=heading).click()
        expect(page.locator("html")).to_have_attribute("lang", tongue)
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDE["width"]


def test_what_answers_a_recipient(visitor, link, complaints):
    complaints.allow(r"404 \(Not Found\).*/u/x")
    page = visitor()
    page.goto(link("u", 2))
    page.get_by_role("button", name="Stop “News and offers” only").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    clean(page, "recipient-unsubscribed")
    page.get_by_role("main").get_by_role("link", name="Choose what you get").click()
    page.get_by_role("button", name="Pause for 30 days").click()
    expect(page.get_by_text("You get nothing from us until")).to_be_visible()
    clean(page, "recipient-paused")
    page.goto("/u/x")
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work")
    clean(page, "recipient-wrong-link")


def test_a_message_in_the_browser(visitor, link):
    """Its own page runs no script, not even axe: the same HTML is looked at outside its sandbox."""
    page = visitor()
    shown = page.request.get(link("v", 1))
    assert shown.status == 200
    assert "sandbox" in shown.headers["content-security-policy"]
    page.set_content(shown.text())
    expect(page.get_by_text("Dear outdoor friend,")).to_be_visible()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        _assert_accessible(page, scheme)
    _picture(page, "recipient-message-light")


def test_all_of_it_without_javascript(without_scripts, link):
    page = without_scripts
    page.goto(link("v", 4))
    page.get_by_role("link", name="Why did I get this?").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Warum habe ich das bekommen?")
    page.get_by_role("main").get_by_role("link", name="Wählen, was Sie bekommen").click()
    page.get_by_role("button", name="„Geburtstagsgrüße“ abbestellen").click()
    expect(page.get_by_role("status")).to_have_text("Gespeichert.")
    page.get_by_role("button", name="„Geburtstagsgrüße“ wieder bekommen").click()
    expect(page.get_by_role("button", name="„Geburtstagsgrüße“ abbestellen")).to_be_visible()
    page.get_by_role("button", name="30 Tage Pause").click()
    expect(page.get_by_text("nichts von uns.").first).to_be_visible()
    page.get_by_role("button", name="Wieder Nachrichten bekommen").click()
    expect(page.get_by_role("button", name="30 Tage Pause")).to_be_visible()
    page.get_by_role("contentinfo").get_by_role("link", name="Abbestellen").click()
    page.get_by_role("button", name="Alle diese E-Mails abbestellen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sie sind abgemeldet")
