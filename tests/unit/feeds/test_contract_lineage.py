"""What a contract change breaks: whose campaign, when, at which line, and what the field is called now."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.feed_contracts import CUSTOMER, INVOICE, changed, feed_of, line_of
from twain.errors import Place
from twain.feeds.contract import link
from twain.feeds.lineage import Break, Use, breaks
from twain.records import Owner, Right

_FILE = "feeds/Customer.odcs.yaml"
_FRIDAY = datetime(2026, 11, 27, 9, 0)  # noqa: DTZ001 — the campaign's own local time
_BODY = "campaigns/spring/body.mjml"
_ANA = Owner("Ana Meier", "Editor")
_SPRING = Use(
    kind="campaign",
    name="spring",
    owner=_ANA,
    when=_FRIDAY,
    reads=frozenset({("Customer", "FirstName"), ("Customer", "Email"), ("Invoice", "Total")}),
    place=Place("campaigns/spring/campaign.toml", 3),
    places={("Customer", "FirstName"): Place(_BODY, 2)},
)


def feeds(customer: str = CUSTOMER, invoice: str = INVOICE):
    both = [feed_of(customer, _FILE), feed_of(invoice, "feeds/Invoice.odcs.yaml")]
    return link({f.name: f for f in both})[0]


def broken(customer: str = CUSTOMER, invoice: str = INVOICE, use: Use = _SPRING) -> list[Break]:
    return breaks(feeds(), feeds(customer, invoice), [use])


def test_nothing_breaks_when_nothing_changes():
    assert broken() == []


def test_nothing_breaks_for_those_who_do_not_read_it():
    text = changed(CUSTOMER, "[filter]", "[]")
    assert broken(text) == []


def test_a_renamed_field_names_campaign_owner_date_file_line_and_new_name():
    text = changed(CUSTOMER, "- name: FirstName\n", "- name: GivenName\n        physicalName: FirstName\n")
    (found,) = broken(text)
    problem = found.problem
    assert (problem.severity, problem.code) == ("error", "T232")
    assert "Campaign “spring” (Ana Meier, Editor, goes Fri 27 Nov 2026 09:00) reads Customer.FirstName" in problem.what
    assert f"{_FILE}:{line_of(text, '- name: GivenName')}" in problem.what
    assert problem.place == Place(_BODY, 2)
    assert "“First name” of Customers" in problem.business
    assert (found.feed, found.field, found.use) == ("Customer", "FirstName", _SPRING)
    assert (found.renamed.name, found.renamed.column) == ("GivenName", "FirstName")


def test_a_removed_field():
    text = changed(
        CUSTOMER,
        "      - name: FirstName\n        logicalType: string",
        "      - name: X\n        logicalType: integer",
    )
    (found,) = broken(text)
    assert found.problem.code == "T231"
    assert "removed, or no longer reviewed" in found.problem.what
    assert found.renamed is None


def test_an_unreviewed_field_is_as_good_as_gone():
    reviewed = '          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-01"}}\n'
    head, _, tail = CUSTOMER.partition("- {property: twain.synonyms, value: [given name]}\n")
    text = f"{head}- {{property: twain.synonyms, value: [given name]}}\n{tail.replace(reviewed, '', 1)}"
    (found,) = broken(text)
    assert (found.problem.code, found.field) == ("T231", "FirstName")


def test_another_field_that_was_always_there_is_no_successor():
    text = changed(CUSTOMER, "      - name: Email\n", "      - name: Mail\n        physicalName: Email\n")
    old, new = feeds(), feeds(text)
    use = Use("audience", "all", _ANA, None, frozenset({("Customer", "Email")}))
    (found,) = breaks(old, new, [use])
    assert "now called Mail" in found.problem.what
    assert found.problem.place is None


@pytest.mark.parametrize(("needs", "breaks_it"), [({Right.PREVIEW}, False), ({Right.PERSONALISE}, True), (None, True)])
def test_a_withdrawn_right_breaks_those_who_use_it(needs, breaks_it):
    text = changed(CUSTOMER, "[personalise, preview]", "[preview]")
    key = ("Customer", "FirstName")
    use = Use("campaign", "x", _ANA, None, frozenset({key}), needs={key: frozenset(needs)} if needs else {})
    assert [b.problem.code for b in broken(text, use=use)] == (["T233"] if breaks_it else [])


def test_a_right_that_campaigns_do_not_use_may_go():
    assert broken(changed(CUSTOMER, "[personalise, preview]", "[personalise]")) == []


def test_another_type():
    text = changed(INVOICE, "logicalType: number", "logicalType: string")
    (found,) = broken(invoice=text)
    assert found.problem.code == "T234"
    assert "from number to string" in found.problem.what


def test_whole_numbers_may_become_numbers():
    use = Use("campaign", "x", _ANA, None, frozenset({("Invoice", "CustomerId")}))
    assert (
        broken(
            invoice=changed(
                INVOICE,
                "- name: CustomerId\n        logicalType: integer",
                "- name: CustomerId\n        logicalType: number",
            ),
            use=use,
        )
        == []
    )


def test_a_lost_role():
    (found,) = broken(changed(CUSTOMER, "          - {property: twain.role, value: email}\n", ""))
    assert (found.problem.code, found.field) == ("T237", "Email")


def test_a_lost_relation_is_told_once():
    text = changed(INVOICE, "        relationships:\n          - to: Customer.Id\n", "")
    (found,) = broken(invoice=text)
    assert (found.problem.code, found.problem.place) == ("T235", _SPRING.place)
    assert "Invoice.CustomerId" in found.problem.what


def test_a_relation_that_a_use_names():
    text = changed(INVOICE, "        relationships:\n          - to: Customer.Id\n", "")
    at = ("Customer", "Invoice")
    use = Use("audience", "buyers", _ANA, None, frozenset(), relations=frozenset({at}), places={at: Place("a.toml", 7)})
    assert [(b.problem.code, b.problem.place) for b in broken(invoice=text, use=use)] == [("T235", Place("a.toml", 7))]
    assert broken(use=use) == []


def test_a_feed_that_is_gone_is_told_once_per_use():
    new = {"Invoice": feeds()["Invoice"]}
    found = breaks(feeds(), new, [_SPRING])
    assert [(b.problem.code, b.feed) for b in found] == [("T236", "Customer")]
    assert "“spring”" in found[0].problem.business


def test_a_renamed_feed_names_its_successor():
    text = changed(CUSTOMER, "  - name: Customer\n", "  - name: Person\n").replace(
        "Customer.ChangedAt", "Person.ChangedAt"
    )
    new = {"Person": feed_of(text), "Invoice": feeds()["Invoice"]}
    assert "now called Person" in breaks(feeds(), new, [_SPRING])[0].problem.todo


def test_the_soonest_send_comes_first():
    text = changed(CUSTOMER, "[personalise, preview]", "[]")
    reads = frozenset({("Customer", "FirstName")})
    later = datetime(2026, 12, 1, 9, 0)  # noqa: DTZ001 — as above
    uses = [Use("campaign", n, _ANA, w, reads) for n, w in [("never", None), ("later", later), ("friday", _FRIDAY)]]
    assert [b.use.name for b in breaks(feeds(), feeds(text), uses)] == ["friday", "later", "never"]


def test_what_was_broken_before_is_not_told_again():
    use = Use("campaign", "x", _ANA, None, frozenset({("Customer", "Nothing"), ("Nowhere", "At")}))
    assert broken(use=use) == []
