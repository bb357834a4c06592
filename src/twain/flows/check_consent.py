"""``twain check`` on consent: a feed that people are mailed from, and no field of it says who agreed."""

from __future__ import annotations

from collections.abc import Iterator

from twain.errors import TwainError
from twain.feeds.consent import CONSENT_BASIS, OTHER_BASIS, remedy, unasked
from twain.flows.campaigns import Campaign
from twain.flows.instance import Instance
from twain.records import Feed, Problem


def check_consents(instance: Instance) -> list[Problem]:
    """Where no field says who agreed: T225, an error, for a campaign that needs consent; T224 for the feed.

    T224 is a warning, left out where every campaign of the feed has a topic that goes by another lawful basis; an error while
    policy asks for a share who agreed (``min_consent``).
    """
    found: list[Problem] = []
    campaigns = list(_readable(instance))
    for feed in instance.workspace.feeds.values():
        if unasked(feed.fields.values()):
            found += _of_feed(instance, feed, [c for c in campaigns if c.feed == feed.name])
    return found


def _readable(instance: Instance) -> Iterator[Campaign]:
    """The campaigns that can be read; what is wrong with the others is told elsewhere."""
    for name in instance.workspace.campaigns():
        try:
            yield instance.workspace.campaign(name)
        except TwainError:
            continue


def _of_feed(instance: Instance, feed: Feed, campaigns: list[Campaign]) -> Iterator[Problem]:
    kind = instance.settings.sources.get(feed.source)
    how = remedy(feed.fields.values(), feed.table or "…", kind.kind if kind else "")
    bases = [(campaign, _basis(instance, campaign)) for campaign in campaigns]
    for campaign, basis in bases:
        if basis == CONSENT_BASIS:
            yield _needed(feed, campaign, how)
    if not bases or not all(basis for _, basis in bases):
        needs = float(instance.workspace.policy.checks.get("min_consent") or 0) > 0
        what = f"{feed.name} has an e-mail address, and no field says who agreed: nobody is left out for that."
        business = f"No field of {feed.title} says who agreed to be written to."
        yield Problem("error" if needs else "warning", "T224", what, f"{how} {OTHER_BASIS}", feed.place, business)


def _basis(instance: Instance, campaign: Campaign) -> str:
    topic = instance.workspace.policy.recipients.topic(campaign.topic)
    return topic.basis if topic else ""


def _needed(feed: Feed, campaign: Campaign, how: str) -> Problem:
    what = f"The topic {campaign.topic!r} needs people's consent, and no field of {feed.name} says who agreed."
    business = f"No field of {feed.title} says who agreed, and this mail needs their consent."
    return Problem("error", "T225", what, how, campaign.place("feed"), business)
