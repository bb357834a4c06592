"""``twain start`` and ``twain demo-data``: the demo company."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.progress import Progress

from twain.cli.output import Json, console, count, print_json, say, table
from twain.cli.progress import TerminalWatch
from twain.cli.send import end
from twain.demo.start import CAMPAIGN, copy_workspace, demo_desk, ensure_data, free_port, point_links
from twain.demo.writers import build_demo
from twain.errors import ConfigError
from twain.flows.account import Report
from twain.flows.instance import open_instance
from twain.flows.send import OPEN, resume, send
from twain.flows.watch import Nobody

_KINDS = ("duckdb", "sqlite", "postgres")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("start")(start)
    app.command("demo-data")(demo_data)


def start(
    once: Annotated[
        bool, typer.Option("--once", help="End after the send; 0 only if everyone is accounted for.")
    ] = False,
    customers: Annotated[int, typer.Option(min=10)] = 100_000,
    seed: Annotated[int, typer.Option()] = 7,
    folder: Annotated[Path, typer.Option(help="Where the demo's workspace lies.")] = Path(".demo"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the house listens.")] = 8024,
    as_json: Json = False,
) -> int:
    """Build the demo company, send its main campaign into the mail sink, print the report, and open the house."""
    copy_workspace(folder)
    _build(folder, customers, seed, quiet=as_json)
    os.environ.setdefault("TWAIN_PERSON", "lhoffmann")
    if port and not once and not as_json:
        port = free_port(port)
        point_links(folder, port)  # before the first message is made: its links lead to the house that opens afterwards
    with demo_desk(folder):
        code = end(_send(folder, quiet=as_json), as_json=as_json)
    if not once and not as_json:
        _open_house(folder, port)
    return code


def demo_data(
    customers: Annotated[int, typer.Option(min=1)] = 100_000,
    seed: Annotated[int, typer.Option()] = 7,
    orders: Annotated[int | None, typer.Option(min=0, help="Five per customer when not said.")] = None,
    to: Annotated[
        str, typer.Option(help="duckdb:<path>, sqlite:<path>, or postgres:<variable with the URL>.")
    ] = "duckdb:shop.duckdb",
    as_json: Json = False,
) -> None:
    """Write the demo company: customers, orders, stores, products, visits. The same seed gives the same rows."""
    kind, _, where = to.partition(":")
    target = os.environ.get(where, "") if kind == "postgres" else where
    if kind not in _KINDS or not target:
        raise ConfigError(
            f"--to {to!r} is not a target.", todo="Use duckdb:<path>, sqlite:<path> or postgres:<VARIABLE>."
        )
    counts = build_demo(target, kind, customers, seed, orders=orders)
    if as_json:
        print_json({"rows": counts.rows, "planted": counts.planted})
    else:
        table(f"Written to {kind}", ("table", "rows"), [(name, count(n)) for name, n in counts.rows.items()])


def _build(folder: Path, customers: int, seed: int, *, quiet: bool) -> None:
    with Progress(console=console, disable=quiet, transient=True) as bar:
        task = bar.add_task("Building the demo company", total=customers)
        built = ensure_data(folder, customers, seed, lambda done, total: bar.update(task, completed=done, total=total))
    if built and not quiet:
        say(f"Built the demo company: {count(customers)} customers in {folder / 'data' / 'shop.duckdb'}")


def _send(folder: Path, *, quiet: bool) -> Report:
    with open_instance(folder) as instance:
        left = instance.ledger.runs(campaign=CAMPAIGN, states=OPEN)
        if quiet:
            watch = Nobody()
            return resume(instance, left[0].id, watch) if left else send(instance, CAMPAIGN, watch=watch)
        with TerminalWatch() as bar:
            return resume(instance, left[0].id, bar) if left else send(instance, CAMPAIGN, watch=bar)


def _open_house(folder: Path, port: int) -> NoReturn:
    """Become ``twain up --demo`` in the demo's workspace: the web joins by its entry point, the flow knows nothing of it."""
    os.chdir(folder)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "twain", "up", "--demo", "--port", str(port)])  # noqa: S606 — ourselves
