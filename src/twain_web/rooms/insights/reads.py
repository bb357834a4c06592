"""Figures of sends, from the delivery history by way of kept rollups; and the audience's funnel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twain.flows.account import report
from twain.flows.instance import Instance
from twain.flows.resolve import missed
from twain.insight.rollup import Rollup, from_json, roll_up, stamp_of
from twain.records import Fate, Run, RunState, Undelivered
from twain_web import engine
from twain_web.rooms.campaigns.public import names_of
from twain_web.rooms.insights.models import SendFigures

#: A send in one of these has figures; the others have only an expectation.
BEGUN = (
    RunState.SENDING,
    RunState.PAUSED,
    RunState.RECONCILING,
    RunState.FINISHED,
    RunState.CANCELLED,
    RunState.EXPIRED,
)
_OVER = (RunState.FINISHED, RunState.CANCELLED, RunState.EXPIRED)
MOST_LISTED = 200
EXCLUDED = {
    "duplicate": "Same address twice",
    "no_address": "No address",
    "invalid": "Address unusable",
    "consent": "Did not agree",
    "holdout": "Held out to compare",
    "cap": "Had enough mail lately",
    "history": "By what we sent before",
    "limit": "Only a part was asked for",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the funnel. *share* is of everybody matched, 0 to 1."""

    name: str
    people: int
    share: float
    kind: str


@dataclass(frozen=True, slots=True)
class SendRow:
    """One line of the list of sends; *name* is what people call the campaign."""

    run: Run
    name: str
    audience: int
    sent: int
    failed: int
    suppressed: int
    uncertain: int

    @property
    def accounted_for(self) -> bool:
        """Over, and everybody has an end."""
        return self.run.state in _OVER and self.audience == self.sent + self.failed + self.suppressed + self.uncertain


def figures(instance: Instance, run: Run) -> Rollup:
    """A send's figures: the kept ones while the history's files are the same, else read once more and kept."""
    files = instance.history.files("deliveries", run.id)
    kept = SendFigures.objects.filter(run_id=run.id).first()
    if kept is not None and kept.stamp == stamp_of(files):
        return from_json(kept.figures)
    fresh = roll_up(run.id, files)
    if run.state in _OVER:
        SendFigures.objects.update_or_create(run_id=run.id, defaults={"stamp": fresh.stamp, "figures": fresh.as_json()})
    return fresh


def sends(instance: Instance, *, campaign: str = "", limit: int = 500) -> list[Run]:
    """Sends that have begun, newest first; of those campaigns alone whose name or slug has *campaign* in it."""
    runs = [run for run in instance.ledger.runs(limit=limit, states=BEGUN) if not run.scope.startswith("to:")]
    if not campaign:
        return runs
    names = names_of(run.campaign for run in runs)
    return [run for run in runs if campaign.lower() in f"{names[run.campaign]} {run.campaign}".lower()]


def rows(instance: Instance, runs: Sequence[Run]) -> Iterator[SendRow]:
    """The list's lines for these sends: finished ones from their kept figures, the others from the ledger, one read each."""
    kept = {one.run_id: from_json(one.figures) for one in SendFigures.objects.filter(run_id__in=[r.id for r in runs])}
    names = names_of(run.campaign for run in runs)
    settled = {run.id: kept[run.id] for run in runs if run.id in kept and run.state in _OVER}
    tallies = instance.ledger.tallies([run.id for run in runs if run.id not in settled])
    for run in runs:
        name = names[run.campaign]
        if run.id in settled:
            known = settled[run.id]
            ends = (known.total(fate) for fate in ("sent", "failed", "suppressed", "uncertain"))
            yield SendRow(run, name, known.audience, *ends)
        else:
            tally = tallies[run.id]
            yield SendRow(run, name, tally.audience, tally.sent, tally.failed, tally.suppressed, tally.uncertain)


def funnel(instance: Instance, run: Run, known: Rollup) -> list[Step]:
    """From everybody the rule matched to everybody who got the message; every person is in exactly one bar's loss."""
    whole = report(instance, run).funnel
    matched = whole.matched or known.audience
    steps = [Step("Matched the audience", matched, 1.0, "head")]
    lost = [(EXCLUDED.get(reason, reason), people) for reason, people in whole.excluded.items() if people]
    steps += [Step(name, people, _share(people, matched), "excluded") for name, people in lost]
    steps.append(Step("Audience", whole.audience or known.audience, _share(known.audience, matched), "head"))
    ends = (("Stopped before sending", "suppressed"), ("Failed", "failed"), ("Delivery unknown", "uncertain"))
    steps += [Step(name, known.total(f), _share(known.total(f), matched), "lost") for name, f in ends if known.total(f)]
    steps.append(Step("Sent", known.total("sent"), _share(known.total("sent"), matched), "sent"))
    return steps


def who_was_missed(instance: Instance, run_id: str) -> Iterator[Undelivered]:
    """Everybody of a send who did not get it, or of whom it is not known."""
    return missed(instance, run_id, (Fate.FAILED, Fate.SUPPRESSED, Fate.UNCERTAIN))


def missed_lines(instance: Instance, run_id: str) -> Iterator[list[str]]:
    """The same as rows of a table, its heading first."""
    yield ["key", "what", "why", "the relay said"]
    for one in who_was_missed(instance, run_id):
        yield [one.key, one.fate.name.lower(), one.reason, one.reply]


def stale() -> list[str]:
    """Sends that are over and whose figures were never kept: the reconciler reads them before anybody asks."""
    here = engine.instance()
    known = set(SendFigures.objects.values_list("run_id", flat=True))
    return [run.id for run in here.ledger.runs(limit=500, states=_OVER) if run.id not in known]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
