"""A send on the terminal: stages, checks, a bar with rate and time left, and the report."""

from __future__ import annotations

import time
from types import TracebackType

from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from twain.cli.output import clean, console, count, show_verdict
from twain.flows.account import Report
from twain.records import RunState, Tally, Verdict

_WORDS = {
    RunState.FINISHED: "[green]Everyone accounted for[/]",
    RunState.PAUSED: "[yellow]Paused[/]",
    RunState.HELD: "[yellow]Held[/]",
    RunState.CANCELLED: "[yellow]Cancelled[/]",
    RunState.EXPIRED: "[yellow]Expired: not sent after its time[/]",
}


class TerminalWatch:
    """flows.watch.Watch for a person at a terminal."""

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._passed = 0
        self._started = time.monotonic()
        self._task: TaskID | None = None
        self._waits = False
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TextColumn("so far,"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
        )

    def __enter__(self) -> TerminalWatch:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._progress.stop()

    def stage(self, name: str, text: str) -> None:
        """A new part begins: its line and, where it counts, its bar."""
        self._close()
        if name == "sending":
            self._started = time.monotonic()
        self._task = self._progress.add_task(text, total=None, figures="")

    def verdict(self, verdict: Verdict) -> None:
        """Warnings and holds at once; passes when asked for."""
        if self._verbose or verdict.level != "pass":
            show_verdict(verdict)

    def read(self, rows: int) -> None:
        """Rows read so far."""
        if self._task is not None:
            self._progress.update(self._task, figures=f"{count(rows)} rows")

    def sent(self, tally: Tally) -> None:
        """Where everyone is."""
        if self._task is None:
            return
        done = tally.audience - tally.pending
        rate = done / max(time.monotonic() - self._started, 1e-9)
        figures = f"{count(done)} of {count(tally.audience)}  {count(int(rate))}/s"
        self._progress.update(self._task, total=tally.audience, completed=done, figures=figures)

    def waiting(self, why: str) -> None:
        """Why nothing goes, said once, as soon as it is known; and that it goes again."""
        if why and not self._waits:
            console.print(f"  [yellow]![/] {escape(clean(why))}")
        elif self._waits and not why:
            console.print("  [green]✓[/] The relay answers again.")
        self._waits = bool(why)

    def _close(self) -> None:
        if self._task is not None:
            task = self._progress.tasks[self._progress.task_ids.index(self._task)]
            total = task.total if task.total is not None else 1
            self._progress.update(self._task, total=total, completed=total)


def show_report(report: Report) -> None:
    """The send's books: funnel on the left, fates on the right, one sentence above."""
    grid = Table.grid(padding=(0, 4))
    grid.add_row(_funnel(report), _fates(report))
    words = _WORDS.get(report.run.state, str(report.run.state))
    console.print(
        Panel(grid, title=f"Send {report.run.id} · {report.run.campaign}", subtitle=f"{words} · {_speed(report)}")
    )


def _speed(report: Report) -> str:
    sent = count(report.tally.sent)
    if report.run.state in (RunState.PAUSED, RunState.HELD):
        return f"after {report.seconds:.1f} s, {sent} sent"
    return f"{sent} sent in {report.seconds:.1f} s, {count(int(report.rate))} per second"


def _funnel(report: Report) -> Table:
    shown = Table.grid(padding=(0, 2))
    shown.add_row("Matched", count(report.funnel.matched))
    for reason, number in report.funnel.excluded.items():
        if number:
            shown.add_row(f"  left out: {_words(reason)}", f"−{count(number)}")
    shown.add_row("[bold]Audience[/]", f"[bold]{count(report.funnel.audience)}[/]")
    return shown


def _fates(report: Report) -> Table:
    tally = report.tally
    shown = Table.grid(padding=(0, 2))
    shown.add_row("Sent", count(tally.sent))
    for name, total in (("Failed", tally.failed), ("Suppressed", tally.suppressed)):
        shown.add_row(name, count(total))
        for reason, number in report.as_json()[name.lower()].items():
            shown.add_row(f"  {_words(reason)}", count(number))
    shown.add_row("Delivery unknown", count(tally.uncertain))
    if tally.pending:
        shown.add_row("[yellow]Still to go[/]", count(tally.pending))
    return shown


def _words(reason: str) -> str:
    return reason.replace("_", " ")
