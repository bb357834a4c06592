"""What came back of a send: from the delivery history to figures with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twain.flows.instance import Instance
from twain.insight.rates import Rate, rate
from twain.insight.responses import TABLES, By, Responses, respond
from twain.insight.rollup import stamp_of
from twain.records import Run

#: Kinds that people cause, in the order in which they are told.
BY_PEOPLE = ("click", "conversion", "unsubscribe", "complaint")


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of one part of a send (a variant, a provider, all of it), by kind. *delivered* is what they are rates of."""

    name: str
    sent: int
    delivered: int
    rates: dict[str, Rate]
    machines: dict[str, int]
    value: float = 0.0


def files_of(instance: Instance, run_id: str) -> dict[str, list[Path]]:
    """The history's files that hold something of a send, by table."""
    return {table: instance.history.files(table, run_id) for table in TABLES}


def stamps(instance: Instance) -> dict[str, str]:
    """Of every send that the history knows, what tells one state of its answers from another: one look at the manifest."""
    tables = {table: instance.history.by_run(table) for table in TABLES}
    runs = {run_id for by_run in tables.values() for run_id in by_run}
    return {
        run_id: answers_stamp({table: by_run.get(run_id, []) for table, by_run in tables.items()}) for run_id in runs
    }


def answers_stamp(files: dict[str, list[Path]]) -> str:
    """What tells one state of a send's answers from another."""
    return stamp_of(_all(files.values()))


def responses_of(instance: Instance, run: Run) -> Responses:
    """Read what came back of a send."""
    files = files_of(instance, run.id)
    return respond(run.id, answers_stamp(files), files)


def rates_of(responses: Responses, sent: int, *, by: By = "whole", name: str = "") -> Rates:
    """Every rate of one part of a send, of *sent* people.

    Delivered is sent without what came back. Opens are told as numbers of machines and of programs that may be people's: there
    is no rate of them, because a machine's open looks like a person's.
    """
    bounced = min(sent, responses.people("bounce", by, name))
    delivered = sent - bounced
    of = {kind: rate(min(delivered, responses.people(kind, by, name)), delivered) for kind in ("open", *BY_PEOPLE)}
    machines = {kind: responses.machines(kind, by, name) for kind in ("open", "click")}
    return Rates(
        name, sent, delivered, {**of, "bounce": rate(bounced, sent)}, machines, responses.value("conversion", by, name)
    )


def _all(files: Iterable[Sequence[Path]]) -> list[Path]:
    return [file for several in files for file in several]
