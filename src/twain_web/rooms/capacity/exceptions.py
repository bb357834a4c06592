"""Asking IT for room that there is not: the request, filled in with what stands in the way, for a person to word and send."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from twain_web import engine

_PROBE = "capacity"


def ask_url(*, name: str, title: str, channel: str, people: int, at: datetime, why: str) -> str:
    """Where IT is asked for an exception, with the conflict in it; "" where IT has no such type of request.

    *name*: as the send's slot is called. *why*: what stands in the way, in words.
    """
    types = engine.workspace().request_types.values()
    kind = next((one.name for one in types if one.probe == _PROBE), "")
    if not kind or not people:
        return ""
    local = timezone.localtime(at)
    outcome = _("room for “%(title)s” on %(day)s, although %(why)s")
    named = {"title": title, "day": date_format(local, "D j M Y, H:i"), "why": why}
    said = {
        "kind": kind,
        "outcome": (outcome % named)[:300],
        "wanted_by": f"{local:%Y-%m-%d}",
        "target_campaign": name,
        "target_channel": channel,
        "target_at": f"{local:%Y-%m-%dT%H:%M}",
        "target_people": people,
    }
    return f"{reverse('desk:ask')}?{urlencode(said)}"
