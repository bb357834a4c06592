"""A sound contract becomes a Feed; everything that is wrong in one is told with its code and its line."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.feed_contracts import CUSTOMER, INVOICE, changed, errors_of, feed_of, line_of, problems_of
from twain.errors import ContractError, Place
from twain.feeds.contract import contract_text, feeds_from_texts, load_feeds, read_contract
from twain.feeds.validate import twain_schema
from twain.records import Freshness, Owner, Privacy, Quality, Right, Role


def test_a_sound_contract_has_no_problems_and_says_everything():
    feed, problems = read_contract(CUSTOMER, "feeds/Customer.odcs.yaml")
    assert problems == []
    assert feed is not None
    assert (feed.name, feed.title, feed.source, feed.key) == ("Customer", "Customers", "shop", "Id")
    assert (feed.table, feed.query, feed.version) == ("sales.customers", "", "1.0.0")
    assert feed.owner == Owner("Priya Nair", "Senior DBA", "priya@example.com")
    assert feed.description == "Everybody who has an account."
    assert feed.synonyms == ("people", "accounts")
    assert feed.freshness == Freshness("ChangedAt", 9 * 3600.0, "at_send")
    assert feed.max_row_drift == 0.2
    assert feed.place == Place("feeds/Customer.odcs.yaml", line_of(CUSTOMER, "- name: Customer"))


def test_only_reviewed_fields_exist():
    feed = feed_of(CUSTOMER)
    assert list(feed.fields) == ["Id", "FirstName", "Email", "ChangedAt"]
    name = feed.fields["FirstName"]
    assert (name.column, name.type, name.business_name) == ("FirstName", "string", "First name")
    assert name.rights == {Right.PERSONALISE, Right.PREVIEW}
    assert (name.privacy, name.synonyms) == (Privacy.PERSONAL, ("given name",))
    assert feed.fields["Id"].column == "customer_id"
    assert feed.fields["Id"].rights == frozenset()
    assert feed.with_role(Role.KEY) is feed.fields["Id"]
    assert feed.with_role(Role.EMAIL) is feed.fields["Email"]
    assert name.place == Place("feeds/x.odcs.yaml", line_of(CUSTOMER, "- name: FirstName"))


def test_quality_rules_are_compiled_with_their_line():
    feed = feed_of(CUSTOMER)
    (rule,) = feed.fields["Email"].quality
    assert rule == Quality(
        "nullValues",
        "mustBeLessThan",
        1.0,
        "percent",
        severity="warning",
        place=Place("feeds/x.odcs.yaml", line_of(CUSTOMER, "metric: nullValues")),
    )
    assert feed.quality[0].business == "The shop has customers"


def test_a_key_may_be_the_address_itself():
    text = changed(CUSTOMER, "        primaryKey: true\n", "")
    text = changed(text, "      - name: Email\n", "      - name: Email\n        primaryKey: true\n")
    feed = feed_of(text)
    assert feed.key == "Email"
    assert feed.fields["Email"].role is Role.EMAIL


def test_native_synonyms_count_too():
    text = changed(
        CUSTOMER, "businessName: First name", "businessName: First name\n        synonyms: [{synonym: Vorname}]"
    )
    assert feed_of(text).fields["FirstName"].synonyms == ("Vorname", "given name")


def test_a_query_takes_the_place_of_a_table():
    text = changed(CUSTOMER, "    physicalName: sales.customers\n", "")
    query = "  - property: twain.query\n    value: |\n      SELECT *\n      FROM sales.customers\n"
    feed = feed_of(changed(text, "slaProperties", f"{query}slaProperties"))
    assert (feed.table, feed.query) == ("", "SELECT *\nFROM sales.customers\n")


@pytest.mark.parametrize(
    ("old", "new", "code", "at", "todo"),
    [
        ("classification: personal", "clasification: personal", "T204", "clasification", '"classification"'),
        ("status: active", "statsu: active", "T204", "statsu", '"status"'),
        ("    physicalName: sales", "    physicalname: sales", "T204", "physicalname", '"physicalName"'),
        ("metric: nullValues", "metric: nullValue", "T203", "nullValue", '"nullValues"'),
        ('version: "1.0.0"', "version: 1.0", "T203", "version: 1.0", "in quotes"),
        ("id: shop.customers\n", "", "T203", "", "id"),
        ("logicalType: timestamp", "logicalType: datetime", "T203", "datetime", ""),
        ("            mustBeLessThan: 1\n", "", "T203", "metric: nullValues", "mustBe"),
        ("twain.rights", "twain.right", "T205", "twain.right,", '"twain.rights"'),
        ("twain.source, value: shop", "twain.source, value: 7", "T205", "value: 7", "quotes"),
        ("value: email}", "value: e-mail}", "T205", "value: e-mail", '"email"'),
        ("[personalise, preview]", "[personalize, preview]", "T205", "personalize", '"personalise"'),
        ("title: Senior DBA", "titel: Senior DBA", "T204", "titel", '"title"'),
        ('"on": "2026-11-01"', '"on": yesterday', "T205", "yesterday", "2026-11-22"),
        ("value: at_send", "value: atsend", "T205", "atsend", '"at_send"'),
        ("value: 0.2", "value: 20", "T205", "value: 20", "10"),
        ("value: 0.2", "value: true", "T205", "value: true", ""),
        ("classification: personal", "classification: confidential", "T205", "confidential", "sensitive"),
        ("apiVersion: v3.2.0", "apiVersion: v3.0.0", "T206", "apiVersion", "v3.2.0"),
        ("- name: FirstName", "- name: First-Name", "T207", "First-Name", "physicalName"),
        ("- name: FirstName", "- name: email", "T207", "Email", "another name"),
        ("  - name: Customer", "  - name: Customer/../x", "T207", "Customer/../x", "letters"),
        (
            "logicalType: string\n        businessName",
            "logicalType: array\n        businessName",
            "T208",
            "array",
            "string",
        ),
        ("        primaryKey: true\n", "", "T209", "- name: Customer", "primaryKey"),
        ("value: updated_at", "value: email", "T210", "- name: ChangedAt", "view"),
        ("value: updated_at", "value: consent", "T210", "- name: ChangedAt", "boolean"),
        ("severity: warning", "severity: info", "T211", "severity: info", "warning"),
        ("unit: percent", "unit: promille", "T211", "promille", "percent"),
        ("mustBeLessThan: 1", "mustBe: none", "T211", "mustBe: none", "number"),
        ("unit: h,", "unit: fortnight,", "T212", "fortnight", "minutes"),
        ("value: 9,", "value: soon,", "T212", "soon", "number"),
        ("Customer.ChangedAt", "Customer.ChangdAt", "T212", "ChangdAt", '"ChangedAt"'),
        ("Customer.ChangedAt", "Customer.FirstName", "T212", "element: Customer.FirstName", "last change"),
        ("  - {property: twain.source, value: shop}\n", "", "T214", "customProperties", "twain.source"),
    ],
)
def test_what_is_wrong_is_told_with_code_and_line(old, new, code, at, todo):
    text = changed(CUSTOMER, old, new)
    feed, _ = read_contract(text, "feeds/Customer.odcs.yaml")
    found = [p for p in errors_of(text) if p.code == code]
    assert feed is None
    assert found, errors_of(text)
    assert found[0].place is not None
    assert found[0].place.line == (line_of(text, at) if at else 1)
    assert todo in found[0].todo


def test_a_misspelt_key_is_one_problem_not_many():
    assert [p.code for p in problems_of(changed(CUSTOMER, "clas", "clss"))] == ["T204"]


def test_a_wrong_value_does_not_make_its_neighbours_unknown():
    text = changed(CUSTOMER, "classification: personal", "classification: 5")
    assert [(p.code, p.place.line) for p in problems_of(text)] == [("T203", line_of(text, "classification: 5"))]


def test_a_property_written_twice_is_told():
    text = changed(CUSTOMER, "value: shop}", "value: shop}\n  - {property: twain.source, value: other}")
    assert [(p.code, p.place.line) for p in errors_of(text)] == [("T205", line_of(text, "value: other"))]


def test_a_field_property_at_the_wrong_level_is_told():
    text = changed(CUSTOMER, "twain.maxRowDrift, value: 0.2", "twain.role, value: key")
    assert [p.code for p in errors_of(text)] == ["T205"]
    below = changed(
        CUSTOMER, "    businessName: Customers", "    customProperties: [{property: twain.source, value: a}]"
    )
    assert [p.code for p in errors_of(below)] == ["T205"]


def test_other_tools_properties_are_left_alone():
    text = changed(
        CUSTOMER, "  - {property: twain.source", "  - {property: acme.cost, value: 3}\n  - {property: twain.source"
    )
    assert feed_of(text).contract_hash == feed_of(CUSTOMER).contract_hash


def test_exactly_one_object():
    second = "  - name: Other\n    properties: []\n"
    (problem,) = errors_of(CUSTOMER + second)
    assert problem.code == "T206"
    assert "one file for each feed" in problem.todo


def test_both_table_and_query_is_refused():
    text = changed(CUSTOMER, "slaProperties", "  - {property: twain.query, value: SELECT 1}\nslaProperties")
    assert [p.code for p in errors_of(text)] == ["T214"]


def test_without_owner_or_review_the_feed_is_there_and_warned_about():
    text = changed(INVOICE, "  - {property: twain.owner, value: {name: Priya Nair, title: Senior DBA}}\n", "")
    text = text.replace(
        '{property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-01"}}', "{property: x, value: 1}"
    )
    feed, problems = read_contract(text, "f")
    assert feed is not None
    assert feed.fields == {}
    assert {(p.severity, p.code) for p in problems} == {("warning", "T214"), ("warning", "T215")}


def test_a_composite_key_is_no_key():
    text = changed(INVOICE, "- name: Total\n", "- name: Total\n        primaryKey: true\n")
    feed, problems = read_contract(text, "f")
    assert feed is not None
    assert feed.key == ""
    assert [p.code for p in problems] == ["T209"]


# ---------------------------------------------------------------- folders and bundles


def test_a_folder_of_contracts_is_loaded_and_linked(tmp_path):
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "Customer.odcs.yaml").write_text(CUSTOMER)
    (folder / "Invoice.odcs.yaml").write_text(INVOICE)
    (folder / "notes.txt").write_text("not a contract")
    feeds, problems = load_feeds(folder, tmp_path)
    assert problems == []
    assert list(feeds) == ["Customer", "Invoice"]
    assert feeds["Customer"].relations["Invoice"].other_field == "CustomerId"
    assert feeds["Customer"].place == Place("feeds/Customer.odcs.yaml", line_of(CUSTOMER, "- name: Customer"))


def test_a_file_is_called_as_its_feed(tmp_path):
    (tmp_path / "customers.odcs.yaml").write_text(CUSTOMER)
    feeds, problems = load_feeds(tmp_path, tmp_path)
    assert feeds == {}
    assert [(p.code, p.todo) for p in problems] == [("T207", "Rename the file to Customer.odcs.yaml.")]


def test_two_feeds_whose_names_differ_by_case_only(tmp_path):
    (tmp_path / "Invoice.odcs.yaml").write_text(INVOICE)
    (tmp_path / "INVOICE.odcs.yaml").write_text(changed(INVOICE, "- name: Invoice\n", "- name: INVOICE\n"))
    feeds, problems = load_feeds(tmp_path, tmp_path)
    assert list(feeds) == ["INVOICE"]
    assert [p.code for p in problems if p.severity == "error"] == ["T207"]


def test_one_wrong_contract_does_not_hide_the_others(tmp_path):
    (tmp_path / "Customer.odcs.yaml").write_text(changed(CUSTOMER, "kind: DataContract", "kind: Contract"))
    (tmp_path / "Invoice.odcs.yaml").write_text(INVOICE)
    feeds, problems = load_feeds(tmp_path, tmp_path)
    assert list(feeds) == ["Invoice"]
    assert [(p.severity, p.code) for p in problems] == [("error", "T203"), ("warning", "T213")]


def test_a_link_out_of_the_workspace_is_not_followed(tmp_path):
    outside = tmp_path / "outside.yaml"
    outside.write_text(CUSTOMER)
    folder = tmp_path / "work" / "feeds"
    folder.mkdir(parents=True)
    (folder / "Customer.odcs.yaml").symlink_to(outside)
    feeds, problems = load_feeds(folder, tmp_path / "work")
    assert feeds == {}
    assert [(p.code, p.place) for p in problems] == [("T201", Place("feeds/Customer.odcs.yaml"))]
    assert "Priya" not in str(problems)


def test_a_file_that_is_not_text_is_told(tmp_path):
    (tmp_path / "Customer.odcs.yaml").write_bytes(b"\xff\xfe\x00junk")
    feeds, problems = load_feeds(tmp_path, tmp_path)
    assert (feeds, [p.code for p in problems]) == ({}, ["T201"])


def test_a_bundle_keeps_canonical_texts_that_read_back_the_same():
    texts = {"Customer": contract_text(CUSTOMER, "c"), "Invoice": contract_text(INVOICE, "i")}
    feeds = feeds_from_texts(texts)
    assert feeds["Customer"].contract_hash == feed_of(CUSTOMER).contract_hash
    assert feeds["Invoice"].contract_hash == feed_of(INVOICE).contract_hash
    assert feeds["Customer"].owner == feed_of(CUSTOMER).owner
    assert set(feeds["Customer"].relations) == {"Invoice"}
    assert "Salary" not in texts["Customer"]


def test_a_wrong_contract_never_gets_into_a_bundle():
    with pytest.raises(ContractError) as raised:
        contract_text(changed(CUSTOMER, "status", "statsu"), "c.yaml")
    assert raised.value.shown_code == "T204"
    with pytest.raises(ContractError):
        feeds_from_texts({"Customer": changed(CUSTOMER, "status", "statsu")})
    with pytest.raises(ContractError, match="another feed"):
        feeds_from_texts({"Invoice": contract_text(CUSTOMER, "c")})


# ---------------------------------------------------------------- the published schema


def test_our_schema_is_a_valid_schema_and_accepts_sound_contracts():
    schema = twain_schema()
    jsonschema.Draft201909Validator.check_schema(schema)
    jsonschema.validate(json.loads(contract_text(CUSTOMER, "c")), schema, jsonschema.Draft201909Validator)


def test_our_schema_names_every_role_and_right():
    text = json.dumps(twain_schema())
    assert all(f'"{word.value}"' in text for word in (*Role, *Right))
