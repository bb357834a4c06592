"""Facts of the lower rooms become webhooks: heard in the transaction that marks them as delivered, so each is queued once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from twain_web.outbox import on
from twain_web.rooms.integrations.queueing import moment, queue
from twain_web.rooms.integrations.sentences import plain

Body = Mapping[str, Any]
_ENDS = frozenset({"finished", "cancelled", "expired"})


def _send(body: Body) -> dict[str, Any]:
    return {"campaign": body["campaign"], "send": body.get("run", "") or ""}


def _titled(body: Body) -> dict[str, Any]:
    """What people wrote, and where it stands; a fact that an older version wrote down has neither."""
    return {"title": plain(str(body.get("title", ""))), "page": body.get("page", "")}


def _incident(body: Body) -> dict[str, Any]:
    return {"incident": body["incident"], "feed": body["feed"], "check": body["check"], **_titled(body)}


def _of_bundle(body: Body) -> dict[str, Any]:
    return {"campaign": body["campaign"], "bundle": body["bundle"]}


#: Topic of the outbox → (type, its data).
_HEARD: Mapping[str, tuple[str, Callable[[Body], dict[str, Any]]]] = {
    "campaign.launched": (
        "send.launched",
        lambda b: _send(b) | {"bundle": b["bundle"], "due": moment(datetime.fromisoformat(b["due"]))},
    ),
    "campaign.started": ("send.started", lambda b: _send(b) | {"bundle": b["bundle"]}),
    "campaign.held": ("send.held", lambda b: _send(b) | {"why": b["why"]}),
    "campaign.resumed": ("send.resumed", _send),
    "campaign.expired": ("send.expired", _send),
    "campaign.voided": ("send.voided", lambda b: _send(b) | {"bundle": b["bundle"]}),
    "campaign.approval_asked": ("approval.asked", lambda b: _of_bundle(b) | {"by": b["by"]}),
    "campaign.approved": ("approval.given", _of_bundle),
    "switch.thrown": ("stop.set", lambda b: {"scope": b["scope"], "by": b["by"], "why": b["why"]}),
    "switch.lifted": ("stop.lifted", lambda b: {"scope": b["scope"], "by": b["by"]}),
    "workspace.pulled": ("workspace.pulled", lambda b: {"before": b["before"] or "", "after": b["after"] or ""}),
    "workspace.refused": (
        "workspace.refused",
        lambda b: {"revision": b["revision"] or "", "why": [str(one) for one in b["why"]]},
    ),
    "campaign.edited": ("campaign.edited", lambda b: {"campaign": b["campaign"], "version": b["version"]}),
    "audience.saved": (
        "audience.saved",
        lambda b: {"audience": b["slug"], "version": b["version"], "by": b["by"]},
    ),
    "content.saved": ("content.saved", lambda b: {"content": b["slug"], "version": b["version"]}),
    "desk.moved": (
        "request.moved",
        lambda b: {
            "request": b["request"],
            "verb": b["verb"],
            "state": b["state"],
            "day": b.get("day", ""),
            "by": b.get("by", ""),
            **_titled(b),
        },
    ),
    "incident.opened": (
        "incident.opened",
        lambda b: _incident(b) | {"impact": b.get("impact", ""), "owner": b.get("owner", "")},
    ),
    "incident.closed": ("incident.closed", _incident),
    "domain.changed": ("domain.changed", dict),
}


def _hear(topic: str, name: str, told: Callable[[Body], dict[str, Any]]) -> None:
    @on(topic)
    def heard(body: Body) -> None:
        queue(name, told(body))


for _topic, (_name, _told) in _HEARD.items():
    _hear(_topic, _name, _told)


@on("campaign.sent")
def ended(body: Body) -> None:
    """A run's end has a type of its own for each way to end."""
    if body["state"] in _ENDS:
        queue(f"send.{body['state']}", _send(body))
