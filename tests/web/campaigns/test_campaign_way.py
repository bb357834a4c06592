"""The way of a campaign: planned, asked, approved by the other team, launched, sent, everyone accounted for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from tests.web.campaigns.conftest import Way, finish, move, run_of
from twain.errors import ApprovalNeeded, ConfigError, Held, WrongState
from twain.flows.publish import make
from twain.records import RunState
from twain_web import engine
from twain_web.rooms.campaigns.actions.launching import launch as launch_now
from twain_web.rooms.campaigns.actions.launching import withdraw_launch
from twain_web.rooms.campaigns.actions.planning import save_plan
from twain_web.rooms.campaigns.models import ApprovalRequest, Launch
from twain_web.rooms.campaigns.public import campaign_record, campaigns, card_of_run, open_sends, waiting_for
from twain_web.rooms.campaigns.records import subject
from twain_web.rooms.content.models import Content
from twain_web.rooms.people.models import AuditRow


def test_from_the_plan_to_everyone_accounted_for(way: Way, sink):
    before = sink.counts().messages
    way.ask("Spring is short.")
    assert any("asks for your approval" in one.text for one in waiting_for(way.owner))
    way.approve()
    assert ApprovalRequest.objects.get(campaign=way.campaign.slug).state == "granted"
    assert any(one.kind == "launch" for one in waiting_for(way.marketer))
    launch = finish(way.launch())
    run, card = run_of(launch), card_of_run(launch.run_id)
    assert launch.state == Launch.State.FINISHED
    assert run.state is RunState.FINISHED
    assert card.audience == card.sent > 0
    assert sink.counts().messages - before == card.sent
    assert next(one for one in campaigns() if one.slug == way.campaign.slug).state == "sent"
    verbs = list(
        AuditRow.objects.filter(thing=f"campaign:{way.campaign.slug}").order_by("number").values_list("verb", flat=True)
    )
    assert verbs == ["campaign created", "plan saved", "approval asked", "approved", "launched"]


def test_the_record_is_the_plan(way: Way, plan):
    way.edit(ceiling=500, holdout=0.1, when="local", local_date="2030-05-01", local_time="09:00", sender_name="Nora")
    record = campaign_record(way.campaign.slug)
    assert record.author == way.marketer.username
    assert (record.ceiling, record.holdout, record.local_time, record.local_date) == (500, 0.1, "09:00", "2030-05-01")
    assert record.sender.name == "Nora"
    assert record.audience == {"audience": "gold-in-berlin"}
    assert record.not_after == 12 * 3600


def test_without_approval_nothing_is_launched(way: Way):
    with pytest.raises(ApprovalNeeded, match="waits for approval"):
        way.launch()
    assert not Launch.objects.exists()


def test_the_author_may_not_approve(way: Way):
    way.ask()
    with pytest.raises(Held, match="may not approve"):
        way.approve(by=way.marketer)
    assert not engine.instance().ledger.approvals(way.bundle)


def test_whoever_edited_it_is_an_author_too(way: Way, owner):
    save_plan(by=owner, campaign=way.campaign, plan=replace(way.campaign.plan, ceiling=200_000), based_on=1)
    with pytest.raises(Held, match="one of its authors"):
        way.approve(by=owner)


def test_an_edit_voids_the_approval_and_the_launch(way: Way):
    way.approve()
    way.edit(ceiling=250_000)
    with pytest.raises(ApprovalNeeded):
        way.launch()


def test_an_edit_between_launch_and_its_moment_voids_it(way: Way):
    way.edit(when="at", at=f"{timezone.localtime() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    way.approve()
    launch = way.launch()
    way.edit(ceiling=250_000)
    launch.refresh_from_db()
    assert launch.state == Launch.State.VOID
    assert move(launch).run_id == ""


def test_other_words_between_launch_and_its_moment_void_it(way: Way, written):
    way.edit(when="at", at=f"{timezone.localtime() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    way.approve()
    launch = way.launch()
    written("Other words", content=_content(way))
    Launch.objects.filter(pk=launch.pk).update(due_at=timezone.now())
    assert move(launch).state == Launch.State.VOID
    assert not launch.run_id
    assert "new approval" in mail.outbox[-1].body


def test_a_pinned_version_stays_what_it_was(way: Way, written):
    way.edit(arms=(replace(way.campaign.plan.arms[0], version=1),))
    before = way.bundle
    written("Other words", content=_content(way))
    assert way.bundle == before


def test_the_same_form_twice_is_one_launch(way: Way):
    way.approve()
    way.edit(when="at", at=f"{timezone.localtime() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    way.approve()
    first, second, third = way.launch("a" * 32), way.launch("a" * 32), way.launch("b" * 32)
    assert first == second == third
    assert Launch.objects.filter(campaign=way.campaign.slug).count() == 1


def test_two_people_save_and_nobody_is_overwritten(way: Way, plan):
    save_plan(by=way.marketer, campaign=way.campaign, plan=replace(plan, ceiling=10), based_on=1)
    with pytest.raises(WrongState, match="version 2"):
        save_plan(by=way.marketer, campaign=way.campaign, plan=replace(plan, ceiling=20), based_on=1)
    way.campaign.refresh_from_db()
    assert way.campaign.plan.ceiling == 10


def test_a_launch_can_be_taken_back_and_made_again(way: Way):
    way.edit(when="at", at=f"{timezone.localtime() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    way.approve()
    launch = way.launch()
    withdraw_launch(by=way.marketer, launch=launch)
    again = way.launch()
    assert again != launch
    assert again.state == Launch.State.SCHEDULED


def test_a_send_that_a_restored_ledger_does_not_know_is_told_and_never_sent_anew(way: Way):
    way.edit(when="at", at=f"{timezone.localtime() + timedelta(hours=3):%Y-%m-%dT%H:%M}")
    way.approve()
    launch = way.launch()
    Launch.objects.filter(pk=launch.pk).update(state=Launch.State.RUNNING, run_id="r0lostlostlo")
    moved = move(launch)
    assert moved.state == Launch.State.CANCELLED
    assert "older backup was restored" in moved.why
    assert any("Lost from sight" in letter.subject for letter in mail.outbox)
    assert move(moved).state == Launch.State.CANCELLED


def test_a_time_that_has_passed_is_refused(way: Way):
    way.edit(when="at", at="2020-01-01T09:00")
    way.approve()
    with pytest.raises(ConfigError, match="has passed"):
        way.launch()


def test_rehearsals_a_day_and_two_hours_before(way: Way, sink):
    way.edit(when="at", at=f"{timezone.localtime() + timedelta(hours=30):%Y-%m-%dT%H:%M}")
    way.approve()
    launch = way.launch()
    assert not move(launch).rehearsals.exists()
    day = timedelta(hours=24)
    for hours, kinds in ((23, ["t24"]), (1, ["t24", "t2"])):
        asked = launch.asked_at - day * 2
        Launch.objects.filter(pk=launch.pk).update(due_at=timezone.now() + timedelta(hours=hours), asked_at=asked)
        move(move(launch))
        assert list(launch.rehearsals.order_by("pk").values_list("kind", flat=True)) == kinds
    assert launch.rehearsals.first().audience > 0
    assert launch.state == Launch.State.SCHEDULED


def test_a_campaign_of_files_is_listed_and_sent(marketer, sink):
    card = next(card for card in campaigns() if card.slug == "birthday")
    assert card.from_files
    assert card.owner == "Lena Hoffmann, Campaign Manager"
    one = subject("birthday")
    digest = make(engine.instance(), campaign_record("birthday")).hash
    done = finish(launch_now(by=marketer, subject=one, bundle=digest, token="c" * 32))
    assert done.state == Launch.State.FINISHED
    assert not open_sends().live


def _content(way: Way):
    return Content.objects.get(slug=way.campaign.plan.arms[0].content)
