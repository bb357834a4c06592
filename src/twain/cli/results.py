"""``twain conversions`` and ``twain credit``: what a send came to in the company's own data, and whose data it read."""

from __future__ import annotations

from typing import Annotated

import typer

from twain.cli.output import Json, count, print_json, say, table, when
from twain.flows.account import report
from twain.flows.answers import Rates, rates_of, responses_of
from twain.flows.conversions import Counted, count_conversions
from twain.flows.credit import credit
from twain.flows.instance import open_instance
from twain.insight.credit import Credit
from twain.insight.rates import Rate

RunId = Annotated[str, typer.Argument(help="A send's id, or its beginning.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("conversions")(show_conversions)
    app.command("credit")(show_credit)


def show_conversions(run_id: RunId, as_json: Json = False) -> None:
    """Count what people did afterwards in the company's data (the campaign's "conversion"). The house does it by itself."""
    with open_instance() as instance:
        run = instance.ledger.run(run_id)
        counted = count_conversions(instance, run)
        rates = rates_of(responses_of(instance, run), report(instance, run).tally.sent)
    if as_json:
        shown = {
            "run": run.id,
            "rule": counted.rule,
            "people": counted.people,
            "times": counted.times,
            "value": counted.value,
        }
        print_json(
            {
                **shown,
                "closes": counted.closes,
                "compared": counted.compared,
                "rate": rates.rates["conversion"].as_json(),
            }
        )
        return
    _say_conversions(counted, rates)


def show_credit(run_id: RunId, as_json: Json = False) -> None:
    """The feeds and fields that a send really read, their owners, and the clicks and conversions that came of it."""
    with open_instance() as instance:
        run = instance.ledger.run(run_id)
        found = credit(instance, run)
    if as_json:
        print_json({"run": run.id, "read_by_this_mail": [one.as_json() for one in found]})
        return
    rows = [(one.read.title, str(one.read.owner), ", ".join(one.read.by), ", ".join(one.read.fields)) for one in found]
    table("Read by this mail", ("feed", "owner", "for", "fields"), rows)
    columns = ("feed", "clicks touched", "conversions touched", "share", "clicks shared", "conversions shared")
    table("What came of it", columns, [_touched(one) for one in found])
    say("Touched: every feed has them all. Shared: in equal parts, which add up to exactly what there was.")


def _touched(one: Credit) -> tuple[str, ...]:
    touched = [count(one.touched[kind]) for kind in ("clicks", "conversions")]
    shared = [count(one.shared[kind]) for kind in ("clicks", "conversions")]
    return one.read.title, *touched, f"{one.percent:.2f} %", *shared


def _say_conversions(counted: Counted, rates: Rates) -> None:
    rule = counted.rule
    say(f"{count(counted.people)} people converted: {rule.feed} within {_span(rule.within)} of the {_start(rule.of)}.")
    say(f"{_shown(rates.rates['conversion'])} of {count(rates.delivered)} people whom it reached.")
    if rule.value:
        say(f"{rule.value}: {counted.value:,.2f} together, in {count(counted.times)} rows.")
    if counted.compared and counted.compared.lift:
        lift = counted.compared.lift
        say(
            f"What the mail moved, against those held out: {lift.difference:+.2%} ({lift.low:+.2%} to {lift.high:+.2%})."
        )
    say(f"Counted until {when(counted.closes)}." if counted.closes else "There is nothing to count from yet.")


def _start(of: str) -> str:
    return "click" if of == "clicked" else "send"


def _shown(one: Rate) -> str:
    return f"{one.share:.2%} ({one.low:.2%} to {one.high:.2%} in 95 of 100 such sends)"


def _span(seconds: float) -> str:
    return f"{seconds / 86_400:g} days" if seconds >= 86_400 else f"{seconds / 3600:g} hours"
