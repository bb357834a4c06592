"""Blocks: whatever an author writes or a database holds arrives as words; every valid tree is one that the compiler takes."""

import html
import json
import re
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.content.mails import SENDER
from twain.content.blocks import FORMATS, OPS, Brand, make, read_blocks, read_document, shown, tagged_markup
from twain.content.check import check_content
from twain.content.links import LinkPlan
from twain.content.program import compile_program, preview
from twain.errors import ContentError, Place
from twain.records import Column

COLUMNS = (
    Column("first_name", "string"),
    Column("tier", "string", nullable=False),
    Column("points", "integer", nullable=False),
    Column("since", "date", nullable=False),
)
ITEMS = (Column("product_name", "string", nullable=False), Column("total", "number", nullable=False))
CELLS = [{"field": "product_name"}, {"field": "total", "format": "euro"}]
ROW = {"first_name": "Ada", "tier": "gold", "points": 7, "since": date(2024, 2, 29)}
HOSTILE = (
    "{{7*7}}", "{% include 'x' %}", "{% raw %}", "{% endraw %}{{ tier }}", "{{", "{%", "{", "%}", "}}", "{{{{{", "{#",
    "<script>alert(1)</script>", "</mj-text><mj-raw><script>", "--><!--", "]]>", "&lt;b&gt;", "\"'`", "<!--[if mso]>",
    "{{ postal_address }}", "tw0q1z", "&#123;&#123;7*7}}",
)  # fmt: skip


def document(*blocks, **parts):
    return {"version": 1, "subject": [{"text": "Hello"}], "preheader": [], "blocks": list(blocks), **parts}


def made_of(raw, **options):
    brand = options.pop("brand", Brand())
    reusable = options.pop("reusable", {})
    return make(read_document(raw), brand=brand, reusable=reusable, media_url="https://m.example/", **options)


def columns_for(made):
    related = [Column(one.name, "rows", items=ITEMS) for one in made.related if not one.aggregate]
    return (*COLUMNS, *related)


def mail(raw, row=None, **options):
    made = made_of(raw, **options)
    columns = columns_for(made)
    program = compile_program(
        made.content, columns=columns, defaults=made.defaults, sender=SENDER, links=LinkPlan(""), business_names={}
    )
    rows = {c.name: "[]" for c in columns if c.type == "rows"}
    return preview(program, {**ROW, **rows, **(row or {})})


def text_block(*spans, id_="a"):
    return {"id": id_, "type": "text", "paragraphs": [list(spans)]}


def words_of(markup):
    """What a reader sees of HTML, and its tags."""

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__(convert_charrefs=True)
            self.words, self.tags = [], []

        def handle_data(self, data):
            self.words.append(data)

        def handle_starttag(self, tag, attrs):
            self.tags.append((tag, dict(attrs)))

    reader = Reader()
    reader.feed(markup)
    reader.close()
    return "".join(reader.words), reader.tags


def asking(*tests, every=True):
    """A condition that says yes or no."""
    yes, no = text_block({"text": "yes"}, id_="y"), text_block({"text": "no"}, id_="n")
    return document(
        {"id": "c", "type": "condition", "all": every, "tests": list(tests), "then": [yes], "otherwise": [no]}
    )


