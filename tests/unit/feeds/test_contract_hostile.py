"""Contracts written to hurt: YAML that runs code, grows, hides keys; names that break lines, files or SQL."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.feed_contracts import CUSTOMER, changed, errors_of, line_of
from twain.feeds.contract import read_contract
from twain.feeds.document import MAX_SIZE, parse

_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(c)}: &{chr(c)} [{','.join(f'*{chr(c - 1)}' for _ in range(9))}]\n" for c in range(ord("b"), ord("z"))
)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: !!python/object/apply:os.system [touch CANARY]\n", "T202", 2),
        ("a: 1\nb: !!python/name:os.system ''\n", "T202", 2),
        ("a: 1\nb: !include /etc/passwd\n", "T202", 2),
        ("a: !!binary aGk=\n", "T202", 1),
        ("a: !!set {x: null}\n", "T202", 1),
        ("!!omap\n- a: 1\n", "T201", 1),
        (_BOMB, "T202", 1),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "T202", 1),
        ("a: {b: 1}\nc:\n  <<: {d: 2}\n", "T202", 3),
        ("a: &a [*a]\n", "T202", 1),
        ("a: 1\nb: 2\na: 3\n", "T202", 3),
        ('a: 1\n"a": 3\n', "T202", 2),
        ("? [a, b]\n: 1\n", "T202", 1),
        ("a: 1\n---\nb: 2\n", "T201", 2),
        ("a: b: c\n", "T201", 1),
        ("a: 1\nb: '\n", "T201", 3),
        ("a: \x00\n", "T201", 1),
        ("ok: 1\nb: \x1b[31m\n", "T201", 2),
        ("- 1\n", "T201", 1),
        ("", "T201", 1),
        ("[" * 5000, "T201", 1),
        ("a: " + "{a: " * 40 + "1" + "}" * 40, "T201", 1),
        ("x" * (MAX_SIZE + 1), "T201", 1),
    ],
)
def test_yaml_that_no_contract_needs_is_refused_at_its_line(text, code, line):
    started = time.monotonic()
    document, problems = parse(text, "feeds/x.odcs.yaml")
    assert document is None
    assert [(p.code, p.place.line) for p in problems] == [(code, line)]
    assert time.monotonic() - started < 5
    assert not Path("CANARY").exists()


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        r'{"a": "\r"}',
        r'{"a": "\u0000"}',
        r'{"a": "\u009b"}',
        '{"a": [1}',
        '{"a": ' * 40 + "1" + "}" * 40,
    ],
)
def test_one_line_of_json_is_read_as_strictly(text):
    document, problems = parse(text, "f")
    assert document is None
    assert problems[0].code in {"T201", "T202"}


def test_one_line_of_json_reads_as_yaml_would():
    text = '{"a": "\\u00fc", "b": [1, 1.5, true, null], "c": {"d": ""}}'
    assert (
        parse(text, "f")[0].data
        == parse(text + "\n", "f")[0].data
        == {"a": "ü", "b": [1, 1.5, True, None], "c": {"d": ""}}
    )
    assert parse('{"a": 1e999}', "f")[0].data == {"a": "1e999"}


def test_numbers_that_are_none_stay_text():
    document, _ = parse(f"a: {'9' * 5000}\nb: 1e999\nc: .nan\nd: -0x1F\ne: 0o17\nf: 1_000\ng: 010\nh: 1.5e3\n", "f")
    assert document is not None
    assert isinstance(document.data["a"], str)
    assert [document.data[k] for k in "bcdefgh"] == ["1e999", ".nan", -31, 15, 1000, 10, 1500.0]


def test_words_that_yaml_1_1_takes_for_booleans_stay_words():
    document, _ = parse("on: yes\noff: no\ncountry: NO\nwhen: 2026-11-22\n", "f")
    assert document is not None
    assert document.data == {"on": "yes", "off": "no", "country": "NO", "when": "2026-11-22"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- name: FirstName", r'- name: "First\nName"'),
        ("- name: FirstName", r'- name: "FirstName\n"'),
        ("- name: FirstName", r'- name: "FirstName\0"'),
        ("- name: FirstName", '- name: ""'),
        ("- name: FirstName", '- name: "a\\"; DROP TABLE x; --"'),
        ("- name: FirstName", "- name: '{{ 7 * 7 }}'"),
        ("- name: FirstName", f"- name: {'x' * 64}"),
        ("physicalName: customer_id", r'physicalName: "customer_id\r\nBcc: x@example.com"'),
        ("physicalName: customer_id", r'physicalName: "customer\u202Eid"'),
        ("physicalName: customer_id", 'physicalName: ""'),
        ("physicalName: sales.customers", r'physicalName: "sales\n.customers"'),
        ("physicalName: sales.customers", "physicalName: sales..customers"),
        ("businessName: First name", r'businessName: "First\r\nSubject: x"'),
        ("businessName: First name", r'businessName: "\e[2J"'),
        ("businessName: Customers", r'businessName: "a\nb"'),
        ("description: As the person writes it.", r'description: "\e[2J"'),
        ("description: The shop has customers", r'description: "ok\rfailed"'),
        ("  - name: Customer\n", "  - name: ../../etc/passwd\n"),
        ("  - name: Customer\n", "  - name: Customer.odcs\n"),
        ("  - name: Customer\n", '  - name: "Customer\\n"\n'),
        ("  - name: Customer\n", "  - name: .hidden\n"),
        ("name: Priya Nair, title", r'name: "Priya\r\nBcc: all@example.com", title'),
        ("priya@example.com", r'"priya@example.com\n"'),
        ("priya@example.com", r'"a@b c"'),
        ('"on": "2026-11-01"', r'"on": "2026-11-01\n"'),
        ("value: shop", r'value: "shop\0"'),
        ("twain.source", "TWAIN.source"),
        ("[people, accounts]", r'["a\nb"]'),
    ],
)
def test_names_that_break_lines_files_or_sql_are_refused(old, new):
    text = changed(CUSTOMER, old, new)
    found = errors_of(text)
    assert read_contract(text, "f")[0] is None
    assert found
    for problem in found:
        assert problem.place is not None
        assert problem.place.line
        assert not any(c in problem.what + problem.todo for c in "\r\n\0\x1b\u202e")


def test_a_problem_shows_the_line_of_the_bad_name():
    text = changed(CUSTOMER, "- name: FirstName", r'- name: "First\nName"')
    assert {p.place.line for p in errors_of(text)} == {line_of(text, "First\\nName")}


@pytest.mark.parametrize("pattern", ["(", "[a-", "(?P<x", "*"])
def test_a_pattern_that_is_none_is_refused(pattern):
    rule = f"quality: [{{metric: invalidValues, mustBe: 0, arguments: {{pattern: '{pattern}'}}}}]"
    text = changed(CUSTOMER, "businessName: First name", f"businessName: First name\n        {rule}")
    assert [p.code for p in errors_of(text)] == ["T211"]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_no_text_at_all_raises(text):
    feed, problems = read_contract(text, "f")
    assert feed is None
    assert problems


@settings(max_examples=25, deadline=None)
@given(st.integers(0, len(CUSTOMER) - 1), st.text(max_size=4), st.integers(0, 6))
def test_no_damage_to_a_contract_raises(at, put, cut):
    feed, problems = read_contract(CUSTOMER[:at] + put + CUSTOMER[at + cut :], "f")
    assert feed is not None or any(p.severity == "error" for p in problems)
    assert all(p.place is not None and p.place.line for p in problems)
