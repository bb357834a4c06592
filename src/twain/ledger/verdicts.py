"""Pre-send checks as rows of the delivery history: what was checked, what was found, by which version of which contract."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from twain.records import Verdict

CHECKS = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("feed", pa.string(), nullable=False),
        pa.field("field", pa.string(), nullable=False),
        pa.field("check", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),
        pa.field("observed", pa.float64()),
        pa.field("expected", pa.string(), nullable=False),
        pa.field("business", pa.string(), nullable=False),
        pa.field("technical", pa.string(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("contract", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("ms", tz="UTC"), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Checked:
    """Verdicts that were reached together, at epoch seconds *at*.

    *run_id* and *campaign* are empty when no send asked. *contracts*: feed → (version, hash) of the contract that was kept to.
    """

    verdicts: Sequence[Verdict]
    at: float
    run_id: str = ""
    campaign: str = ""
    contracts: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def check_table(checked: Checked) -> pa.Table:
    """The rows of one round of checks, by schema CHECKS."""
    return pa.Table.from_pylist([_row(checked, verdict) for verdict in checked.verdicts], CHECKS)


def check_name(table: pa.Table, at: float) -> str:
    """A file's name that the same round of checks has again, and no other: its moment and its rows."""
    words = hashlib.sha256("\n".join(map(repr, table.to_pylist())).encode()).hexdigest()
    return f"{int(at * 1000):015d}-{words[:12]}"


def _row(checked: Checked, verdict: Verdict) -> dict[str, object]:
    version, contract = checked.contracts.get(verdict.feed, ("", ""))
    return {
        "run_id": checked.run_id,
        "campaign": checked.campaign,
        "feed": verdict.feed,
        "field": verdict.field,
        "check": verdict.check,
        "level": str(verdict.level),
        "observed": verdict.observed,
        "expected": verdict.expected,
        "business": verdict.business,
        "technical": verdict.technical,
        "version": version,
        "contract": contract,
        "at": int(checked.at * 1000),
    }
