"""Where only people can see it: whoever asked says whether it is there. There is nothing to look at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain_web.rooms.desk.probes import Observation, unknown

EVERY = timedelta(days=1)


def observe(_instance: Instance, _target: Mapping[str, str], _kind: RequestType | None) -> Observation:
    """Nobody here can tell."""
    return unknown(_("Whoever asked says when it is there."), asked=False)
