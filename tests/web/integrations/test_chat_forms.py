"""What happens, told to a chat: one plain sentence in Slack's and in Teams' own form, to an address that stands nowhere."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone

from twain.errors import ConfigError
from twain_web.roles import Role
from twain_web.rooms.integrations import actions, delivering, programs
from twain_web.rooms.integrations.event_types import BY_NAME
from twain_web.rooms.integrations.models import Delivery, Endpoint
from twain_web.rooms.integrations.queueing import queue
from twain_web.rooms.integrations.sentences import TELLABLE, Sentence, sentence
from twain_web.rooms.integrations.shapes import shape, shapes, slack, teams
from twain_web.rooms.people.models import AuditRow

SECRET = "T0AAAA/B0BBBB/xoxSecretOfTheChannel"
MOVED = {"request": 12, "verb": "ask", "state": "asked", "title": "the birthday of customers", "day": "", "by": "pnair",
         "page": "/requests/r12/"}  # fmt: skip
EVIL = "<!channel> & <https://evil.example|press> [here](https://evil.example) **now**"


@pytest.fixture
def channel(company, other, operator):
    """Open an endpoint in a chat's form at the listener: its path is the secret."""

    def make(form="slack", types=("request.moved",), **more):
        url = f"http://127.0.0.1:{other.port}/services/{SECRET}"
        given = {"by": operator, "name": "Desk", "url": url, "types": types, "form": form} | more
        return actions.make_endpoint(**given).endpoint

    return make


def step(one):
    Endpoint.objects.filter(pk=one.pk).update(rests_until=None)
    Delivery.objects.filter(endpoint=one, state="waiting").update(next_at=timezone.now())
    delivering.deliver(str(one.pk))
    return Delivery.objects.filter(endpoint=one).latest("pk")


def test_slack_calls_nobody_and_makes_no_link_of_what_was_typed():
    told = slack.write(Sentence(EVIL, "https://twain.example/requests/r1/", "The request"))
    (block,) = told["blocks"]
    assert block["text"]["verbatim"] is True
    for text in (told["text"], block["text"]["text"]):
        assert text.startswith("&lt;!channel&gt; &amp; &lt;https://evil.example|press&gt;")
        assert text.count("<") == text.count(">") == 1
        assert text.endswith("<https://twain.example/requests/r1/|The request>")


def test_teams_gets_a_card_whose_words_are_no_markdown():
    told = teams.write(Sentence(EVIL, "https://twain.example/requests/r1/", "The request"))
    (attachment,) = told["attachments"]
    assert (told["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    (block,) = attachment["content"]["body"]
    assert (block["type"], block["inlines"]) == ("RichTextBlock", [{"type": "TextRun", "text": EVIL}])
    (button,) = attachment["content"]["actions"]
    assert (button["type"], button["url"]) == ("Action.OpenUrl", "https://twain.example/requests/r1/")


@pytest.mark.parametrize("name", sorted(TELLABLE))
def test_every_type_with_a_sentence_has_one_line_and_a_link_into_the_house(db, settings, name):
    settings.WEB_URL = "https://twain.example"
    told = sentence(name, BY_NAME[name].example()["data"])
    assert "\n" not in told.text
    assert "%(" not in told.text
    assert told.url.startswith("https://twain.example/")
    assert len(json.dumps(teams.write(told))) < 28_000  # the most that Teams takes


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("ask", "Test Pnair, Tester, asks whether this could be had: “the birthday of customers”."),
        ("promise", "Test Pnair, Tester, promises it for Friday 4 December 2026: “the birthday of customers”."),
        ("observe", "It is there, seen by the automatic check: “the birthday of customers”."),
        ("decline", "Test Pnair, Tester, offers a simpler way for: “the birthday of customers”."),
        ("regress", "Open again, what was there is lost: “the birthday of customers”."),
    ],
)
def test_a_request_in_a_sentence(somebody, verb, said):
    somebody(Role.DATA_OWNER, username="pnair")
    assert sentence("request.moved", MOVED | {"verb": verb, "day": "2026-12-04"}).text == said


@pytest.mark.parametrize("verb", ["name", "escalate", "reply", "start", "settle"])
def test_what_matters_to_one_person_alone_disturbs_no_channel(channel, verb):
    channel()
    assert queue("request.moved", MOVED | {"verb": verb}) == 0


def test_an_incident_names_who_was_told_and_what_waits(somebody):
    somebody(Role.DATA_OWNER, username="pnair")
    told = sentence("incident.opened", {"title": "Prices are 9 hours old", "impact": "2 campaigns, 41 000 recipients wait",
                                        "owner": "pnair", "page": "/incidents/i7/"})  # fmt: skip
    assert told.text == "Prices are 9 hours old. 2 campaigns, 41 000 recipients wait. Test Pnair, Tester, was told."


def test_an_address_that_a_colleague_typed_is_cut_out(db):
    told = sentence("request.moved", MOVED | {"title": "why did anna.schmidt@mail.example get two?"})
    assert "anna" not in told.text


def test_no_chat_can_be_told_of_recipients(channel):
    of_recipients = {one.name for one in BY_NAME.values() if one.many}
    assert not of_recipients & TELLABLE
    with pytest.raises(ConfigError) as refused:
        channel(types=["message.bounced"])
    assert refused.value.shown_code == "T972"
    with pytest.raises(ConfigError, match="no form 'fax'"):
        shape("fax")


