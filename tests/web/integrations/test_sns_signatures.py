"""Amazon SNS is believed by its signature (X12): whatever else is posted, however well it knows our password, changes nothing."""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client

from tests.web.integrations import amazon
from twain.errors import ChannelUnavailable
from twain.settings import WebhookSettings
from twain_web.rooms.integrations import providers, sns
from twain_web.rooms.integrations.models import Provider
from twain_web.rooms.people.public import audit_page

NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "19ba9823",
    "Subject": "Amazon SES Email Event",
    "Message": "hello",
}
SUBSCRIPTION = {"Type": "SubscriptionConfirmation", "MessageId": "165545c9", "Token": "abc", "Message": "You have chosen …",
                "SubscribeURL": amazon.LINK}  # fmt: skip
NOW = datetime.now(UTC)


class Host:
    """Amazon's host on loopback: what it was asked for, and what it answers."""

    def __init__(self):
        self.asked, self.status, self.body = [], 200, amazon.certificate()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                host.asked.append(self.path)
                self.send_response(host.status)
                self.send_header("Content-Length", str(len(host.body)))
                self.end_headers()
                self.wfile.write(host.body)

            def log_message(self, *_words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def fetch(self, url):
        """What is of Amazon's is asked of this host, by the way that the house asks."""
        path = url.partition("amazonaws.com")[2]
        here = f"http://127.0.0.1:{self.server.server_port}{path}"
        return sns.fetch(here, WebhookSettings(), production=False)


@pytest.fixture
def host():
    made = Host()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def certificates(host):
    return sns.Certificates(host.fetch)


def refused(message, certificates, topics=(), now=None):
    with pytest.raises(sns.NotAmazonsError) as error:
        sns.prove(message, certificates, topics, now or datetime.now(UTC))
    return str(error.value)


# ---------------------------------------------------------------- the signature


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    "message",
    [NOTIFICATION, {k: v for k, v in NOTIFICATION.items() if k != "Subject"}, SUBSCRIPTION,
     {**SUBSCRIPTION, "Type": "UnsubscribeConfirmation"}, {**NOTIFICATION, "Message": 'ü\n"\\ 雪'}],
)  # fmt: skip
def test_what_amazon_signed_is_believed_and_its_certificate_fetched_once(message, version, certificates, host):
    for _ in range(2):
        sns.prove(amazon.signed(message, version=version), certificates, (), datetime.now(UTC))
    assert host.asked == [f"/SimpleNotificationService-{'ab12' * 8}.pem"]


@pytest.mark.parametrize("field", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"])
def test_no_signed_field_can_be_changed_or_left_out(field, certificates):
    message = amazon.signed(NOTIFICATION)
    fresh = f"{NOW - timedelta(minutes=3):%Y-%m-%dT%H:%M:%S}.000Z"
    other = {"Type": "UnsubscribeConfirmation", "TopicArn": amazon.TOPIC + "2", "Timestamp": fresh}
    refused({**message, field: other.get(field, "other")}, certificates)
    refused({k: v for k, v in message.items() if k != field}, certificates)


@pytest.mark.parametrize("signature", ["", "EXAMPLE", "!!!", base64.b64encode(b"x" * 256).decode(), None])
def test_a_signature_that_is_none_is_refused(signature, certificates):
    assert refused({**amazon.signed(NOTIFICATION), "Signature": signature}, certificates) == "its signature is wrong"


@pytest.mark.parametrize("version", ["", "3", None])
def test_a_version_that_nobody_knows_is_refused(version, certificates):
    assert "no version" in refused({**amazon.signed(NOTIFICATION), "SignatureVersion": version}, certificates)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-ab12ab12.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-ab12ab12.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-ab12ab12.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-ab12ab12.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-ab12ab12.pem",
        "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-ab12ab12.pem",
        "https://sns.eu-west-1.amazonaws.com/../bucket/SimpleNotificationService-ab12ab12.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-ab12ab12.pem?x=1",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-ab12ab12.pem\n",
        "https://snsXeu-west-1.amazonaws.com/SimpleNotificationService-ab12ab12.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-ab12ab12.pem",
        "https://127.0.0.1/SimpleNotificationService-ab12ab12.pem",
        "", None,
    ],
)  # fmt: skip
def test_no_certificate_is_fetched_from_anywhere_else(url, certificates, host):
    assert "no certificate of Amazon's" in refused({**amazon.signed(NOTIFICATION), "SigningCertURL": url}, certificates)
    assert host.asked == []


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (amazon.certificate("evil.example"), "evil.example's"),
        (amazon.certificate("sns.amazonaws.com.evil.example"), "evil.example's"),
        (amazon.certificate(over=True), "not valid now"),
        (amazon.certificate(signer="another"), "its signature is wrong"),
        (b"no certificate", "cannot be read"),
        (b"", "cannot be read"),
    ],
    ids=["another name", "a longer name", "over", "another key", "none", "empty"],
)
def test_another_certificate_proves_nothing(pem, why, certificates, host):
    host.body = pem
    assert why in refused(amazon.signed(NOTIFICATION), certificates)


