"""Feeds linked with each other: both ways, by name, by hand; what cannot be linked is said."""

from __future__ import annotations

from tests.feed_contracts import CUSTOMER, INVOICE, changed, errors_of, feed_of, line_of, problems_of
from twain.feeds.contract import link
from twain.records import Relation

_KEY = "          - to: Customer.Id\n"
_REVIEWED = '        customProperties: [{property: twain.reviewed, value: {by: A B, "on": "2026-11-01"}}]\n'


def linked(*texts: str):
    feeds = {f.name: f for f in map(feed_of, texts)}
    return link(feeds)


def with_relations(text: str, value: str) -> str:
    return changed(
        text, "customProperties:\n", f"customProperties:\n  - {{property: twain.relations, value: {value}}}\n"
    )


def points_at_invoice(name: str) -> str:
    key = "        relationships: [{to: Invoice.InvoiceId}]\n"
    return f"      - name: {name}\n        logicalType: integer\n{key}{_REVIEWED}"


def test_a_foreign_key_links_both_ways():
    feeds, problems = linked(CUSTOMER, INVOICE)
    assert problems == []
    assert feeds["Invoice"].relations == {"Customer": Relation("Customer", "Customer", "CustomerId", "Id")}
    assert feeds["Customer"].relations == {"Invoice": Relation("Invoice", "Invoice", "Id", "CustomerId")}


def test_a_key_told_at_the_feed_counts_as_well():
    text = changed(INVOICE, "        relationships:\n          - to: Customer.Id\n", "")
    level = "  - name: Invoice\n    relationships: [{from: Invoice.CustomerId, to: Customer.Id}]\n"
    feeds, problems = linked(CUSTOMER, changed(text, "  - name: Invoice\n", level))
    assert problems == []
    assert set(feeds["Customer"].relations) == {"Invoice"}


def test_two_keys_to_one_feed_are_told_apart_by_their_field():
    field = f"      - name: PayerId\n        logicalType: integer\n        relationships:\n{_KEY}{_REVIEWED}"
    feeds, problems = linked(CUSTOMER, INVOICE + field)
    assert problems == []
    assert set(feeds["Invoice"].relations) == {"Customer_by_CustomerId", "Customer_by_PayerId"}
    assert feeds["Customer"].relations["Invoice_by_PayerId"] == Relation(
        "Invoice_by_PayerId", "Invoice", "Id", "PayerId"
    )
    assert set(feeds["Customer"].relations) == {"Invoice_by_CustomerId", "Invoice_by_PayerId"}


def test_a_feed_related_to_itself():
    field = points_at_invoice("ParentId")
    feeds, _ = linked(CUSTOMER, INVOICE + field)
    relations = feeds["Invoice"].relations
    assert relations["Invoice"] == Relation("Invoice", "Invoice", "ParentId", "InvoiceId")
    assert relations["Invoice_by_ParentId"] == Relation("Invoice_by_ParentId", "Invoice", "InvoiceId", "ParentId")


def test_feeds_that_point_at_each_other():
    field = points_at_invoice("LastInvoice")
    feeds, problems = linked(CUSTOMER + field, INVOICE)
    assert problems == []
    assert set(feeds["Customer"].relations) == {"Invoice", "Invoice_by_CustomerId"}
    assert set(feeds["Invoice"].relations) == {"Customer", "Customer_by_LastInvoice"}


def test_relations_named_by_hand_take_the_place_of_the_automatic_ones():
    text = with_relations(CUSTOMER, "{purchases: {feed: Invoice, field: Id, otherField: CustomerId}}")
    other = with_relations(INVOICE, "{buyer: {feed: Customer, field: CustomerId, otherField: Id}}")
    feeds, problems = linked(text, other)
    assert problems == []
    assert feeds["Customer"].relations == {"purchases": Relation("purchases", "Invoice", "Id", "CustomerId")}
    assert feeds["Invoice"].relations == {"buyer": Relation("buyer", "Customer", "CustomerId", "Id")}


def test_a_relation_by_hand_needs_no_foreign_key():
    text = with_relations(CUSTOMER, "{spent: {feed: Invoice, field: Id, otherField: Total}}")
    feeds, _ = linked(text, changed(INVOICE, f"        relationships:\n{_KEY}", ""))
    assert feeds["Customer"].relations["spent"].other_field == "Total"
    assert set(feeds["Invoice"].relations) == {"Customer"}


def test_a_relation_by_hand_over_an_unknown_or_hidden_field():
    unknown = with_relations(CUSTOMER, "{spent: {feed: Invoice, field: Idd, otherField: Total}}")
    (problem,) = errors_of(unknown)
    assert (problem.code, problem.place.line) == ("T213", line_of(unknown, "twain.relations"))
    hidden = with_relations(CUSTOMER, "{spent: {feed: Invoice, field: Salary, otherField: Total}}")
    assert [(p.severity, p.code) for p in problems_of(hidden)] == [("warning", "T213")]
    assert feed_of(hidden).relations == {}


def test_an_unreviewed_key_links_nothing():
    text = changed(
        INVOICE,
        f"{_KEY}        customProperties:\n          - {{property: twain.reviewed",
        f"{_KEY}        customProperties:\n          - {{property: x",
    )
    feeds, _ = linked(CUSTOMER, text)
    assert feeds["Customer"].relations == {}


def test_another_database_is_said_in_both_languages():
    feeds, problems = linked(CUSTOMER, changed(INVOICE, "value: shop", "value: billing"))
    assert feeds["Customer"].relations == feeds["Invoice"].relations == {}
    (problem,) = problems
    assert (problem.severity, problem.code) == ("warning", "T213")
    assert problem.place.line == line_of(INVOICE, "- name: CustomerId")
    assert "cannot be used together" in problem.business


def test_a_missing_feed_or_field_is_said():
    feeds, problems = linked(changed(INVOICE, "Customer.Id", "Custmer.Id"), CUSTOMER)
    assert feeds["Invoice"].relations == {}
    assert '"Customer"' in problems[0].todo
    _, problems = linked(changed(INVOICE, "Customer.Id", "Customer.Salary"), CUSTOMER)
    assert "not reviewed" in problems[0].what


def test_fields_that_cannot_be_compared_are_an_error():
    _, problems = linked(changed(INVOICE, "Customer.Id", "Customer.FirstName"), CUSTOMER)
    assert [(p.severity, p.code) for p in problems] == [("error", "T213")]


def test_references_that_are_not_followed_are_said():
    for reference in ("a.b.c", "schema/customers/properties/id", "[Customer.Id, Customer.Email]"):
        problems = problems_of(changed(INVOICE, "to: Customer.Id", f"to: {reference}"))
        assert [(p.severity, p.code) for p in problems] == [("warning", "T213")], reference


def test_a_feed_whose_contract_has_an_error_is_not_said_to_be_missing():
    feeds = {"Invoice": feed_of(INVOICE)}
    (missing,) = link(feeds)[1]
    assert "there is no feed Customer" in missing.what
    (broken,) = link(feeds, {"Customer"})[1]
    assert "until Customer can be read" in broken.what
    assert "connect" not in broken.todo
