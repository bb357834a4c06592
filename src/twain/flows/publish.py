"""From a campaign's files to a bundle: what will run, and nothing else, under one hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from twain.errors import ApprovalNeeded, ConfigError, ContentError
from twain.feeds.contract import contract_text
from twain.flows.campaigns import Campaign
from twain.flows.capping import capped_by
from twain.flows.conversions import check_conversion
from twain.flows.files import read_text
from twain.flows.instance import Instance
from twain.flows.policy import ApprovalRule, Person
from twain.flows.prepare import Question, answer
from twain.flows.quiet import quiet_by
from twain.flows.workspace import Workspace, references, used_audiences
from twain.ledger.bundles import approval_state, make_bundle
from twain.records import Approval, Bundle


def make(instance: Instance, campaign: Campaign) -> Bundle:
    """The bundle of a campaign as its files stand now. Raises ConfigError, ContractError, RuleError or ContentError."""
    workspace = instance.workspace
    feed = workspace.feed(campaign.feed, campaign.place("feed"))
    _known_channel(workspace, campaign)
    body = campaign_body(workspace, campaign)
    question = Question(body, feed, workspace.feeds, instance.dialect(feed.source), instance.today())
    _, audience = answer(question, instance.settings.base_url)
    check_conversion(instance, campaign)
    read = {name for name, _ in audience.statement.lineage} | {feed.name}
    texts = {name: _contract(instance, name) for name in sorted(read)}
    return make_bundle(campaign.name, {**body, "contracts": texts})


def publish(instance: Instance, campaign: Campaign) -> Bundle:
    """Make the bundle and put it into the ledger; publishing the same meaning twice is one bundle."""
    bundle = make(instance, campaign)
    instance.ledger.publish(bundle)
    return bundle


def approve(instance: Instance, bundle: Bundle, note: str = "") -> Approval:
    """Record the signed-in person's yes to exactly this bundle. Raises ConfigError when policy gives them no voice."""
    person = instance.workspace.policy.people.get(instance.person)
    rules = instance.workspace.policy.rules_for(bundle.body)
    role = next(
        (r for rule in rules for r in (person.roles if person else ()) if not rule.roles or r in rule.roles), ""
    )
    if person is None or not role:
        wanted = ", ".join(sorted({r for rule in rules for r in rule.roles})) or "nobody: this send needs no approval"
        raise ConfigError(f"{instance.person} may not approve this send.", todo=f"Policy asks for: {wanted}.")
    approval = Approval(bundle.hash, person.id, role, instance.clock.now(), note)
    instance.ledger.publish(bundle)
    instance.ledger.approve(approval)
    return approval


def require_approval(instance: Instance, bundle: Bundle) -> None:
    """Raise ApprovalNeeded, naming who must still say yes, unless policy is content with this exact bundle."""
    given = instance.ledger.approvals(bundle.hash)
    rules = instance.workspace.policy.rules_for(bundle.body)
    missing = [rule for rule in rules if not approval_state(bundle, given, asdict(rule)).granted]
    if missing:
        who = "; ".join(_who(instance, rule, bundle) for rule in missing)
        raise ApprovalNeeded(
            f"{bundle.campaign} ({bundle.hash[:12]}) waits for approval by {who}.",
            todo=f"They run: twain approve {bundle.campaign}",
            business=f"This send waits for a yes from {who}. Any edit asks again.",
        )


@dataclass(frozen=True, slots=True)
class Needed:
    """One approval rule that a bundle falls under: who may say yes, who has, how many more must.

    *people* are those whose yes counts, by policy; *not_author* names the one whose own does not, or is empty; *when* is what
    the rule says of the sends it is about (``{"ceiling_over": 150000}``).
    """

    needs: int
    missing: int
    roles: tuple[str, ...]
    people: tuple[Person, ...]
    given: tuple[Approval, ...]
    not_author: str = ""
    when: Mapping[str, Any] = field(default_factory=dict)


def needed(instance: Instance, bundle: Bundle) -> list[Needed]:
    """What policy asks for before this exact bundle may go, and how much of it is there."""
    given = instance.ledger.approvals(bundle.hash)
    return [_needed(instance, rule, bundle, given) for rule in instance.workspace.policy.rules_for(bundle.body)]


