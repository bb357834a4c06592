"""What lower rooms tell: what became of sends; and what this room tells them: whom it told, what stands beside a hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twain_web.outbox import on
from twain_web.rooms.campaigns.public import BESIDE, TELLERS, Beside
from twain_web.rooms.incidents import wording
from twain_web.rooms.incidents.actions.closing import note_send
from twain_web.rooms.incidents.models import Held
from twain_web.rooms.incidents.noticing import tell_owners_of


def join() -> None:
    """Called once, when the house opens."""
    TELLERS.append(tell_owners_of)
    BESIDE.append(_beside)


@on("campaign.resumed")
def _goes_on(body: Mapping[str, Any]) -> None:
    note_send(str(body["campaign"]), str(body["run"]), "resumed")


@on("campaign.sent")
def _is_over(body: Mapping[str, Any]) -> None:
    if body["state"] in ("finished", "expired", "cancelled"):
        note_send(str(body["campaign"]), str(body["run"]), str(body["state"]))


@on("campaign.expired")
def _has_expired(body: Mapping[str, Any]) -> None:
    note_send(str(body["campaign"]), "", "expired")


def _beside(launch: int) -> list[Beside]:
    """“Held: Customers, older than agreed. Priya Nair, Senior DBA, told 22:01”, for each incident that this launch waits for."""
    waiting = Held.objects.filter(launch=launch, ended_at=None, incident__restored_at=None)
    found = [one.incident for one in waiting.select_related("incident__owner", "incident__acknowledged_by")]
    return [Beside(f"{one.title}. {wording.told(one)}", one.url) for one in found]