@pytest.mark.parametrize("form", [one.name for one in shapes().values() if one.is_chat])
def test_it_arrives_unsigned_in_the_chats_form(channel, other, form):
    one = channel(form)
    queue("request.moved", MOVED)
    assert step(one).state == "done"
    ((path, headers, body),) = other.got
    assert path == f"/services/{SECRET}"
    assert "webhook-signature" not in headers
    assert json.loads(body) == shape(form).write(sentence("request.moved", MOVED))


@pytest.mark.parametrize(
    ("answer", "state", "is_on", "rests"),
    [
        ((400, {}), "waiting", True, False),  # invalid_payload: this message alone
        ((404, {}), "waiting", True, True),  # no_service: the webhook was taken away
        ((410, {}), "dead", False, True),  # channel_is_archived
        ((429, {"Retry-After": "30"}), "waiting", True, True),
        ((500, {}), "waiting", True, True),
    ],
)
def test_what_slack_answers_is_followed(channel, other, answer, state, is_on, rests):
    one = channel()
    queue("request.moved", MOVED)
    other.answers = [answer]
    assert step(one).state == state
    one.refresh_from_db()
    assert (one.is_on, one.rests_until is not None) == (is_on, rests)
    if answer[0] == 429:
        assert (one.rests_until - timezone.now()).total_seconds() > 25


def test_its_address_stands_in_no_row_no_page_and_no_answer(channel, other, operator, signed_in):
    one = channel()
    client = signed_in(Role.IT_OPERATOR, username="operator")
    assert one.url == f"http://127.0.0.1:{other.port}/…"
    assert SECRET.encode() not in bytes(one.sealed)
    queue("request.moved", MOVED)
    other.answers = [(500, {"Warning": "x"})]
    other.says = f"no such hook: /services/{SECRET} ({SECRET.rpartition('/')[2]})".encode()
    delivery = step(one)
    assert "no such hook" in delivery.technical
    pages = ["/webhooks/", f"/webhooks/{one.pk}/", f"/webhooks/{one.pk}/change/", f"/webhooks/messages/{delivery.pk}/"]
    shown = "".join(client.get(page).content.decode() for page in pages)
    rows = "".join(f"{row.verb} {row.thing} {row.detail}" for row in AuditRow.objects.all())
    for part in (SECRET, *SECRET.split("/")[2:]):
        assert part not in shown + rows + delivery.technical + delivery.why + repr(programs.endpoints())


def test_a_refused_address_is_not_repeated(channel):
    with pytest.raises(ConfigError) as refused:
        channel(url=f"https://10.0.0.1/services/{SECRET}")
    assert refused.value.shown_code == "T900"
    assert SECRET not in str(refused.value)
    assert "https://10.0.0.1/…" in refused.value.what


def test_an_address_that_it_keeps_is_looked_up_where_it_lies(channel, other, operator, monkeypatch):
    monkeypatch.setenv("DESK_CHANNEL", f"http://127.0.0.1:{other.port}/services/elsewhere")
    one = channel(url="", secret_ref="env:DESK_CHANNEL")
    assert one.sealed is None
    queue("request.moved", MOVED)
    step(one)
    assert other.got[0][0] == "/services/elsewhere"
    kept = {"by": operator, "endpoint": one, "name": "Desk", "types": one.types}
    actions.change_endpoint(**kept, url=one.url, secret_ref="")
    actions.test_endpoint(by=operator, endpoint=one)
    step(one)
    assert other.got[1][0] == "/services/elsewhere", "what is shown of an address is never taken for it"
    actions.change_endpoint(**kept, url="", secret_ref="env:DESK_CHANNEL")
    monkeypatch.setenv("DESK_CHANNEL", "https://10.0.0.1/services/inside")
    queue("request.moved", MOVED)
    delivery = step(one)
    assert delivery.state == "waiting", "an address that IT changed is checked again"
    assert "10.0.0.1" in delivery.technical
    assert "inside" not in delivery.technical


def test_a_change_keeps_the_address_and_a_chat_has_no_other_secret(channel, other, operator):
    one = channel()
    kept = {"by": operator, "endpoint": one, "name": "Renamed", "types": ["send.held"]}
    actions.change_endpoint(**kept, url=one.url)
    actions.test_endpoint(by=operator, endpoint=one)
    step(one)
    assert other.got[0][0] == f"/services/{SECRET}"
    assert b"A test of Twain by" in other.got[0][2]
    actions.change_endpoint(**kept, url=f"http://127.0.0.1:{other.port}/services/other")
    actions.test_endpoint(by=operator, endpoint=one)
    step(one)
    assert other.got[1][0] == "/services/other"
    with pytest.raises(ConfigError) as refused:
        actions.rotate_secret(by=operator, endpoint=one)
    assert refused.value.shown_code == "T972"


def test_the_page_offers_each_form_with_what_it_can_tell(company, signed_in):
    client = signed_in(Role.IT_OPERATOR, username="operator")
    page = client.get("/webhooks/new/?form=slack").content.decode()
    assert "hooks.slack.com/services" in page
    assert "incident.opened" in page
    assert "message.bounced" not in page
    assert "message.bounced" in client.get("/webhooks/new/?form=nonsense").content.decode()
    told = {"name": "Desk", "url": "", "types": ["request.moved"], "secret_ref": ""}
    refused = client.post("/webhooks/new/?form=slack", told)
    assert refused.status_code == 422
    assert refused.context["form"].errors["url"]
