"""What counts as a conversion of a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Conversion:
    """A row of *feed* whose *time* lies within so many seconds after a message was sent, or after a person's click in it.

    *relation* leads from the campaign's feed to those rows; empty where there is only one. *value*: the field that is added up.
    *where*: what else must be true of the row, in the audience's rule language.
    """

    feed: str
    time: str
    within: float
    of: Literal["sent", "clicked"] = "clicked"
    value: str = ""
    relation: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
