"""The first task of all, by mouse and by keyboard; home on a phone."""

from playwright.sync_api import expect


def test_signing_in_by_mouse(visitor, house, task):
    page = visitor()
    with task("Sign in", "mouse", page) as effort:
        page.goto("/")
        page.get_by_label("Username or email").click()
        page.get_by_label("Username or email").press_sequentially("lhoffmann")
        page.get_by_label("Password", exact=True).click()
        page.get_by_label("Password", exact=True).press_sequentially(house.passwords["lhoffmann"])
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page).to_have_url(house.url + "/")
    assert effort.presses == 3
    assert effort.keys == len("lhoffmann") + len(house.passwords["lhoffmann"])


def test_signing_in_by_keyboard(visitor, house, task, tab_to):
    page = visitor()
    with task("Sign in", "keyboard", page) as effort:
        page.goto("/")
        expect(page.get_by_label("Username or email")).to_be_focused()
        page.keyboard.type("pnair")
        tab_to(page, page.get_by_label("Password", exact=True))
        page.keyboard.type(house.passwords["pnair"])
        page.keyboard.press("Enter")
        expect(page).to_have_url(house.url + "/")
    assert effort.presses == 0


def test_a_wrong_password_is_said_and_nobody_is_in(visitor):
    page = visitor()
    page.goto("/account/login/")
    page.get_by_label("Username or email").fill("nobody-of-this-name")
    page.get_by_label("Password", exact=True).fill("certainly-not-this-one")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    assert "/account/login/" in page.url


def test_home_on_a_phone(page_as, good_page):
    page = page_as("lhoffmann", phone=True)
    page.goto("/")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="People")).to_be_visible()
    good_page(page)