# ---- X1: words stay words


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_arrive_literally_everywhere(text):
    image = {"id": "i", "type": "image", "src": "https://x.example/a.png", "alt": text}
    button = {"id": "b", "type": "button", "line": [{"text": text}], "href": [{"text": "https://x.example/"}]}
    heading = {"id": "h", "type": "heading", "line": [{"text": text}]}
    foot = {"id": "f", "type": "footer", "paragraphs": [[{"text": text}]], "unsubscribe": text}
    raw = document(
        text_block({"text": text}), image, button, heading, foot, subject=[{"text": text}], preheader=[{"text": text}]
    )
    got = mail(raw)
    words, tags = words_of(got.html)
    assert got.subject == text.strip()
    assert words.count(text) >= 5
    assert next(attrs["alt"] for tag, attrs in tags if tag == "img") == text
    assert text in got.text
    assert not [tag for tag, _ in tags if tag == "script"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_data_arrives_literally(text):
    raw = document(text_block({"field": "first_name"}), subject=[{"field": "first_name"}])
    got = mail(raw, {"first_name": text})
    assert got.subject == text
    assert text in words_of(got.html)[0]
    assert text in got.text


@pytest.mark.parametrize("text", HOSTILE)
def test_a_fallback_is_words_too(text):
    got = mail(document(text_block({"field": "first_name"}), defaults={"first_name": text}), {"first_name": None})
    assert text in words_of(got.html)[0]
    assert text in got.text


@pytest.mark.parametrize("text", HOSTILE)
def test_data_within_an_address_cannot_leave_it(text):
    link = {"text": "go", "href": [{"text": "https://x.example/a/"}, {"field": "tier"}]}
    tags = words_of(mail(document(text_block(link)), {"tier": text}).html)[1]
    target = next(attrs["href"] for tag, attrs in tags if tag == "a")
    assert target.startswith("https://x.example/a/")
    assert not set("<>\"'{} ") & set(target)


def test_an_address_out_of_data_is_checked_when_a_message_is_made():
    raw = document(text_block({"text": "go", "href": [{"field": "tier"}]}))
    assert 'href="https://ok.example/"' in mail(raw, {"tier": "https://ok.example/"}).html
    with pytest.raises(ContentError, match="not a web"):
        mail(raw, {"tier": "javascript:alert(1)"})


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//x.example", "/relative", "JAVASCRIPT:x", "https://{{x}}", "x"],
)
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ContentError) as refused:
        read_document(document(text_block({"text": "go", "href": [{"text": address}]}, id_="here")))
    assert refused.value.place == Place("here")


@pytest.mark.parametrize("value", ["a\"b'c", "a %} b", "{{ x }}", "}} x", "line\nend", "x" * 300])
def test_what_cannot_stand_in_a_comparison_is_refused(value):
    test = {"field": "tier", "op": "is", "value": value}
    with pytest.raises(ContentError):
        read_document(document({"id": "c", "type": "condition", "tests": [test], "then": [], "otherwise": []}))


@pytest.mark.parametrize(
    "name", ["7", "a b", "a.b", "settings.SECRET", "a}}{{b", "", "blank", "__class__", "a|upcase", None]
)
def test_a_field_is_a_plain_name(name):
    with pytest.raises(ContentError):
        read_document(document(text_block({"field": name})))


# ---- the law: what is valid compiles

words = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
formats = st.sampled_from(["", "upper", "capital"])
hrefs = st.sampled_from(
    [
        [],
        [{"text": "https://x.example/a?b=c#d"}],
        [{"text": "https://x.example/"}, {"field": "tier"}],
        [{"text": "mailto:a@b.example"}],
    ]
)
spans = st.one_of(
    st.builds(lambda text, bold, href: {"text": text, "bold": bold, "href": href}, words, st.booleans(), hrefs),
    st.builds(lambda form, italic: {"field": "first_name", "format": form, "italic": italic}, formats, st.booleans()),
    st.just({"field": "points", "format": "whole"}),
)
plain = st.lists(st.one_of(st.builds(lambda text: {"text": text}, words), st.just({"field": "tier"})), max_size=3)
lines = st.lists(spans, max_size=3)
comparisons = st.one_of(
    st.builds(
        lambda op, value: {"field": "tier", "op": op, "value": value},
        st.sampled_from(["is", "is_not", "contains"]), st.sampled_from(["gold", 'a "b"', "it's"]),
    ),
    st.builds(
        lambda op, value: {"field": "points", "op": op, "value": value},
        st.sampled_from(["is", "more", "less", "at_least", "at_most"]), st.integers(-5, 10**9) | st.floats(-1e6, 1e6),
    ),
    st.builds(lambda op: {"field": "first_name", "op": op}, st.sampled_from(["present", "missing"])),
)  # fmt: skip
leaves = st.one_of(
    st.builds(lambda p: {"type": "text", "paragraphs": p}, st.lists(lines, max_size=3)),
    st.builds(lambda line, level: {"type": "heading", "line": line, "level": level}, lines, st.integers(1, 3)),
    st.builds(lambda line, href: {"type": "button", "line": line, "href": href}, plain, hrefs),
    st.builds(
        lambda alt, href: {"type": "image", "src": "https://x.example/a.png", "alt": alt, "href": href},
        st.none() | words, hrefs,
    ),
    st.builds(lambda head: {"type": "products", "relation": "orders", "heading": head, "cells": CELLS}, lines),
    st.just({"type": "divider"}),
    st.builds(lambda name: {"type": "social", "links": [{"network": name, "url": "https://s.example/x"}]}, words),
    st.builds(lambda p, word: {"type": "footer", "paragraphs": p, "unsubscribe": word}, st.lists(lines, max_size=2), words),
    st.just({"type": "reusable", "slug": "shared"}),
)  # fmt: skip


def conditions(inner):
    return st.builds(
        lambda tests, every, then, otherwise: {
            "type": "condition", "tests": tests, "all": every, "then": then, "otherwise": otherwise,
        },
        st.lists(comparisons, min_size=1, max_size=3), st.booleans(), st.lists(inner, max_size=2), st.lists(inner, max_size=2),
    )  # fmt: skip


narrow = leaves | conditions(leaves)
columns = st.builds(
    lambda c: {"type": "columns", "columns": c}, st.lists(st.lists(narrow, max_size=2), min_size=2, max_size=4)
)
blocks = st.lists(st.one_of(narrow, columns, conditions(narrow | columns)), max_size=4)


def numbered(tree, start=0):
    """Give every block an id of its own."""
    for block in tree:
        block["id"] = f"n{start}"
        start += 1
        for inner in (block.get("then", []), block.get("otherwise", []), *block.get("columns", [])):
            start = numbered(inner, start)
    return start


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tree=blocks, subject=plain, preheader=plain, fallback=words, name=words)
def test_every_valid_tree_is_one_that_the_compiler_takes(tree, subject, preheader, fallback, name):
    tree = json.loads(json.dumps(tree))
    numbered(tree)
    raw = document(*tree, subject=subject, preheader=preheader, defaults={"first_name": fallback or "x"})
    shared = read_blocks([{"id": "s", "type": "text", "paragraphs": [[{"text": "shared"}, {"field": "tier"}]]}])
    rows = {}
    made = made_of(raw, reusable={"shared": shared}, utm={"utm_source": "a b", "utm_campaign": "x"})
    for one in made.related:
        rows[one.name] = '[{"product_name": "<i>{{7*7}}", "total": 3.5}]'
    got = mail(
        raw, {"first_name": name, **rows}, reusable={"shared": shared}, utm={"utm_source": "a b", "utm_campaign": "x"}
    )
    markup, tags = words_of(got.html)
    assert not {tag for tag, _ in tags} & {"script", "iframe", "object", "form", "i"}
    assert all(not key.startswith("on") for _, attributes in tags for key in attributes)
    if made.related and any(b["type"] == "products" for b in tree):
        assert "<i>{{7*7}}" in markup
    assert len(made.lines) == made.content.body.count("\n") + 1


# ---- what blocks do


def test_a_condition_is_asked_of_each_person():
    tests = [{"field": "tier", "op": "is", "value": "gold"}, {"field": "points", "op": "more", "value": 5}]
    assert mail(asking(*tests)).text.strip() == "yes"
    assert mail(asking(*tests), {"tier": "silver"}).text.strip() == "no"
    assert mail(asking(*tests, every=False), {"tier": "silver"}).text.strip() == "yes"


