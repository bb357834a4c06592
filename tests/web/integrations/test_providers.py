"""Providers tell us what became of mail: believed with the right secret only (X12), booked once, followed like any bounce."""

from __future__ import annotations

import base64
import json

import pyarrow as pa
import pytest
from django.test import Client

from tests.web.integrations import amazon
from tests.web.integrations import provider_payloads as says
from twain.errors import ConfigError
from twain.flows.provided import Provided, cause_told
from twain.flows.publish import publish
from twain.flows.suppressing import hasher
from twain.ledger.bundles import make_bundle
from twain.ledger.lake import Lake
from twain.records import SHARD_FIELDS, Fate, Funnel, Run, RunEvent, RunState
from twain.returns.causes import Cause
from twain.snapshot.spool import write_shard
from twain_web import engine
from twain_web.rooms.integrations import providers, sns
from twain_web.rooms.integrations.models import Provider, Told

KEY = "key-of-mailgun-for-tests"
NUMBERS = iter(range(1_000))


class Sent:
    """One message of ours that went out, by its Message-ID and its recipient."""

    def __init__(self, run: str, recipient: str, mac: str, hashed: bytes) -> None:
        self.run, self.recipient, self.hashed = run, recipient, hashed
        self.id = f"<{run}.0.0.{mac}@mail.nordlicht.example>"

    @property
    def suppression(self):
        found = engine.instance().ledger.suppression(self.hashed)
        return found.reason if found else ""


@pytest.fixture
def sent(company, db, tmp_path, monkeypatch, batch_of):
    """A message to somebody whom nothing was mailed to before."""
    lake = Lake(tmp_path / "history")
    ledger, _, *rest = engine._stores()
    monkeypatch.setattr(engine._here, "stores", (ledger, lake, *rest))
    here, number = engine.instance(), next(NUMBERS)
    run, recipient = f"rprovider{number}", f"somebody{number}@customer.example"
    hashed = hasher(here)(recipient)
    lake.write(batch_of(Fate.SENT, run=run), ["4711"], [hashed], [""])
    return Sent(run, recipient, here.mint().stamps(run, 0, [0])[0][0].decode(), hashed)


@pytest.fixture
def opened(operator, monkeypatch):
    """A way in: ``opened("sendgrid")`` posts to it with the right password."""
    monkeypatch.setenv("MAILGUN_KEY", KEY)
    monkeypatch.setattr(providers, "CERTIFICATES", sns.Certificates(lambda _url: amazon.certificate()))

    def open_one(kind):
        ref = "env:MAILGUN_KEY" if kind == "mailgun" else ""
        provider, password = providers.open_provider(by=operator, kind=kind, signing_ref=ref)

        def post(body, headers=None, *, word=password, user=providers.USER, path=provider.path, client=None):
            proof = base64.b64encode(f"{user}:{word}".encode()).decode()
            given = {"Authorization": f"Basic {proof}", **(headers or {})} if word else headers or {}
            raw = body if isinstance(body, bytes) else json.dumps(body)
            return (
                (client or Client())
                .post(f"/in/{path}/", raw, content_type="application/json", headers=given)
                .status_code
            )

        return post

    return open_one


def bodies(kind, told, sent):
    """A payload of one kind, as each provider has it."""
    names = {
        "bounce": {"sendgrid": "bounce", "mailgun": "failed", "postmark": "HardBounce", "amazon-ses": "Bounce"},
        "complaint": {"sendgrid": "spamreport", "mailgun": "complained", "postmark": "SpamComplaint", "amazon-ses": "Complaint"},
    }[told]  # fmt: skip
    name = names[kind]
    if kind == "sendgrid":
        return [says.sendgrid(name, sent.id, sent.recipient)], {}
    if kind == "mailgun":
        return says.mailgun(name, sent.id, sent.recipient, KEY), {}
    return (says.postmark(name, sent.recipient), {}) if kind == "postmark" else says.ses(name, sent.id, sent.recipient)


EVERY = ["sendgrid", "mailgun", "postmark", "amazon-ses"]