@pytest.mark.parametrize(
    "place", ["s3", "s3-us-west-2", "s3-website-us-east-1", "s3-fips-us-gov-east-1", "elb", "eu-west"]
)
def test_a_bucket_that_somebody_called_sns_is_none_of_amazons_hosts(place, certificates, host):
    """Whoever has that bucket could put a key of their own there."""
    topic, where = f"arn:aws:sns:{place}:123456789012:x", f"https://sns.{place}.amazonaws.com/"
    message = amazon.signed({**NOTIFICATION, "TopicArn": topic})
    message["SigningCertURL"] = f"{where}SimpleNotificationService-{'ab12' * 8}.pem"
    assert "no certificate of Amazon's" in refused(message, certificates)
    assert sns.link_of({"SubscribeURL": f"{where}?Action=ConfirmSubscription&Token=x", "TopicArn": topic}) == ""
    assert host.asked == []


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-east-1", "cn-northwest-1", "ap-southeast-5", "il-central-1"])
def test_every_region_of_amazons_has_its_host(region):
    link = f"https://sns.{region}.amazonaws.com/?Action=ConfirmSubscription&Token=x"
    assert sns.link_of({"SubscribeURL": link, "TopicArn": f"arn:aws:sns:{region}:123456789012:x"}) == link


@pytest.mark.parametrize(
    ("age", "good"), [(0, True), (59, True), (61, False), (-4, True), (-6, False), (60 * 24, False)]
)
def test_a_message_is_good_for_an_hour(age, good, certificates):
    message = amazon.signed({**NOTIFICATION, "Timestamp": f"{NOW - timedelta(minutes=age):%Y-%m-%dT%H:%M:%S}.000Z"})
    if good:
        sns.prove(message, certificates, (), NOW)
    else:
        assert "it is of" in refused(message, certificates, now=NOW)


def test_a_topic_that_nobody_confirmed_is_not_heard_once_one_was(certificates):
    message = amazon.signed(NOTIFICATION)
    sns.prove(message, certificates, [amazon.TOPIC], datetime.now(UTC))
    assert "nobody confirmed" in refused(message, certificates, [f"{amazon.TOPIC}2"])
    sns.prove(amazon.signed(SUBSCRIPTION), certificates, [f"{amazon.TOPIC}2"], datetime.now(UTC))


def test_amazon_out_of_reach_is_no_forgery_and_is_asked_again(certificates, host):
    host.status = 503
    for _ in range(2):
        with pytest.raises(ChannelUnavailable, match="cannot be fetched") as error:
            sns.prove(amazon.signed(NOTIFICATION), certificates, (), datetime.now(UTC))
        assert error.value.shown_code == "T935"
    host.status = 200
    sns.prove(amazon.signed(NOTIFICATION), certificates, (), datetime.now(UTC))


def test_nothing_leaves_this_machine_for_a_certificate_while_production_is_off():
    with pytest.raises(ChannelUnavailable, match="cannot be fetched"):
        sns.fetch("https://203.0.113.7/x.pem", WebhookSettings(), production=False)
    with pytest.raises(ChannelUnavailable, match="public internet"):
        sns.fetch("https://169.254.169.254/latest/meta-data/", WebhookSettings(), production=True)


