"""``twain runs`` and everything about one send: its books, who was missed, tracing, going on, resolving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from twain.cli.bounces import show_returned
from twain.cli.events import show_reactions
from twain.cli.output import Json, console, count, day_and_minute, figures, print_json, say, table, when, zone
from twain.cli.progress import TerminalWatch, show_report
from twain.cli.send import end
from twain.errors import ConfigError
from twain.flows.account import Report, report
from twain.flows.events import came_back
from twain.flows.instance import open_instance
from twain.flows.resolve import missed, resolve
from twain.flows.send import OPEN, cancel, pause, resume
from twain.flows.trace import may_be_mailed, trace
from twain.flows.warming import warming_of_run
from twain.flows.watch import Nobody
from twain.records import RunState

_WIDE = 110  # characters of a terminal from which on each way of not getting it has a column
RunId = Annotated[str, typer.Argument(help="A send's id, or its beginning.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("runs")(list_runs)
    app.command("run")(show_run)
    app.command("missed")(show_missed)
    app.command("resume")(go_on)
    app.command("pause")(pause_run)
    app.command("cancel")(cancel_run)
    app.command("trace")(show_trace)
    app.command("resolve")(resolve_run)


def list_runs(
    campaign: Annotated[str, typer.Option(help="Only this campaign's.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: Json = False,
) -> None:
    """The sends, newest first."""
    with open_instance() as instance:
        found = [report(instance, run) for run in instance.ledger.runs(limit=limit, campaign=campaign or None)]
    if as_json:
        print_json({"runs": [one.as_json() for one in found]})
    elif not found:
        say("Nothing has been sent yet. Try: twain send <campaign> --dry-run")
    else:
        _list(found)


def _list(found: list[Report]) -> None:
    """A line each; on a narrow terminal one figure for everybody who did not certainly get it."""
    wide = console.width >= _WIDE
    ends = ("failed", "suppr.", "unknown") if wide else ("not sent",)
    rows = []
    for one in found:
        tally = one.tally
        missed_ones = (tally.failed, tally.suppressed, tally.uncertain)
        numbers = [one.funnel.audience, tally.sent, *(missed_ones if wide else [sum(missed_ones)])]
        first = (one.run.id, one.run.campaign, one.run.state, day_and_minute(one.run.created_at))
        rows.append((*first, *(count(n) for n in numbers)))
    table("", ("send", "campaign", "state", f"started ({zone()})", "people", "sent", *ends), rows)


def show_run(run_id: RunId, as_json: Json = False) -> None:
    """One send: its books, what came back of it, and its timeline."""
    with open_instance() as instance:
        one = report(instance, instance.ledger.run(run_id))
        timeline = instance.ledger.timeline(one.run.id)
        back = came_back(instance, one.run.id)
        returned = instance.ledger.returned_counts(one.run.id)
        warming = warming_of_run(instance, one.run, one.tally.pending) if one.run.state in OPEN else None
    if as_json:
        print_json(
            {
                **one.as_json(),
                "bundle": one.run.bundle,
                "came_back": back.as_json(),
                "returned": returned,
                "warming": warming.words if warming else "",
                "timeline": timeline,
            }
        )
        return
    show_report(one)
    if warming:
        say(warming.words)
    show_reactions(back)
    show_returned(returned)
    rows = [(when(e.at), figures(e.business), figures(e.technical)) for e in timeline]
    table("Timeline", ("when", "what", "in detail"), rows)


def show_missed(run_id: RunId, as_json: Json = False) -> None:
    """Who did not get it, and why: failed, suppressed, delivery unknown; how many were not reached yet or left out before."""
    with open_instance() as instance:
        people = list(missed(instance, run_id))
        one = report(instance, instance.ledger.run(run_id))
    if as_json:
        left_out = {reason: number for reason, number in one.funnel.excluded.items() if number}
        print_json({"missed": [_person(p) for p in people], "not_reached": one.tally.pending, "left_out": left_out})
        return
    if people:
        told = [(p.key, p.fate.name.lower(), p.reason, p.reply) for p in people]
        table("", ("key", "what", "why", "the relay said"), told)
    for words, style in _rest(one, missed_some=bool(people)):
        say(words, style)


def _rest(one: Report, *, missed_some: bool) -> Iterator[tuple[str, str]]:
    """Whom no list of the missed can name: those the send has not come to yet, and those who were never in its audience."""
    run, waiting = one.run, one.tally.pending
    if run.funnel is None:
        yield f"Nobody was chosen yet: the send is {run.state}. Where it stands: twain run {run.id}", "yellow"
        return
    if waiting:
        going = run.state is RunState.SENDING
        how = f"It is being sent; to see: twain run {run.id}" if going else f"Go on with it: twain resume {run.id}"
        yield (
            f"{count(waiting)} of {count(one.funnel.audience)} were not reached yet: the send is {run.state}. {how}",
            "yellow",
        )
    elif not missed_some:
        yield "Nobody was missed.", "green"
    if left_out := sum(one.funnel.excluded.values()):
        reasons = ", ".join(f"{reason.replace('_', ' ')} {count(n)}" for reason, n in one.funnel.excluded.items() if n)
        yield (
            f"{count(left_out)} people of the audience's rule were left out before ({reasons}): twain run {run.id}",
            "",
        )


def go_on(run_id: RunId, workers: Annotated[int, typer.Option(min=1, max=64)] = 1, as_json: Json = False) -> int:
    """Go on with a send that was paused, held, or left by a process that died."""
    with open_instance() as instance:
        if as_json:
            return end(resume(instance, run_id, Nobody(), workers=workers), as_json=True)
        with TerminalWatch() as watch:
            finished = resume(instance, run_id, watch, workers=workers)
        return end(finished, as_json=False)


def pause_run(run_id: RunId, as_json: Json = False) -> None:
    """Pause a send: what is in flight is answered, nothing is lost."""
    with open_instance() as instance:
        run = pause(instance, run_id)
    _said(run.id, f"Send {run.id} is paused. Go on with: twain resume {run.id}", as_json=as_json)


def cancel_run(run_id: RunId, as_json: Json = False) -> None:
    """End a send for good; people not reached yet are counted as suppressed (cancelled)."""
    with open_instance() as instance:
        run = cancel(instance, run_id)
    _said(run.id, f"Send {run.id} is cancelled.", as_json=as_json)


def show_trace(
    wanted: Annotated[str, typer.Argument(help="A Message-ID, or a person's key.")], as_json: Json = False
) -> None:
    """Follow one message, or everything one person got: from the row to the relay's answer."""
    with open_instance() as instance:
        found = trace(instance, wanted)
        asked = {} if found else may_be_mailed(instance, wanted)
    if as_json:
        print_json({"messages": found, "may_be_mailed": asked})
    elif not found:
        _untraced(wanted, asked)
    for one in [] if as_json else found:
        table(f"{one.campaign} · send {one.run}", ("step", "what"), one.steps)


