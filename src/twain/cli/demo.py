"""``twain start`` and ``twain demo-data``: the demo company."""

from __future__ import annotations

import contextlib
import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.progress import Progress

from twain.cli.output import Json, console, count, print_json, say, table
from twain.cli.progress import TerminalWatch
from twain.cli.send import end
from twain.demo.start import CAMPAIGN, DemoDesk, copy_workspace, demo_desk, ensure_data
from twain.demo.writers import build_demo
from twain.errors import ConfigError
from twain.flows.account import Report
from twain.flows.gateway import open_gateway
from twain.flows.instance import Instance, open_instance
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
    as_json: Json = False,
) -> int:
    """Build the demo company, send its main campaign into the built-in mail sink, and print the report."""
    copy_workspace(folder)
    _build(folder, customers, seed, quiet=as_json)
    os.environ.setdefault("TWAIN_PERSON", "lhoffmann")
    with demo_desk(folder) as desk:
        code = end(_send(folder, quiet=as_json), as_json=as_json)
        if not once and not as_json:
            _stay(folder, desk)
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


def _stay(folder: Path, desk: DemoDesk) -> None:
    """Keep inbox and gateway open until Ctrl-C, so that messages can be read and their links followed."""
    with open_instance(folder) as instance, _gateway(instance):
        say(f"Read the messages: {desk.inbox.url}")
        say(f"Look around: cd {folder} && ../.venv/bin/twain runs     (Ctrl-C ends the demo)")
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


def _gateway(instance: Instance) -> AbstractContextManager[object]:
    """The gateway at the address that the messages' links name; without it when another program has that port."""
    port = urlsplit(instance.settings.base_url).port or 80
    try:
        return open_gateway(instance, "127.0.0.1", port)
    except OSError:
        say(f"Port {port} is taken by another program: the links in the messages will not work.", "yellow")
        return contextlib.nullcontext()
