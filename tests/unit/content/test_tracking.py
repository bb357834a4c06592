"""What is put into a message so that something comes back: the open's picture, the link that nobody sees, signed targets."""

import base64
import re

import pytest

from tests.unit.content.mails import ROW, program, stamp
from twain.content.links import LinkPlan
from twain.content.program import CompiledProgram, preview
from twain.errors import ContentError
from twain.records import CANARY_LINK

BASE = "https://click.shop.example"
BODY = '<html><body><p>Hello {{ first_name }}</p><a href="https://shop.example/a">A</a></body></html>'


class Sign:
    """A stand-in for the signer of tokens: shows what it was given."""

    def __call__(self, token: str, number: int, target: str) -> str:
        return f".{number}.{base64.urlsafe_b64encode(target.encode()).decode().rstrip('=')}.signed-{token}"


def shown(made: CompiledProgram, **row):
    return preview(made, {**ROW, **row}, stamp())


def target_of(text: str) -> tuple[str, str]:
    """A signed link's number and the target that it carries."""
    found = re.search(rf"{BASE}/c/tok-1_x\.(\d+)\.([\w-]+)\.signed-tok-1_x", text)
    assert found, text
    return found[1], base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4)).decode()


def test_without_a_word_nothing_tells_of_an_open():
    html = shown(program(BODY, links=LinkPlan(BASE))).html
    assert "<img" not in html
    assert str(CANARY_LINK) not in html


def test_a_picture_of_one_point_tells_of_an_open():
    made = shown(program(BODY, links=LinkPlan(BASE, opens=True)))
    assert re.search(rf'<img src="{BASE}/o/tok-1_x" width="1" height="1" alt="" style="[^"]+"></body>', made.html)
    assert "/o/" not in made.text
    assert "<img" not in shown(program(BODY, links=LinkPlan("", opens=True))).html  # no gateway, nobody to tell


def test_the_link_that_nobody_sees_is_in_no_text_and_in_no_untracked_mail():
    made = shown(program(BODY, links=LinkPlan(BASE, canary=True)))
    assert f"{BASE}/c/tok-1_x.{CANARY_LINK}" in made.html
    assert str(CANARY_LINK) not in made.text
    assert "aria" not in made.html or 'tabindex="-1"' in made.html
    for plan in (LinkPlan(BASE, track=False, canary=True), LinkPlan("", canary=True)):
        assert str(CANARY_LINK) not in shown(program(BODY, links=plan)).html
    assert str(CANARY_LINK) not in shown(program("<p>No link</p>", links=LinkPlan(BASE, canary=True))).html


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("https://shop.example/p?n={{ first_name | url_encode }}&amp;c=1", "https://shop.example/p?n=Zo%C3%AB&c=1"),
        ("{{ page }}", "https://shop.example/p?a=1&b=2"),
        ("{{ page }}&amp;x=1", "https://shop.example/p?a=1&b=2&x=1"),
    ],
)
def test_a_target_made_from_data_goes_along_signed(href, target):
    made = program(f'<p><a href="{href}">P</a></p>', links=LinkPlan(BASE, sign=Sign(), first_number=4))
    assert target_of(shown(made).html) == ("4", target)
    assert target_of(shown(made).text) == ("4", target)
    unsigned = shown(program(f'<p><a href="{href}">P</a></p>', links=LinkPlan(BASE)))
    assert "/c/" not in unsigned.html
    assert "shop.example/p?" in unsigned.html


@pytest.mark.parametrize(
    "href", ["mailto:{{ city }}@shop.example", "tel:+{{ points }}00", "{{ unsubscribe_url }}", "{{ view_url }}"]
)
def test_what_is_no_web_address_of_theirs_is_not_counted(href):
    assert (
        "/c/" not in shown(program(f'<p><a href="{href}">P</a></p>', links=LinkPlan(BASE, sign=Sign())), city="x").html
    )


@pytest.mark.parametrize(
    "page", ["javascript:alert(1)", "data:text/html,x", "/relative", "", "https://x.example/\r\nBcc: a@b"]
)
def test_a_persons_data_makes_no_link_that_may_not_be_one(page):
    made = program('<p><a href="{{ page }}">P</a></p>', links=LinkPlan(BASE, sign=Sign()))
    with pytest.raises(ContentError):
        shown(made, page=page)


def test_a_target_too_long_for_a_link_of_ours_keeps_its_own_address():
    page = "https://shop.example/" + "x" * 1_500
    html = shown(program('<p><a href="{{ page }}">P</a></p>', links=LinkPlan(BASE, sign=Sign())), page=page).html
    assert page in html
    assert "/c/" not in html


def test_each_persons_link_carries_their_own_target_and_token():
    made = program('<p><a href="{{ page }}">P</a></p>', links=LinkPlan(BASE, sign=Sign()))
    pages = [f"https://shop.example/{n}" for n in range(200)]
    rows = {"page": pages, "address": [f"p{n}@mail.example" for n in range(200)]}
    stamps = [stamp(n) for n in range(200)]
    for number, message in enumerate(made.render(rows, stamps)):
        said = message.replace(b"=\r\n", b"").decode()
        carried = base64.urlsafe_b64encode(pages[number].encode()).decode().rstrip("=")
        assert f"/c/tok-{number}_x.0.{carried}.signed-tok-{number}_x" in said


def test_the_message_in_the_browser_has_an_address_of_its_own():
    made = shown(program('<p><a href="{{ view_url }}">View</a> {{ view_url }}</p>', links=LinkPlan(BASE)))
    assert made.html.count(f"{BASE}/v/tok-1_x") == 2
    assert f"{BASE}/v/tok-1_x" in made.text
