"""Why policy asks for a yes, in words, and which limit in the plan would spare it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from twain.flows.policy import Policy
from twain_web.templatetags.house import people


def why_asked(when: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """What of a bundle's *body* makes an approval rule apply; *when* is the rule's own. A sentence."""
    limit, ceiling = when.get("ceiling_over"), body.get("ceiling")
    said = {
        "limit": people(limit or 0),
        "ceiling": people(ceiling or 0),
        "topic": when.get("topic"),
        "channel": when.get("channel"),
    }
    if limit is not None and ceiling is None:
        return _("Policy asks for a yes above %(limit)s people, and this plan sets no limit of its own.") % said
    if limit is not None:
        return _("Policy asks for a yes above %(limit)s people, and this plan allows %(ceiling)s.") % said
    if "topic" in when:
        return _("Policy asks for a yes for everything about “%(topic)s”.") % said
    if "channel" in when:
        return _("Policy asks for a yes for everything that goes out by “%(channel)s”.") % said
    return _("Policy asks for a yes for every send.")


def spared_up_to(when: Mapping[str, Any], counted: int | None) -> int | None:
    """The greatest limit in the plan that would spare this yes; None when none would, or *counted* people are more than it."""
    limit = when.get("ceiling_over")
    return limit if limit is not None and (counted is None or counted <= limit) else None


def limit_to_name(policy: Policy, plan: Mapping[str, Any]) -> int | None:
    """Up to how many people a plan goes without anybody's yes, where only its own limit decides; None where it does not.

    *plan* holds what rules look at: ``topic``, ``channel``, ``ceiling``.
    """
    turning = [rule.when["ceiling_over"] for rule in policy.rules_for(plan) if "ceiling_over" in rule.when]
    limit = min(turning, default=None)
    return None if policy.rules_for({**plan, "ceiling": limit}) else limit
