"""Attacks on the API: sort, search and filter parameters (X3), masked fields (X20), odd bodies, secrets in answers (X15)."""

from __future__ import annotations

import hashlib
import json
import logging

import pytest

from tests.house_workspace import ROOT
from tests.web.api.test_openapi import DESCRIBED, EVERYTHING
from twain.records import Right
from twain_web import engine
from twain_web.api.app import api
from twain_web.api.openapi import operations
from twain_web.rooms.people.models import ApiToken, AuditRow

HOSTILE = [
    "' OR 1=1 --", "'; DROP TABLE people_person; --", '" UNION SELECT password FROM people_person --', "%27%20OR%201=1",
    "name); SELECT pg_sleep(9)--", "1/0", "${jndi:ldap://x}", "{{7*7}}", "{% include 'x' %}", "../../etc/passwd", "%",
    "_", "\\", "\u202e\u0000"[:1], "ﬁ", "İ", "a" * 100, "__class__", "-", "--name", "name,title", "name ASC", "-pk",
    "person__password", "0x1", "1e999", "NaN", "-1", "99999999999999999999", "[]", "{}", "null", "true", "\u2028",
]  # fmt: skip
LISTS = [
    (path, [p["name"] for p in methods["get"]["parameters"] if p["in"] == "query"])
    for path, methods in DESCRIBED["paths"].items()
    if "get" in methods and "{" not in path and any(p["in"] == "query" for p in methods["get"]["parameters"])
]


def checksum() -> str:
    return hashlib.sha256((ROOT / "data/shop.duckdb").read_bytes()).hexdigest()


def _total(answer):
    """How many a list has; 0 of what is no list, or is refused without what it needs."""
    said = answer.json()
    return said.get("total", 0) if isinstance(said, dict) else 0


@pytest.mark.parametrize(("path", "names"), LISTS)
def test_no_parameter_of_a_list_is_more_than_a_value(sent, calling, path, names):
    caller, before = calling(*EVERYTHING), checksum()
    whole = _total(caller.get(path))
    for name in names:
        for value in HOSTILE:
            answer = caller.get(path, {name: value})
            known = (200, 404, 422) if name == "campaign" else (200, 422)  # there is no such campaign
            assert answer.status_code in known, (name, value, answer.content)
            if answer.status_code == 200:
                assert _total(answer) <= whole
                assert "password" not in answer.content.decode().lower().replace("person__password", "")
    assert checksum() == before


def test_every_list_with_a_search_finds_nothing_for_what_is_not_there(sent, calling):
    caller = calling(*EVERYTHING)
    searched = [path for path, names in LISTS if "search" in names]
    assert len(searched) >= 5
    for path in searched:
        assert caller.get(path, {"search": "' OR '1'='1"}).json() == {"items": [], "total": 0}, path


def test_only_named_orders_are_orders(calling, company):
    caller = calling(*EVERYTHING)
    up, down = (caller.get("/api/feeds", {"sort": s}).json()["items"] for s in ("name", "-name"))
    assert [feed["name"] for feed in up] == sorted(feed["name"] for feed in up)
    assert down == up[::-1]
    assert caller.get("/api/feeds", {"sort": "owner.email"}).status_code == 422


# ---------------------------------------------------------------- masked fields


def test_a_field_without_the_right_counts_nobody_and_is_shown_nowhere(company, calling):
    """X20: neither a rule, nor the sample, nor the customer's page tells the value of a field that is not theirs."""
    caller, feed = calling(*EVERYTHING), engine.workspace().feed("customers")
    closed = [name for name, field in feed.fields.items() if Right.FILTER not in field.rights]
    assert closed
    for name in [*closed, "password", "rowid", "customers"]:
        rule = {"feed": "customers", "rule": {"all": [{"field": name, "op": "not_null"}]}}
        for what in ("count", "explanation"):
            refused = caller.post(f"/api/rules/{what}", rule, content_type="application/json")
            assert refused.status_code == 422, (name, refused.content)
            assert "matched" not in refused.json()
    shown = {name for name, field in feed.fields.items() if Right.PREVIEW in field.rights}
    sample = caller.get("/api/audiences/gold-in-berlin/sample").json()
    assert set(sample["columns"]) <= {*shown, "key"}
    customer = caller.get("/api/customers/customers/1").json()
    for value in customer["own"]:
        assert value["masked"] is (value["field"] not in shown)
        assert not value["masked"] or value["shown"] == "•••"


