"""The compiled template says what python-liquid says, or is refused by name: never a different text."""

import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from liquid.exceptions import LiquidError

from tests.unit.content.liquid_maker import Maker
from tests.unit.content.mails import PLAN, SENDER, stamp
from twain.content.grammar import environment
from twain.content.program import CompiledProgram, compile_program, preview
from twain.errors import ContentError
from twain.records import Column, Content

ITEMS = (Column("t", "string"), Column("p", "number"), Column("size", "integer"))
COLUMNS = (
    Column("a", "string"),
    Column("n", "integer"),
    Column("f", "number"),
    Column("b", "boolean"),
    Column("d", "date"),
    Column("z", "string"),
    Column("rows", "rows", items=ITEMS),
)
OUTCOMES = {"same", "failed", "refused T501", "refused T502", "refused T503"}
FAILURES = (LiquidError, ValueError, TypeError, ArithmeticError, AttributeError, KeyError)


def compiled(source: str) -> CompiledProgram:
    """The template as a hand-written text part, and as what stands in an HTML element."""
    content = Content("s", f"<div>{source}</div>", "html", text=source)
    return compile_program(content, columns=COLUMNS, defaults={}, sender=SENDER, links=PLAN, business_names={})


def reference(source: str, context: dict[str, Any], *, escaping: bool) -> str | None:
    try:
        made: str = environment(escaping=escaping).from_string(source).render(**context)
    except FAILURES:
        return None
    return re.sub("\r\n?", "\n", made)  # any line end is one line end on the wire, a lone CR too


def compare(source: str, contexts: list[dict[str, Any]]) -> list[str]:
    try:
        program = compiled(source)
    except ContentError as error:
        return [f"refused {error.shown_code}"]
    return [compare_one(source, program, context) for context in contexts]


def compare_one(source: str, program: CompiledProgram, context: dict[str, Any]) -> str:
    wanted_text = reference(source.rstrip("\n"), context, escaping=False)
    wanted_html = reference(f"<div>{source}</div>", context, escaping=True)
    try:
        shown = preview(program, context, stamp())
    except ContentError as error:
        too_much = error.shown_code == "T521"
        return (
            "failed" if too_much or wanted_text is None or wanted_html is None else f"failed, but not there: {source}"
        )
    assert (shown.text, shown.html) == (f"{wanted_text}\n", f"{wanted_html}\n"), source
    return "same"


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_templates_say_what_python_liquid_says(seed: int) -> None:
    maker = Maker(random.Random(seed))
    outcomes = []
    for _ in range(160):
        outcomes += compare(maker.template(), [maker.context() for _ in range(6)])
    assert set(outcomes) <= OUTCOMES
    assert outcomes.count("same") > 400


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_any_template_says_what_python_liquid_says(chance: random.Random) -> None:
    maker = Maker(chance, depth=2)
    assert set(compare(maker.template(), [maker.context(), maker.context()])) <= OUTCOMES


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("{% include 'x' %}", "include"),
        ("{% render 'x' %}", "render"),
        ("{% tablerow x in rows %}{% endtablerow %}", "tablerow"),
        ("{% cycle 1, 2 %}", "cycle"),
        ("{% increment a %}", "increment"),
        ("{% liquid assign x = 1 %}", "liquid"),
        ("{{ a | safe }}", "safe"),
        ("{{ a | base64_decode }}", "base64_decode"),
        ("{{ a | upcas }}", "upcas"),
        ("{% for x in rows offset: continue %}{% endfor %}", "offset: continue"),
        ("{% break %}", "break"),
        ("{{ forloop.index }}", "forloop"),
        ("{{ a | date: '%999999999d' }}", "%999999999d"),
        ("{{ a | truncate: 1, 2, 3 }}", "truncate"),
    ],
)
def test_what_is_outside_the_subset_is_refused_by_name(source: str, word: str) -> None:
    with pytest.raises(ContentError, match=re.escape(word)):
        compiled(source)
