"""What a message looks like for real people, what is wrong with it, and sending it to those who check it."""

import email
import email.policy
import re
from pathlib import Path

import pytest

from twain.delivery.channels.memory import MemoryChannel
from twain.errors import Held
from twain.flows.control import lift, stop
from twain.flows.instance import Instance
from twain.settings import ChannelSettings
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.content import actions, checks
from twain_web.rooms.content.models import Comment, ProofPerson
from twain_web.rooms.content.words import WORDS


@pytest.fixture
def channel(monkeypatch):
    made = MemoryChannel(ChannelSettings(name="mail", kind="memory", options={}))
    monkeypatch.setattr(Instance, "channel", lambda self, name: made)
    return made


def found(content, document):
    return [(one.level, one.code, one.block) for one in checks.findings(content, document)]


def leading_to(address):
    """A button with the words of another one."""
    return {"type": "button", "line": [{"text": "Go"}], "href": [{"text": address}] if address else []}


# ---- preview


def test_the_preview_is_a_real_person_masked_by_the_preview_right(signed_in, company, written):
    client = signed_in(Role.MARKETER, username="writer")
    page = client.post("/content/frost/preview/", {"who": "first", "device": "desktop"})
    shown = page.context["people"][0]
    assert shown["subject"].endswith(", hello")
    assert "Born long ago" in shown["text"]
    assert shown["size"] > 2000
    assert shown["sender"] == "Nord <news@mail.nordlicht.example>"
    text = client.post("/content/frost/preview/", {"who": "first", "device": "text"})
    assert "<pre>" in text.content.decode()
    assert "<iframe" not in text.content.decode()


def test_somebody_is_previewed_by_key_and_the_hardest_ones_all_at_once(signed_in, company, written):
    client = signed_in(Role.MARKETER, username="writer")
    one = client.post("/content/frost/preview/", {"who": "key", "key": "7", "device": "dark"})
    assert [p["who"] for p in one.context["people"]] == ["Customer number 7"]
    assert "invert(1)" in one.context["people"][0]["html"]
    many = client.post("/content/frost/preview/", {"who": "extremes", "device": "mobile"}).context["people"]
    subjects = [p["subject"] for p in many]
    assert len(many) >= 3
    assert max(map(len, subjects)) > 30
    assert "friend, hello" in subjects
    nobody = client.post("/content/frost/preview/", {"who": "key", "key": "no such person"})
    assert "nobody with the key" in nobody.context["error"].what


def test_the_other_team_sees_saved_versions(signed_in, company, written):
    client = signed_in(Role.DATA_OWNER)
    assert "Remarks" in client.get("/content/frost/").content.decode()
    page = client.post("/content/frost/preview/", {"who": "first", "version": "1"})
    assert page.context["people"]


def test_the_editor_offers_only_fields_that_may_stand_in_messages(signed_in, written):
    offered = signed_in(Role.MARKETER, username="writer").get("/content/frost/").context["opened"]["fields"]
    names = {f["name"]: f for f in offered["fields"]}
    assert "email" not in names
    assert "postcode" not in names
    assert names["birth_date"]["masked"]
    assert names["first_name"]["business"] == "First name"
    orders = next(one for one in offered["related"] if one["relation"] == "orders")
    assert "status" not in {f["name"] for f in orders["fields"]}


# ---- checks


def test_a_good_message_has_nothing_wrong(content, document):
    assert found(content, document) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"type": "image", "src": "https://x.nordlicht.example/a.png"}, ("warning", "T513", "probe")),
        ({"type": "image"}, ("warning", "", "probe")),
        (leading_to(""), ("error", "T511", "probe")),
        (leading_to("http://www.nordlicht.example/"), ("warning", "", "probe")),
        (leading_to("https://example.com/"), ("warning", "", "probe")),
        (leading_to("https://www.nordlicht.example/other"), ("note", "", "probe")),
        (leading_to("javascript:alert(1)"), ("error", "T511", "probe")),
        ({"type": "text", "paragraphs": [[{"field": "city"}]]}, ("error", "T504", "probe")),
        ({"type": "text", "paragraphs": [[{"field": "frist_name"}]]}, ("error", "T503", "probe")),
        ({"type": "text", "paragraphs": [[{"field": "email"}]]}, ("error", "T503", "probe")),
        ({"type": "text", "paragraphs": [[{"text": "w" * 300}]] * 190}, ("warning", "T512", "")),
    ],
)  # fmt: skip
def test_each_fault_is_found_with_its_block(content, document, change, expected):
    document["message"]["blocks"].insert(3, {"id": "probe", **change})
    if expected[1] == "T512":
        document["message"]["blocks"] = [
            *({**change, "id": f"n{n}"} for n in range(2)), document["message"]["blocks"][-1],
        ]  # fmt: skip
    assert expected in found(content, document)


