"""Laws of the builder: whatever is pressed, the tree stays one that the parser accepts, and the page holds exactly that tree."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace
from typing import get_args

import pytest
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.house_workspace import ROOT
from tests.web.audiences.page_reader import read_tree
from twain.audiences.compile import compile_count
from twain.audiences.parse import parse_rule
from twain.audiences.rules import All, AnyOf, Nested, Not, Op, Related, Test
from twain.errors import RuleError, TwainError
from twain.flows.workspace import load_workspace
from twain.records import Right
from twain_web.rooms.audiences.builder.cards import Cards
from twain_web.rooms.audiences.builder.ground import Ground
from twain_web.rooms.audiences.builder.tree import normal, shown_path, walk
from twain_web.rooms.audiences.views.building import applied

WORKSPACE = load_workspace(ROOT)
GROUND = Ground(
    WORKSPACE.feed("customers"), WORKSPACE.feeds, WORKSPACE.audiences, WORKSPACE.fragments, "duckdb", date(2026, 5, 5)
)
HIDDEN = sorted(
    {n for f in WORKSPACE.feeds.values() for n, x in f.fields.items() if Right.FILTER not in x.rights} | {"phone"}
)
NAMES = sorted(
    {n for f in WORKSPACE.feeds.values() for n in (*f.fields, *f.relations)} | {"phone", "nothing", "x'\"<b>"}
)

texts = st.one_of(
    st.sampled_from(
        ["", "1", "14", "2 000", "19,90", "-3", "gold", "Berlin", "2026-01-01", "true", "abc", "<script>", "9" * 30]
    ),
    st.text(max_size=12),
)
edits = st.fixed_dictionaries(
    {"do": st.sampled_from(["add"] * 5 + ["change"] * 5 + ["up", "down", "wrap", "dissolve", "into", "out", "remove", "group",
                                                           "swap", "undo", "", "<x>"])},
    optional={
        "kind": st.sampled_from(["field", "field", "related", "anniversary", "audience", "fragment", "history", "group",
                                 "all", "any", "none", "not_all", "?"]),
        "name": st.sampled_from([*NAMES, "orders", "tier", "city", "mailed", "clicked", "gold-in-berlin", "many-returns"]),
        "of": st.sampled_from(["", "", "", "orders", "visits", "nope"]),
        "op": st.sampled_from([*get_args(Op), "like"]),
        "value": st.lists(texts, max_size=3),
        "lines": texts,
        "amount": st.sampled_from(["at_least", "at_most", "between", "none", "?"]),
        "least": texts, "most": texts, "days": texts, "within_days": texts, "years": texts, "months": texts,
        "span": st.sampled_from(["", "days", "dates", "year"]),
        "dated": st.sampled_from(NAMES), "from": texts, "to": texts,
        "every": st.sampled_from(["year", "month", "once", "day"]), "side": st.sampled_from(["before", "after"]),
        "feb29": st.sampled_from(["feb28", "mar1", "x"]),
        "is": st.sampled_from(["is", "not"]), "history": st.sampled_from(["mailed", "failed", "clicked", "seen"]),
        "campaign": texts, "audience": st.sampled_from(["active-customers", "none"]), "fragment": st.just("many-returns"),
    },
)  # fmt: skip


def posted(edit, tree, at):
    """The edit as a form sends it, at one of the tree's places or at one that is not there."""
    places = [shown_path(path) for path, _ in walk(tree)]
    place = places[at % len(places)] if at < 60 else f"{at}.0"
    sent = {key: value if isinstance(value, list) else [value] for key, value in edit.items()}
    return sent | {"path": [place]}


def after(steps):
    """The tree after all these edits; what is refused leaves it as it was."""
    tree = {"all": []}
    for edit, at in steps:
        try:
            new, _ = applied(posted(edit, tree, at), tree, GROUND)
            GROUND.judge(new)
        except RuleError:
            continue
        tree = new
        yield tree


def page_of(tree):
    root = Cards(GROUND, GROUND.gaps(tree)).draw(tree)
    return render_to_string("audiences/tree.html", {"root": root, "audience": SimpleNamespace(slug="some")})


steps = st.lists(st.tuples(edits, st.integers(0, 63)), max_size=14)


@settings(max_examples=120, deadline=None)
@given(steps)
def test_after_any_edits_the_page_holds_the_tree_that_is_compiled(taken):
    for tree in after(taken):
        assert read_tree(page_of(tree), GROUND) == tree
        assert json.loads(json.dumps(tree)) == tree
        if not GROUND.refusal(tree):
            compile_count(
                tree, feed=GROUND.feed, feeds=GROUND.feeds, dialect="duckdb", today=GROUND.today,
                audiences=GROUND.audiences, fragments=GROUND.fragments,
            )  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(steps)
