"""Review: one field after the other, the file otherwise untouched; and the grants that follow from it."""

from __future__ import annotations

import difflib
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.feed_contracts import CUSTOMER, changed, feed_of, line_of
from twain.errors import ContractError
from twain.feeds.contract import read_contract
from twain.feeds.draft import draft_contract
from twain.feeds.grants import grants
from twain.feeds.review import decide, has_owner, name_owner, pending, withdraw
from twain.ports import LiveColumn, LiveTable
from twain.records import Owner, Privacy, Right, Role

_ON = date(2026, 11, 22)
_TABLE = LiveTable(
    "customers",
    (
        LiveColumn("id", "bigint", "integer", nullable=False, primary_key=True),
        LiveColumn("first_name", "text", "string", nullable=True),
        LiveColumn("email", "text", "string", nullable=False),
        LiveColumn("iban", "text", "string", nullable=True),
        LiveColumn("city", "text", "string", nullable=True),
    ),
)


def draft() -> str:
    return draft_contract("shop", _TABLE, [_TABLE], None)


def decided(text: str, field: str, **more) -> str:
    return decide(text, field, reviewed_by="Priya Nair", on=_ON, **more)


def lines_changed(before: str, after: str) -> list[str]:
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in diff if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


def test_what_waits_for_review():
    (waiting,) = pending(CUSTOMER, "feeds/Customer.odcs.yaml")
    assert (waiting.name, waiting.column, waiting.type, waiting.privacy) == (
        "Salary",
        "Salary",
        "number",
        Privacy.SENSITIVE,
    )
    assert waiting.rights == frozenset()
    assert waiting.usable
    assert str(waiting.place) == f"feeds/Customer.odcs.yaml:{line_of(CUSTOMER, '- name: Salary')}"


def test_proposed_rights_follow_privacy_and_role():
    rights = {d.name: d.rights for d in pending(draft())}
    assert rights == {
        "id": frozenset(),
        "first_name": {Right.PERSONALISE, Right.PREVIEW},
        "email": frozenset(),
        "iban": frozenset(),
        "city": {Right.FILTER, Right.PERSONALISE, Right.PREVIEW},
    }


def test_a_decision_makes_the_field_exist():
    text = decided(
        draft(), "email", rights=["preview", Right.FILTER], business_name="E-mail", description="Where they read us."
    )
    field = feed_of(decided(text, "id")).fields["email"]
    assert (field.role, field.business_name, field.description) == (Role.EMAIL, "E-mail", "Where they read us.")
    assert field.rights == {Right.FILTER, Right.PREVIEW}
    assert [d.name for d in pending(text)] == ["id", "first_name", "iban", "city"]
    assert '{property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-22"}}' in text
    assert "[filter, preview]" in text


def test_a_decision_touches_only_its_field_and_keeps_comments():
    text = changed(CUSTOMER, "      - name: Salary\n", "      # ask HR first\n      - name: Salary # gross\n")
    after = decided(text, "Salary", classification=Privacy.INTERNAL, synonyms=["pay"])
    assert lines_changed(text, after) == [
        "-        classification: sensitive",
        "+        classification: internal",
        "+        customProperties:",
        "+          - {property: twain.rights, value: []}",
        "+          - {property: twain.synonyms, value: [pay]}",
        '+          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-22"}}',
    ]


def test_a_decision_forgets_that_the_role_was_guessed():
    before = draft()
    after = decided(before, "email")
    assert lines_changed(before, after) == [
        "-        classification: personal  # guessed",
        "+        classification: personal",
        "-          - {property: twain.role, value: email}  # guessed from “email”",
        "+          - {property: twain.role, value: email}",
        "+          - {property: twain.rights, value: []}",
        '+          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-22"}}',
    ]


def test_a_comment_for_what_follows_stays_where_it_is():
    text = changed(
        draft(), "      - name: first_name\n", "      # people\n      # and more\n      - name: first_name\n"
    )
    after = decided(text, "id")
    assert (
        after.index("twain.reviewed, value: {by: Priya") < after.index("# people") < after.index("- name: first_name")
    )
    assert feed_of(after).fields["id"].privacy is Privacy.INTERNAL


def test_a_role_can_be_given_and_taken():
    text = decided(draft(), "email", role=None)
    assert feed_of(decided(text, "id")).fields["email"].role is None
    text = decided(draft(), "city", role=Role.LANGUAGE)
    assert "{property: twain.role, value: language}" in text


def test_what_the_contract_says_already_is_not_said_twice():
    drafts = {d.name: d for d in pending(draft())}
    text = decided(draft(), "id", role=drafts["id"].role, description=drafts["id"].description, business_name="Id")
    assert "twain.role, value: key" not in text
    assert "description" not in text.partition("schema:")[2]
    assert feed_of(text).fields["id"].role is Role.KEY


def test_deciding_again_replaces():
    once = decided(draft(), "city", rights=["filter", "export"])
    twice = decided(once, "city", rights=["filter"])
    assert feed_of(twice).fields["city"].rights == {Right.FILTER}
    assert twice.count("twain.rights, value: [filter]") == 1


def test_a_review_can_be_taken_back():
    text = withdraw(decided(draft(), "city", rights=["filter"]), "city")
    assert "city" not in feed_of(text).fields
    assert "city" in {d.name for d in pending(text)}