@pytest.mark.parametrize("kind", EVERY)
def test_a_hard_bounce_is_matched_booked_and_obeyed_and_only_once(kind, sent, opened):
    post = opened(kind)
    body, headers = bodies(kind, "bounce", sent)
    assert [post(body, headers) for _ in range(3)] == [200, 200, 200]
    (told,) = Told.objects.all()
    assert (told.kind, told.cause, told.message) == ("bounce", "hard", f"{sent.run}.0.0")
    assert told.matched
    assert "customer.example" not in told.words
    assert sent.suppression == "hard bounce"
    (mail,) = engine.instance().ledger.returned_for(sent.run, 0, 0)
    assert mail.proof == ("recipient" if kind == "postmark" else "message_id")
    assert mail.via == f"webhook of {kind}"


@pytest.mark.parametrize("kind", EVERY)
def test_a_complaint_is_obeyed(kind, sent, opened):
    assert opened(kind)(*bodies(kind, "complaint", sent)) == 200
    assert sent.suppression == "complaint"


def test_a_provider_that_suppresses_by_itself_is_heard(sent, opened):
    post = opened("sendgrid")
    assert post([says.sendgrid("dropped", sent.id, sent.recipient, reason="Unsubscribed Address")]) == 200
    assert sent.suppression == "unsubscribed"
    assert Told.objects.get().followed.startswith("suppressed")


def test_softly_is_not_hard(sent, opened):
    post = opened("sendgrid")
    blocked = says.sendgrid(
        "bounce", sent.id, sent.recipient, type="blocked", reason="554 5.7.1 rejected as spam", status="5.7.1"
    )
    full = says.sendgrid(
        "bounce", sent.id, sent.recipient, sg_event_id="2", reason="552 5.2.2 mailbox full", status="5.2.2"
    )
    deferred = says.sendgrid("deferred", sent.id, sent.recipient, response="451 4.7.1 try again later")
    assert post([blocked, full, deferred]) == 200
    assert sorted((one.kind, one.cause) for one in Told.objects.all()) == [
        ("bounce", "block"), ("bounce", "soft"), ("delay", ""),
    ]  # fmt: skip
    assert sent.suppression == ""


@pytest.mark.parametrize(
    ("said", "called", "cause"),
    [
        ("", "Permanent: General", Cause.HARD),
        ("", "Transient: MailboxFull", Cause.SOFT),
        ("", "SoftBounce", Cause.SOFT),
        ("", "HardBounce", Cause.HARD),
        ("", "blocked", Cause.BLOCK),
        ("", "Undetermined: Undetermined", Cause.SOFT),
        ("550 5.1.1 no such user", "Transient: General", Cause.HARD),
        ("452 4.2.2 over quota", "Permanent: General", Cause.SOFT),
    ],
)
def test_the_receiving_servers_words_win(said, called, cause):
    event = Provided("p", "e", "bounce", "a@b.example", said, called, "", 0.0)
    assert cause_told(event) is cause


def test_what_is_about_nobody_we_know_has_no_consequence_and_is_shown(sent, opened, signed_in):
    post = opened("sendgrid")
    strange = "<r9.0.0.00000000000000000000@mail.nordlicht.example>"
    assert post([says.sendgrid("bounce", strange, "stranger@elsewhere.example")]) == 200
    (told,) = Told.objects.all()
    assert not told.matched
    assert told.followed == ""
    page = signed_in("it_operator", username="operator").get("/webhooks/providers/").content.decode()
    assert "About no message of ours" in page
    assert "stranger@elsewhere.example" not in page


def test_a_forged_message_id_is_no_proof(sent, opened):
    """Its MAC is not ours: what counts then is whom it went to, and that was nobody."""
    forged = sent.id.replace(sent.id.split(".")[3][:20], "0" * 20)
    assert opened("sendgrid")([says.sendgrid("bounce", forged, "other@elsewhere.example")]) == 200
    assert sent.suppression == ""


@pytest.mark.parametrize("kind", EVERY)
def test_whoever_does_not_know_the_secret_changes_nothing(kind, sent, opened):
    post = opened(kind)
    body, headers = bodies(kind, "bounce", sent)
    nothing = {403, 401} if kind == "amazon-ses" else {403}
    assert post(body, headers, word="wrong") == 403
    assert post(body, headers, user="other") == 403
    assert post(body, headers, word="") in nothing
    assert post(body, headers, path="x" * 32) == 403
    assert not Told.objects.exists()
    assert sent.suppression == ""