@pytest.mark.parametrize(
    ("op", "value", "points", "holds"),
    [("is", 7, 7, True), ("is_not", 7, 7, False), ("more", 7, 7, False), ("less", 7.5, 7, True), ("at_least", 7, 7, True),
     ("at_most", 6, 7, False), ("present", None, 7, True), ("missing", None, 7, False)],
)  # fmt: skip
def test_each_comparison(op, value, points, holds):
    test = {"field": "points", "op": op} | ({} if value is None else {"value": value})
    assert mail(asking(test), {"points": points}).text.strip() == ("yes" if holds else "no")


def test_a_list_shows_its_rows_and_is_left_out_without_any():
    block = {
        "id": "p", "type": "products", "relation": "orders", "heading": [{"text": "Yours"}], "limit": 2, "order": "-total",
        "cells": [{"field": "product_name"}, {"field": "total", "format": "euro"}],
        "href": [{"text": "https://x.example/p/"}, {"field": "product_name"}],
        "where": {"all": [{"field": "category", "op": "eq", "value": "tents"}]},
    }  # fmt: skip
    made = made_of(document(block))
    column = made.related[0]
    assert (column.relation, column.fields, column.order, column.limit) == (
        "orders",
        ("product_name", "total"),
        "-total",
        2,
    )
    assert column.where == {"all": [{"field": "category", "op": "eq", "value": "tents"}]}
    got = mail(document(block), {"list_p": '[{"product_name": "A & B", "total": 1234.5}]'})
    assert "A & B" in got.text
    assert "€1,234.50" in got.text
    assert 'href="https://x.example/p/A+%26+B"' in got.html
    assert "Yours" not in mail(document(block)).text


def test_the_footer_always_has_the_address_and_the_way_out():
    foot = {"id": "f", "type": "footer"}
    made = made_of(document(foot))
    problems = check_content(made.content, columns=COLUMNS, defaults={}, sender=SENDER, business_names={})
    assert not [p for p in problems if p.code in ("T507", "T508")]
    without = made_of(document(text_block({"text": "x"})))
    found = check_content(without.content, columns=COLUMNS, defaults={}, sender=SENDER, business_names={})
    assert {"T507", "T508"} <= {p.code for p in found}


def test_utm_rules_are_added_once_and_in_front_of_the_fragment():
    link = {"text": "go", "href": [{"text": "https://x.example/a?utm_source=own#part"}]}
    mailto = {"text": "write", "href": [{"text": "mailto:a@b.example"}]}
    got = mail(document(text_block(link, mailto)), utm={"utm_source": "brand", "utm_medium": "e mail"})
    assert "https://x.example/a?utm_source=own&amp;utm_medium=e%20mail#part" in got.html
    assert 'href="mailto:a@b.example"' in got.html
    by_hand = (
        '<a href="https://x.example/">a</a><a href="{{ unsubscribe_url }}">b</a><a href="mailto:x@y.example">c</a>'
    )
    assert tagged_markup(by_hand, {"utm_source": "s"}) == by_hand.replace("example/", "example/?utm_source=s", 1)


def test_a_problem_knows_its_block():
    raw = document(
        text_block({"text": "fine"}, id_="fine"),
        text_block({"field": "frist_name"}, id_="wrong"),
        {"id": "f", "type": "footer"},
    )
    made = made_of(raw)
    problems = check_content(
        made.content, columns=COLUMNS, defaults={}, sender=SENDER, business_names={"first_name": "First name"}
    )
    problem = next(p for p in problems if p.code == "T503")
    assert made.block_at(problem.place) == "wrong"
    assert "First name" in problem.business
    subject = made_of(document({"id": "f", "type": "footer"}, subject=[{"field": "nothing"}]))
    found = check_content(subject.content, columns=COLUMNS, defaults={}, sender=SENDER, business_names={})
    assert subject.block_at(next(p for p in found if p.code == "T503").place) == "subject"