# ---------------------------------------------------------------- through the door


@pytest.fixture
def door(company, operator, host, monkeypatch):
    """The way in of Amazon: ``door(message)`` posts as SNS does, with the right password."""
    monkeypatch.setattr(providers, "CERTIFICATES", sns.Certificates(host.fetch))
    monkeypatch.setattr(providers, "_fetch", host.fetch)
    provider, password = providers.open_provider(by=operator, kind="amazon-ses")
    proof = base64.b64encode(f"{providers.USER}:{password}".encode()).decode()

    def post(message):
        headers = {"Authorization": f"Basic {proof}", "x-amz-sns-message-type": message["Type"],
                   "x-amz-sns-message-id": message["MessageId"]}  # fmt: skip
        raw = json.dumps(message)
        return Client().post(f"/in/{provider.path}/", raw, content_type="text/plain", headers=headers).status_code

    return post


def test_a_subscription_is_confirmed_by_a_person_from_here_and_its_topic_alone_is_heard(
    door, host, signed_in, operator
):
    assert door({**amazon.signed(SUBSCRIPTION), "Token": "stolen"}) == 403
    assert Provider.objects.get().unconfirmed == {}
    assert door(amazon.signed(SUBSCRIPTION)) == 200
    provider = Provider.objects.get()
    assert provider.unconfirmed == {amazon.TOPIC: amazon.LINK}
    client, address = signed_in("it_operator", username="operator"), f"/webhooks/providers/{provider.pk}/confirm/"
    assert "SES_Events" in client.get("/webhooks/providers/").content.decode()
    host.status = 500
    assert client.post(address, {"topic": amazon.TOPIC}).status_code == 422
    assert Provider.objects.get().topics == []
    host.status = 200
    assert client.post(address, {"topic": amazon.TOPIC}).status_code == 302
    assert host.asked[-1] == amazon.LINK.partition("amazonaws.com")[2]
    provider = Provider.objects.get()
    assert (provider.topics, provider.unconfirmed) == ([amazon.TOPIC], {})
    assert client.post(address, {"topic": amazon.TOPIC}).status_code == 422
    (row,) = audit_page(verb="provider topic confirmed")[0]
    assert (row.person, row.detail) == ("operator", {"topic": amazon.TOPIC})
    told = {**NOTIFICATION, "Message": "Successfully validated SNS topic for Amazon SES event publishing."}
    assert door(amazon.signed(told)) == 200
    assert door(amazon.signed({**told, "TopicArn": f"{amazon.TOPIC}2"})) == 403


def test_only_who_manages_endpoints_confirms(door, signed_in):
    door(amazon.signed(SUBSCRIPTION))
    pk = Provider.objects.get().pk
    for role in ("auditor", "marketer", "data_owner"):
        answer = signed_in(role).post(f"/webhooks/providers/{pk}/confirm/", {"topic": amazon.TOPIC})
        assert answer.status_code == 403
    assert Provider.objects.get().topics == []


def test_a_link_that_leads_elsewhere_is_not_kept_though_amazon_signed_it(door):
    for link in (
        "https://evil.example/?Action=ConfirmSubscription&x",
        "https://sns.us-east-1.amazonaws.com/?Action=Publish&x",
    ):
        assert door(amazon.signed({**SUBSCRIPTION, "SubscribeURL": link})) == 200
    assert Provider.objects.get().unconfirmed == {}


def test_while_it_cannot_be_proved_amazon_is_asked_to_come_again(door, host):
    host.status = 503
    assert door(amazon.signed(SUBSCRIPTION)) == 503
    assert Provider.objects.get().unconfirmed == {}


def test_only_the_newest_topics_wait(door):
    for number in range(12):
        door(amazon.signed({**SUBSCRIPTION, "TopicArn": f"{amazon.TOPIC}{number}"}))
    kept = Provider.objects.get().unconfirmed
    assert len(kept) == 10
    assert f"{amazon.TOPIC}11" in kept
    assert f"{amazon.TOPIC}1" not in kept
