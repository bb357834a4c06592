"""Two contracts of an invented shop, and how a test changes one line of them."""

from __future__ import annotations

from twain.feeds.contract import read_contract
from twain.records import Feed, Problem

CUSTOMER = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.customers
name: Customer
version: "1.0.0"
status: active
description:
  purpose: Everybody who has an account.
customProperties:
  - {property: twain.source, value: shop}
  - {property: twain.owner, value: {name: Priya Nair, title: Senior DBA, email: priya@example.com}}
  - {property: twain.maxRowDrift, value: 0.2}
  - {property: twain.freshnessMode, value: at_send}
  - {property: twain.synonyms, value: [people, accounts]}
slaProperties:
  - {property: latency, value: 9, unit: h, element: Customer.ChangedAt}
schema:
  - name: Customer
    physicalName: sales.customers
    businessName: Customers
    quality:
      - {metric: rowCount, mustBeGreaterThan: 100, description: The shop has customers}
    properties:
      - name: Id
        physicalName: customer_id
        logicalType: integer
        primaryKey: true
        classification: internal
        customProperties:
          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-01"}}
      - name: FirstName
        logicalType: string
        businessName: First name
        description: As the person writes it.
        classification: personal
        customProperties:
          - {property: twain.rights, value: [personalise, preview]}
          - {property: twain.synonyms, value: [given name]}
          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-01"}}
      - name: Email
        logicalType: string
        required: true
        unique: true
        quality:
          - metric: nullValues
            mustBeLessThan: 1
            unit: percent
            severity: warning
        customProperties:
          - {property: twain.role, value: email}
          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-01"}}
      - name: ChangedAt
        logicalType: timestamp
        classification: internal
        customProperties:
          - {property: twain.role, value: updated_at}
          - {property: twain.rights, value: [filter]}
          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-01"}}
      - name: Salary
        logicalType: number
        classification: sensitive
"""

INVOICE = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.invoices
version: "1.0.0"
customProperties:
  - {property: twain.source, value: shop}
  - {property: twain.owner, value: {name: Priya Nair, title: Senior DBA}}
schema:
  - name: Invoice
    properties:
      - name: InvoiceId
        logicalType: integer
        primaryKey: true
        customProperties:
          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-01"}}
      - name: CustomerId
        logicalType: integer
        relationships:
          - to: Customer.Id
        customProperties:
          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-01"}}
      - name: Total
        logicalType: number
        customProperties:
          - {property: twain.rights, value: [filter, personalise]}
          - {property: twain.reviewed, value: {by: Priya Nair, "on": "2026-11-01"}}
"""


def changed(text: str, old: str, new: str) -> str:
    """*text* with the first *old* made *new*; *old* must be there."""
    assert old in text, old
    return text.replace(old, new, 1)


def line_of(text: str, needle: str) -> int:
    """The number (1-based) of the first line that holds *needle*."""
    return next(i for i, line in enumerate(text.splitlines(), 1) if needle in line)


def problems_of(text: str, file: str = "feeds/x.odcs.yaml") -> list[Problem]:
    return read_contract(text, file)[1]


def errors_of(text: str) -> list[Problem]:
    return [p for p in problems_of(text) if p.severity == "error"]


def feed_of(text: str, file: str = "feeds/x.odcs.yaml") -> Feed:
    feed, problems = read_contract(text, file)
    assert feed is not None, problems
    return feed