def _needed(instance: Instance, rule: ApprovalRule, bundle: Bundle, given: list[Approval]) -> Needed:
    state = approval_state(bundle, given, asdict(rule))
    author = bundle.body["author"]
    people = tuple(p for p in instance.workspace.policy.people.values() if _may(rule, p, author))
    return Needed(
        rule.needs, state.missing, rule.roles, people, state.counted, author if rule.not_author else "", rule.when
    )


def _may(rule: ApprovalRule, person: Person, author: str) -> bool:
    right_role = not rule.roles or any(role in rule.roles for role in person.roles)
    return right_role and not (rule.not_author and person.id == author)


def _who(instance: Instance, rule: ApprovalRule, bundle: Bundle) -> str:
    people = [p for p in instance.workspace.policy.people.values() if _may(rule, p, bundle.body["author"])]
    named = " or ".join(str(p) for p in people) or " or ".join(rule.roles) or "a second person"
    return f"{rule.needs} of: {named}" if rule.needs > 1 else named


def _contract(instance: Instance, name: str) -> str:
    place = instance.workspace.feeds[name].place
    file = place.file if place else f"feeds/{name}.odcs.yaml"
    return contract_text(read_text(instance.root / file, instance.root, place), file)


def _author(workspace: Workspace, campaign: Campaign) -> str:
    """Policy's id of the campaign's owner, so that their own yes can be told apart; else the name."""
    if campaign.author:
        return campaign.author
    people = workspace.policy.people.values()
    return next((person.id for person in people if person.name == campaign.owner.name), campaign.owner.name)


def _known_channel(workspace: Workspace, campaign: Campaign) -> None:
    if campaign.channel not in workspace.settings.channels:
        known = ", ".join(sorted(workspace.settings.channels)) or "none yet"
        raise ConfigError(
            f"There is no channel {campaign.channel!r}.", place=campaign.place("channel"), todo=f"Channels: {known}."
        )


def _tracked(workspace: Workspace, campaign: Campaign) -> Mapping[str, bool]:
    """What is counted: only what both the campaign and IT's channel want. Opens are said only when they are counted."""
    channel = workspace.settings.channels.get(campaign.channel)
    clicks = campaign.track_links and (channel is None or channel.track_clicks)
    opens = campaign.track_opens and channel is not None and channel.track_opens
    return {"track_links": clicks, **({"track_opens": True} if opens else {})}


def campaign_body(workspace: Workspace, campaign: Campaign) -> Mapping[str, Any]:
    """A campaign's executable meaning, but for the contracts."""
    audiences = used_audiences(campaign.audience, workspace.audiences)
    fragments = references([campaign.audience, *audiences.values()], "fragment")
    if not campaign.arms:
        raise ContentError("The campaign has no message.", place=campaign.place("message"), todo="Add [message].")
    return {
        "campaign": campaign.name,
        "author": _author(workspace, campaign),
        "feed": campaign.feed,
        "channel": campaign.channel,
        "topic": campaign.topic,
        "audience": campaign.audience,
        "audiences": audiences,
        "fragments": {name: workspace.fragments[name] for name in sorted(fragments) if name in workspace.fragments},
        "related": [asdict(column) for column in campaign.related],
        "defaults": campaign.defaults,
        "arms": [
            {"name": arm.name, "share": arm.share, "subject": c.subject, "body": c.body, "markup": c.markup,
             "text": c.text, "preheader": c.preheader}
            for arm, c in zip(campaign.arms, campaign.contents, strict=True)
        ],
        "sender": asdict(campaign.sender),
        "holdout": campaign.holdout,
        "crash_policy": campaign.crash_policy,
        "ceiling": campaign.ceiling,
        "not_after": campaign.not_after,
        **_tracked(workspace, campaign),
        "local_time": campaign.local_time,
        "checks": workspace.policy.checks,
        **{key: str(said) for key in ("planned_for", "local_date", "send_at") if (said := getattr(campaign, key))},
        **({"conversion": asdict(campaign.conversion)} if campaign.conversion else {}),
        **capped_by(workspace.policy, campaign.channel, campaign.topic),
        **quiet_by(workspace.policy.quiet_hours, campaign.channel, campaign.topic),
    }  # fmt: skip
