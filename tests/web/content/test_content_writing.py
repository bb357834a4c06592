"""Drafts that lose nothing, versions that never change, and what campaigns are given."""

import pytest

from twain.errors import ConfigError, ContentError, WrongState
from twain.records import Sender
from twain_web.models import OutboxRow
from twain_web.roles import Role
from twain_web.rooms.content import actions, public, reads
from twain_web.rooms.content.demo import enter_demo
from twain_web.rooms.content.models import KeptDraft, ReusableBlock
from twain_web.rooms.people.models import AuditRow

URL = "/content/frost/draft/"


def test_every_pause_is_saved_and_the_next_page_goes_on_there(signed_in, content, document, post_json):
    client = signed_in(Role.MARKETER, username="writer")
    first = post_json(client, URL, {"document": document, "revision": 0, "tab": "t1", "sequence": 1})
    assert first.status_code == 200
    assert first.json()["revision"] == 1
    opened = client.get("/content/frost/").context["opened"]
    assert opened["document"] == document
    assert opened["revision"] == 1


def test_another_tab_is_told_and_both_are_kept(signed_in, content, document, message, post_json):
    client = signed_in(Role.MARKETER, username="writer")
    post_json(client, URL, {"document": document, "revision": 0, "tab": "t1", "sequence": 1})
    other = {"kind": "blocks", "message": message | {"subject": [{"text": "The other tab"}]}}
    second = post_json(client, URL, {"document": other, "revision": 0, "tab": "t2", "sequence": 1})
    assert second.status_code == 409
    assert second.json()["other"] == document
    kept = KeptDraft.objects.get()
    assert kept.document == other
    assert second.json()["kept"] == kept.pk
    client.post("/content/frost/kept/", {"kept": kept.pk})
    assert reads.draft_of(content, kept.person).document == other
    assert KeptDraft.objects.get(why="given_up").document == document


def test_what_comes_late_from_the_same_tab_is_no_conflict(signed_in, content, document, message, post_json):
    client = signed_in(Role.MARKETER, username="writer")
    newer = {"kind": "blocks", "message": message | {"subject": [{"text": "newer"}]}}
    post_json(client, URL, {"document": newer, "revision": 0, "tab": "t1", "sequence": 5})
    late = post_json(client, URL, {"document": document, "revision": 0, "tab": "t1", "sequence": 4})
    assert late.status_code == 200
    again = post_json(client, URL, {"document": newer | {"utm": {}}, "revision": 0, "tab": "t1", "sequence": 6})
    assert again.json()["revision"] == 2
    assert reads.draft_of(content, content.owner).document == newer | {"utm": {}}
    assert not KeptDraft.objects.exists()


def test_a_broken_document_is_kept_and_its_fault_is_said(signed_in, content, message, post_json):
    client = signed_in(Role.MARKETER, username="writer")
    message["blocks"][2]["href"] = [{"text": "not an address"}]
    answer = post_json(client, URL, {"document": {"kind": "blocks", "message": message}, "revision": 0}).json()
    assert answer["revision"] == 1
    assert answer["findings"][0]["block"] == "go"
    assert "not a web" in answer["findings"][0]["text"]


@pytest.mark.parametrize(
    "body", ["[]", "no json", '{"document": 3}', '{"document": {"kind": "blocks"}, "revision": 0}']
)
def test_nonsense_is_answered_and_changes_nothing(signed_in, content, body):
    client = signed_in(Role.MARKETER, username="writer")
    answer = client.post(URL, body, content_type="application/json")
    assert answer.status_code in (200, 422)
    assert answer.status_code == 422 or answer.json()["findings"][0]["level"] == "error"


