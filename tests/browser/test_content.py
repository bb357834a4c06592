"""The room of content in a browser: a mail with a condition and a list, the hardest people, a test send; no word is lost."""

import re

import pytest
from PIL import Image
from playwright.sync_api import expect


def opened(page, slug="first-frost"):
    page.goto(f"/content/{slug}/")
    expect(page.get_by_role("textbox", name="Subject")).to_be_visible()
    expect(page.locator("[data-block]").first).to_be_visible()
    return page


def made(page, name):
    """A message of this test's own."""
    page.goto("/content/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Start writing").click()
    expect(page.locator("[data-block=first]")).to_be_visible()
    return page


def saved(page):
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")


def order(page):
    return page.locator("#canvas > .content-zone > [data-block]").evaluate_all(
        "all => all.map(one => one.dataset.block)"
    )


def becomes(page, wanted):
    """The blocks stand in this order, at once or as soon as the page has drawn them."""
    page.wait_for_function(
        """wanted => JSON.stringify([...document.querySelectorAll("#canvas > .content-zone > [data-block]")]
            .map(one => one.dataset.block)) === JSON.stringify(wanted)""",
        arg=wanted,
    )


def message(page):
    """The frame of the previewed message's own envelope."""
    return page.frame_locator("iframe.content-preview")


def shift_tab_to(page, wanted, limit=80):
    """Backwards, as tab_to goes forwards."""
    for _ in range(limit):
        if wanted.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab")
    raise AssertionError(f"{limit} times Shift+Tab, and {wanted} has not had the focus.")


LONGEST = re.compile(r".{25,}, for you")


def test_write_preview_and_test_by_mouse(page_as, task):
    page = page_as("lhoffmann")
    with task("Write a mail with a condition and a product list", "mouse", page):
        page.goto("/content/")
        page.get_by_role("link", name="New message").click()
        page.get_by_label("Name").press_sequentially("Mouse mail")
        page.get_by_role("button", name="Start writing").click()
        page.get_by_role("textbox", name="Subject").click()
        page.get_by_role("button", name="Field").click()
        page.get_by_role("option", name=re.compile("First name")).click()
        page.get_by_role("textbox", name="Subject").press_sequentially(", for you")
        page.locator("[data-block=first]").get_by_role("textbox").click()
        page.get_by_role("button", name="Add: Condition").click()
        page.get_by_label("Field of comparison 1").select_option(label="Loyalty tier")
        page.get_by_label("Value 1").press_sequentially("gold")
        page.get_by_role("button", name="Add a block here").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Text").click()
        page.keyboard.type("Only for gold members.")
        page.get_by_role("group", name="The message", exact=True).locator("> .content-add").get_by_role(
            "button"
        ).click()
        page.get_by_role("dialog").get_by_role("button", name="List").click()
        page.keyboard.type("What you bought")
        page.get_by_role("tab", name="Checks").click()
        page.get_by_role("button", name="Say what stands there instead").click()
        page.get_by_label("What stands there instead?").press_sequentially("friend")
        page.get_by_role("button", name="Use this").click()
        saved(page)
    expect(page.locator("#findings-count")).to_be_hidden()
    with task("Preview the person with the longest name", "mouse", page):
        page.get_by_role("tab", name="Preview").click()
        page.get_by_label("Shown for").select_option("extremes")
        expect(message(page).get_by_text(LONGEST).first).to_be_visible(timeout=30_000)
    with task("Send a test", "mouse", page):
        page.get_by_role("tab", name="Test").click()
        page.get_by_role("button", name="Send the test").click()
        expect(page.get_by_text("1 test message was handed over.")).to_be_visible(timeout=30_000)


