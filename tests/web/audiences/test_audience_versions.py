"""Versions, copies, the archive; and what other rooms and flows see of an audience."""

from __future__ import annotations

import pytest

from twain.errors import ConfigError
from twain.flows import counting
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.audiences import actions, public, reads
from twain_web.rooms.audiences.models import Audience, AudienceDraft, AudienceVersion
from twain_web.rooms.people.models import AuditRow

pytestmark = pytest.mark.usefixtures("company")

BERLIN = {"all": [{"field": "city", "op": "eq", "value": "Berlin"}]}
BONN = {"all": [{"field": "city", "op": "eq", "value": "Bonn"}]}


@pytest.fixture
def marketer(somebody):
    return somebody(Role.MARKETER, username="owner")


@pytest.fixture
def saved(marketer):
    """``saved(name, rule, …more rules)``: an audience with a version each."""

    def make(name, *rules):
        audience = actions.create_audience(by=marketer, name=name, feed="customers")
        for number, rule in enumerate(rules):
            over = reads.ground_of(audience, marketer)
            actions.save_version(by=marketer, audience=audience, tree=rule, ground=over, base=number, note=f"n{number}")
        return audience

    return make


def test_other_rooms_see_the_house_s_and_the_files_audiences(saved):
    saved("Berliners", BERLIN)
    cards = {card.slug: card for card in public.audiences()}
    assert cards["berliners"].version == 1
    assert cards["berliners"].rule == BERLIN
    assert not cards["berliners"].from_files
    assert cards["gold-in-berlin"].from_files
    assert cards["gold-in-berlin"].name == "Gold customers in Berlin"
    assert cards["gold-in-berlin"].feed == "customers"
    assert public.audience("berliners") == cards["berliners"]
    with pytest.raises(ConfigError):
        public.audience("nobody")


def test_a_flow_nests_an_audience_of_the_house(saved):
    saved("Berliners", BERLIN)
    instance = engine.instance("test")
    rule = counting.Rule("x", {"all": [{"audience": "berliners"}]}, instance.workspace.feed("customers"))
    direct = counting.Rule("x", BERLIN, instance.workspace.feed("customers"))
    assert counting.count(instance, rule) == counting.count(instance, direct)


def test_an_audience_may_not_go_round_in_a_circle(saved, marketer, signed_in):
    first = saved("First", BERLIN)
    saved("Second", {"all": [{"audience": "first"}]})
    over = reads.ground_of(first, marketer)
    with pytest.raises(actions.RuleError, match="circle"):
        actions.save_version(by=marketer, audience=first, tree={"all": [{"audience": "second"}]}, ground=over, base=1)
    answer = signed_in(Role.MARKETER, username="owner").post(
        "/audiences/first/edit/change/", {"revision": 0, "do": "add", "path": "", "kind": "audience", "name": "second"}
    )
    assert answer.status_code == 422
    assert Audience.objects.get(slug="first").current.number == 1


def test_two_versions_differ_in_plain_words_and_json(saved, signed_in):
    saved("Berliners", BERLIN, BONN)
    page = signed_in(Role.AUDITOR).get("/audiences/berliners/versions/2/").content.decode()
    assert "−   – City is “Berlin”" in page
    assert "+   – City is “Bonn”" in page
    assert "&quot;value&quot;: &quot;Bonn&quot;" in page


def test_restoring_makes_a_new_version(saved, signed_in):
    audience = saved("Berliners", BERLIN, BONN)
    assert signed_in(Role.MARKETER).post("/audiences/berliners/versions/1/restore/").status_code == 302
    audience.refresh_from_db()
    assert (audience.current.number, audience.current.rule) == (3, BERLIN)
    assert AudienceVersion.objects.count() == 3


def test_a_save_after_somebody_else_s_says_so_and_may_be_put_on_top(saved, signed_in, somebody):
    audience = saved("Berliners", BERLIN)
    mine = signed_in(Role.MARKETER, username="slow")
    mine.get("/audiences/berliners/edit/")
    theirs = somebody(Role.MARKETER, username="quick")
    over = reads.ground_of(audience, theirs)
    actions.save_version(by=theirs, audience=audience, tree=BONN, ground=over, base=1)
    AudienceDraft.objects.filter(person__username="slow").update(tree={"any": BERLIN["all"]})
    refused = mine.post("/audiences/berliners/edit/save/", {"revision": 0})
    assert refused.status_code == 409
    assert "saved version 2" in refused.content.decode()
    assert mine.post("/audiences/berliners/edit/save/", {"revision": 0, "on_top": "2"}).status_code == 302
    audience.refresh_from_db()
    assert audience.current.number == 3


