"""What people do about leads and about the old provider's list: each audited by name, none with an address in the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twain.errors import ConfigError
from twain.flows import intake
from twain.flows.production import waive_old_list
from twain.records import OldList
from twain_web import engine
from twain_web.access import refuse_unless
from twain_web.rooms.insights.permissions import RETRY_LEADS, UNMASK_LEAD, WAIVE_OLD_LIST
from twain_web.rooms.people.public import record

_SHORTEST_REASON = 10  # letters


def retry_leads(*, by: Any, identifier: str = "") -> int:  # noqa: ANN401 — a Person
    """Have one tried again now, or all that are dead; returns how many. Raises ConfigError T874 for one that is not there."""
    refuse_unless(by, RETRY_LEADS)
    again = intake.retry(engine.instance(by), identifier)
    record(by, "leads tried again", f"lead:{identifier}" if identifier else "leads", {"leads": again})
    return again


def unmask_lead(*, by: Any, identifier: str, reason: str) -> Mapping[str, Any]:  # noqa: ANN401 — a Person
    """What is to be written of one lead; the audit has the row before it is shown. Raises ConfigError T874, or for the reason."""
    refuse_unless(by, UNMASK_LEAD)
    if len(reason.strip()) < _SHORTEST_REASON:
        raise ConfigError(
            "Unmasking needs a reason that somebody else can follow.", todo="Say in a sentence what you need it for."
        )
    here = engine.instance(by)
    record(by, "lead unmasked", f"lead:{identifier}", {"reason": reason.strip()[:500]})
    return intake.shown(here, identifier)[1]


def answer_for_old_list(*, by: Any, because: str) -> OldList:  # noqa: ANN401 — a Person
    """Answer, by name, for a first send without the suppressions of the provider before us. Raises ConfigError T876."""
    refuse_unless(by, WAIVE_OLD_LIST)
    waived = waive_old_list(engine.instance(by), because[:500])
    record(by, "old suppressions waived", "suppression", {"reason": waived.why})
    return waived