def test_write_preview_and_test_by_keyboard(page_as, task, tab_to):
    page = page_as("lhoffmann")
    with task("Write a mail with a condition and a product list", "keyboard", page):
        page.goto("/content/new/")
        tab_to(page, page.get_by_label("Name"))
        page.keyboard.type("Keyboard mail")
        page.keyboard.press("Enter")
        tab_to(page, page.get_by_role("textbox", name="Subject"))
        page.keyboard.press("{")
        expect(page.get_by_role("combobox", name="Field, in your words")).to_be_focused()
        page.keyboard.type("first")
        page.keyboard.press("Enter")
        page.keyboard.type(", for you")
        tab_to(page, page.get_by_role("button", name="Add: Condition"))
        page.keyboard.press("Enter")
        settings = page.locator(".content-condition").get_by_role("button", name="Settings of this block")
        tab_to(page, settings)
        page.keyboard.press("Enter")
        expect(page.get_by_label("all of these hold")).to_be_focused()
        tab_to(page, page.get_by_label("Field of comparison 1"))
        page.keyboard.type("Loyalty")
        tab_to(page, page.get_by_label("Value 1"))
        page.keyboard.type("gold")
        page.keyboard.press("Escape")
        expect(page.locator(".content-condition")).to_be_focused()
        expect(page.locator(".content-condition")).to_contain_text("Loyalty tier is gold")
        tab_to(page, page.locator(".content-condition").get_by_role("button", name="Add a block here").first)
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        page.keyboard.type("Only for gold members.")
        shift_tab_to(page, page.get_by_role("button", name="Add: List"))
        page.keyboard.press("Enter")
        page.keyboard.type("What you bought")
        saved(page)
    expect(page.locator(".content-products")).to_contain_text("3 of Orders: Product name, Order total")
    with task("Preview the person with the longest name", "keyboard", page):
        tab_to(page, page.get_by_role("tab", name="Block"))
        page.keyboard.press("ArrowRight")
        tab_to(page, page.get_by_label("Shown for"))
        page.keyboard.press("ArrowDown")
        expect(page.get_by_label("Shown for")).to_have_value("extremes")
        expect(message(page).get_by_text(LONGEST).first).to_be_visible(timeout=30_000)
    with task("Send a test", "keyboard", page):
        shift_tab_to(page, page.get_by_role("tab", name="Preview"))
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        tab_to(page, page.get_by_role("button", name="Send the test"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("1 test message was handed over.")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("way", ["keyboard", "mouse"])
def test_blocks_move_copy_and_go_and_everything_comes_back(page_as, way):
    page = made(page_as("lhoffmann"), f"Moved by {way}")
    first = order(page)
    assert first[:2] == ["title", "first"]
    if way == "keyboard":
        page.locator("[data-block=title]").focus()
        page.keyboard.press("Alt+ArrowDown")
    else:
        page.locator("[data-block=title] .content-grip").drag_to(
            page.locator("[data-block=first]"), target_position={"x": 60, "y": 60}
        )
    moved = [first[1], first[0], *first[2:]]
    becomes(page, moved)
    page.locator("[data-block=title]").focus()
    page.keyboard.press("Control+d")
    copied = order(page)
    assert len(copied) == len(first) + 1
    page.keyboard.press("Delete")
    becomes(page, moved)
    page.locator("[data-block=first]").focus()
    page.keyboard.press("Delete")
    assert len(order(page)) == len(first) - 1
    saved(page)
    page.reload()
    expect(page.locator("[data-block=title]")).to_be_visible()
    page.locator("[data-block=title]").focus()
    for before in (moved, copied, moved, first):
        page.keyboard.press("Control+z")
        becomes(page, before)
    page.get_by_role("button", name="Redo").click()
    becomes(page, moved)


def test_words_survive_a_lost_connection_and_a_closed_page(page_as, complaints):
    complaints.allow("ERR_INTERNET_DISCONNECTED")
    page = made(page_as("lhoffmann"), "Lost connection")
    saved_once = page.get_by_role("textbox", name="Preview line")
    saved_once.click()
    page.keyboard.type("Kept. ")
    saved(page)
    page.context.set_offline(True)
    page.keyboard.type("Typed without a connection.")
    expect(page.locator("#state")).to_have_attribute("data-state", "offline")
    page.context.set_offline(False)
    saved(page)
    page.keyboard.type(" And then at once away.")
    page.goto("/content/")
    page.goto("/content/lost-connection/")
    expect(page.get_by_role("textbox", name="Preview line")).to_have_text(
        "Kept. Typed without a connection. And then at once away."
    )


def test_two_tabs_are_told_and_both_are_kept(page_as, complaints):
    complaints.allow("409")
    page = made(page_as("lhoffmann"), "Two tabs")
    other = page.context.new_page()
    opened(other, "two-tabs")
    page.get_by_role("textbox", name="Preview line").click()
    page.keyboard.type("One")
    saved(page)
    other.get_by_role("textbox", name="Preview line").click()
    other.keyboard.type("Two")
    expect(other.get_by_text("changed in another tab")).to_be_visible()
    other.get_by_role("button", name="Go on with what I wrote here").click()
    expect(other.get_by_role("textbox", name="Preview line")).to_have_text("Two")
    other.get_by_role("tab", name="Versions").click()
    expect(other.get_by_role("button", name="Go on with this").first).to_be_visible()


def test_a_version_is_saved_compared_and_restored(page_as):
    page = made(page_as("lhoffmann"), "Versions")
    page.keyboard.press("Control+s")
    page.get_by_label("What is new in it?").fill("first")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved as version 1.")).to_be_visible()
    page.locator("[data-block=first]").get_by_role("textbox").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("Other words")
    page.get_by_role("button", name="Save version").click()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    page.get_by_role("tab", name="Versions").click()
    page.get_by_role("link", name="Version 2").click()
    expect(page.locator("ins")).to_contain_text("Other")
    page.goto("/content/versions/versions/1/")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("[data-block=first]")).to_contain_text("Write here.")


def test_what_is_pasted_is_words(page_as):
    page = made(page_as("lhoffmann"), "Pasted")
    box = page.locator("[data-block=first]").get_by_role("textbox")
    box.click()
    page.keyboard.press("Control+a")
    box.evaluate(
        """box => {
          const data = new DataTransfer();
          data.setData("text/html", "<img src=x onerror='window.hacked = 1'><b>bold</b>");
          data.setData("text/plain", "<b>{{7*7}}</b>");
          box.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    saved(page)
    expect(box).to_have_text("<b>{{7*7}}</b>")
    assert page.evaluate("window.hacked") is None
    page.get_by_role("tab", name="Preview").click()
    expect(message(page).frame_locator("iframe").get_by_text("<b>{{7*7}}</b>")).to_be_visible(timeout=30_000)


def test_the_same_message_as_code_and_back(page_as):
    page = made(page_as("lhoffmann"), "Code")
    page.get_by_role("button", name="Write as code").click()
    expect(page.get_by_role("textbox", name="Message as code")).to_contain_text("mj-body")
    page.get_by_role("button", name="Back to blocks").click()
    expect(page.locator("[data-block=first]")).to_be_visible()


def test_the_editor_looks_and_reads_well(page_as, good_page):
    page = opened(page_as("lhoffmann"))
    page.locator("[data-block=gold]").focus()
    good_page(page, "content-editor")
    page.get_by_role("tab", name="Checks").click()
    good_page(page)


def test_the_preview_looks_and_reads_well(page_as, good_page):
    page = opened(page_as("lhoffmann"))
    page.get_by_role("tab", name="Preview").click()
    expect(message(page).get_by_text("the first frost is here").first).to_be_visible(timeout=30_000)
    good_page(page, "content-preview")


def test_the_other_team_reads_previews_and_remarks(page_as, good_page):
    page = page_as("pnair")
    page.goto("/content/first-frost/")
    expect(message(page).get_by_text("the first frost is here").first).to_be_visible(timeout=30_000)
    page.get_by_label("Remark").fill("The prices are from last night.")
    page.get_by_role("button", name="Say it").click()
    expect(page.locator("#comments")).to_contain_text("Priya Nair, Senior DBA")
    good_page(page)


def test_a_picture_is_uploaded_described_and_shown(page_as, tmp_path):
    file = tmp_path / "frost.png"
    Image.new("RGB", (300, 120), "#88aacc").save(file)
    page = made(page_as("lhoffmann"), "Picture")
    page.get_by_role("button", name="Add: Picture").click()
    page.get_by_role("button", name="Choose or upload a picture").click()
    page.get_by_label("PNG, JPEG, GIF or WebP, up to 8 MB").set_input_files(file)
    page.get_by_label("What does it show?").last.fill("A blue morning")
    page.get_by_role("button", name="Upload", exact=True).click()
    image = page.locator(".content-image img")
    expect(image).to_have_attribute("alt", "A blue morning")
    expect(image).to_have_js_property("naturalWidth", 300)
    page.get_by_role("tab", name="Preview").click()
    shown = message(page).frame_locator("iframe").get_by_alt_text("A blue morning")
    expect(shown).to_be_visible(timeout=30_000)
    expect(shown).to_have_js_property("naturalWidth", 300)
