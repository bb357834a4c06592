"""Health and figures for machines: the right ones are answered, the figures parse and agree, and nobody is in them."""

import re
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from twain.errors import LedgerUnavailable
from twain.records import RunState
from twain_web import engine, health

TOKEN = "canary-7f0c2f1d"


def figures(**headers: str) -> dict:
    answer = Client(headers=headers).get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}


def test_it_lives_without_asking_anything(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().get("/health/live")
    assert answer.json() == {"alive": True}


def test_it_is_ready_when_both_stores_answer(db):
    assert Client().get("/health/ready").json() == {"ready": True}


@pytest.mark.parametrize("broken", ["ledger", "house"])
def test_it_is_not_ready_when_a_store_is_gone_and_says_no_address(db, monkeypatch, broken):
    def gone(*_, **__):
        raise (
            LedgerUnavailable("postgresql://twain:secret@db/x is gone")
            if broken == "ledger"
            else OperationalError("secret")
        )

    if broken == "ledger":
        monkeypatch.setattr(engine, "instance", gone)
    else:
        monkeypatch.setattr(health, "connection", SimpleNamespace(cursor=gone))
    answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert "secret" not in answer.content.decode()


def test_the_figures_parse_and_agree_with_the_ledger(sent, db):
    found = figures()
    ledger = engine.instance().ledger
    told = {sample.labels["state"]: sample.value for sample in found["twain_sends"].samples}
    assert told == {str(state): len(ledger.runs(limit=500, states=[state])) for state in RunState}
    assert told["finished"] >= 1
    assert found["twain_stops"].samples[0].value == len(ledger.stops())
    for family in found.values():
        assert family.type == "gauge"
        assert family.documentation


def test_people_of_open_sends_are_counted_by_fate(sent, db, monkeypatch):
    """As if the send that is over were going on: what is told of it is its tally."""
    ledger = engine.instance().ledger
    monkeypatch.setattr(type(ledger), "runs", lambda _, states, **__: [sent] if RunState.SENDING in states else [])
    told = {(s.labels["send"], s.labels["fate"]): s.value for s in figures()["twain_people"].samples}
    tally = ledger.tally(sent.id)
    assert told == {(sent.id, fate): getattr(tally, fate) for fate in health._SHOWN}


def test_nobody_is_in_them(sent, db):
    text = Client().get("/metrics").content.decode()
    assert "@" not in text
    assert not re.search(r"nordlicht|summer|hoffmann", text, re.IGNORECASE)
    assert {label for family in figures().values() for s in family.samples for label in s.labels} <= {
        "state",
        "send",
        "fate",
    }


@pytest.mark.parametrize(
    ("token", "address", "headers", "status"),
    [
        ("", "127.0.0.1", {}, 200),
        ("", "::1", {}, 200),
        ("", "10.0.0.7", {}, 403),
        ("", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("", "10.0.0.7", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("", "10.0.0.7", {"Authorization": "Bearer "}, 403),
        (TOKEN, "127.0.0.1", {}, 403),
        (TOKEN, "10.0.0.7", {"Authorization": f"Bearer {TOKEN}"}, 200),
        (TOKEN, "10.0.0.7", {"Authorization": f"Bearer {TOKEN[:-1]}"}, 403),
        (TOKEN, "10.0.0.7", {"Authorization": TOKEN}, 403),
        (TOKEN, "10.0.0.7", {"Authorization": "Bearer \u00e9"}, 403),
    ],
)
def test_this_machine_or_the_operators_token_may_look(db, monkeypatch, token, address, headers, status):
    monkeypatch.setenv("TWAIN_METRICS_TOKEN", token)
    answer = Client(headers=headers).get("/metrics", REMOTE_ADDR=address)
    assert answer.status_code == status
    assert TOKEN not in answer.content.decode()


def test_a_token_of_the_api_does_not_open_the_figures(calling, monkeypatch):
    monkeypatch.setenv("TWAIN_METRICS_TOKEN", TOKEN)
    assert calling(username="no-role").get("/metrics").status_code == 403