def test_an_older_tab_changes_nothing_it_does_not_see(saved, signed_in):
    saved("Berliners", BERLIN)
    client = signed_in(Role.MARKETER, username="owner")
    client.get("/audiences/berliners/edit/")
    sent = {"do": "add", "path": "", "kind": "field", "name": "points"}
    assert client.post("/audiences/berliners/edit/change/", {"revision": 0, **sent}).status_code == 200
    answer = client.post("/audiences/berliners/edit/change/", {"revision": 0, "do": "remove", "path": "0"})
    assert answer.status_code == 409
    assert "another window" in answer.content.decode()
    assert len(AudienceDraft.objects.get().tree["all"]) == 2


def test_undo_and_redo_walk_through_the_draft_s_states(saved, signed_in):
    saved("Berliners", BERLIN)
    client = signed_in(Role.MARKETER, username="owner")

    def do(**sent):
        client.get("/audiences/berliners/edit/")
        revision = AudienceDraft.objects.get().revision
        client.post("/audiences/berliners/edit/change/", {"revision": revision, **sent})
        return len(AudienceDraft.objects.get().tree["all"])

    add = {"do": "add", "path": "", "kind": "field", "name": "points"}
    assert [do(**add), do(**add), do(do="undo"), do(do="undo"), do(do="undo"), do(do="redo")] == [2, 3, 2, 1, 1, 2]


def test_a_file_s_audience_is_copied_to_edit(signed_in):
    answer = signed_in(Role.MARKETER).post("/audiences/active-customers/duplicate/")
    copy = Audience.objects.get()
    assert answer["Location"] == f"/audiences/{copy.slug}/edit/"
    tree = AudienceDraft.objects.get().tree
    assert [part["related"] for part in tree["any"]] == ["orders", "visits"]
    assert copy.slug not in {card.slug for card in public.audiences()}


def test_what_is_used_is_not_archived(saved, signed_in):
    saved("Berliners", BERLIN)
    outer = saved("Outer", {"all": [{"audience": "berliners"}]})
    client = signed_in(Role.MARKETING_LEAD)
    refused = client.post("/audiences/berliners/archive/")
    assert refused.status_code == 409
    assert "Outer" in refused.content.decode()
    assert client.post("/audiences/outer/archive/").status_code == 302
    outer.refresh_from_db()
    assert outer.archived_at
    assert client.post("/audiences/berliners/archive/").status_code == 302
    still = client.post("/audiences/outer/archive/")
    assert still.status_code == 422  # it would name an audience that is not there any more
    assert {"berliners", "outer"}.isdisjoint(card.slug for card in public.audiences())


def test_everything_is_written_into_the_audit(saved, signed_in):
    saved("Berliners", BERLIN, BONN)
    signed_in(Role.MARKETING_LEAD).post("/audiences/berliners/archive/")
    verbs = list(AuditRow.objects.filter(thing="audience:berliners").order_by("number").values_list("verb", flat=True))
    assert verbs == ["audience begun", "audience saved", "audience saved", "audience archived"]


def test_a_name_gives_an_address_that_is_free(saved):
    assert saved("Öko & Söhne").slug == "oeko-soehne"
    assert saved("New").slug == "new-2"
    assert saved("gold in Berlin").slug == "gold-in-berlin-2"
    assert saved("！！！").slug == "audience"


def test_the_list_is_searched_and_narrowed(saved, signed_in):
    audience = saved("Berliners", BERLIN)
    saved("Others", BONN)
    Audience.objects.filter(pk=audience.pk).update(folder="Autumn")
    client = signed_in(Role.MARKETER)
    assert b"Others" not in client.get("/audiences/?q=berl").content
    assert b"Gold customers in Berlin" in client.get("/audiences/?q=berl").content
    assert b"Others" not in client.get("/audiences/?folder=Autumn").content
    assert b"Nothing found" in client.get("/audiences/?q=xyz").content


def test_the_list_stays_within_its_queries(saved, signed_in, django_assert_max_num_queries):
    for number in range(12):
        saved(f"Number {number}", BERLIN)
    client = signed_in(Role.MARKETER)
    with django_assert_max_num_queries(25):
        client.get("/audiences/")
    with django_assert_max_num_queries(25):
        client.get("/audiences/number-1/")
    client.get("/audiences/number-1/edit/")
    with django_assert_max_num_queries(25):
        client.get("/audiences/number-1/edit/")
