"""A vendor was looked at together: the review that this request asked for is decided, with every round that it needed.

Reviews are kept in a room above this one; that room says how the review stands (:data:`twain_web.rooms.desk.elsewhere.REVIEWS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain_web.rooms.desk.elsewhere import review_of
from twain_web.rooms.desk.probes import Observation, missing

EVERY = timedelta(seconds=15)


def observe(_instance: Instance, target: Mapping[str, str], _kind: RequestType | None) -> Observation:
    """Ask for the review of the request whose short name is under ``request``."""
    seen = review_of(target.get("request", ""), target.get("vendor", ""))
    return seen or missing(_("Nobody has begun the review with both teams yet."))
