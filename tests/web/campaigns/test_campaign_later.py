"""Who gets it later, and why: quiet hours and a sender that is warmed up, in the launch review and on the send's page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from tests.house_workspace import ROOT
from tests.web.campaigns.conftest import Way
from twain.flows.freeze import freeze, prepare_run
from twain.flows.publish import make, publish
from twain.flows.send import SendOptions, cancel, plan
from twain.flows.watch import Nobody
from twain_web import engine
from twain_web.rooms.campaigns.models import Rehearsal
from twain_web.rooms.campaigns.public import campaign_record, card_of_run
from twain_web.rooms.campaigns.reads.review import Later, later_of
from twain_web.rooms.campaigns.rehearsing import rehearse

RAMP = '\n[[warm_up]]\ndomain = "mail.nordlicht.example"\nsteps = [{today}, 100000, 100000]\n'


@pytest.fixture
def agreed():
    """Write more into the policy, for as long as a test lasts."""
    path = ROOT / "policy.toml"
    before = path.read_text()
    yield lambda text: path.write_text(before + text)
    path.write_text(before)


def test_the_review_says_who_waits_for_quiet_hours_and_what_warming_up_means(way: Way, agreed, client):
    free = datetime.now(UTC) + timedelta(minutes=7)
    quiet = f'\n[[quiet_hours]]\nfrom = "{free:%H:%M}"\nto = "{free - timedelta(minutes=1):%H:%M}"\n'
    agreed(quiet + RAMP.format(today=1))
    tried = rehearse(engine.instance(), make(engine.instance(), campaign_record(way.campaign.slug)), "review")
    later = later_of(tried, None)
    assert later == Later(tried.funnel["matched"], later.until, None)
    assert datetime.now(UTC) < later.until < datetime.now(UTC) + timedelta(days=2)
    client.force_login(way.marketer)
    page = client.get(reverse("campaigns:review", args=[way.campaign.slug])).content.decode()
    assert "it is quiet hours where they live" in page
    assert "Warming up mail.nordlicht.example: 1 a day (day 1 of 3)" in page


def test_nobody_waits_when_nothing_says_so(way: Way):
    bare = Rehearsal(funnel={"matched": 5, "excluded": {}, "audience": 5})
    assert later_of(bare, None) is None
    assert later_of(None, None) is None


def test_the_sends_page_says_what_goes_today_and_when_it_is_over(way: Way, agreed, client):
    agreed(RAMP.format(today=2))
    instance = engine.instance(way.marketer)
    bundle = publish(instance, campaign_record(way.campaign.slug))
    run = plan(instance, bundle, SendOptions())
    freeze(instance, run, Nobody(), prepare_run(instance, run))
    card = card_of_run(run.id)
    assert (card.sent, card.state) == (0, "sending")
    assert "2 can go today, the rest on the days after" in card.warming
    assert card.eta.timestamp() > datetime.now(UTC).timestamp()
    client.force_login(way.marketer)
    page = client.get(reverse("campaigns:send", args=[run.id])).content.decode()
    assert card.warming in page
    cancel(engine.instance("test"), run.id)
