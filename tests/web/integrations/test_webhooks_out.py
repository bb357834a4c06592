"""Webhooks go out: signed by the specification, once queued never lost, put off, given up, sent again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import mail
from django.utils import timezone
from jsonschema import Draft202012Validator

from twain.delivery.intakes import standard_webhooks
from twain.errors import ConfigError
from twain_web import outbox
from twain_web.models import OutboxRow
from twain_web.rooms.integrations import actions, delivering, signing
from twain_web.rooms.integrations.event_types import BY_NAME, TYPES
from twain_web.rooms.integrations.hearing import _HEARD
from twain_web.rooms.integrations.models import Delivery, Endpoint, Message
from twain_web.rooms.integrations.queueing import new_id, queue
from twain_web.rooms.people.models import AuditRow

HELD = {"campaign": "summer-thanks", "run": "r1", "why": "Prices are 9 hours old."}


def tell(topic, **body):
    outbox.tell(topic, **body)
    outbox.deliver()


def step(one):
    Endpoint.objects.filter(pk=one.pk).update(rests_until=None)
    Delivery.objects.filter(endpoint=one, state="waiting").update(next_at=timezone.now())
    delivering.deliver(str(one.pk))
    return Delivery.objects.filter(endpoint=one).order_by("message_id")


def verified(headers, body, *secrets):
    """As a receiver checks it, written from the specification and not from our code."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    good = {"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys}
    return good == set(headers["webhook-signature"].split(" "))


def test_a_fact_of_the_house_arrives_signed_and_as_its_schema_says(endpoint, other):
    one = endpoint("send.held")
    tell("campaign.held", **HELD)
    assert delivering._due() == [str(one.pk)]
    (delivery,) = step(one)
    ((path, headers, body),) = other.got
    assert delivery.state == "done"
    assert path == "/hook"
    assert headers["webhook-id"] == delivery.message_id
    assert verified(headers, body, one.secret)
    assert not verified(headers, body + b" ", one.secret)
    told = json.loads(body)
    Draft202012Validator(BY_NAME["send.held"].schema()).validate(told)
    assert told["data"] == {"campaign": "summer-thanks", "send": "r1", "why": "Prices are 9 hours old."}


def test_the_signature_is_the_specifications_own_example():
    """standard-webhooks/spec: the reference libraries' test vector."""
    key = signing.key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "here")
    told = standard_webhooks.headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("topic", sorted(_HEARD))
def test_whatever_the_house_tells_fits_its_schema(db, topic):
    bodies = {
        "campaign.launched": {"campaign": "c", "bundle": "b", "due": "2026-11-22T10:00:00+01:00"},
        "campaign.started": {"campaign": "c", "run": "r", "bundle": "b"},
        "campaign.held": {"campaign": "c", "run": "", "why": "w"},
        "campaign.resumed": {"campaign": "c", "run": "r"},
        "campaign.expired": {"campaign": "c", "bundle": "b"},
        "campaign.voided": {"campaign": "c", "bundle": "b"},
        "campaign.approval_asked": {"campaign": "c", "bundle": "b", "by": "p"},
        "campaign.approved": {"campaign": "c", "bundle": "b"},
        "switch.thrown": {"scope": "all", "by": "p", "why": "w"},
        "switch.lifted": {"scope": "all", "by": "p"},
        "workspace.pulled": {"before": None, "after": "a"},
        "workspace.refused": {"revision": "a", "why": ["w"]},
        "campaign.edited": {"campaign": "c", "version": 2},
        "audience.saved": {"slug": "a", "version": 2, "by": "p"},
        "content.saved": {"slug": "a", "version": 2},
        "desk.moved": {"request": 7, "verb": "promise", "state": "promised"},
        "incident.opened": {
            "incident": "i7",
            "feed": "prices",
            "check": "freshness",
            "title": "t",
            "page": "/incidents/i7/",
            "impact": "",
            "owner": "pnair",
        },
        "incident.closed": {"incident": "i7", "feed": "prices", "check": "freshness"},
        "domain.changed": {"domain": "d.example", "before": "pass", "after": "hold", "records": ["SPF"]},
    }
    name, told = _HEARD[topic]
    whole = {"type": name, "timestamp": "2026-11-22T10:00:00Z", "data": told(bodies[topic])}
    Draft202012Validator(BY_NAME[name].schema()).validate(whole)