def test_a_saved_version_never_changes(writer, written, document):
    ReusableBlock.objects.create(
        slug="head", name="Head", blocks=[{"id": "x", "type": "text", "paragraphs": [[{"text": "Old"}]]}]
    )
    document["message"]["blocks"].insert(0, {"id": "r", "type": "reusable", "slug": "head"})
    draft = actions.begin_draft(by=writer, content=written)
    actions.save_draft(by=writer, content=written, document=document, revision=draft.revision)
    actions.save_version(by=writer, content=written)
    ReusableBlock.objects.update(blocks=[{"id": "x", "type": "text", "paragraphs": [[{"text": "New"}]]}])
    assert "Old" in public.written("frost").content.body
    assert "Old" not in public.written("frost", 1).content.body
    assert OutboxRow.objects.filter(topic="content.saved").count() == 2
    assert AuditRow.objects.filter(verb="content saved", thing="content:frost").count() == 2


def test_somebody_elses_version_is_said_before_mine_goes_on_top(somebody, writer, written, document):
    other = somebody(Role.MARKETING_LEAD, username="other")
    actions.begin_draft(by=other, content=written)
    draft = actions.begin_draft(by=writer, content=written)
    actions.save_draft(
        by=writer, content=written, document=document | {"utm": {"utm_source": "x"}}, revision=draft.revision
    )
    actions.save_version(by=writer, content=written)
    with pytest.raises(WrongState, match="has saved version 2"):
        actions.save_version(by=other, content=written)
    assert actions.save_version(by=other, content=written, over=2).number == 3


def test_restoring_keeps_what_was_being_written(signed_in, writer, written, document, message):
    changed = {"kind": "blocks", "message": message | {"subject": [{"text": "changed"}]}}
    draft = actions.begin_draft(by=writer, content=written)
    actions.save_draft(by=writer, content=written, document=changed, revision=draft.revision)
    answer = signed_in(Role.MARKETER, username="writer").post("/content/frost/versions/1/restore/")
    assert answer.url == "/content/frost/"
    assert reads.draft_of(written, writer).document == document
    assert KeptDraft.objects.get().document == changed


def test_blocks_become_code_and_come_back_only_unchanged(writer, written, document):
    code = actions.turn_into(by=writer, content=written, kind="mjml").document
    assert code["kind"] == "mjml"
    assert "utm_source" not in code["message"]["body"]
    assert actions.turn_into(by=writer, content=written, kind="blocks").document["message"] == document["message"]
    code = actions.turn_into(by=writer, content=written, kind="mjml")
    code.document["message"]["body"] = code.document["message"]["body"].replace("frost", "snow")
    code.save()
    with pytest.raises(WrongState, match="would lose"):
        actions.turn_into(by=writer, content=written, kind="blocks")


def test_code_says_the_same_as_its_blocks(writer, written):
    actions.turn_into(by=writer, content=written, kind="mjml")
    actions.save_version(by=writer, content=written)
    blocks, code = public.written("frost", 1), public.written("frost", 2)
    assert code.content.body == blocks.content.body
    assert (code.related, code.defaults, code.content.subject) == (
        blocks.related,
        blocks.defaults,
        blocks.content.subject,
    )


def test_campaigns_are_given_words_data_defaults_and_sender(written):
    given = public.written("frost")
    assert (given.version, given.feed, given.name) == (1, "customers", "Frost")
    assert given.content.subject == "{{ first_name }}, hello"
    assert given.content.markup == "mjml"
    assert "utm_source=news" in given.content.body
    assert [column.relation for column in given.related] == ["orders"]
    assert given.defaults["first_name"] == "friend"
    assert given.sender == Sender(
        "news@mail.nordlicht.example", "Nord", "hello@nordlicht.example", "Oranienstraße 12, Berlin"
    )
    card = public.contents()[0]
    assert (card.slug, card.version, card.subject) == ("frost", 1, "‹First name›, hello")
    with pytest.raises(ConfigError, match="no version 9"):
        public.written("frost", 9)
    with pytest.raises(ConfigError, match="no content 'nothing'"):
        public.written("nothing")


def test_a_content_without_a_version_cannot_be_used(content):
    with pytest.raises(ConfigError, match="no saved version"):
        public.written("frost")


def test_rooms_above_say_where_it_is_used(signed_in, written, monkeypatch):
    use = public.Use("campaign", "Winter sale", "/campaigns/winter/")
    monkeypatch.setattr(public, "USES", [lambda slug: [use] if slug == "frost" else []])
    assert public.uses("frost") == [use]
    page = signed_in(Role.MARKETER, username="writer").get("/content/frost/settings/")
    assert "Winter sale" in page.content.decode()


