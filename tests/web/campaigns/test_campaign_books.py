"""What was not certain is settled by hand, races end with one answer, other rooms hear where their things are used."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.web.campaigns.conftest import Way, finish, run_of
from twain.errors import Held
from twain.flows.estimate import estimate
from twain.flows.load import load_of
from twain.records import Tag
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.audiences import public as audiences
from twain_web.rooms.campaigns.actions.steering import resolve_send
from twain_web.rooms.campaigns.differences import differences
from twain_web.rooms.campaigns.models import Approved, Launch
from twain_web.rooms.campaigns.plans import Plan, PlannedArm
from twain_web.rooms.campaigns.public import campaigns, card_of_run
from twain_web.rooms.campaigns.reads.live import send
from twain_web.rooms.content import public as content
from twain_web.rooms.feeds import public as feeds


def _one_unknown(way: Way, relay) -> Launch:
    relay.script.drop_after_accepting(2)
    way.approve()
    return finish(way.launch())


def test_unknown_deliveries_are_listed_and_sent_again(way: Way, relay, signed_in):
    launch = _one_unknown(way, relay)
    card = card_of_run(launch.run_id)
    assert card.unknown >= 1
    assert card.sent + card.unknown == card.audience
    page = signed_in(username="lena").get(card.url).content.decode()
    assert f"Resend to these {card.unknown}" in page
    answer = signed_in(username="lena").post(f"{card.url}resolve/", {"how": "resend"})
    assert answer.status_code == 302
    launch.refresh_from_db()
    assert finish(launch).state == Launch.State.FINISHED
    assert card_of_run(launch.run_id).unknown == 0
    assert card_of_run(launch.run_id).sent == card.audience


def test_unknown_deliveries_are_counted_as_sent(way: Way, relay):
    launch = _one_unknown(way, relay)
    unknown, messages = card_of_run(launch.run_id).unknown, len(relay.received)
    assert resolve_send(by=way.marketer, run_id=launch.run_id, resend=False) == unknown
    assert card_of_run(launch.run_id).unknown == 0
    assert len(relay.received) == messages


def test_refusals_are_grouped_with_the_relays_words(way: Way, relay):
    relay.script.always = lambda _message, _number: b"550 5.7.1 Not from you\r\n"
    way.approve()
    found = send(finish(way.launch()).run_id)
    assert sum(reason.people for reason in found.reasons) == found.card.audience
    assert "Not from you" in found.reasons[0].words[0][0]
    assert found.accounted_for


def test_two_approvers_at_once_are_one_bundle_and_one_yes_each(way: Way, somebody):
    second = somebody(Role.DATA_OWNER, username="jonas")
    way.ask()
    way.approve(by=way.owner)
    way.approve(by=second)
    with pytest.raises(Held, match="approved exactly this already"):
        way.approve(by=way.owner)
    assert sorted(yes.person for yes in engine.instance().ledger.approvals(way.bundle)) == ["jonas", "priya"]
    assert Approved.objects.filter(bundle=way.bundle).count() == 2


def test_the_second_review_shows_only_what_changed(way: Way):
    way.approve()
    first = engine.instance().ledger.bundle(way.bundle)
    way.edit(ceiling=300_000, arms=(replace(way.campaign.plan.arms[0], subject="Summer is here"),))
    way.ask()
    second = engine.instance().ledger.bundle(way.bundle)
    found = {one.title: (one.before, one.after) for one in differences(first.body, second.body)}
    assert found == {
        "Subject": ("Spring is here", "Summer is here"),
        "At most": ("no limit", "300\u202f000 people, or it is held"),
    }


def test_another_audience_is_said_in_words(way: Way):
    way.approve()
    first = engine.instance().ledger.bundle(way.bundle)
    way.edit(audience="active-customers")
    way.ask()
    found = differences(first.body, engine.instance().ledger.bundle(way.bundle).body)
    assert found[0].title == "Audience"
    assert any("Loyalty tier" in line.text for line in found[0].lines if line.kind == "removed")
    assert any(one.title.startswith("Contract of the feed") for one in found)


def test_rooms_below_hear_where_their_things_are_used(way: Way):
    words = way.campaign.plan.arms[0].content
    for uses, thing in ((audiences.USES, "gold-in-berlin"), (content.USES, words), (feeds.USES, "customers")):
        assert way.campaign.name in {use.name for source in uses for use in source(thing)}
    assert not [use for source in content.USES for use in source("nothing")]


def test_a_plan_says_what_is_missing():
    arms = (PlannedArm("A", "x", share=0.5), PlannedArm("A", "", share=0.4))
    missing = Plan(arms=arms, when="at").missing()
    assert len(missing) == 6
    assert not Plan(audience="a", channel="mail", arms=(PlannedArm(content="x"),)).missing()


def test_an_estimate_is_by_the_last_send(way: Way, sink):
    way.edit(audience="active-customers")
    way.approve()
    run = run_of(finish(way.launch()))
    found = estimate(engine.instance(), "mail", 1000)
    assert found.rate
    assert found.seconds == pytest.approx(1000 / found.rate)
    assert found.basis == "the last send by this channel"
    assert run.funnel.audience >= 100


def test_the_load_names_our_connections(company):
    instance = engine.instance("lena")
    assert load_of(instance, "shop").connections == 0
    with instance.source("shop").session(Tag("spring", "lena", "count"), instance.limits("shop")):
        found = load_of(instance, "shop")
        assert (found.connections, found.allowed) == (1, 2)
        assert found.queries[0].application == "twain count spring lena"
    assert load_of(instance, "shop").connections == 0


def test_a_list_of_campaigns_is_a_handful_of_queries(way: Way, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        assert any(card.slug == way.campaign.slug for card in campaigns())


def test_no_page_asks_the_house_more_than_25_times(way: Way, sink, signed_in, django_assert_max_num_queries):
    way.approve()
    launch = finish(way.launch())
    client = signed_in(username="lena")
    for page in ("", f"of/{way.campaign.slug}/", f"of/{way.campaign.slug}/review/", f"of/{way.campaign.slug}/versions/",
                 f"sends/{launch.run_id}/"):  # fmt: skip
        with django_assert_max_num_queries(25):
            assert client.get(f"/campaigns/{page}").status_code == 200, page
