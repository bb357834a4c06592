"""Making and editing campaigns. An edit makes a new version of the plan and voids what was asked or scheduled for the old one."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from twain.errors import ConfigError, WrongState
from twain_web import engine
from twain_web.outbox import tell
from twain_web.rooms.campaigns.models import ApprovalRequest, Campaign, Launch, PlanVersion
from twain_web.rooms.campaigns.plans import Plan
from twain_web.rooms.people.public import record

_LONGEST = 60


def create_campaign(*, by: Any, name: str, topic: str = "", plan: Plan | None = None) -> Campaign:  # noqa: ANN401 — a Person
    """A new campaign of *by*'s, under a free name that is also fit for a folder."""
    name = name.strip()
    if not name or not name.isprintable():
        raise ConfigError("A campaign needs a name, on one line.", todo="Give it a name.")
    with transaction.atomic():
        campaign = Campaign.objects.create(slug=_free_slug(name), name=name, owner=by, topic=topic.strip())
        if plan is not None:
            _new_version(by, campaign, plan)
        record(by, "campaign created", _thing(campaign.slug), {"name": name})
    return campaign


def save_plan(*, by: Any, campaign: Campaign, plan: Plan, based_on: int) -> PlanVersion:  # noqa: ANN401
    """Make *plan* the campaign's current one. Raises WrongState when it was edited since version *based_on*."""
    with transaction.atomic():
        locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
        _refuse_archived(locked)
        if locked.version != based_on:
            raise WrongState(
                f"{locked.name} is at version {locked.version}, and this form shows version {based_on}.",
                todo="Reload the page and make your change again.",
                business=_("Somebody saved this campaign while you were editing. Nothing of theirs was overwritten."),
            )
        if locked.current is not None and locked.plan == plan:
            return locked.current
        version = _new_version(by, locked, plan)
        void_open(campaign=locked.slug, why=_("The plan was edited by %s.") % by)
        record(by, "plan saved", _thing(locked.slug), {"version": version.number})
        tell("campaign.edited", campaign=locked.slug, version=version.number)
    campaign.refresh_from_db()
    return version


def rename_campaign(*, by: Any, campaign: Campaign, name: str, topic: str) -> None:  # noqa: ANN401
    """Another name or topic. The topic is part of what is approved; the name on screen is not."""
    if not name.strip() or not name.isprintable():
        raise ConfigError("A campaign needs a name, on one line.", todo="Give it a name.")
    with transaction.atomic():
        _refuse_archived(campaign)
        if campaign.topic != topic.strip():
            void_open(campaign=campaign.slug, why=_("The topic was edited by %s.") % by)
        before, campaign.name, campaign.topic = campaign.name, name.strip(), topic.strip()
        campaign.save(update_fields=["name", "topic", "updated_at"])
        record(by, "campaign renamed", _thing(campaign.slug), {"from": before, "to": campaign.name})


def archive_campaign(*, by: Any, campaign: Campaign) -> None:  # noqa: ANN401
    """Out of the lists. Refused while something of it is still to come."""
    with transaction.atomic():
        if Launch.objects.filter(campaign=campaign.slug, state__in=Launch.OPEN).exists():
            raise WrongState(f"{campaign.name} is scheduled or being sent.", todo="Withdraw or stop that first.")
        campaign.archived_at = timezone.now()
        campaign.save(update_fields=["archived_at", "updated_at"])
        void_open(campaign=campaign.slug, why=_("The campaign was archived by %s.") % by)
        record(by, "campaign archived", _thing(campaign.slug))


def restore_campaign(*, by: Any, campaign: Campaign) -> None:  # noqa: ANN401
    """Back into the lists."""
    with transaction.atomic():
        campaign.archived_at = None
        campaign.save(update_fields=["archived_at", "updated_at"])
        record(by, "campaign restored", _thing(campaign.slug))


def duplicate_campaign(*, by: Any, campaign: Campaign) -> Campaign:  # noqa: ANN401
    """The same plan under a new name, of *by*'s own."""
    copy = _("%s (copy)") % campaign.name
    return create_campaign(by=by, name=copy[:120], topic=campaign.topic, plan=campaign.plan)


def void_open(*, campaign: str, why: str) -> None:
    """What was asked, approved or scheduled for an older state of a campaign counts no more. Runs that are made go on."""
    now = timezone.now()
    ApprovalRequest.objects.filter(campaign=campaign, state__in=("open", "granted")).update(state="void", ended_at=now)
    waiting = Launch.objects.filter(campaign=campaign, state__in=(Launch.State.SCHEDULED, Launch.State.HELD), run_id="")
    waiting.update(state=Launch.State.VOID, ended_at=now, why=why[:1000])


def _new_version(by: Any, campaign: Campaign, plan: Plan) -> PlanVersion:  # noqa: ANN401
    version = PlanVersion.objects.create(campaign=campaign, number=campaign.version + 1, plan=plan.as_json(), by=by)
    campaign.current = version
    campaign.save(update_fields=["current", "updated_at"])
    return version


def _free_slug(name: str) -> str:
    """A name for the ledger and for folders. Campaigns in files keep theirs."""
    wanted = slugify(name)[:_LONGEST].strip("-_") or "campaign"
    taken = {*engine.workspace().campaigns(), *engine.workspace().audiences}
    taken |= set(Campaign.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    return next(slug for n in range(1, 10_000) if (slug := wanted if n == 1 else f"{wanted}-{n}") not in taken)


def _refuse_archived(campaign: Campaign) -> None:
    if campaign.archived_at:
        raise WrongState(f"{campaign.name} is archived.", todo="Take it out of the archive first.")


def _thing(slug: str) -> str:
    return f"campaign:{slug}"
