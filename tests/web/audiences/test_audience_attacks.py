"""Attacks on the room: other people's drafts, fields without the right, scripts in names, anything in any parameter."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.audiences.page_reader import parse
from tests.web.audiences.test_builder_law import GROUND, edits, posted
from twain.records import Right
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.audiences.models import Audience, AudienceDraft, AudienceVersion, Count

pytestmark = pytest.mark.usefixtures("company")

SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7919*7907}}"


@pytest.fixture
def made(somebody):
    """A saved audience of one marketer's, with a version."""
    owner = somebody(Role.MARKETER, username="owner")
    audience = Audience.objects.create(slug="hers", name=SCRIPT, description=SCRIPT, folder=SCRIPT[:40], feed="customers",
                                       owner=owner)  # fmt: skip
    rule = {"all": [{"field": "city", "op": "eq", "value": SCRIPT}]}
    audience.current = AudienceVersion.objects.create(audience=audience, number=1, rule=rule, author=owner, note=SCRIPT)
    audience.save()
    return audience


def draft_of(username):
    return AudienceDraft.objects.get(person__username=username)


PAGES = (
    "",
    "new/",
    "overlap/",
    "hers/",
    "hers/edit/",
    "hers/versions/1/",
    "hers/edit/picker/",
    "hers/edit/sql/",
    "hers/rule.json",
)


@pytest.mark.parametrize("page", PAGES)
def test_no_script_in_a_name_or_a_value_becomes_part_of_a_page(made, signed_in, page):
    answer = signed_in(Role.MARKETER).get(f"/audiences/{page}")
    assert answer.status_code == 200
    if page.endswith("json"):
        assert answer["Content-Type"] == "application/json"
        assert answer["Content-Disposition"].startswith("attachment")
        return
    elements = list(parse(answer.content.decode()).walk())
    assert not [e for e in elements if "onerror" in e.attributes or e.attributes.get("src") == "x"]
    assert not [e for e in elements if e.tag == "script" and "src" not in e.attributes]
    assert str(7919 * 7907).encode() not in answer.content


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("page", ["", "hers/", "gold-in-berlin/", "hers/versions/1/", "hers/rule.json"])
def test_everybody_may_read(made, signed_in, role, page):
    assert signed_in(role).get(f"/audiences/{page}").status_code == 200


def test_a_draft_is_each_person_s_own(made, signed_in):
    first, second = signed_in(Role.MARKETER, username="first"), signed_in(Role.MARKETER, username="second")
    for client in (first, second):
        client.get("/audiences/hers/edit/")
    first.post(
        "/audiences/hers/edit/change/", {"revision": 0, "do": "add", "path": "", "kind": "field", "name": "points"}
    )
    assert len(draft_of("first").tree["all"]) == 2
    assert len(draft_of("second").tree["all"]) == 1


def test_an_audience_that_was_never_saved_is_its_owner_s_alone(signed_in, somebody):
    signed_in(Role.MARKETER, username="owner").post("/audiences/new/", {"name": "Secret plan", "feed": "customers"})
    other = signed_in(Role.MARKETER, username="other")
    assert other.get("/audiences/secret-plan/").status_code == 403
    assert other.get("/audiences/secret-plan/edit/").status_code == 403
    assert other.post("/audiences/secret-plan/edit/change/", {"do": "undo"}).status_code == 403
    assert b"Secret plan" not in other.get("/audiences/").content
    assert "secret-plan" not in engine.instance("other").workspace.audiences


@pytest.mark.parametrize(("role", "path", "status"), [
    (Role.AUDITOR, "hers/edit/change/", 403), (Role.AUDITOR, "hers/count/", 403), (Role.AUDITOR, "hers/sample/", 403),
    (Role.DATA_OWNER, "hers/edit/change/", 403), (Role.DATA_OWNER, "hers/edit/save/", 403), (Role.DATA_OWNER, "new/", 403),
    (Role.IT_OPERATOR, "hers/archive/", 403), (Role.IT_OPERATOR, "hers/duplicate/", 403),
    (Role.ADMINISTRATOR, "hers/count/", 403), (Role.MARKETER, "hers/archive/", 403),
    (Role.MARKETER, "gold-in-berlin/edit/", 404), (Role.MARKETER, "gold-in-berlin/archive/", 404),
    (Role.MARKETER, "nothing/edit/", 404), (Role.MARKETER, "hers/versions/9/restore/", 404),
])  # fmt: skip
def test_who_may_not_is_refused_and_nothing_changes(made, signed_in, role, path, status):
    assert signed_in(role, username="stranger").post(f"/audiences/{path}", {"name": "x"}).status_code == status
    assert Audience.objects.get().current.number == 1
    assert Audience.objects.get().archived_at is None
    assert not Count.objects.exists()