def test_a_tree_stays_in_the_normal_form(taken):
    for tree in after(taken):
        if not GROUND.gaps(tree):
            assert normal(tree) == tree
        assert not set(HIDDEN) & {node["field"] for _, node in walk(tree) if "field" in node}


def plain(rule):  # noqa: PLR0911 — one arm per kind
    """A parsed rule without what has no meaning: groups of one, not not, and *not any* of one."""
    match rule:
        case All((one,)) | AnyOf((one,)):
            return plain(one)
        case All(rules):
            return All(tuple(plain(one) for one in rules))
        case AnyOf(rules):
            return AnyOf(tuple(plain(one) for one in rules))
        case Not(inner):
            found = plain(inner)
            return found.rule if isinstance(found, Not) else Not(found)
        case Nested(name, inner):
            return Nested(name, plain(inner))
        case Related(relation, feed, least, most, where) if where is not None:
            found = plain(where)
            return Related(relation, feed, least, most, None if found == All(()) else found)
        case Test(tested, op, values) if op in ("eq", "ne", "in", "not_in"):
            return Test(tested, {"eq": "in", "ne": "not_in"}.get(op, op), tuple(dict.fromkeys(values)))
    return rule


def meaning(tree):
    """Whom the rule matches: the parsed rule without differences that say nothing."""
    return plain(parse_rule(tree, GROUND.feed, GROUND.feeds, audiences=GROUND.audiences, fragments=GROUND.fragments))


leaves = st.sampled_from([
    {"field": "city", "value": "Berlin"},
    {"field": "birth_date", "op": "ge", "value": date(1990, 1, 1)},
    {"field": "city", "value": ""},
    {"field": "city", "op": "in", "value": ["Berlin", " Bonn", "Berlin", ""]},
    {"field": "tier", "op": "not_in", "value": ["gold", "platinum"]},
    {"field": "updated_at", "op": "lt", "value": "2026-05-01T09:30"},
    {"field": "points", "op": "gt", "value": 3.0},
    {"related": "orders", "at_most": 3, "within": {"field": "ordered_at", "from": "2026-W01-1", "to": "2026-02-01T10:00"}},
    {"related": "orders", "where": {"field": "total", "op": "between", "value": [0.00001, 1e22]}},
    {"anniversary": "customer_since", "months": 6},
    {"history": "clicked", "within_days": 0.5, "campaign": "birthday"},
    {"field": "points", "op": "between", "value": [1, 5]},
    {"history": "mailed", "within_days": 3},
    {"audience": "active-customers"},
    {"fragment": "many-returns"},
    {"anniversary": "birth_date", "days": -3},
    {"related": "orders"},
    {"related": "orders", "none": True, "where": {"field": "total", "op": "gt", "value": 5}},
    {"related": "orders", "where": {"all": []}},
])  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda x: {"not": x}, inner),
        st.builds(lambda x: {"all": x}, st.lists(inner, max_size=3)),
        st.builds(lambda x: {"any": x}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(trees)
def test_the_normal_form_of_a_written_rule_means_the_same_and_is_shown_whole(tree):
    adopted = GROUND.adopted(tree)
    assert meaning(adopted) == meaning(tree)
    assert read_tree(page_of(adopted), GROUND) == adopted


@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("edit", [
    {"do": "add", "kind": "field"}, {"do": "add", "kind": "anniversary"}, {"do": "add", "kind": "field", "of": "orders"},
    {"do": "add", "kind": "related"},
])  # fmt: skip
def test_a_field_without_the_right_cannot_be_added(edit, name):
    in_orders = edit.get("of") and name in WORKSPACE.feeds["orders"].fields
    if in_orders and Right.FILTER in WORKSPACE.feeds["orders"].fields[name].rights:
        name = "order_note"
    with pytest.raises(TwainError):
        GROUND.judge(applied({k: [v] for k, v in {**edit, "name": name, "path": ""}.items()}, {"all": []}, GROUND)[0])


@pytest.mark.parametrize("rule", [
    {"field": "email", "op": "starts_with", "value": "a"},
    {"not": {"any": [{"field": "phone", "value": "1"}]}},
    {"anniversary": "email"},
    {"related": "orders", "where": {"field": "secret", "value": 1}},
    {"related": "orders", "within": {"field": "email", "days": 3}},
])  # fmt: skip
def test_a_hidden_field_cannot_be_imported_and_the_answer_does_not_tell_that_it_exists(rule):
    said = []
    for name in ("email", "nothing_here"):
        text = json.dumps(rule).replace("email", name).replace("phone", name)
        with pytest.raises(RuleError) as caught:
            applied({"do": ["replace"], "path": [""], "rule": [text]}, {"all": []}, GROUND)
        said.append(str(caught.value).replace(name, "…"))
    assert said[0] == said[1]