def test_a_rule_that_reads_more_than_it_may_is_refused(company, calling):
    caller, before = calling(*EVERYTHING), checksum()
    for leaf in (
        {"field": "tier", "op": "eq", "value": {"sql": "select 1"}},
        {"field": "tier'; drop table customers; --", "op": "eq", "value": "x"},
        {"field": "tier", "op": "= 'x' or 1=1 --", "value": "x"},
        {"fragment": "../../twain.toml"},
        {"audience": "../secret"},
        {"related": "orders where 1=1", "where": {"all": []}},
    ):
        rule = {"feed": "customers", "rule": {"all": [leaf]}}
        assert caller.post("/api/rules/count", rule, content_type="application/json").status_code == 422, leaf
    assert checksum() == before


# ---------------------------------------------------------------- odd bodies


ODD = [
    b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"feed": "customers", "rule": NaN}', b"[" * 100_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"feed": "\\ud800", "rule": {}}', b'{"feed": "customers\\u0000", "rule": {}}',
    b'{"feed": "customers", "rule": {"all": [{"field": "tier", "op": "eq", "value": "\\ud800"}]}}',
    b'{"feed": "customers", "rule": ' + b'{"all": [' * 400 + b"]}" * 400 + b"}",
    b'{"feed": "customers", "rule": {"all": [{"field": "points", "op": "gt", "value": 1e999}]}}',
    b'{"feed": "customers", "rule": {"all": [{"field": "points", "op": "gt", "value": ' + b"9" * 5_000 + b"}]}}",
]  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/api/rules/count", "/api/audiences", "/api/suppressions", "/api/campaigns", "/api/stops"]
)
def test_an_odd_body_is_the_callers_mistake(company, calling, path):
    caller = calling(*EVERYTHING)
    for body in ODD:
        answer = caller.post(path, body, content_type="application/json")
        assert answer.status_code in (400, 422), (body[:80], answer.content[:300])
        assert answer["Content-Type"] == "application/problem+json"
        assert "Traceback" not in answer.content.decode()


def test_a_body_that_is_too_large_is_refused(calling):
    answer = calling(*EVERYTHING).post("/api/rules/count", b" " * (5 << 20), content_type="application/json")
    assert answer.status_code == 413


# ---------------------------------------------------------------- secrets


def test_no_answer_no_log_and_no_row_holds_a_secret(sent, calling, token_of, caplog, monkeypatch):
    """X15: the token itself, its hash, the instance's secrets and a canary in a source's address show up nowhere."""
    caplog.set_level(logging.DEBUG)
    token = token_of(*EVERYTHING)
    secrets = [
        token.rpartition("_")[2],
        hashlib.sha256(token.encode()).hexdigest(),
        (ROOT / ".twain/secret").read_text().strip().rpartition(":")[2],
        (ROOT / ".twain/suppression.key").read_text().strip(),
    ]
    caller = calling(*EVERYTHING)
    caller.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    named = {
        "slug": "gold-in-berlin",
        "name": "customers",
        "feed": "customers",
        "key": "1",
        "send_id": sent.id,
        "domain": "mail.nordlicht.example",
    }
    read = [one.path.format(**named) for one in operations(api) if one.methods == ["GET"]]
    said = [caller.get(f"/api{path}").content.decode() for path in read]
    said.append(caller.post("/api/tokens", {"name": "x"}, content_type="application/json").content.decode())
    said.append(
        caller.post("/api/stops", {"scope": token, "why": token}, content_type="application/json").content.decode()
    )
    rows = json.dumps([*AuditRow.objects.values_list("person", "verb", "thing", "detail"),
                       *ApiToken.objects.values_list("name", "prefix", "scopes")], default=str)  # fmt: skip
    everything = "\n".join([*said, caplog.text, rows])
    assert len(said) > 20
    assert [
        secret for secret in secrets if len(secret) > 8 and secret in everything.replace(f'"why": "{token}"', "")
    ] == []
