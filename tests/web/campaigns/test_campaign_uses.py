"""A campaign made in the house counts when a contract changes: what it really reads is known to the room of feeds."""

from twain_web.rooms.campaigns.uses import _made
from twain_web.rooms.content.models import Content
from twain_web.rooms.feeds import looking
from twain_web.rooms.feeds.models import CampaignReads


def stamp_of(way):
    return {one.slug: one.stamp for one in _made()}[way.campaign.slug]


def test_what_it_reads_is_known_field_by_field(way):
    (key,) = (key for key, made in looking._made().items() if made.slug == way.campaign.slug)
    assert key in looking.campaigns_due()
    looking.read_campaign(key)
    row = CampaignReads.objects.get(campaign=key)
    assert row.made
    assert ["customers", "tier"] in row.reads
    assert ["customers", "first_name"] in row.reads
    assert key not in looking.campaigns_due()


def test_its_stamp_follows_its_words_and_its_plan(way, written):
    first = stamp_of(way)
    written("Another subject", content=Content.objects.get(slug=way.campaign.plan.arms[0].content))
    second = stamp_of(way)
    way.edit(holdout=0.1)
    assert len({first, second, stamp_of(way)}) == 3


def test_a_campaign_without_an_audience_reads_nothing_yet(way):
    way.edit(audience="")
    assert way.campaign.slug not in {one.slug for one in _made()}
