"""From a plan to the flow's own campaign: its audience and contents looked up, its files read where it is kept in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.http import Http404

from twain.errors import ConfigError, LedgerError
from twain.flows import campaigns as flow
from twain.records import Arm, Content, Owner, RelatedColumn, Run, Sender
from twain_web import engine
from twain_web.rooms.audiences.public import audience
from twain_web.rooms.campaigns.models import Campaign
from twain_web.rooms.campaigns.plans import Plan, PlannedArm
from twain_web.rooms.campaigns.successes import conversion_of
from twain_web.rooms.content.public import Written, written
from twain_web.rooms.people.public import as_named


@dataclass(frozen=True, slots=True)
class Subject:
    """A campaign, wherever it is kept. *house* is None for one in the workspace's files, which nobody owns here."""

    slug: str
    name: str
    house: Campaign | None = None

    @property
    def owner(self) -> Any:  # noqa: ANN401 — a Person, or nobody
        """Whoever owns it in the house."""
        return self.house.owner if self.house else None

    def __str__(self) -> str:
        return self.name


def subject(slug: str) -> Subject:
    """The campaign of this name; a 404 when there is none."""
    house = Campaign.objects.select_related("owner__team", "current").filter(slug=slug).first()
    if house is not None:
        return Subject(slug, house.name, house)
    workspace = engine.workspace()
    if slug not in workspace.campaigns():
        raise Http404(slug)
    return Subject(slug, workspace.campaign(slug).title)


@dataclass(frozen=True, slots=True)
class OneSend:
    """A send with the owner of its campaign, for the rules."""

    run: Run
    owner: Any


def one_send(run_id: str) -> OneSend:
    """The send with exactly this id; a 404 when there is none."""
    try:
        run = engine.ledger().run(run_id)
    except LedgerError as error:
        raise Http404(run_id) from error
    if run.id != run_id:
        raise Http404(run_id)
    house = Campaign.objects.select_related("owner__team").filter(slug=run.campaign).first()
    return OneSend(run, house.owner if house else None)


def campaign_record(slug: str) -> flow.Campaign:
    """The flow's campaign of this name. Raises ConfigError when it is unknown, archived or not planned to the end."""
    house = Campaign.objects.select_related("owner", "current").filter(slug=slug).first()
    return record_of(Subject(slug, slug, house))


def record_of(one: Subject) -> flow.Campaign:
    """As :func:`campaign_record`, for a campaign that has just been looked up."""
    house = one.house
    if house is None:
        return engine.workspace().campaign(one.slug)
    if house.archived_at:
        raise ConfigError(f"{house.name} is archived.", todo="Take it out of the archive first.")
    return _record(house, house.plan)


def _record(house: Campaign, plan: Plan) -> flow.Campaign:
    missing = plan.missing()
    if missing:
        raise ConfigError(f"{house.name} is not planned to the end.", todo=" ".join(missing))
    people, words = audience(plan.audience), [written(arm.content, arm.version) for arm in plan.arms]
    _one_feed(people.feed, words)
    owner = as_named(house.owner)
    return flow.Campaign(
        name=house.slug,
        title=house.name,
        owner=Owner(owner.full_name, owner.title, owner.email),
        author=owner.username,
        feed=people.feed,
        channel=plan.channel,
        topic=house.topic,
        audience={"audience": plan.audience},
        arms=tuple(Arm(arm.name, arm.share) for arm in plan.arms),
        contents=tuple(_content(arm, one) for arm, one in zip(plan.arms, words, strict=True)),
        sender=_sender(plan, words[0].sender),
        crash_policy=plan.crash_policy,
        defaults=_joined(words, lambda one: dict(one.defaults), "default"),
        related=_related(words),
        holdout=plan.holdout,
        ceiling=plan.ceiling,
        not_after=plan.expires_hours * 3600.0,
        track_links=plan.track_links,
        conversion=conversion_of(plan),
        **_time(plan),
    )


def _time(plan: Plan) -> dict[str, Any]:
    if plan.when == "local":
        return {"local_time": plan.local_time, "local_date": plan.local_date}
    if plan.when == "at":
        moment = plan.due(engine.workspace().settings.time_zone, datetime.now(UTC))
        return {"planned_for": f"{moment:%Y-%m-%dT%H:%MZ}"}
    return {}


def _one_feed(feed: str, words: Sequence[Written]) -> None:
    for one in words:
        if one.feed and one.feed != feed:
            raise ConfigError(
                f"{one.name} is written for the feed {one.feed}, and the audience stands on {feed}.",
                todo="Choose an audience and content that go together.",
                business=f"{one.name} uses other data than this audience has.",
            )


def _content(arm: PlannedArm, one: Written) -> Content:
    return replace(one.content, subject=arm.subject) if arm.subject else one.content


def _sender(plan: Plan, told: Sender) -> Sender:
    return Sender(
        address=plan.sender_address or told.address,
        name=plan.sender_name or told.name,
        reply_to=plan.reply_to or told.reply_to,
        postal_address=told.postal_address,
    )


def _related(words: Sequence[Written]) -> tuple[RelatedColumn, ...]:
    return tuple(_joined(words, lambda one: {column.name: column for column in one.related}, "related data").values())


def _joined(words: Sequence[Written], of: Any, what: str) -> Mapping[str, Any]:  # noqa: ANN401 — a getter
    """What all variants need together; the same name must mean the same in each."""
    found: dict[str, Any] = {}
    for one in words:
        for name, value in of(one).items():
            if found.setdefault(name, value) != value:
                raise ConfigError(
                    f"The variants disagree on the {what} {name!r}.", todo=f"Write the same {what} {name!r} in each."
                )
    return found
