"""Who may do what: six roles. A permission names the roles that have it; object rules may add or take from that."""

from __future__ import annotations

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Role(StrEnum):
    """What a person is in this house. People may have several."""

    MARKETER = "marketer"
    MARKETING_LEAD = "marketing_lead"
    DATA_OWNER = "data_owner"
    IT_OPERATOR = "it_operator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


#: The word on screen.
NAMES = {
    Role.MARKETER: _("Marketer"),
    Role.MARKETING_LEAD: _("Marketing lead"),
    Role.DATA_OWNER: _("Data owner"),
    Role.IT_OPERATOR: _("IT operator"),
    Role.ADMINISTRATOR: _("Administrator"),
    Role.AUDITOR: _("Auditor"),
}

#: The words that ``policy.toml`` uses in its approval rules.
POLICY_NAMES = {
    Role.MARKETER: "marketing",
    Role.MARKETING_LEAD: "marketing lead",
    Role.DATA_OWNER: "data owner",
    Role.IT_OPERATOR: "it operator",
    Role.ADMINISTRATOR: "administrator",
    Role.AUDITOR: "auditor",
}

MARKETING = frozenset({Role.MARKETER, Role.MARKETING_LEAD})
IT = frozenset({Role.DATA_OWNER, Role.IT_OPERATOR})
BOTH_TEAMS = MARKETING | IT
EVERYBODY = frozenset(Role)
