"""The workspace: which one this is, at which revision its files stand, and what is wrong with them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from ninja import Router, Schema

from twain.flows.repository import Repository
from twain_web import engine
from twain_web.api.door import Asked, Needs

router = Router(tags=["Workspace"])
READ = Needs("feeds.read_catalogue")


class Finding(Schema):
    """Something that reading the contracts found."""

    severity: str
    code: str
    what: str
    todo: str
    place: str | None


class RevisionOut(Schema):
    """Where the files' git checkout stands. *changed*: files that differ from the revision."""

    hash: str
    author: str
    at: datetime
    subject: str
    branch: str
    changed: list[str]


class WorkspaceOut(Schema):
    """The workspace as its files stand now; without git there is no revision."""

    name: str
    time_zone: str
    production: bool
    feeds: list[str]
    channels: list[str]
    sources: list[str]
    problems: list[Finding]
    revision: RevisionOut | None


@router.get("/workspace", response=WorkspaceOut, auth=READ)
def get_workspace(request: Asked) -> dict[str, object]:  # noqa: ARG001 — ninja's signature
    """Names and problems of the workspace; no address and no secret of any source is in it."""
    here = engine.workspace()
    return {
        "name": settings.TWAIN.name,
        "time_zone": settings.TWAIN.time_zone,
        "production": settings.TWAIN.production,
        "feeds": sorted(here.feeds),
        "channels": sorted(settings.TWAIN.channels),
        "sources": sorted(settings.TWAIN.sources),
        "problems": [
            {
                "severity": one.severity,
                "code": one.code,
                "what": one.what,
                "todo": one.todo,
                "place": str(one.place) if one.place else None,
            }
            for one in here.problems
        ],
        "revision": _revision(),
    }


def _revision() -> dict[str, object] | None:
    repository = Repository.at(settings.TWAIN.root)
    if repository is None:
        return None
    stands = repository.checkout()
    now = stands.revision
    told = {"hash": now.hash, "author": now.author, "at": now.at, "subject": now.subject}
    return told | {"branch": stands.branch, "changed": list(stands.changed)}
