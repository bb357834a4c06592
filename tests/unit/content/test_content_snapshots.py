"""Whole rendered messages, byte for byte. To accept a change on purpose, delete the file and run the test once more."""

from pathlib import Path

import pytest

from tests.unit.content.mails import ROW, program, stamp
from twain.content.program import preview

HERE = Path(__file__).parent / "snapshots"
HTML = """<!doctype html>
<html><head><style>td { padding: 4px } @media (max-width: 480px) { td { padding: 2px } }</style></head><body>
<h1>Hello {{ first_name | default: "friend" }}</h1>
{% if total > 1000 %}<p>Gold: {{ total | money: "€" }} since {{ since | date: "%d.%m.%Y" }}.</p>{% endif %}
<table>{% for o in orders limit: 3 %}<tr><td>{{ forloop.index }}</td><td>{{ o.title }}</td><td>{{ o.price | number: 2 }}</td></tr>
{% endfor %}</table>
<p><a href="https://shop.example/sale?a=1&amp;b=2">Sale</a> <a href="{{ page }}">Yours</a></p>
<p>{{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""
MJML = """<mjml><mj-head><mj-preview>For {{ first_name }}</mj-preview></mj-head><mj-body><mj-section><mj-column>
{% for o in orders %}<mj-text>{{ o.title }}: {{ o.price }}</mj-text>{% endfor %}
<mj-button href="https://shop.example/">Shop</mj-button>
<mj-text>{{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>
"""


@pytest.mark.parametrize(("name", "body", "markup"), [("html", HTML, "html"), ("mjml", MJML, "mjml")])
def test_a_message_is_what_it_was(name: str, body: str, markup: str) -> None:
    made = preview(program(body, subject="{{ first_name }}, 10 % off", markup=markup), ROW, stamp()).message
    kept = HERE / f"{name}.eml"
    if not kept.exists():
        kept.write_bytes(made)
        pytest.fail(f"{kept.name} was not there and has been written: look at it and commit it.")
    assert made == kept.read_bytes()
