"""Browser tests: a real house, the machine's own Chromium, pages that fail their test when anything complains."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.browser.chromium import FLAGS, MISSING, find_chromium
from tests.browser.house import House, open_house
from tests.browser.tasks import RECORDING, Effort, count_in, recorded

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
WIDE, PHONE = {"width": 1360, "height": 900}, {"width": 390, "height": 844}
_COLOURS = 160  # of a picture of the gallery: nobody sees the difference, and the folder stays small
_BAD = ("serious", "critical")
#: What axe looks for: everything in one theme, in the other what its colours decide; the page itself is the same.
_RULES = {
    "light": "{resultTypes: ['violations']}",
    "dark": "{resultTypes: ['violations'], runOnly: ['color-contrast', 'link-in-text-block']}",
}
#: Colours fade from one theme to the other: what is measured on the way is neither.
_SETTLED = """() => Promise.allSettled(document.getAnimations()
  .filter(a => a.effect.getComputedTiming().iterations !== Infinity).map(a => a.finished))"""

_AXE = Axe().axe_script
_PATIENCE = 300  # seconds for a test and whatever it is the first to need: a whole house is opened, beside others


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests may take longer than others; what they wait for has limits of its own."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_PATIENCE))


expect.set_options(timeout=10_000)


#: The house of this test process, while it is open, and what ends it.
_open: list[House] = []
_ends = ExitStack()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """The house of this test process. Tests share it: each makes things of its own, with names of their own."""
    if not _open:
        _open.append(_ends.enter_context(open_house(tmp_path_factory.mktemp("house") / "demo")))
    return _open[0]


# A house looks around even when nobody asks it for anything: it does not stay open beside all the other tests.
@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    if nextitem is None or not nextitem.path.is_relative_to(Path(__file__).parent):
        _close()


def pytest_sessionfinish() -> None:
    _close()


def _close() -> None:
    _open.clear()
    _ends.close()


# Of one module, not of the session: Playwright's loop runs in this thread as long as it is open, and Django's tests would mind.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    path = find_chromium()
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


@dataclass
class Complaints:
    """What browsers said that they should not have. ``allow`` names what a test provokes on purpose."""

    said: list[str] = field(default_factory=list)
    allowed: list[re.Pattern[str]] = field(default_factory=list)

    def allow(self, pattern: str) -> None:
        """Complaints that match are expected in this test."""
        self.allowed.append(re.compile(pattern))

    def hear(self, text: str) -> None:
        """Note one."""
        self.said.append(text)

    def left(self) -> list[str]:
        """Those that nobody expected."""
        return [one for one in self.said if not any(p.search(one) for p in self.allowed)]

    def listen(self, page: Page) -> None:
        """Hear everything of *page*: console errors (a blocked script or style is one), exceptions, server errors."""
        for event, heard in self._ears.items():
            page.on(event, heard)

    @contextmanager
    def heard_of(self, page: Page) -> Iterator[None]:
        """Hear a page that outlives this test, for as long as the block."""
        self.listen(page)
        yield
        for event, heard in self._ears.items():
            page.remove_listener(event, heard)

    @cached_property
    def _ears(self) -> dict[Any, Callable[[Any], None]]:
        def console(message: ConsoleMessage) -> None:
            if message.type == "error" or "Content Security Policy" in message.text:
                self.hear(f"console: {message.text} ({message.location.get('url', '')})")

        return {
            "console": console,
            "pageerror": lambda error: self.hear(f"exception: {error}"),
            "response": lambda r: self.hear(f"{r.status} {r.url}") if r.status >= 500 else None,
        }


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Fails the test at its end when any page complained."""
    heard = Complaints()
    yield heard
    assert heard.left() == []


def looks(house: House, *, theme: str = "light", phone: bool = False) -> dict[str, Any]:
    """How the people of these tests look at the house."""
    return {
        "base_url": house.url, "color_scheme": theme, "viewport": PHONE if phone else WIDE,
        "locale": "en-GB", "timezone_id": "Europe/Berlin", "reduced_motion": "reduce",
    }  # fmt: skip


