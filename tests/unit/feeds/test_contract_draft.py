"""Drafts: what the database knows, guesses marked as such, and always a sound contract in which nothing is visible."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from open_data_contract_standard.model import OpenDataContractStandard

from twain.errors import ContractError
from twain.feeds.contract import read_contract
from twain.feeds.draft import draft_contract, feed_names
from twain.feeds.guess import guess_privacy, guess_role
from twain.feeds.names import business_name, identifier, is_identifier, nearest
from twain.feeds.review import decide, pending
from twain.ports import LiveColumn, LiveTable
from twain.records import Owner, Privacy, Role

_OWNER = Owner("Priya Nair", "Senior DBA", "priya@example.com")


def column(name: str, kind: str = "string", **more) -> LiveColumn:
    return LiveColumn(name, more.pop("physical", "TEXT"), kind, more.pop("nullable", True), **more)


_CUSTOMER = LiveTable(
    "sales.Customer",
    (
        column("CustomerId", "integer", nullable=False, primary_key=True),
        column("FirstName", nullable=False),
        column("E-Mail", unique=True),
        column("Geburtsdatum", "date"),
        column("opt_in", "boolean"),
        column("Straße"),
        column("last_modified", "timestamp"),
    ),
    estimated_rows=59,
)
_INVOICE = LiveTable(
    "sales.Invoice",
    (column("Id", "integer", primary_key=True), column("CustomerId", "integer"), column("RepId", "integer")),
    foreign_keys=(("CustomerId", "sales.Customer", "CustomerId"), ("RepId", "hr.Employee", "Id")),
)


def test_a_draft_says_what_the_database_knows():
    text = draft_contract("shop", _CUSTOMER, [_CUSTOMER, _INVOICE], _OWNER)
    feed, problems = read_contract(text, "feeds/Customer.odcs.yaml")
    assert feed is not None
    assert (feed.name, feed.table, feed.source, feed.owner) == ("Customer", "sales.Customer", "shop", _OWNER)
    assert feed.fields == {}
    assert [p.code for p in problems] == ["T215"]
    drafts = {d.name: d for d in pending(text)}
    assert list(drafts) == ["CustomerId", "FirstName", "E_Mail", "Geburtsdatum", "opt_in", "Strasse", "last_modified"]
    assert (drafts["CustomerId"].key, drafts["CustomerId"].role, drafts["CustomerId"].required) == (
        True,
        Role.KEY,
        True,
    )
    assert (drafts["E_Mail"].column, drafts["E_Mail"].role, drafts["E_Mail"].unique) == ("E-Mail", Role.EMAIL, True)
    assert (drafts["Strasse"].column, drafts["Strasse"].business_name) == ("Straße", "Straße")
    assert drafts["FirstName"].business_name == "First name"
    assert (drafts["opt_in"].role, drafts["last_modified"].role) == (Role.CONSENT, Role.UPDATED_AT)


def test_a_draft_tells_it_what_to_do_next():
    text = draft_contract("shop", _CUSTOMER, [_CUSTOMER], None)
    assert "twain review Customer" in text
    assert "  # - property: twain.owner" in text
    assert text.count("# guessed") == len(_CUSTOMER.columns) + 3


def test_foreign_keys_point_at_known_tables_only():
    text = draft_contract("shop", _INVOICE, [_CUSTOMER], _OWNER)
    assert "- to: Customer.CustomerId" in text
    assert "Employee" not in text


def test_the_same_table_name_in_two_schemas_makes_two_feeds():
    tables = [LiveTable("sales.people", ()), LiveTable("hr.People", ()), LiveTable("hr.x y", ())]
    names = feed_names(tables)
    assert names == {"hr.People": "People", "hr.x y": "x_y", "sales.people": "sales_people"}


def test_a_composite_key_is_explained():
    table = LiveTable("t", (column("a", primary_key=True), column("b", primary_key=True)))
    text = draft_contract("shop", table, [], _OWNER)
    assert "The key has several columns" in text
    assert read_contract(text, "f")[0] is not None


def test_a_column_that_no_contract_can_hold_is_left_out_and_said():
    text = draft_contract("shop", LiveTable("t", (column("ok"), column("a\nb: c"), column(""))), [], _OWNER)
    assert [d.name for d in pending(text)] == ["ok"]
    assert text.count("Left out") == 2


@pytest.mark.parametrize("name", ["a\nb", "", "a..b", "x\0", "."])
def test_a_table_that_no_contract_can_hold_is_refused(name):
    with pytest.raises(ContractError, match="no contract can hold"):
        draft_contract("shop", LiveTable(name, ()), [], _OWNER)


@pytest.mark.parametrize(("source", "owner"), [("a\nb", _OWNER), ("shop", Owner("A\r\nBcc: x", "DBA")), ("", None)])
def test_a_source_or_owner_that_breaks_lines_is_refused(source, owner):
    with pytest.raises(ContractError, match="no name for"):
        draft_contract(source, _CUSTOMER, [], owner)


@pytest.mark.parametrize(
    ("name", "kind", "role"),
    [
        ("email", "string", Role.EMAIL),
        ("EMailAddress", "string", Role.EMAIL),
        ("customer_email", "string", Role.EMAIL),
        ("correo", "string", Role.EMAIL),
        ("email_verified", "boolean", None),
        ("email_verified", "string", None),
        ("email_template_id", "string", None),
        ("Telefon", "string", Role.PHONE),
        ("MobilePhone", "string", Role.PHONE),
        ("opt_in", "boolean", Role.CONSENT),
        ("newsletter", "boolean", Role.CONSENT),
        ("Einwilligung", "boolean", Role.CONSENT),
        ("consent", "string", None),
        ("time_zone", "string", Role.TIMEZONE),
        ("Zeitzone", "string", Role.TIMEZONE),
        ("preferred_language", "string", Role.LANGUAGE),
        ("Sprache", "string", Role.LANGUAGE),
        ("updated_at", "timestamp", Role.UPDATED_AT),
        ("GeändertAm", "timestamp", Role.UPDATED_AT),
        ("updated_at", "string", None),
        ("total", "number", None),
    ],
)
def test_roles_are_guessed_by_words_of_several_languages(name, kind, role):
    assert guess_role(column(name, kind))[0] is role


@pytest.mark.parametrize(
    ("name", "kind", "privacy"),
    [
        ("email", "string", Privacy.PERSONAL),
        ("Geburtsdatum", "date", Privacy.PERSONAL),
        ("birth_date", "timestamp", Privacy.PERSONAL),
        ("last_name", "string", Privacy.PERSONAL),
        ("password_hash", "string", Privacy.SENSITIVE),
        ("IBAN", "string", Privacy.SENSITIVE),
        ("Gehalt", "number", Privacy.SENSITIVE),
        ("total", "number", Privacy.INTERNAL),
        ("country", "string", Privacy.INTERNAL),
        ("created", "timestamp", Privacy.INTERNAL),
        ("anything_else", "string", Privacy.PERSONAL),
        ("客户", "string", Privacy.PERSONAL),
    ],
)
def test_privacy_is_guessed_on_the_safe_side(name, kind, privacy):
    assert guess_privacy(column(name, kind)) is privacy


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FirstName", "First name"),
        ("customer_ID", "Customer ID"),
        ("HTTPServer", "HTTP server"),
        ("BillingPostalCode", "Billing postal code"),
        ("straßenName", "Straßen name"),
        ("address2", "Address2"),
        ("客户", "客户"),
        ("__", "__"),
    ],
)
def test_business_names(name, text):
    assert business_name(name) == text


def test_identifiers_are_plain_and_never_taken():
    assert identifier("Straße") == "Strasse"
    assert identifier("2nd", ()) == "field_2nd"
    assert identifier("客户", ["Field"]) == "field_2"
    assert identifier("Name", ["NAME", "name_2"]) == "Name_3"
    assert nearest("Frstname", ["FirstName", "LastName"]) == "FirstName"
    assert nearest("zzz", ["FirstName"]) == ""


_NAMES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "email",
            "E-Mail",
            "on",
            "null",
            "# x",
            "a: b",
            "{{x}}",
            "!!python/object",
            "&a",
            "- x",
            "naïve\u200d",
            "\u202e",
        ]
    ),
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12),
)
_COLUMNS = st.builds(
    LiveColumn,
    name=_NAMES,
    physical_type=st.text(max_size=20),
    type=st.sampled_from(["string", "integer", "number", "boolean", "date", "timestamp"]),
    nullable=st.booleans(),
    primary_key=st.booleans(),
    unique=st.booleans(),
)
_TABLE_NAMES = st.text(
    st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="."), min_size=1, max_size=20
)


@st.composite
def live_tables(draw) -> LiveTable:
    columns = draw(st.lists(_COLUMNS, max_size=6, unique_by=lambda c: c.name))
    name = draw(st.one_of(_TABLE_NAMES, st.builds("{}.{}".format, _TABLE_NAMES, _TABLE_NAMES)))
    own = st.sampled_from([c.name for c in columns]) if columns else st.just("x")
    keys = draw(st.lists(st.tuples(own, st.sampled_from([name, "other", "gone"]), own), max_size=3))
    return LiveTable(name, tuple(columns), tuple(keys), draw(st.none() | st.integers(0, 10**12)))


@settings(max_examples=30, deadline=None)
@given(live_tables(), st.lists(_COLUMNS, max_size=3), st.none() | st.just(_OWNER), _TABLE_NAMES)
def test_whatever_the_database_holds_the_draft_is_sound(table, other_columns, owner, source):
    known = [table, LiveTable("other", tuple(other_columns))]
    text = draft_contract(source, table, known, owner)
    name = feed_names(known)[table.name]
    feed, problems = read_contract(text, f"feeds/{name}.odcs.yaml")
    assert feed is not None, (problems, text)
    assert not [p for p in problems if p.severity == "error"]
    assert (feed.fields, feed.table, feed.source, feed.name) == ({}, table.name, source, name)
    drafts = pending(text)
    columns = [c.name for c in table.columns]
    assert [d.column for d in drafts] == [c for c in columns if c in {d.column for d in drafts}]
    assert all(is_identifier(d.name) for d in drafts)
    assert len(drafts) + text.count("      # Left out") == len(columns)


def test_other_tools_read_a_draft_and_a_review_as_we_do():
    text = draft_contract("shop", _CUSTOMER, [_CUSTOMER], _OWNER)
    reviewed = decide(text, "opt_in", reviewed_by="Priya Nair", on=date(2026, 11, 22), rights=["filter"])
    model = OpenDataContractStandard.from_string(reviewed)
    properties = {p.name: p for p in model.schema_[0].properties}
    custom = {c.property: c.value for c in properties["opt_in"].customProperties}
    assert custom["twain.reviewed"] == {"by": "Priya Nair", "on": "2026-11-22"}
    assert list(properties) == [
        "CustomerId",
        "FirstName",
        "E_Mail",
        "Geburtsdatum",
        "opt_in",
        "Strasse",
        "last_modified",
    ]
