"""Liquid around sections, columns and rows survives MJML, CSS and the text part; links lead where they should."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.unit.content.mails import COLUMNS, PLAN, ROW, SENDER, program, stamp
from twain.content.links import LinkPlan
from twain.content.program import compile_program, preview
from twain.errors import ContentError, Place
from twain.records import Content

TWO = '[{"title": "P1", "price": 1, "url": "https://a.example/1"}, {"title": "P2", "price": 2, "url": "https://a.example/2"}]'
MJML = """<mjml><mj-head><mj-title>Hi {{ first_name }}</mj-title><mj-preview>For {{ first_name }}</mj-preview></mj-head><mj-body>
{% if gold %}<mj-section background-color="{{ city }}"><mj-column><mj-text>Gold</mj-text></mj-column></mj-section>
{% else %}<mj-section><mj-column><mj-text>Plain</mj-text></mj-column></mj-section>{% endif %}
<mj-wrapper>{% for o in orders %}<mj-section>{% if gold %}<mj-column><mj-text>{{ o.title }}</mj-text></mj-column>{% endif %}
<mj-column><mj-button href="{{ o.url }}">Buy</mj-button></mj-column></mj-section>{% endfor %}</mj-wrapper>
<mj-section><mj-column>{% for o in orders %}<mj-text>T {{ o.title }}</mj-text>{% endfor %}
<mj-table>{% for o in orders %}<tr><td>{{ o.title }}</td></tr>{% endfor %}</mj-table></mj-column></mj-section></mj-body></mjml>"""
OUTLOOK = re.compile(r"<!--\[if[^\]]*\]>|<!\[endif\]-->|<!--<!|<!-->")
VOID = {"meta", "link", "img", "br", "hr", "o:allowpng"}


class Balance(HTMLParser):
    """Which elements are open, with what only Outlook sees taken as real."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.torn: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.torn.append(tag)


def balanced(html: str) -> bool:
    walker = Balance()
    walker.feed(OUTLOOK.sub("", html))
    return not walker.open and not walker.torn


@pytest.mark.parametrize("gold", [True, False])
@pytest.mark.parametrize(("orders", "count"), [(TWO, 2), ("[]", 0), (None, 0)])
def test_blocks_around_mjml_survive(gold: bool, orders: str | None, count: int) -> None:
    shown = preview(program(MJML, markup="mjml"), ROW | {"gold": gold, "orders": orders}, stamp())
    assert balanced(shown.html)
    assert ("Gold" in shown.html, "Plain" in shown.html) == (gold, not gold)
    assert shown.html.count(">Buy<") == count
    assert shown.html.count("<tr><td>P") == count
    assert shown.text.count("T P") == count
    assert "tw0q" not in shown.html + shown.text


def test_blocks_around_table_rows_survive_inlined_styles() -> None:
    body = (
        "<html><head><style>td{color:red} @media (max-width:9px){td{color:blue}}</style></head><body>"
        '<table class="t">{% for o in orders %}<tr>{% if gold %}<td>{{ o.title }}</td>{% endif %}<td>x</td></tr>'
        "{% endfor %}</table>"
        "{% if gold %}<div>{% else %}<div class='b'>{% endif %}in</div></body></html>"
    )
    shown = preview(program(body), ROW | {"orders": TWO}, stamp())
    assert '<table class="t"><tr><td style="color: red;">P1</td><td style="color: red;">x</td></tr><tr>' in shown.html
    assert "</tr></table><div>in</div></body></html>" in shown.html
    assert "@media" in shown.html


def test_html_that_a_parser_would_reorder_is_refused() -> None:
    body = "<style>p{margin:0}</style><table><tr>{{ city }}<td>x</td></tr></table>"
    with pytest.raises(ContentError, match="not well-formed"):
        program(body)


def test_liquid_loose_inside_a_tag_is_refused_with_its_line() -> None:
    content = Content(
        "s", '\n\n<td {% if gold %}class="a"{% endif %}>x</td>', "html", places={"body": Place("body.html", 10)}
    )
    with pytest.raises(ContentError, match=r"body\.html:12.*inside <td>"):
        compile_program(content, columns=COLUMNS, defaults={}, sender=SENDER, links=PLAN, business_names={})