@dataclass
class _Desk:
    """The pages of one test."""

    browser: Browser
    house: House
    complaints: Complaints
    contexts: list[BrowserContext] = field(default_factory=list)
    efforts: dict[BrowserContext, Effort] = field(default_factory=dict)

    def page(self, *, theme: str = "light", phone: bool = False, state: Any = None) -> Page:
        context = self.browser.new_context(**looks(self.house, theme=theme, phone=phone), storage_state=state)
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        self.efforts[context] = count_in(context)
        page = context.new_page()
        self.complaints.listen(page)
        return page


@pytest.fixture
def desk(browser: Browser, house: House, complaints: Complaints) -> Iterator[_Desk]:
    made = _Desk(browser, house, complaints)
    yield made
    for context in made.contexts:
        context.close()


@pytest.fixture
def visitor(desk: _Desk) -> Callable[..., Page]:
    """A page of somebody who has not signed in: ``visitor(theme="dark", phone=True)``."""
    return desk.page


@pytest.fixture(scope="session")
def _signed_in() -> dict[tuple[str, str], Any]:
    return {}


@pytest.fixture
def page_as(desk: _Desk, _signed_in: dict[tuple[str, str], Any]) -> Callable[..., Page]:
    """A page of somebody of the demo, signed in: ``page_as("pnair")``, ``page_as("lhoffmann", theme="dark", phone=True)``."""

    def signed(username: str, **looks: Any) -> Page:
        known = desk.house.url, username
        if known not in _signed_in:
            page = desk.page()
            sign_in(page, username, desk.house.passwords[username])
            _signed_in[known] = page.context.storage_state()
        return desk.page(state=_signed_in[known], **looks)

    return signed


def sign_in(page: Page, username: str, password: str) -> None:
    """Sign in by the form, as people do."""
    page.goto("/account/login/")
    page.locator("input[name=login]").fill(username)
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/account/login" not in url)


@pytest.fixture
def good_page() -> Callable[..., None]:
    """``good_page(page, "people-list")``: axe finds nothing serious in either theme; pictures when TWAIN_SCREENS=1.

    With a *name* the gallery gets <name>-light, -dark and -phone.
    """

    def looked_at(page: Page, name: str = "") -> None:
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
            page.evaluate(_SETTLED)
            _assert_accessible(page, theme)
            _picture(page, f"{name}-{theme}" if name else "")
        if RECORDING and name:
            page.set_viewport_size(PHONE)
            _picture(page, f"{name}-phone")
            page.set_viewport_size(WIDE)

    return looked_at


def _assert_accessible(page: Page, theme: str) -> None:
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(_AXE)
    found = page.evaluate(f"axe.run({_RULES[theme]})")["violations"]
    bad = [
        f"{theme}: {v['id']} ({v['impact']}): {v['help']}: {n['html']} {n.get('failureSummary', '')}"
        for v in found
        if v["impact"] in _BAD
        for n in v["nodes"][:3]
    ]
    assert not bad, f"{page.url}\n" + "\n".join(bad)


def _picture(page: Page, name: str) -> None:
    if RECORDING and name:
        SCREENS.mkdir(exist_ok=True)
        size = page.viewport_size
        tall = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": max(tall, size["height"])})
        whole = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        page.set_viewport_size(size)
        few = whole.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(SCREENS / f"{name}.png", optimize=True)


@pytest.fixture
def task(desk: _Desk) -> Callable[..., AbstractContextManager[Effort]]:
    """``with task("Sign in", "mouse", page):``: counts presses, keys and seconds; docs/tasks.md when TWAIN_SCREENS=1."""

    def measured(name: str, way: str, page: Page) -> AbstractContextManager[Effort]:
        return recorded(name, way, page, desk.efforts[page.context])

    return measured


@pytest.fixture
def tab_to() -> Callable[..., Locator]:
    """``tab_to(page, page.get_by_role("button", name="Sign in"))``: press Tab until it has the focus."""

    def tabbed(page: Page, wanted: Locator, limit: int = 80) -> Locator:
        expect(wanted).to_be_visible()
        for _ in range(limit):
            if wanted.evaluate("e => e === document.activeElement"):
                return wanted
            page.keyboard.press("Tab")
        raise AssertionError(f"{limit} times Tab, and {wanted} has not had the focus.")

    return tabbed
