"""A window of rows, encoded by columns, makes the messages that its rows make one by one."""

import json
import quopri
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.content.mails import ROW, columns_of, program, stamp
from twain.content.program import CompiledProgram, preview
from twain.errors import ContentError
from twain.records import Column

TEXTS = st.text(st.sampled_from("aF.=\r\n üé🎉<&'\"") | st.characters(codec="utf-8"), max_size=90) | st.sampled_from(
    ["", ".", "From here", "x" * 74, "ü" * 30, "y" * 300]
)
VALUES = TEXTS | st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.dates() | st.lists(TEXTS, max_size=2)
ITEMS = st.lists(
    st.fixed_dictionaries({}, optional={"title": TEXTS | st.none(), "price": st.floats(allow_nan=False)}), max_size=4
)
ROWS = st.fixed_dictionaries(
    {
        "first_name": VALUES,
        "city": TEXTS,
        "points": VALUES,
        "orders": ITEMS.map(json.dumps) | ITEMS | st.sampled_from([None, ""]),
    }
)
BODY = """<p>{{ first_name }} {{ city }}, {{ points }}</p>{% if city == "Berlin" %}B{% elsif city != "" %}-{% endif %}
{% for o in orders %}<p>{{ o.title }}: {{ o.price }}</p>{% else %}None{% endfor %}
{% for o in orders %}{{ o.title }}{% endfor %}{% for o in orders %}same{% endfor %}
{% for o in orders reversed %}{{ o.title }}{% endfor %}{% for o in orders %}{{ forloop.index }}{{ o.title }}{% endfor %}"""
SUBJECT = "{{ first_name }} of {{ city }}"
PROGRAM = program(BODY, subject=SUBJECT, defaults={"orders.title": "nothing", "points": 0})


def rendered(made: CompiledProgram, rows: list[dict[str, Any]]) -> list[bytes]:
    return list(made.render(columns_of(rows), [stamp(n) for n in range(len(rows))]))


def shown(message: bytes) -> bytes:
    """What a reader sees: a value may be broken, or a blank of it encoded, elsewhere in a window than alone (RFC 2045 §6.7)."""
    return quopri.decodestring(message)


@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=6))
def test_a_window_makes_what_its_rows_make_alone(rows: list[dict[str, Any]]) -> None:
    filled = [ROW | row for row in rows]
    together = rendered(PROGRAM, filled)
    alone = [
        next(PROGRAM.render({name: [value] for name, value in row.items()}, [stamp(number)]))
        for number, row in enumerate(filled)
    ]
    assert list(map(shown, together)) == list(map(shown, alone))


@pytest.mark.parametrize("broken", ["{", "7", '{"title": "x"}', "[7]"])
def test_a_row_whose_related_rows_cannot_be_read_stops_after_those_before_it(broken: str) -> None:
    rows = [ROW | {"orders": text} for text in ("[]", '[{"title": "Pan"}]', broken, "[]")]
    made = PROGRAM.render(columns_of(rows), [stamp(n) for n in range(4)])
    assert b"nothing" not in next(made)
    assert b"Pan" in next(made)
    with pytest.raises(ContentError):
        next(made)


@pytest.mark.parametrize("broken", [0, 63, 64, 300, 599])
def test_in_many_rows_exactly_those_before_a_broken_one_are_made(broken: int) -> None:
    rows = [ROW | {"city": f"City{number}"} for number in range(600)]
    rows[broken] |= {"orders": "{"}
    made: list[bytes] = []
    with pytest.raises(ContentError):
        made.extend(PROGRAM.render(columns_of(rows), [stamp(n) for n in range(600)]))
    assert [f"City{number}".encode() in one for number, one in enumerate(made)] == [True] * broken


def test_fields_that_related_rows_lack_are_empty_and_defaults_stand_in() -> None:
    orders = '[{"price": 9.5}, {"title": null}, {"title": "Pan", "price": 1}]'
    text = preview(PROGRAM, ROW | {"orders": orders}, stamp()).text
    assert "nothing: 9.5" in text
    assert "Pan: 1" in text


def test_values_of_every_kind_in_one_column_are_shown_as_alone() -> None:
    kinds = ["Ann", 7, 1.50, True, None, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, tzinfo=UTC), -0.0]
    made = rendered(program("<p>[{{ first_name }}]</p>"), [ROW | {"first_name": kind} for kind in kinds])
    wanted = ["Ann", "7", "1.5", "true", "", "2026-01-02", "2026-01-02 03:04:00+00:00", "-0.0"]
    assert [shown(m).count(f"[{w}]".encode()) for m, w in zip(made, wanted, strict=True)] == [2] * len(kinds)


def test_large_related_values_shown_again_and_again_are_stopped() -> None:
    loops = "{% for o in orders %}{{ o.title }}{% endfor %}" * 40
    made = program(f"<div>{loops}</div>")
    small, large = (json.dumps([{"title": "x" * size}] * 100) for size in (20, 4_000))
    rows = [ROW | {"orders": small}, ROW | {"orders": large}]
    stream = made.render(columns_of(rows), [stamp(1), stamp(2)])
    assert len(next(stream)) > 100 * 40 * 20
    with pytest.raises(ContentError) as caught:
        next(stream)
    assert caught.value.shown_code == "T521"


def test_large_fields_shown_again_and_again_are_stopped() -> None:
    made = program(f"<div>{'{{ city }} ' * 300}</div>", columns=(Column("city", "string"),))
    with pytest.raises(ContentError) as caught:
        rendered(made, [{"city": "x" * 20_000, "address": "a@b.example"}])
    assert caught.value.shown_code == "T521"