def test_a_copy_begins_as_a_draft_of_its_own(writer, written, document):
    made = actions.duplicate_content(by=writer, content=written)
    assert made.slug == "frost-copy"
    assert reads.draft_of(made, writer).document == document
    assert reads.version(made) is None


@pytest.mark.parametrize("name", ["new", "media", "brands", "reusable", "Ünïcode ☃", "../../etc", "  "])
def test_a_name_makes_an_address_that_is_no_other_page(writer, brand, name, signed_in):
    made = actions.make_content(by=writer, name=name, feed="customers", brand=brand)
    page = signed_in(Role.MARKETER, username="writer").get(f"/content/{made.slug}/")
    assert page.context["content"] == made


def test_a_message_that_cannot_be_compiled_is_no_version(writer, content, message):
    message["blocks"][0] = {"id": "r", "type": "reusable", "slug": "nowhere"}
    actions.save_draft(by=writer, content=content, document={"kind": "blocks", "message": message}, revision=0)
    with pytest.raises(ContentError):
        actions.save_version(by=writer, content=content)
    assert reads.version(content) is None


def test_a_reusable_block_in_a_draft_is_not_put_away(writer, content, document):
    kept = actions.keep_reusable(by=writer, name="Head", blocks=[{"id": "x", "type": "divider"}])
    document["message"]["blocks"].insert(0, {"id": "r", "type": "reusable", "slug": kept.slug})
    actions.save_draft(by=writer, content=content, document=document, revision=0)
    with pytest.raises(ConfigError, match="used in Frost"):
        actions.archive_reusable(by=writer, reusable=kept)
    with pytest.raises(ConfigError, match="cannot hold another"):
        actions.keep_reusable(by=writer, name="Two", blocks=[{"id": "r", "type": "reusable", "slug": "head"}])


def test_what_is_kept_under_a_name_that_is_taken_changes_it(signed_in, writer, content, post_json):
    client = signed_in(Role.MARKETER, username="writer")
    for words in ("Old", "New"):
        blocks = [{"id": "x", "type": "text", "paragraphs": [[{"text": words}]]}]
        answer = post_json(client, "/content/reusable/keep/", {"name": "Head", "blocks": blocks})
        assert answer.json() == {"slug": "head", "name": "Head"}
    assert ReusableBlock.objects.get().blocks[0]["paragraphs"] == [[{"text": "New"}]]
    assert post_json(client, "/content/reusable/keep/", {"name": "Head"}).status_code == 422


def test_the_demo_company_has_written_something(somebody, company):
    somebody(Role.MARKETER, username="writer")
    enter_demo(by="writer")
    enter_demo(by="writer")
    given = public.written("first-frost")
    assert given.version == 1
    assert "NORDLICHT OUTDOOR" in given.content.body


def test_versions_are_compared_in_words(signed_in, writer, written, message):
    client = signed_in(Role.MARKETER, username="writer")
    message["blocks"][0]["line"] = [{"text": "The last frost"}]
    message["blocks"].pop(2)
    draft = actions.begin_draft(by=writer, content=written)
    actions.save_draft(
        by=writer, content=written, document={"kind": "blocks", "message": message}, revision=draft.revision
    )
    actions.save_version(by=writer, content=written)
    page = client.get("/content/frost/versions/2/")
    changes = {change.kind: change for change in page.context["changes"]}
    assert ("removed", "first") in changes["changed"].pieces
    assert ("added", "last") in changes["changed"].pieces
    assert changes["removed"].what == "Button"
    assert client.get("/content/frost/versions/7/").status_code == 404
    first = {change.what: change.pieces for change in client.get("/content/frost/versions/1/").context["changes"]}
    assert first["Subject"] == (("added", "‹First name›, hello"),)
    assert set(first) == {"Subject", "Preview line", "Heading", "Text", "Button", "List", "Footer"}
