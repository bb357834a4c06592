"""Where files name a field: by meaning, not by letters."""

from dataclasses import replace

import pytest

from tests.feed_contracts import CUSTOMER, feed_of
from twain.flows.mentions import Reader
from twain.records import Field, Relation, Right

F, P = Right.FILTER, Right.PERSONALISE


def feed(name, *fields, **relations):
    made = {n: Field(n, n, "string", n, frozenset(Right)) for n in fields}
    linked = {n: Relation(n, other, "id", "customer_id") for n, other in relations.items()}
    return replace(feed_of(CUSTOMER), name=name, fields=made, relations=linked)


PEOPLE = feed("people", "id", "city", "status", "field", "money", "first", bought="orders")
ORDERS = feed("orders", "customer_id", "city", "total", "ordered_at")
READER = Reader({"people": PEOPLE, "orders": ORDERS})


def shown(text, mentions):
    """(feed, name, right, line), checked to be where they say."""
    found = list(mentions)
    assert [text[m.start : m.end] for m in found] == [m.name for m in found]
    assert [text.count("\n", 0, m.start) + 1 for m in found] == [m.line for m in found]
    return sorted((m.feed, m.name, m.right, m.line) for m in found if not m.relation)


RULE = """\
# city in a comment, "city" too
city = "not a rule"
[audience]
all = [
  { field = "city", op = "eq", value = "city" },
  { any = [ { field = 'status' }, { not = { anniversary = "id" } } ] },
  { related = "bought", at_least = 1, where = { all = [{ field = "city" }] }, within = { field = "ordered_at", days = 9 } },
  { history = "mailed", campaign = "city" },
  { field = "field", op = "in", value = ["status", "field"] },
]
"""


def test_a_rule_tells_fields_from_values_and_one_feed_from_another():
    assert shown(RULE, READER.campaign(RULE, "c", PEOPLE)) == [
        ("orders", "city", F, 7), ("orders", "ordered_at", F, 7), ("people", "city", F, 5), ("people", "field", F, 9),
        ("people", "id", F, 6), ("people", "status", F, 6),
    ]  # fmt: skip
    relations = [(m.feed, m.name, m.line) for m in READER.campaign(RULE, "c", PEOPLE) if m.relation]
    assert relations == [("people", "bought", 7)]


def test_crlf_and_a_shared_audience_with_and_without_a_rule_table():
    text = RULE.replace("[audience]", "[rule]").replace("\n", "\r\n")
    assert ("people", "city", F, 5) in shown(text, READER.audience(text, "a", PEOPLE))
    flat = 'title = "city"\nfield = "city"\nop = "is_null"\n'
    assert shown(flat, READER.audience(flat, "a", PEOPLE)) == [("people", "city", F, 2)]
    assert list(READER.audience("field = [", "a", PEOPLE)) == []


DATA = """\
[message]
subject = "{{ city }} \\"{{ 'city' }}\\" {{ status | default: 'city' }}"
[defaults]
city = "city"
total = "5"
[related.last]
relation = "bought"
fields = ["city", "total"]
order = "-ordered_at"
where = { field = "total", op = "gt", value = 5 }
[related.spent]
relation = "bought"
aggregate = "sum"
field = "total"
[related.lost]
relation = "gone"
fields = ["city"]
"""


def test_defaults_related_data_and_the_subject():
    assert shown(DATA, READER.campaign(DATA, "c", PEOPLE)) == [
        ("orders", "city", P, 8), ("orders", "ordered_at", F, 9), ("orders", "total", F, 10), ("orders", "total", P, 8),
        ("orders", "total", P, 14), ("people", "city", P, 2), ("people", "city", P, 4), ("people", "status", P, 2),
    ]  # fmt: skip


BODY = """\
<p class="city">city {{ city | money }} {{- city -}} {{ "city" }}</p>
{% if city == 'city' and status contains city %}{% endif %}
{% for o in last %}{{ o.city }} {{ o.nothing }} {{ city }}{% endfor %}
{{ last[0].total }}{{ last.first.city }}{{ last.size }}{{ other.city }}
{% raw %}{{ city }}{% endraw %}{% comment %}{{ city }}{% endcomment %}
"""


def test_liquid_tells_fields_from_words_strings_filters_and_related_rows():
    related = {"last": {"relation": "bought"}}
    assert shown(BODY, READER.liquid(BODY, "b", PEOPLE, related)) == [
        ("orders", "city", P, 3), ("orders", "city", P, 4), ("orders", "total", P, 4), ("people", "city", P, 1),
        ("people", "city", P, 1), ("people", "city", P, 2), ("people", "city", P, 2), ("people", "city", P, 3),
        ("people", "status", P, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "own", ["{% assign city = 1 %}", "{% capture city %}x{% endcapture %}", "{% for city in last %}{% endfor %}"]
)
def test_a_variable_of_the_template_is_no_field(own):
    text = own + "{{ city }} {{ status }}"
    assert [
        m.name for m in READER.liquid(text, "b", PEOPLE, {"last": {"relation": "bought"}}) if m.feed == "people"
    ] == ["status"]


def test_broken_liquid_names_nothing():
    assert list(READER.liquid("{{ city", "b", PEOPLE, {})) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("-- status\nSELECT id\nFROM people\nWHERE status = 'status'", [("people", "id", 2), ("people", "status", 4)]),
        ('SELECT p."id" FROM people AS p JOIN orders o ON o.customer_id = p.id WHERE o.city = \'x\'',
         [("orders", "city", 1), ("orders", "customer_id", 1), ("people", "id", 1), ("people", "id", 1)]),
        ("SELECT id FROM people, orders WHERE city = 'x'", [("people", "id", 1)]),  # whose city nobody can tell
        ("SELECT total AS city FROM orders", [("orders", "total", 1)]),
        ("SELECT first(id) FROM people", [("people", "id", 1)]),
        ("SELECT (", []),
    ],
)  # fmt: skip
def test_fragments(sql, expected):
    found = shown(sql, READER.fragment(sql, "f", "duckdb"))
    assert [(of, name, line) for of, name, _, line in found] == expected


def test_what_counts_as_a_success_reads_its_feed():
    text = """\
[conversion]
feed = "orders"
time = "ordered_at"
value = "total"
within = "7d"
relation = "bought"
where = { all = [{ field = "city", value = "total" }] }
"""
    assert shown(text, READER.campaign(text, "c", PEOPLE)) == [
        ("orders", "city", F, 7), ("orders", "ordered_at", P, 3), ("orders", "total", P, 4),
    ]  # fmt: skip
    assert [(m.feed, m.name) for m in READER.campaign(text, "c", PEOPLE) if m.relation] == [("people", "bought")]
