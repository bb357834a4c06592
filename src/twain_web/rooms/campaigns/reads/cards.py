"""Campaigns as lists show them: those of the house and those in the workspace's files, each with where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from twain.errors import TwainError
from twain.flows.send import OPEN
from twain.flows.workspace import Workspace
from twain.records import Run, RunState
from twain_web import engine
from twain_web.rooms.campaigns.models import ApprovalRequest, Campaign, Launch, campaign_url

STATES = {
    "draft": _("Being planned"),
    "asked": _("Waiting for approval"),
    "approved": _("Approved"),
    "scheduled": _("Scheduled"),
    "held": _("Held"),
    "paused": _("Paused"),
    "sending": _("Sending"),
    "sent": _("Sent"),
    "file": _("Ready in files"),
}
_NEWEST = 500
_RUNNING = {RunState.HELD: "held", RunState.PAUSED: "paused"}


@dataclass(frozen=True, slots=True)
class CampaignCard:
    """One campaign in a list. *state* is a key of STATES, *next_at* when it goes, *audience* and *sent* of its newest send."""

    slug: str
    name: str
    state: str
    next_at: datetime | None
    owner: str
    from_files: bool
    url: str
    audience: str = ""
    contents: tuple[str, ...] = ()
    owner_username: str = ""
    run_id: str = ""
    sent_at: datetime | None = None
    topic: str = ""

    @property
    def state_text(self) -> str:
        """The state in words."""
        return str(STATES[self.state])


@dataclass(frozen=True, slots=True)
class _Standing:
    """Everything that is under way, read once for a whole list."""

    launches: Mapping[str, Launch]
    requests: Mapping[str, ApprovalRequest]
    runs: Mapping[str, Run]

    def state(self, slug: str, resting: str) -> tuple[str, datetime | None]:
        launch, run, asked = self.launches.get(slug), self.runs.get(slug), self.requests.get(slug)
        if run is not None and run.state in OPEN:
            return _RUNNING.get(run.state, "sending"), None
        if launch is not None:
            return ("held" if launch.state == Launch.State.HELD else "scheduled"), launch.due_at
        if asked is not None and (run is None or run.bundle != asked.bundle):
            return ("approved" if asked.state == "granted" else "asked"), None
        return ("sent" if run is not None else resting), None


def cards(*, archived: bool = False) -> list[CampaignCard]:
    """All campaigns, the newest first; those of the workspace's files come last."""
    standing = _standing()
    own = [_card(row, standing) for row in _kept(archived)]
    if archived:
        return own
    taken = {card.slug for card in own}
    return own + [_file_card(f, standing) for f in _files(engine.workspace()) if f.slug not in taken]


def _standing() -> _Standing:
    requests = ApprovalRequest.objects.filter(state__in=("open", "granted")).order_by("id")
    ledger = engine.ledger()
    runs = [*ledger.runs(limit=_NEWEST), *ledger.runs(limit=_NEWEST, states=OPEN)]
    return _Standing(
        {one.campaign: one for one in Launch.objects.filter(state__in=Launch.OPEN)},
        {one.campaign: one for one in requests},
        {run.campaign: run for run in sorted(runs, key=lambda r: (r.state in OPEN, r.created_at)) if not run.scope},
    )


def _kept(archived: bool) -> Iterator[tuple[str, str, str, Any, Mapping[str, Any]]]:  # noqa: FBT001 — one caller
    """The house's campaigns as rows, with whose they are: hundreds of them are read for one list."""
    kept = Campaign.objects.filter(archived_at__isnull=not archived)
    rows = list(kept.values_list("slug", "name", "topic", "owner", "current__plan"))
    people = get_user_model().objects.in_bulk({owner for _, _, _, owner, _ in rows})
    return ((slug, name, topic, people[owner], plan or {}) for slug, name, topic, owner, plan in rows)


def _card(row: tuple[str, str, str, Any, Mapping[str, Any]], standing: _Standing) -> CampaignCard:
    slug, name, topic, owner, plan = row
    state, next_at = standing.state(slug, "draft")
    run = standing.runs.get(slug)
    return CampaignCard(
        slug=slug,
        name=name,
        state=state,
        next_at=next_at,
        owner=str(owner),
        from_files=False,
        url=campaign_url(slug),
        audience=plan.get("audience", ""),
        contents=tuple(arm["content"] for arm in plan.get("arms", ())),
        owner_username=owner.username,
        run_id=run.id if run else "",
        sent_at=_at(run),
        topic=topic,
    )


def _file_card(file: _File, standing: _Standing) -> CampaignCard:
    state, next_at = standing.state(file.slug, "file")
    run = standing.runs.get(file.slug)
    return CampaignCard(
        slug=file.slug,
        name=file.title,
        state=state,
        next_at=next_at,
        owner=file.owner,
        from_files=True,
        url=campaign_url(file.slug),
        audience=file.audience,
        run_id=run.id if run else "",
        sent_at=_at(run),
    )


def _at(run: Run | None) -> datetime | None:
    return datetime.fromtimestamp(run.started_at or run.created_at, UTC) if run else None


@dataclass(frozen=True, slots=True)
class _File:
    """A campaign in files, as far as lists show it. *audience* is the name of a shared one, or empty."""

    slug: str
    title: str
    owner: str = ""
    audience: str = ""


_read: tuple[Workspace, list[_File]] | None = None


def file_titles() -> dict[str, str]:
    """What the campaigns in files are called."""
    return {file.slug: file.title for file in _files(engine.workspace())}


def _files(workspace: Workspace) -> list[_File]:
    """The campaigns in files, read again only when a file has changed."""
    global _read  # noqa: PLW0603 — one answer for all threads; two that read at once read the same
    if _read is None or _read[0] is not workspace:
        _read = (workspace, [_file(workspace, name) for name in workspace.campaigns()])
    return _read[1]


def _file(workspace: Workspace, name: str) -> _File:
    try:
        found = workspace.campaign(name)
    except TwainError:
        return _File(name, name)  # its own page says what is wrong with its files
    return _File(name, found.title, str(found.owner), str(found.audience.get("audience", "")))
