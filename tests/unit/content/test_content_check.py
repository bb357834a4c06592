"""Every finding of a check: code, file and line, what to do."""

from typing import Any

import pytest

from tests.unit.content.mails import COLUMNS, SENDER
from twain.content.check import check_content
from twain.errors import Place
from twain.records import Column, Content, Problem, Right, Sender

LEGAL = '<p>{{ postal_address }} <a href="{{ unsubscribe_url }}">Stop</a></p>'
PLACES = {"subject": Place("c/campaign.toml", 3), "body": Place("c/body.html", 1), "text": Place("c/body.txt", 1)}
DEFAULTS = {"first_name": "friend", "city": "-", "total": 0, "points": 0, "since": "-", "page": "https://shop.example/"}
WORDS = {"first_name": "First name", "total": "Total spent"}


def check(body: str, *, subject: str = "Hello", markup: Any = "html", text: str = "", **options: Any) -> list[Problem]:
    settings = {"columns": COLUMNS, "defaults": DEFAULTS, "sender": SENDER, "business_names": WORDS} | options
    return check_content(
        Content(subject, body + ("" if markup == "mjml" else LEGAL), markup, text, "", PLACES), **settings
    )


def codes(problems: list[Problem]) -> set[str]:
    return {problem.code for problem in problems}


def test_a_good_mail_has_no_problem() -> None:
    assert check("<p>Hi {{ first_name }}</p>{% for o in orders %}{{ o.title | default: '-' }}{% endfor %}") == []


@pytest.mark.parametrize(
    ("name", "todo"),
    [
        ("frist_name", "first_name (“First name”)"),
        ("total_spent", "total (“Total spent”)"),
        ("zzqqy", "data catalogue"),
    ],
)
def test_an_unknown_field_is_named_with_the_closest_business_word(name: str, todo: str) -> None:
    problem = check(f"<p>\n\n{{{{ {name} }}}}</p>")[0]
    assert (problem.code, str(problem.place)) == ("T503", "c/body.html:3")
    assert todo in problem.todo


def test_all_unknown_fields_are_found_at_once() -> None:
    found = check(
        "{{ nope1 }}\n{% if nope2 == 1 %}{{ nope3 }}{% endif %}\n{% for o in orders %}{{ o.nope4 }}{% endfor %}"
    )
    assert {(p.what.split("'")[1], p.place.line if p.place else 0) for p in found if p.code == "T503"} == {
        ("nope1", 1),
        ("nope2", 2),
        ("nope3", 2),
        ("nope4", 3),
    }


@pytest.mark.parametrize(
    "source", ["{{ user.__class__ }}", "{{ first_name.__class__ }}", "{{ env }}", "{{ settings.secret }}", "{{ now }}"]
)
def test_attributes_and_surroundings_do_not_exist(source: str) -> None:
    assert "T503" in codes(check(source))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ city }}", True),
        ("{{ city | default: 'x' }}", False),
        ("{% if city %}{{ city }}{% endif %}", False),
        ("{% if city != blank and gold %}{{ city }}{% endif %}", False),
        ("{% if city == 'Berlin' %}{{ city }}{% else %}{{ city }}{% endif %}", True),
        ("{% if city %}x{% endif %}{{ city }}", True),
        ("{% assign x = city %}{{ x }}", True),
        ("{% for o in orders %}{{ o.title }}{% endfor %}", True),
        ("{% for o in orders %}{% if o.title %}{{ o.title }}{% endif %}{% endfor %}", False),
    ],
)
def test_a_field_that_can_be_missing_needs_a_default(source: str, problem: bool) -> None:
    assert ("T504" in codes(check(source, defaults={}))) is problem


def test_a_field_that_is_never_missing_needs_none() -> None:
    columns = (Column("first_name", "string", nullable=False),)
    assert check("{{ first_name }}", columns=columns, defaults={}) == []


def test_a_field_without_the_right_is_refused() -> None:
    rights = {column.name: {Right.PERSONALISE} for column in COLUMNS} | {"city": {Right.FILTER}}
    assert "T505" in codes(check("{{ city }}", rights=rights))
    assert check("{{ first_name }}", rights=rights) == []
    rows = {"orders.title": {Right.PERSONALISE}}
    source = "{% for o in orders %}{{ o.title | default: '' }}{{ o.price | default: 0 }}{% endfor %}"
    assert [p.what for p in check(source, rights=rights | rows) if p.code == "T505"] == [
        "The field 'orders.price' may not be used to personalise."
    ]


@pytest.mark.parametrize(
    ("options", "code", "severity"),
    [
        ({"subject": " "}, "T506", "error"),
        ({"subject": "x" * 200}, "T506", "warning"),
        ({"subject": "a\r\nBcc: b"}, "T514", "error"),
        ({"text": "no links here"}, "T507", "error"),
        ({"text": "{{ unsubscribe_url }}"}, "T508", "error"),
        ({"sender": Sender("news@shop.example")}, "T508", "error"),
        ({"sender": Sender("news@shop.example", "a\nb", postal_address="x")}, "T514", "error"),
        ({"body": "<img src='https://x.example/a.png'>"}, "T513", "warning"),
        ({"body": "<p>" + "x" * 110_000 + "</p>"}, "T512", "warning"),
        ({"body": "<a href='javascript:x'>x</a>"}, "T511", "error"),
        ({"body": "{% if gold %}"}, "T501", "error"),
        ({"body": "{% include 'x' %}"}, "T502", "error"),
        ({"body": "<mjml><mj-body><mj-txt>x</mj-txt></mj-body></mjml>", "markup": "mjml"}, "T509", "error"),
        ({"body": "<p title='x>y</p>"}, "T510", "error"),
    ],
)
def test_what_is_wrong_has_its_code(options: dict[str, Any], code: str, severity: str) -> None:
    body = options.pop("body", "<p>x</p>")
    assert (code, severity) in {(p.code, p.severity) for p in check(body, **options)}


def test_a_mail_without_a_way_out_is_refused() -> None:
    found = check_content(
        Content("Hello", "<p>x</p>", "html"), columns=COLUMNS, defaults={}, sender=SENDER, business_names={}
    )
    assert codes(found) == {"T507", "T508"}