def _untraced(wanted: str, asked: Mapping[str, list[tuple[str, bool, str]]]) -> None:
    """Nothing was sent to them: what is known of why, and where to look on."""
    say(f"No message is known for {wanted!r}: nothing was sent, or its send goes on and is not in the history yet.")
    for feed, questions in asked.items():
        say(f"In {feed} there is somebody with this key, as the database knows them now:")
        for question, yes, why in questions:
            say(f"  {question}: {'yes' if yes else 'no'}" + (f" ({why})" if why else ""), "" if yes else "yellow")
    if not asked:
        say(
            "No feed has somebody with this key whom mail can go to. Check the spelling; keys are shown by: twain missed <id>"
        )
    say(
        "How many a send left out, and for which reasons: twain run <id>. What is kept about somebody: twain person <key>"
    )


def resolve_run(
    run_id: RunId,
    sent: Annotated[bool, typer.Option("--sent", help="The relay's log says they were delivered.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="Send to them again.")] = False,
    as_json: Json = False,
) -> None:
    """Settle deliveries that are unknown."""
    if sent == resend:
        raise ConfigError(
            "Say which: --sent or --resend.", todo="Look into the relay's log first: twain missed " + run_id
        )
    with open_instance() as instance:
        number = resolve(instance, run_id, resend=resend)
    words = f"{number} will be sent again: twain resume {run_id}" if resend else f"{number} counted as sent."
    _said(run_id, words, as_json=as_json, resolved=number)


def _said(run_id: str, words: str, *, as_json: bool, **more: object) -> None:
    if as_json:
        print_json({"run": run_id, "said": words, **more})
    else:
        say(words)


def _person(person: object) -> dict[str, object]:
    names = ("run_id", "shard", "row", "key", "reason", "reply")
    return {**{n: getattr(person, n) for n in names}, "fate": person.fate.name.lower()}  # type: ignore[attr-defined]
