"""A sender domain is right: every authoritative server answers with the records that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from twain.errors import ConfigError, TwainError
from twain.flows.domains import check_domains
from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain.records import Level
from twain_web.rooms.desk.probes import Observation, missing, there, unknown

EVERY = timedelta(minutes=10)


def observe(instance: Instance, target: Mapping[str, str], _kind: RequestType | None) -> Observation:
    """Judge each record of the domain as ``twain domains`` does; what is red is not there yet."""
    domain = target.get("domain", "").strip().rstrip(".").lower()
    try:
        found = check_domains(instance, domain) if domain else []
    except ConfigError as error:
        return missing(_("IT has not entered the domain in twain.toml yet."), error.what, asked=False)
    except TwainError as error:
        return unknown(error.business, f"{error.what} {error.todo}")
    red = [one for one in found if one.level is Level.HOLD]
    if not found or red:
        words = _("The DNS is not right yet: %s.") % ", ".join(dict.fromkeys(one.record for one in red))
        return missing(words, " ".join(f"{one.record} ({one.name}): {one.what}" for one in red))
    return there(_("The DNS of %s is right on every server that answers for it.") % domain)