@pytest.mark.parametrize("one", TYPES, ids=lambda one: one.name)
def test_every_types_example_fits_its_schema(one):
    Draft202012Validator.check_schema(one.schema())
    Draft202012Validator(one.schema()).validate(one.example())


def test_nothing_is_kept_that_nobody_wants(endpoint):
    endpoint("send.held")
    tell("switch.lifted", scope="all", by="somebody")
    assert not Message.objects.exists()


def test_ids_ascend():
    made = [new_id() for _ in range(2_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_endpoint_that_is_down_rests_longer_and_longer_and_loses_nothing(endpoint, other):
    one = endpoint("send.held")
    tell("campaign.held", **HELD)
    other.answers = [(500, {}), (503, {"Retry-After": "600"})]
    (delivery,) = step(one)
    assert (delivery.state, delivery.status, delivery.attempts) == ("waiting", 500, 1)
    assert "HTTP 500" in delivery.technical
    first = Endpoint.objects.get(pk=one.pk).rests_until - timezone.now()
    assert timedelta(seconds=2) < first < timedelta(seconds=7)
    assert delivering._due() == []
    step(one)
    assert Endpoint.objects.get(pk=one.pk).rests_until - timezone.now() > timedelta(seconds=590)
    (delivery,) = step(one)
    assert (delivery.state, delivery.attempts) == ("done", 3)
    assert Endpoint.objects.get(pk=one.pk).failing_since is None
    assert len({headers["webhook-id"] for _, headers, _ in other.got}) == 1


def test_pauses_grow_to_four_hours_and_differ():
    pauses = [delivering.pause_after(n) for n in range(1, 14)]
    assert pauses[0] < 10 < pauses[2] < 100
    assert 0.8 * 4 * 3600 <= pauses[-1] <= 1.2 * 4 * 3600
    assert len({delivering.pause_after(3) for _ in range(20)}) > 10


def test_one_message_that_is_refused_holds_up_no_other(endpoint, other):
    one = endpoint("send.held")
    for _ in range(2):
        tell("campaign.held", **HELD)
    other.answers = [(422, {})]
    assert [d.state for d in step(one)] == ["waiting", "done"]
    assert Endpoint.objects.get(pk=one.pk).failing_since is None


def test_after_three_days_it_is_given_up_with_the_reason_and_can_be_sent_again(endpoint, other, operator, signed_in):
    one = endpoint("send.held")
    tell("campaign.held", **HELD)
    Delivery.objects.update(since=timezone.now() - timedelta(days=3, minutes=1))
    other.answers = [(422, {})]
    (delivery,) = step(one)
    assert delivery.state == "dead"
    page = signed_in("it_operator", username="operator").get("/webhooks/not-delivered/").content.decode()
    assert "The other system refused it." in page
    assert "HTTP 422" in page
    actions.replay_one(by=operator, delivery=delivery)
    (delivery,) = step(one)
    assert delivery.state == "done"
    assert other.got[0][1]["webhook-id"] == other.got[1][1]["webhook-id"]


def test_one_that_fails_for_three_days_is_switched_off_and_its_owner_told(endpoint, other, operator):
    one = endpoint("send.held")
    for _ in range(2):
        tell("campaign.held", **HELD)
    Endpoint.objects.filter(pk=one.pk).update(failures=9, failing_since=timezone.now() - timedelta(days=3, minutes=1))
    other.answers = [(500, {})]
    assert {d.state for d in step(one)} == {"dead"}
    now = Endpoint.objects.get(pk=one.pk)
    assert not now.is_on
    assert "out of order" in now.why_off
    (letter,) = mail.outbox
    assert letter.to == [operator.email]
    assert "HTTP 500" in letter.body
    with pytest.raises(ConfigError, match="switched off"):
        actions.replay_dead(by=operator, endpoint=now)
    actions.switch_endpoint(by=operator, endpoint=now, on=True)
    assert actions.replay_dead(by=operator, endpoint=Endpoint.objects.get(pk=one.pk)) == 2
    assert {d.state for d in step(one)} == {"done"}


def test_gone_is_believed_at_once(endpoint, other):
    one = endpoint("send.held")
    tell("campaign.held", **HELD)
    other.answers = [(410, {})]
    step(one)
    assert not Endpoint.objects.get(pk=one.pk).is_on


def test_a_time_is_sent_again_in_its_order(endpoint, other, operator):
    one = endpoint("send.held")
    for _ in range(3):
        tell("campaign.held", **HELD)
    step(one)
    messages = list(Message.objects.order_by("id"))
    Message.objects.filter(pk=messages[0].pk).update(at=timezone.now() - timedelta(days=1))
    again = actions.replay_span(
        by=operator, endpoint=one, since=timezone.now() - timedelta(hours=1), until=timezone.now() + timedelta(hours=1)
    )
    step(one)
    assert again == 2
    assert [h["webhook-id"] for _, h, _ in other.got[3:]] == [messages[1].pk, messages[2].pk]


def test_after_a_rotation_both_secrets_sign_for_a_day(endpoint, other, operator):
    one = endpoint("send.held")
    newer = actions.rotate_secret(by=operator, endpoint=one)
    tell("campaign.held", **HELD)
    step(one)
    _, headers, body = other.got[-1]
    assert verified(headers, body, newer.secret, one.secret)
    Endpoint.objects.filter(pk=one.pk).update(former_until=timezone.now())
    tell("campaign.held", **HELD)
    step(one)
    _, headers, body = other.got[-1]
    assert verified(headers, body, newer.secret)


def test_a_secret_that_it_keeps_is_looked_up_where_it_lies(endpoint, other, operator, monkeypatch):
    secret = signing.new_secret()
    monkeypatch.setenv("WAREHOUSE_HOOK", secret)
    made = actions.make_endpoint(
        by=operator, name="By reference", url=other.url, types=["send.held"], secret_ref="env:WAREHOUSE_HOOK"
    )
    assert made.secret == ""
    tell("campaign.held", **HELD)
    step(made.endpoint)
    _, headers, body = other.got[-1]
    assert verified(headers, body, secret)
    newer = signing.new_secret()
    monkeypatch.setenv("WAREHOUSE_HOOK", f"{newer} {secret}")
    tell("campaign.held", **HELD)
    step(made.endpoint)
    _, headers, body = other.got[-1]
    assert verified(headers, body, newer, secret)
    monkeypatch.delenv("WAREHOUSE_HOOK")
    tell("campaign.held", **HELD)
    last = step(made.endpoint).last()
    assert last.state == "waiting"
    assert "WAREHOUSE_HOOK is not set" in last.technical


@pytest.mark.parametrize("secret", ["", "plain", "whsec_", "whsec_AAAA", "whsec_!!!"])
def test_what_is_no_secret_is_refused_and_not_repeated(secret):
    with pytest.raises(ConfigError) as refused:
        signing.key_of(secret, "env:X")
    assert refused.value.shown_code == "T901"
    assert not secret or secret not in str(refused.value).replace("whsec_ and then", "")


def test_the_secret_is_shown_once_and_stands_nowhere(endpoint, signed_in, operator, other):
    client = signed_in("it_operator", username="operator")
    told = {"name": "Shown", "url": other.url, "types": ["send.held", "message.sent"], "secret_ref": ""}
    page = client.post("/webhooks/new/", told)
    assert "no-store" in page["Cache-Control"]
    secret = page.context["secret"]
    assert secret in page.content.decode()
    one = Endpoint.objects.get(name="Shown")
    assert secret.encode() not in bytes(one.sealed)
    for address in (f"/webhooks/{one.pk}/", f"/webhooks/{one.pk}/change/", "/webhooks/"):
        assert secret not in client.get(address).content.decode()
    assert secret not in "".join(f"{row.verb} {row.thing} {row.detail}" for row in AuditRow.objects.all())


def test_what_is_wrong_is_said_at_its_field(company, signed_in, db):
    client = signed_in("it_operator", username="operator")
    told = {"name": "Wrong", "url": "https://10.0.0.1/", "types": ["send.held"], "secret_ref": ""}
    page = client.post("/webhooks/new/", told)
    assert page.status_code == 422
    assert "nothing leaves this machine" in page.context["form"].errors["url"][0]
    page = client.post("/webhooks/new/", told | {"url": "http://127.0.0.1:9/", "secret_ref": "env:NOWHERE_TO_BE_FOUND"})
    assert "NOWHERE_TO_BE_FOUND" in page.context["form"].errors["secret_ref"][0]
    assert not Endpoint.objects.exists()


def test_a_test_arrives_whatever_it_subscribed_to(endpoint, other, operator):
    one = endpoint("message.sent")
    actions.test_endpoint(by=operator, endpoint=one)
    step(one)
    assert json.loads(other.got[0][2])["type"] == "webhook.test"


def test_a_fact_whose_other_hearer_fails_is_queued_once(endpoint, monkeypatch):
    endpoint("send.held")
    outbox.tell("campaign.held", **HELD)

    def fails(_body):
        raise SystemError("no")

    monkeypatch.setitem(outbox._hearers, "campaign.held", [*outbox._hearers["campaign.held"], fails])
    for _ in range(3):
        outbox.deliver()
        assert Message.objects.count() == 1
        OutboxRow.objects.update(next_at=timezone.now())
    monkeypatch.setitem(outbox._hearers, "campaign.held", outbox._hearers["campaign.held"][:-1])
    outbox.deliver()
    assert OutboxRow.objects.get(topic="campaign.held").delivered_at
    assert Message.objects.count() == 1


def test_a_house_that_dies_while_a_fact_is_queued_queues_it_once(endpoint, monkeypatch):
    """What was queued in that transaction is gone with it, and queued again."""
    endpoint("send.held")
    outbox.tell("campaign.held", **HELD)
    (queues,) = outbox._hearers["campaign.held"]

    def dies(body):
        queues(body)
        raise SystemError("killed")

    monkeypatch.setitem(outbox._hearers, "campaign.held", [dies])
    outbox.deliver()
    assert not Message.objects.exists()
    monkeypatch.setitem(outbox._hearers, "campaign.held", [queues])
    OutboxRow.objects.update(next_at=timezone.now())
    outbox.deliver()
    outbox.deliver()
    assert Message.objects.count() == 1


def _clock(monkeypatch, *seconds):
    ticks = iter(seconds)
    monkeypatch.setattr(delivering, "time", SimpleNamespace(time=time.time, monotonic=lambda: next(ticks)))


def test_a_slow_endpoint_gives_its_hand_back_after_a_minute(endpoint, other, monkeypatch):
    one = endpoint("send.held")
    for _ in range(4):
        tell("campaign.held", **HELD)
    _clock(monkeypatch, 0.0, 1.0, 31.0, 61.0)
    assert [d.state for d in step(one)] == ["done", "done", "waiting", "waiting"]


def test_one_that_is_switched_off_meanwhile_gets_nothing_more(endpoint, other, operator, monkeypatch):
    one = endpoint("send.held")
    for _ in range(3):
        tell("campaign.held", **HELD)
    really = delivering.attempt

    def switched_off_meanwhile(*arguments):
        actions.switch_endpoint(by=operator, endpoint=Endpoint.objects.get(pk=one.pk), on=False)
        return really(*arguments)

    monkeypatch.setattr(delivering, "attempt", switched_off_meanwhile)
    step(one)
    assert len(other.got) == 1


def test_one_that_rests_is_let_alone_by_a_house_that_saw_it_before(endpoint, other):
    one = endpoint("send.held")
    tell("campaign.held", **HELD)
    Endpoint.objects.filter(pk=one.pk).update(rests_until=timezone.now() + timedelta(minutes=1))
    delivering.deliver(str(one.pk))
    assert not other.got


def test_queue_says_for_how_many(endpoint):
    endpoint("send.held")
    endpoint("send.held", "send.finished", name="Second")
    assert queue("send.held", {"campaign": "c", "send": "r", "why": "w"}) == 2
    assert queue("send.finished", {"campaign": "c", "send": "r"}) == 1