def test_a_message_without_a_footer_cannot_go(content, document):
    document["message"]["blocks"].pop()
    assert {code for level, code, _ in found(content, document) if level == "error"} >= {"T507", "T508"}


def test_a_missing_default_names_its_field_and_the_word_is_the_business_one(content, document):
    del document["message"]["defaults"]["first_name"]
    finding = checks.findings(content, document)[0]
    assert (finding.field, finding.block) == ("first_name", "subject")
    assert "First name" in finding.text


def test_an_unknown_field_comes_with_the_closest_business_word(content, document):
    document["message"]["subject"] = [{"field": "frist_name"}]
    assert "First name" in checks.findings(content, document)[0].text


def test_hard_to_read_colours_and_a_bad_sender_are_said(content, document):
    content.brand.style = {"text": "#bbbbbb", "surface": "#ffffff"}
    content.brand.sender_address = "not an address"
    texts = [one.text for one in checks.findings(content, document)]
    assert any("colour of text" in text for text in texts)
    assert any("may stand in a header" in text for text in texts)


def test_contrast_is_wcags():
    assert checks.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert checks.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


# ---- test sends and remarks


def test_a_test_is_a_real_message_marked_and_counted_nowhere(signed_in, company, written, channel):
    ProofPerson.objects.create(name="Mara Seidel", address="mara@nordlicht.example")
    client = signed_in(Role.MARKETER, username="writer")
    number = ProofPerson.objects.get().pk
    before = len(engine.instance().ledger.runs())
    page = client.post("/content/frost/test/", {"to": ["me", str(number)], "who": "key", "key": "7"})
    assert "2 test messages" in page.content.decode()
    assert [e.recipient for e in channel.sent] == [b"writer@example.com", b"mara@nordlicht.example"]
    message = email.message_from_bytes(channel.sent[0].data, policy=email.policy.default)
    assert message["Subject"].startswith("[Test] ")
    assert message["To"] == "writer@example.com"
    assert message["Message-ID"].startswith("<test.")
    assert "Born long ago" in message.get_body(("plain",)).get_content()
    assert len(engine.instance().ledger.runs()) == before


def test_the_hardest_people_come_as_one_message_each(signed_in, company, written, channel):
    client = signed_in(Role.MARKETER, username="writer")
    client.post("/content/frost/test/", {"to": ["me"], "who": "extremes"})
    assert len(channel.sent) >= 3
    assert len({e.data.partition(b"Message-ID: ")[2][:40] for e in channel.sent}) == len(channel.sent)


def test_a_test_obeys_the_red_switch(writer, company, written, document, channel):
    stop(engine.instance(writer), "all", "a fire drill")
    try:
        with pytest.raises(Held, match="fire drill"):
            actions.send_test(by=writer, content=written, document=document, recipients=["writer@example.com"])
    finally:
        lift(engine.instance(writer), "all")
    assert channel.sent == []


def test_a_relay_that_refuses_is_told(signed_in, company, written, channel):
    channel.script.answer(b"writer@example.com", b"550 5.1.1 no such person")
    page = signed_in(Role.MARKETER, username="writer").post("/content/frost/test/", {"to": ["me"]})
    assert "not sent" in page.content.decode()
    assert "no such person" in page.content.decode()


def test_nobody_to_send_to_is_said(signed_in, company, written, channel):
    page = signed_in(Role.MARKETER, username="writer").post(
        "/content/frost/test/", {"to": []}, headers={"HX-Request": "true"}
    )
    assert page.status_code == 422
    assert "nobody to send it to" in page.content.decode()


def test_both_teams_remark_and_settle(signed_in, written):
    client = signed_in(Role.DATA_OWNER)
    page = client.post("/content/frost/comments/add/", {"text": "Is this price still right?", "block": "list"})
    assert "Is this price still right?" in page.content.decode()
    comment = Comment.objects.get()
    assert (comment.version, comment.block) == (1, "list")
    signed_in(Role.MARKETER, username="writer").post("/content/frost/comments/settle/", {"comment": comment.pk})
    comment.refresh_from_db()
    assert comment.settled_at


def test_a_channel_that_is_away_is_said(signed_in, company, written, channel):
    channel.up = False
    page = signed_in(Role.MARKETER, username="writer").post("/content/frost/test/", {"to": ["me"]})
    assert page.status_code == 422
    assert "switched off" in page.content.decode()
    assert channel.sent == []


def test_every_word_of_the_scripts_can_be_translated():
    scripts = Path(checks.__file__).parent / "static" / "content"
    used = {word for file in scripts.glob("*.js") for word in re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', file.read_text())}
    assert used == set(WORDS)