def test_naming_the_owner_takes_the_place_of_the_hint():
    text = name_owner(draft(), Owner("Priya Nair", "Senior DBA"))
    assert feed_of(text).owner == Owner("Priya Nair", "Senior DBA")
    assert (has_owner(draft()), has_owner(text)) == (False, True)
    assert "Full Name" not in text
    assert feed_of(name_owner(text, Owner("Jo Smit", "DBA", "jo@example.com"))).owner.email == "jo@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "schema:\n- name: T\n  properties:\n  - name: a\n    logicalType: string\n",
        "schema:\n  - name: T\n    properties:\n      - name: a\n        logicalType: string\n",
        "schema:\n  -   name: T\n      properties:\n        -   name: a\n            logicalType: string\n",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_indentation_stay_as_they_are(text, end):
    head = "apiVersion: v3.2.0\nkind: DataContract\nid: 'x'\nversion: \"1\"\n"
    before = (head + text).replace("\n", end)
    after = decided(before, "a", rights=["filter"])
    assert not [line for line in lines_changed(before, after) if line.startswith("-")]
    assert after.count(end) == after.count("\n")


@pytest.mark.parametrize(
    ("field", "decision", "match"),
    [
        ("citty", {}, "citty"),
        ("city", {"business_name": "a\r\nBcc: x"}, "control characters"),
        ("city", {"synonyms": ["a\nb"]}, "synonyms|customProperties"),
        ("city", {"role": Role.CONSENT}, "boolean|type"),
        ("city", {"rights": ["everything"]}, "everything"),
    ],
)
def test_a_decision_that_would_spoil_the_contract_is_refused(field, decision, match):
    with pytest.raises(ContractError, match=match):
        decided(draft(), field, **decision)


def test_nothing_hostile_is_edited():
    with pytest.raises(ContractError):
        decided("a: !!python/object/apply:os.system [x]\n", "a")
    with pytest.raises(ContractError):
        pending(changed(CUSTOMER, "status: active", "statsu: active"))


_REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_PLAIN = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters=_REORDERING)
_LINES = st.text(_PLAIN, min_size=1, max_size=30).filter(str.strip)


@settings(max_examples=8, deadline=None)
@given(
    by=_LINES,
    name=_LINES,
    description=st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40),
    rights=st.sets(st.sampled_from(Right)),
)
def test_whatever_is_decided_reads_back(by, name, description, rights):
    text = decide(draft(), "city", reviewed_by=by, on=_ON, rights=rights, business_name=name, description=description)
    feed, problems = read_contract(text, "f")
    assert feed is not None, problems
    field = feed.fields["city"]
    assert (field.business_name, field.description, field.rights) == (name, description, rights)
    assert [p for p in pending(text) if p.name == "city"] == []


@pytest.mark.parametrize("odd", ["?", "?a", "? a", "-", "- a", "@a", "a: b", "# a", "{a", "yes", "1", "~", "'", '"'])
def test_names_that_mean_something_to_yaml_read_back(odd):
    text = decide(draft(), "city", reviewed_by=odd, on=_ON, rights=set(), business_name=odd, synonyms=[odd])
    again = decide(text, "city", reviewed_by=odd, on=_ON, rights=set(), business_name=odd, synonyms=[odd, "other"])
    feed, problems = read_contract(again, "f")
    assert feed is not None, problems
    assert (feed.fields["city"].business_name, feed.fields["city"].synonyms) == (odd, (odd, "other"))


# ---------------------------------------------------------------- grants


def test_grants_are_exactly_the_reviewed_columns():
    feed = feed_of(CUSTOMER)
    assert grants(feed, "twain") == [
        'GRANT USAGE ON SCHEMA "sales" TO "twain";',
        'REVOKE ALL ON "sales"."customers" FROM "twain";',
        'GRANT SELECT ("customer_id", "FirstName", "Email", "ChangedAt") ON "sales"."customers" TO "twain";',
    ]
    assert grants(feed, "twain", "duckdb") == []


def test_grants_quote_whatever_they_name():
    feed = feed_of(changed(CUSTOMER, "physicalName: customer_id", "physicalName: 'id\"); DROP TABLE x; --'"))
    statement = grants(feed, 'a"b')[-1]
    assert '("id""); DROP TABLE x; --", "FirstName"' in statement
    assert statement.endswith('TO "a""b";')


def test_grants_of_a_query_that_is_none():
    text = changed(CUSTOMER, "    physicalName: sales.customers\n", "")
    feed = feed_of(changed(text, "slaProperties", "  - {property: twain.query, value: 'SELECT ((('}\nslaProperties"))
    with pytest.raises(ContractError, match="cannot be read as SQL"):
        grants(feed, "twain")


def test_grants_of_a_query_are_on_its_tables():
    text = changed(CUSTOMER, "    physicalName: sales.customers\n", "")
    query = (
        "WITH o AS (SELECT * FROM sales.orders) SELECT * FROM sales.customers JOIN o USING (id) JOIN plain USING (id)"
    )
    feed = feed_of(changed(text, "slaProperties", f"  - {{property: twain.query, value: '{query}'}}\nslaProperties"))
    assert grants(feed, "twain") == [
        'GRANT SELECT ON "plain" TO "twain";',
        'GRANT USAGE ON SCHEMA "sales" TO "twain";',
        'GRANT SELECT ON "sales"."customers" TO "twain";',
        'GRANT SELECT ON "sales"."orders" TO "twain";',
    ]


def test_what_another_feed_needs_of_the_same_table_stays_granted():
    feed = feed_of(CUSTOMER)
    sharing = replace(feed, name="Payroll", fields={"Salary": replace(feed.fields["Email"], column="Salary")})
    (*_, select) = grants(feed, "twain", others=[feed, sharing, replace(sharing, source="elsewhere")])
    assert select.startswith('GRANT SELECT ("customer_id", "FirstName", "Email", "ChangedAt", "Salary") ON')
    asking = replace(sharing, table="", query="SELECT * FROM sales.customers")
    assert grants(feed, "twain", others=[asking]) == [
        'GRANT USAGE ON SCHEMA "sales" TO "twain";',
        'GRANT SELECT ON "sales"."customers" TO "twain";',
    ]
