"""The API, put together: each room's operations, one way to answer errors, and no operation without a rule."""

from __future__ import annotations

from twain_web.api import (
    audiences,
    audit,
    campaigns,
    capacity,
    catalogue,
    contents,
    customers,
    desk,
    incidents,
    integrations,
    partnership,
    people,
    sends,
    suppression,
    workspace,
)
from twain_web.api.openapi import HouseApi, refuse_unguarded
from twain_web.api.problems import answer_in_problems
from twain_web.api.shapes import StrictJson

api = HouseApi(
    title="Twain",
    version="1",
    description="The house of the two teams, for programs. Errors are RFC 9457 problems.",
    urls_namespace="house-api",
    openapi_url=None,
    docs_url=None,
    parser=StrictJson(),
)
answer_in_problems(api)
for room in (
    catalogue,
    audiences,
    contents,
    campaigns,
    capacity,
    sends,
    customers,
    suppression,
    integrations,
    incidents,
    desk,
    partnership,
    people,
    audit,
    workspace,
):
    api.add_router("", room.router)
refuse_unguarded(api)