def test_links_are_numbered_tracked_and_listed() -> None:
    body = (
        '<a href="https://shop.example/a?x=1&amp;y=2">A</a><a href="https://shop.example/b">B</a>'
        '<a href="https://shop.example/b">B again</a><a href="mailto:x@shop.example">M</a><a href="tel:+49">T</a>'
        '<a href="{{ page }}">P</a><a href="https://shop.example/{{ city | url_encode }}">C</a>'
        '<a href="{{ unsubscribe_url }}">U</a>'
    )
    own = program(body, links=LinkPlan("https://c.example", first_number=5))
    assert own.links == (
        "https://shop.example/a?x=1&y=2",
        "https://shop.example/b",
        "{{ page }}",
        "https://shop.example/{{ city | url_encode }}",
    )
    html = preview(own, ROW, stamp()).html
    assert re.findall(r'href="([^"]*)"', html) == [
        "https://c.example/c/tok-1_x.5",
        "https://c.example/c/tok-1_x.6",
        "https://c.example/c/tok-1_x.6",
        "mailto:x@shop.example",
        "tel:+49",
        "https://shop.example/p?a=1&amp;b=2",
        "https://shop.example/%C5%81%C3%B3d%C5%BA",
        "https://c.example/u/tok-1_x",
    ]


def test_without_tracking_links_stay() -> None:
    own = program('<a href="https://shop.example/a">A</a>', links=LinkPlan("https://c.example", track=False))
    assert own.links == ()
    assert 'href="https://shop.example/a"' in preview(own, ROW, stamp()).html


@pytest.mark.parametrize(
    "target",
    ["javascript:alert(1)", "data:text/html,x", "/relative", "ftp://x.example", "//x.example", " java\nscript:x"],
)
def test_a_target_that_is_no_address_is_refused(target: str) -> None:
    with pytest.raises(ContentError, match="not a web, mail or telephone address"):
        program(f'<a href="{target}">x</a>')
    own = program('<a href="{{ page }}">x</a>')
    with pytest.raises(ContentError, match="made from this person's data"):
        preview(own, ROW | {"page": target}, stamp())


def test_the_text_part_reads_well() -> None:
    body = (
        "<html><head><title>T</title><style>p{}</style></head><body><div style='display:none'>hidden</div>"
        "<h1>Hello &amp; welcome</h1>"
        "<p>Dear   {{ first_name }},<br>second line</p><ul><li>One</li><li>Two</li></ul>"
        '<p><a href="https://shop.example/a">Our shop</a><img src="x" alt="A kettle"><img src="y" alt=""></p>'
        "<table><tr><td>a</td><td>b</td></tr></table></body></html>"
    )
    assert preview(program(body), ROW, stamp()).text == (
        "Hello & welcome\n\nDear Zoë,\nsecond line\n\n- One\n- Two\n\n"
        "Our shop (https://click.shop.example/c/tok-1_x.0)[A kettle]\n\na b\n"
    )


def test_a_hand_written_text_part_is_used_as_it_is() -> None:
    assert preview(program("<p>x</p>", text="Hi {{ first_name }} & co\n"), ROW, stamp()).text == "Hi Zoë & co\n"


def test_a_preheader_stands_hidden_in_front() -> None:
    shown = preview(program("<html><body><p>x</p></body></html>", preheader="Dear {{ first_name }} & co"), ROW, stamp())
    assert re.search(r"<body><div style=\"[^>]*max-height:0[^>]*>Dear Zoë &amp; co</div><p>x", shown.html)
    assert "Dear" not in shown.text


@pytest.mark.parametrize(("tag", "todo"), [("mj-txt", "mj-text"), ("mj-include", "content here")])
def test_an_unknown_mjml_tag_is_named(tag: str, todo: str) -> None:
    with pytest.raises(ContentError, match=rf"{tag}.*{todo}"):
        program(f"<mjml><mj-body><{tag}>x</{tag}></mj-body></mjml>", markup="mjml")


def test_declared_defaults_stand_where_a_value_is_missing() -> None:
    own = program(
        "<p>{{ city }}|{% for o in orders %}{{ o.title }}{% endfor %}</p>",
        defaults={"city": "Berlin", "orders.title": "-"},
    )
    for missing in (None, "", "  "):
        shown = preview(own, ROW | {"city": missing, "orders": '[{"price": 1}, {"title": "A"}]'}, stamp())
        assert shown.text == "Berlin|-A\n"


@pytest.mark.parametrize("said", ["tw0q0z", "tw0q1z", "a tw0q b"])
def test_what_looks_like_a_mark_of_the_compilers_is_text_wherever_it_stands(said: str) -> None:
    body = "<p>{% if gold %}Gold{% endif %} {{ first_name }}</p>"
    for template in (
        program(body, preheader=said),
        program(f"{body}<p>{said}</p>"),
        program(body, preheader=f"{said} {{{{ city }}}}"),
    ):
        shown = preview(template, ROW | {"gold": True}, stamp())
        assert said in shown.html
        assert "Gold" in shown.html