def test_a_reusable_block_stands_for_its_blocks_and_errors_point_at_it():
    shared = read_blocks([{"id": "x", "type": "text", "paragraphs": [[{"text": "Shared words"}]]}])
    raw = document({"id": "r", "type": "reusable", "slug": "head"}, {"id": "r2", "type": "reusable", "slug": "head"})
    assert mail(raw, reusable={"head": shared}).text.count("Shared words") == 2
    with pytest.raises(ContentError, match="not there") as missing:
        made_of(raw)
    assert missing.value.place == Place("r")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"version": 2, "subject": [], "blocks": []}, "version"),
        ({"version": 1, "blocks": [{"id": "a", "type": "script"}]}, "no block"),
        ({"version": 1, "blocks": [{"id": "a", "type": "divider"}, {"id": "a", "type": "divider"}]}, "twice"),
        ({"version": 1, "blocks": [{"id": "a", "type": "divider", "html": "<b>"}]}, "nothing that a block has"),
        ({"version": 1, "blocks": [{"id": "../a", "type": "divider"}]}, "id"),
        ({"version": 1, "subject": [{"text": "x", "bold": True}]}, "bold"),
        ({"version": 1, "blocks": [{"id": "a", "type": "columns", "columns": [[]]}]}, "two to four"),
        ({"version": 1, "blocks": [{"id": "a", "type": "image", "media": "../../etc/passwd"}]}, "media library"),
        ({"version": 1, "blocks": [{"id": "a", "type": "image", "src": "http://x.example/a.png"}]}, "https://"),
        ({"version": 1, "blocks": [{"id": "a", "type": "condition", "tests": []}]}, "asks something"),
        ({"version": 1, "blocks": [{"id": "a", "type": "reusable", "slug": "../x"}]}, "no name"),
        (
            {"version": 1, "blocks": [{"id": "a", "type": "text", "paragraphs": [[{"text": "x", "field": "y"}]]}]},
            "neither",
        ),
        ({"version": 1, "blocks": "no"}, "list"),
        ([], "form that Twain writes"),
    ],
)
def test_what_is_no_message_is_refused_in_words(raw, says):
    with pytest.raises(ContentError, match=re.escape(says)):
        read_document(raw)


def test_trees_that_are_too_deep_or_too_large_are_refused():
    deep = {"id": "d0", "type": "divider"}
    for n in range(1, 12):
        deep = {
            "id": f"d{n}",
            "type": "condition",
            "tests": [{"field": "tier", "op": "present"}],
            "then": [deep],
            "otherwise": [],
        }
    with pytest.raises(ContentError, match="too deeply"):
        read_document(document(deep))
    with pytest.raises(ContentError, match="too long"):
        read_document(document(*({"id": f"n{n}", "type": "divider"} for n in range(400))))


def test_every_format_and_comparison_compiles():
    blocks_ = [
        text_block({"field": "points", "format": name}, id_=f"f{n}")
        for n, name in enumerate(FORMATS)
        if "day" not in name
    ]
    dates = [
        text_block({"field": "since", "format": n}, id_=n.replace("_", ""))
        for n in ("day", "long_day", "day_month", "weekday", "year")
    ]
    got = mail(document(*blocks_, *dates), {"points": 1234})
    assert "€1,234.00" in got.text
    assert len(OPS) == 9
    assert (
        shown(read_document(document(subject=[{"text": "Hi "}, {"field": "tier"}])).subject, {"tier": "Tier"})
        == "Hi ‹Tier›"
    )


def test_the_brand_dresses_the_message():
    got = mail(document(text_block({"text": "x"})), brand=Brand(background="#123456", text="#654321", font="serif"))
    assert "#123456" in got.html
    assert "#654321" in got.html
    assert "Georgia" in html.unescape(got.html)
