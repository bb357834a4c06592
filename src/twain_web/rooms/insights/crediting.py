"""Whose data a send read and what came of it: what a thank-you can stand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from twain.flows.conversions import rule_of
from twain.insight.credit import FeedRead
from twain.insight.rollup import from_json
from twain.records import Run, RunState
from twain_web import engine
from twain_web.rooms.campaigns.public import names_of
from twain_web.rooms.insights.answers import answered
from twain_web.rooms.insights.models import SendFigures
from twain_web.rooms.insights.reads import BEGUN

_MOST = 40


@dataclass(frozen=True, slots=True)
class Credited:
    """One finished send. People each; *success*: what its conversions are, in business words, empty without a rule."""

    run_id: str
    name: str
    person: str
    began_at: datetime
    sent: int
    clicked: int
    converted: int
    success: str
    reads: tuple[FeedRead, ...]


def credited(since: datetime) -> list[Credited]:
    """Sends that began since then and are finished, the newest first, from what is kept of them: nothing is asked anew."""
    here = engine.instance()
    runs = [run for run in here.ledger.runs(limit=_MOST, states=BEGUN) if _counts(run, since)]
    kept, names = answered(run.id for run in runs), names_of(run.campaign for run in runs)
    figures = {one.run_id: one.figures for one in SendFigures.objects.filter(run_id__in=list(kept))}
    found = []
    for run in runs:
        if run.id in kept and run.id in figures:
            came, rule = kept[run.id].responses, rule_of(here, run)
            feed = here.workspace.feeds.get(rule.feed) if rule else None
            found.append(Credited(
                run.id, names[run.campaign], run.person, kept[run.id].began_at, from_json(figures[run.id]).total("sent"),
                came.people("click"), came.people("conversion"), (feed.title if feed else rule.feed) if rule else "",
                kept[run.id].reads,
            ))  # fmt: skip
    return found


def _counts(run: Run, since: datetime) -> bool:
    """A real send that is over, not one message and not a rehearsal."""
    began = datetime.fromtimestamp(run.started_at or run.created_at, UTC)
    return run.state is RunState.FINISHED and not run.scope.startswith("to:") and began >= since
