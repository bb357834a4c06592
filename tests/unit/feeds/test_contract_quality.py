"""Quality rules: what Twain executes is compiled; what it does not is said."""

from __future__ import annotations

import pytest

from tests.feed_contracts import CUSTOMER, changed, errors_of, feed_of, problems_of


def on_field(rule: str) -> str:
    return changed(CUSTOMER, "businessName: First name", f"businessName: First name\n        quality: [{rule}]")


def on_feed(rule: str) -> str:
    return changed(
        CUSTOMER, "- {metric: rowCount, mustBeGreaterThan: 100, description: The shop has customers}", f"- {rule}"
    )


@pytest.mark.parametrize(
    ("rule", "metric", "operator", "limit"),
    [
        ("{metric: nullValues, mustBe: 0}", "nullValues", "mustBe", 0.0),
        ("{type: library, metric: nullValues, mustNotBe: 5}", "nullValues", "mustNotBe", 5.0),
        (
            "{metric: missingValues, mustBeLessThan: 5, arguments: {missingValues: ['', null]}}",
            "missingValues",
            "mustBeLessThan",
            5,
        ),
        (
            "{metric: invalidValues, mustBeLessOrEqualTo: 5, arguments: {validValues: [a, 1]}}",
            "invalidValues",
            "mustBeLessOrEqualTo",
            5,
        ),
        ("{metric: invalidValues, mustBe: 0, arguments: {pattern: '^[A-Z]'}}", "invalidValues", "mustBe", 0),
        ("{metric: duplicateValues, mustBeGreaterOrEqualTo: 1}", "duplicateValues", "mustBeGreaterOrEqualTo", 1),
        ("{type: sql, query: 'SELECT 1 FROM ${table}', mustBeBetween: [1, 9]}", "sql", "mustBeBetween", (1.0, 9.0)),
    ],
)
def test_a_rule_about_a_field(rule, metric, operator, limit):
    (read,) = feed_of(on_field(rule)).fields["FirstName"].quality
    assert (read.metric, read.operator, read.limit, read.severity) == (metric, operator, limit, "error")


@pytest.mark.parametrize(
    "rule",
    [
        "{metric: rowCount, mustBeBetween: [1, 9]}",
        "{metric: duplicateValues, mustBe: 0, arguments: {properties: [FirstName, Email]}}",
        "{type: sql, query: SELECT count(*) FROM t, mustBeGreaterThan: 0}",
    ],
)
def test_a_rule_about_the_feed(rule):
    assert len(feed_of(on_feed(rule)).quality) == 1


@pytest.mark.parametrize(
    "rule",
    [
        "{metric: rowCount, mustBe: 1}",
        "{metric: nullValues, mustBe: true}",
        "{metric: nullValues, mustBe: 1, unit: metres}",
        "{metric: nullValues, mustNotBeBetween: [1, 2]}",
        "{metric: nullValues, mustBeBetween: [2, 1]}",
        "{metric: nullValues, mustBe: 1, arguments: {validValues: [1]}}",
        "{metric: invalidValues, mustBe: 0}",
        "{metric: invalidValues, mustBe: 0, arguments: {validValues: []}}",
        "{metric: invalidValues, mustBe: 0, arguments: {validValues: [[1]]}}",
        "{metric: invalidValues, mustBe: 0, arguments: {pattern: 5}}",
        "{metric: missingValues, mustBe: 0}",
        "{type: sql, query: SELECT 1, mustBe: 1, unit: percent}",
        "{type: sql, query: SELECT 1, metric: nullValues, mustBe: 1}",
        "{query: SELECT 1, metric: nullValues, mustBe: 1}",
    ],
)
def test_a_rule_that_cannot_be_executed_is_an_error(rule):
    assert {p.code for p in errors_of(on_field(rule))} == {"T211"}


@pytest.mark.parametrize(
    ("rule", "todo"),
    [
        ("{metric: nullValues, mustBe: 0}", "Move the rule"),
        ("{metric: rowCount, mustBe: 1, unit: percent}", "Remove unit"),
        ("{metric: duplicateValues, mustBe: 0}", "properties"),
        ("{metric: duplicateValues, mustBe: 0, arguments: {properties: [Frstname]}}", '"FirstName"'),
        ("{metric: duplicateValues, mustBe: 0, arguments: {properties: [Salary]}}", ""),
    ],
)
def test_a_rule_at_the_wrong_level_is_an_error(rule, todo):
    (problem,) = errors_of(on_feed(rule))
    assert problem.code == "T211"
    assert todo in problem.todo


def test_prose_is_left_aside_and_other_engines_are_said():
    assert problems_of(on_field("{type: text, description: Names are real}")) == []
    problems = problems_of(on_field("{type: custom, engine: soda, implementation: x}"))
    assert [(p.severity, p.code) for p in problems] == [("warning", "T211")]


def test_rules_of_unreviewed_fields_do_not_run():
    text = f"{CUSTOMER}        quality: [{{metric: nullValues, mustBe: 0}}]\n"
    assert feed_of(text).contract_hash == feed_of(CUSTOMER).contract_hash