def test_a_signature_that_is_wrong_is_refused_though_the_password_is_right(sent, opened):
    body, _ = bodies("mailgun", "bounce", sent)
    body["signature"]["signature"] = "0" * 64
    assert opened("mailgun")(body) == 403
    assert sent.suppression == ""


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"[1]", b'{"event-data": 3}', b"\xff\xfe", b'[{"event": "bounce"}]', b"[" * 99_999],
)
@pytest.mark.parametrize("kind", EVERY)
def test_what_cannot_be_read_fails_nobody(kind, raw, sent, opened):
    assert opened(kind)(raw) in (200, 400, 403)
    assert sent.suppression == ""


def test_delivered_opened_and_clicked_are_taken_and_not_kept(sent, opened):
    post = opened("sendgrid")
    assert (
        post([says.sendgrid(kind, sent.id, sent.recipient) for kind in ("processed", "delivered", "open", "click")])
        == 200
    )
    assert not Told.objects.exists()


def test_it_goes_into_the_delivery_history_by_itself(sent, opened):
    body, headers = bodies("sendgrid", "bounce", sent)
    opened("sendgrid")(body, headers)
    assert providers._unfiled() == ["told"]
    providers.file_told()
    assert providers._unfiled() == []
    assert len(engine.instance().history.files("bounces")) == 1


def test_its_address_is_shown_once_and_holds_the_password(company, signed_in, operator):
    client = signed_in("it_operator", username="operator")
    page = client.post("/webhooks/providers/open/", {"kind": "postmark", "signing_ref": ""})
    address = page.context["address"]
    assert page.status_code == 200
    assert address.startswith("http://twain:")
    password = address.partition("twain:")[2].partition("@")[0]
    one = Provider.objects.get()
    assert password.encode() not in bytes(one.sealed)
    again = client.get("/webhooks/providers/").content.decode()
    assert password not in again
    assert one.path not in again


def test_a_provider_that_signs_needs_its_key(operator, company):
    with pytest.raises(ConfigError, match="signs what it tells"):
        providers.open_provider(by=operator, kind="mailgun")
    with pytest.raises(ConfigError, match="no provider"):
        providers.open_provider(by=operator, kind="pigeon")


def test_a_bounce_of_a_send_that_goes_on_is_found_in_the_spool(sent, opened, tmp_path):
    """Its batch is not in the history yet: whom the message went to is read from the sealed spool."""
    here, run_id = engine.instance(), f"runder{next(NUMBERS)}"
    real = publish(here, here.workspace.campaign("summer-thanks")).body
    bundle = make_bundle("of-providers", {**real, "campaign": "of-providers", "run": run_id})
    here.ledger.publish(bundle)
    run = Run(
        run_id, bundle.hash, "of-providers", RunState.SNAPSHOTTING, "mail", "never_twice", "tester", here.clock.now()
    )
    here.ledger.create_run(run)
    key, hashed = here.vault.new_data_key(), hasher(here)(f"{run_id}@customer.example")
    row = {"key": "4712", "address": f"{run_id}@customer.example", "address_hash": hashed}
    usual = {pa.string(): "", pa.binary(): b"", pa.int32(): 0, pa.int16(): 0, pa.int8(): 0}
    table = pa.table({f.name: pa.array([row.get(f.name, usual.get(f.type))], f.type) for f in SHARD_FIELDS})
    shard = write_shard(tmp_path, table, key, run_id=run_id, number=0, lane="*")
    event = RunEvent(run_id, here.clock.now(), "sending", "")
    here.ledger.commit_manifest(run_id, [shard], Funnel(1, {}, 1), here.vault.seal(key, run_id), event)
    mac = here.mint().stamps(run_id, 0, [0])[0][0].decode()
    strange = says.sendgrid(
        "bounce", f"<{run_id}.0.9.{mac}@x.example>", "nobody@elsewhere.example", sg_event_id="strange"
    )
    body = [says.sendgrid("bounce", f"<{run_id}.0.0.{mac}@x.example>", row["address"]), strange]
    assert opened("sendgrid")(body) == 200
    assert [one.matched for one in Told.objects.order_by("id")] == [True, False]
    (mail,) = here.ledger.returned_for(run_id, 0, 0)
    assert (mail.recipient, mail.feed, mail.followed) == ("4712", "customers", "suppressed: hard bounce")
    here.ledger.advance(run_id, [RunState.SENDING], RunState.CANCELLED, event)