def test_somebody_else_s_count_is_not_there(made, signed_in, somebody):
    count = Count.objects.create(person=somebody(Role.MARKETER, username="owner"), kind="editing", feed="customers", trees={},
                                 audience="hers")  # fmt: skip
    for role in (Role.MARKETER, Role.MARKETING_LEAD):
        client = signed_in(role, username=f"other-{role}")
        assert client.get(f"/audiences/counts/{count.pk}/").status_code == 404
        assert client.post(f"/audiences/counts/{count.pk}/").status_code == 404
    count.refresh_from_db()
    assert count.state == Count.RUNNING


def test_a_field_without_the_right_is_nowhere_to_be_chosen(made, signed_in):
    client = signed_in(Role.MARKETER)
    client.get("/audiences/hers/edit/")
    hidden = [f.business_name for f in GROUND.feed.fields.values() if Right.FILTER not in f.rights]
    assert "E-mail address" in hidden
    for query in ("", "?q=", "?q=email", "?q=mail", "?q=family", "?q=phone"):
        page = client.get(f"/audiences/hers/edit/picker/{query}").content.decode()
        assert not [name for name in hidden if name in page]
        assert "Telephone" not in page


@pytest.mark.parametrize("sent", [
    {"do": "add", "path": "", "kind": "field", "name": "email"},
    {"do": "add", "path": "", "kind": "anniversary", "name": "email"},
    {"do": "swap", "path": "0", "kind": "field", "name": "last_name"},
    {"do": "swap", "path": "0", "kind": "field", "name": "phone"},
    {"do": "replace", "rule": json.dumps({"field": "email", "op": "starts_with", "value": "a"})},
    {"do": "replace", "rule": json.dumps({"rule": {"all": [{"field": "phone", "op": "is_null"}]}})},
])  # fmt: skip
def test_a_field_without_the_right_gets_in_by_no_edit(made, signed_in, sent):
    client = signed_in(Role.MARKETER, username="owner")
    client.get("/audiences/hers/edit/")
    before = draft_of("owner").tree
    answer = client.post("/audiences/hers/edit/change/", {"revision": 0, **sent})
    assert answer.status_code == 422
    assert answer["HX-Reswap"] == "none"
    assert "nothing called" in answer.content.decode()
    assert draft_of("owner").tree == before


def test_a_field_that_lost_its_right_keeps_a_draft_from_being_saved(made, signed_in):
    client = signed_in(Role.MARKETER, username="owner")
    client.get("/audiences/hers/edit/")
    AudienceDraft.objects.update(tree={"all": [{"field": "email", "op": "not_null"}]})
    assert client.post("/audiences/hers/edit/save/", {"revision": 0}).status_code == 422
    assert client.post("/audiences/hers/edit/sample/").status_code == 422
    assert AudienceVersion.objects.count() == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(edits, st.integers(0, 63)), max_size=5), st.text(max_size=12), st.text(max_size=12))
def test_no_edit_whatsoever_breaks_the_page_or_the_tree(made, signed_in, taken, path, rule):
    client = signed_in(Role.MARKETER, username="owner")
    client.get("/audiences/hers/edit/")
    for edit, at in taken:
        draft = draft_of("owner")
        sent = posted(edit, draft.tree, at) | {"revision": [draft.revision]}
        assert client.post("/audiences/hers/edit/change/", sent).status_code in (200, 422)
        GROUND.judge(draft_of("owner").tree)
    for extra in (
        {"path": path},
        {"path": "", "do": "replace", "rule": rule},
        {"path": path, "do": path, "kind": rule},
    ):
        sent = {"revision": draft_of("owner").revision, "do": "remove", **extra}
        assert client.post("/audiences/hers/edit/change/", sent).status_code in (200, 422)
    assert client.get("/audiences/hers/edit/", {"x": path}).status_code == 200


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["q", "folder", "archived", "page", "with", "path", "audience"]), st.text(max_size=20)
    )
)
def test_no_parameter_breaks_a_page(made, signed_in, query):
    client = signed_in(Role.MARKETER)
    for page in ("", "hers/versions/1/", "hers/edit/picker/", "overlap/", "hers/"):
        assert client.get(f"/audiences/{page}", query).status_code in (200, 422)


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"all": [NaN]}', '"\\ud800"', "null", "[]", '{"rule": 5}',
                                  '{"history": "mailed", "campaign": "a\\u0000b"}',
                                  '{"history": "mailed", "campaign": "\\ud800"}',
                                  '{"field": "points", "op": "in", "value": ' + json.dumps(list(range(6000))) + "}"])  # fmt: skip
def test_a_pasted_rule_that_is_none_is_refused_in_words(made, signed_in, text):
    client = signed_in(Role.MARKETER, username="owner")
    client.get("/audiences/hers/edit/")
    answer = client.post("/audiences/hers/edit/change/", {"revision": 0, "do": "replace", "rule": text})
    assert answer.status_code == 422
    assert draft_of("owner").revision == 0
