"""``twain send`` and what comes just before it: preview, dry run, approval."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape

from twain.cli.output import Json, clean, console, count, figures, print_json, say, show_text, show_verdict, table
from twain.cli.progress import TerminalWatch, show_report
from twain.errors import ConfigError
from twain.flows.account import Report
from twain.flows.dry_run import DryRun, dry_run
from twain.flows.instance import open_instance
from twain.flows.preview import Previewed, preview
from twain.flows.publish import approve, make
from twain.flows.send import SendOptions
from twain.flows.send import send as send_flow
from twain.flows.watch import Nobody
from twain.settings import seconds

NOT_ACCOUNTED = 4


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("send")(send)
    app.command("preview")(show_preview)
    app.command("approve")(give_approval)


def send(
    campaign: Annotated[str, typer.Argument(help="A folder in campaigns/.")],
    to: Annotated[str, typer.Option(help="Only the person with this key.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N of the audience.")] = None,
    not_after: Annotated[str, typer.Option(help="Not after this: a duration (2h) or a time (2026-12-01T09:00).")] = "",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
    dry: Annotated[bool, typer.Option("--dry-run", help="Check, count and build, but send nothing.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show checks that passed, too.")] = False,
    as_json: Json = False,
) -> int:
    """Send a campaign now, and account for everyone."""
    with open_instance() as instance:
        options = SendOptions(to, limit, _moment(not_after), workers)
        if dry:
            return _show_dry_run(dry_run(instance, campaign, options), as_json=as_json)
        if as_json:
            return end(send_flow(instance, campaign, options, Nobody()), as_json=True)
        with TerminalWatch(verbose=verbose) as watch:
            report = send_flow(instance, campaign, options, watch)
        return end(report, as_json=False)


def end(report: Report, *, as_json: bool) -> int:
    """Print a report; 0 only when everyone is accounted for."""
    if as_json:
        print_json(report.as_json())
    else:
        show_report(report)
    return 0 if report.accounted_for else NOT_ACCOUNTED


def show_preview(
    campaign: Annotated[str, typer.Argument(help="A folder in campaigns/.")],
    to: Annotated[str, typer.Option(help="The person with this key.")] = "",
    extremes: Annotated[bool, typer.Option("--extremes", help="The longest, emptiest and oddest people.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Print the HTML part, not the text part.")] = False,
    as_json: Json = False,
) -> None:
    """See the message as somebody will get it; fields without the preview right are masked."""
    with open_instance() as instance:
        shown = preview(instance, campaign, key=to, extremes=extremes)
    if as_json:
        print_json({"previews": shown})
        return
    for one in shown:
        _show_one(one, html=html)


def give_approval(
    campaign: Annotated[str, typer.Argument(help="A folder in campaigns/.")],
    note: Annotated[str, typer.Option(help="A word to go with it.")] = "",
    as_json: Json = False,
) -> None:
    """Say yes to exactly what would be sent now; any edit voids it."""
    with open_instance() as instance:
        bundle = make(instance, instance.workspace.campaign(campaign))
        approval = approve(instance, bundle, note)
    if as_json:
        print_json(approval)
    else:
        say(f"Approved {campaign} ({bundle.hash[:12]}) as {approval.role}.", "green")


def _moment(text: str) -> float | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except ValueError:
        pass
    try:
        return datetime.now(UTC).timestamp() + seconds(text, "--not-after")
    except ConfigError as error:
        raise ConfigError(
            f"--not-after {text!r} is neither a time nor a duration.", todo="Try 2h or 2026-12-01T09:00."
        ) from error


def _show_dry_run(result: DryRun, *, as_json: bool) -> int:
    if as_json:
        print_json(result.as_json())
        return 0 if result.ready else 3
    for verdict in result.verdicts:
        show_verdict(verdict)
    rows = [("matched", result.funnel.matched), *result.funnel.excluded.items(), ("audience", result.funnel.audience)]
    table(
        f"{result.campaign}: nothing was sent",
        ("people", "count"),
        [(r.replace("_", " "), count(n)) for r, n in rows if n],
    )
    for until, people in sorted(result.waits.items()):
        say(f"Quiet hours: {count(people)} of the people matched wait until {until} their time.")
    if result.warming is not None:
        say(figures(result.warming.words))
    say(
        f"Bundle {result.bundle[:12]}. "
        + ("It may go." if result.ready else f"It would be held: {figures(result.why)}")
    )
    return 0 if result.ready else 3


def _show_one(one: Previewed, *, html: bool) -> None:
    console.rule(escape(clean(one.who)))
    if one.left_out:
        say(f"Would not get it: {one.left_out}.", "yellow")
    if one.odd:
        say(f"Shown for {one.odd}.", "dim")
    say(f"Subject: {one.subject}", "bold")
    say(f"{one.size / 1024:.1f} KB" + (f", arm {one.arm}" if one.arm != "main" else ""), "dim")
    show_text(one.html if html else one.text)
