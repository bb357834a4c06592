"""Operators' commands: stop, suppress, channel, gateway, backup, restore."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from twain.cli.domains import show_signatures, signature_json
from twain.cli.output import Json, print_json, print_json_list, say, show_problems, table, when
from twain.flows import control
from twain.flows.domains import check_signatures
from twain.flows.gateway import elsewhere, serve_gateway
from twain.flows.instance import open_instance
from twain.flows.production import waive_old_list
from twain.flows.suppressing import export_suppressions, import_suppressions

suppress = typer.Typer(no_args_is_help=True, help="Addresses that must not be mailed. Only their hashes are kept.")
channel = typer.Typer(no_args_is_help=True, help="The ways out.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("stop")(stop)
    app.command("gateway")(gateway)
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("reconciled")(reconciled)
    app.add_typer(suppress, name="suppress")
    app.add_typer(channel, name="channel")


def stop(
    scope: Annotated[str, typer.Argument(help="all, channel:<name> or source:<name>; nothing = list.")] = "",
    why: Annotated[str, typer.Option(help="The reason, for everybody to read.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Lift this stop.")] = False,
    as_json: Json = False,
) -> None:
    """The red switch: stop all sends, one channel, or all reads from a source, at once."""
    with open_instance() as instance:
        if scope and lift:
            control.lift(instance, scope)
        elif scope:
            control.stop(instance, scope, why)
        stops = instance.ledger.stops()
    if as_json:
        print_json({"stops": stops})
    elif not stops:
        say("Nothing is stopped.", "green")
    else:
        table("Stopped", ("what", "by", "why", "since"), [(s.scope, s.person, s.why, when(s.at)) for s in stops])


@suppress.command("add")
def suppress_add(
    addresses: Annotated[list[str], typer.Argument(help="E-mail addresses.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "asked",
    scope: Annotated[str, typer.Option(help="all, channel:<name> or topic:<name>.")] = "all",
    days: Annotated[int, typer.Option(min=0, max=3650, help="A pause of so many days; 0 = for good.")] = 0,
    as_json: Json = False,
) -> int:
    """Do not mail these addresses any more: nothing at all, nothing by a channel, or nothing about a topic."""
    with open_instance() as instance:
        until = instance.clock.now() + days * 86_400 if days else None
        added, refused = control.suppress_addresses(
            instance, addresses, reason, "command line", scope=scope, until=until
        )
    if as_json:
        print_json({"added": added, "refused": refused})
    else:
        say(f"{added} added." + (f" Not addresses: {', '.join(refused)}" if refused else ""))
    return 2 if refused else 0


@suppress.command("import")
def suppress_import(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with an address column.")],
    reason: Annotated[str, typer.Option(help="Why, when the file does not say.")] = "imported",
    as_json: Json = False,
) -> int:
    """Take over suppressions from a file; every line that is no address is named, the others are kept."""
    with open_instance() as instance:
        done = import_suppressions(instance, file, reason)
    if as_json:
        print_json(done)
    else:
        say(f"{done.added} added, {done.known} known already.")
        show_problems(done.problems)
    return 2 if done.problems else 0


@suppress.command("waive")
def suppress_waive(
    because: Annotated[str, typer.Option("--because", help="Why there is nothing to import; your name goes with it.")],
    as_json: Json = False,
) -> None:
    """Answer, by name, for a first send without the suppressions of the provider before us."""
    with open_instance() as instance:
        waived = waive_old_list(instance, because)
    if as_json:
        print_json(waived)
    else:
        say(f"Noted: {waived.person} answers for it. {waived.why}")


@suppress.command("export")
def suppress_export(
    file: Annotated[Path | None, typer.Argument(help="Where to; standard output when none is named.")] = None,
    as_json: Json = False,
) -> None:
    """Write all suppressions, with scope and end. A file is CSV, and no cell of it can act as a formula."""
    with open_instance() as instance:
        if file is not None:
            with file.open("w", encoding="utf-8", newline="") as out:
                number = export_suppressions(instance, out)
        elif as_json:
            print_json_list("suppressions", instance.ledger.suppressions())
            return
        else:
            export_suppressions(instance, sys.stdout)
            return
    if as_json:
        print_json({"file": str(file), "written": number})
    else:
        say(f"{number} written to {file}.")


@channel.command("test")
def channel_test(
    name: Annotated[str, typer.Argument(help="A channel of twain.toml.")],
    to: Annotated[str, typer.Option(help="Send one test message to this address.")] = "",
    as_json: Json = False,
) -> int:
    """Connect, greet and sign in; with --to send one test message. Says whether its signatures verify by the DNS."""
    with open_instance() as instance:
        way_out = instance.channel(name)
        problems = way_out.test(to or None)
        promise = way_out.promise()
        seals = check_signatures(instance, name)
    if as_json:
        signatures = [signature_json(signer, wrong) for signer, wrong in seals]
        told = {"channel": name, "ok": not problems, "problems": problems, "in_flight": dict(promise)}
        print_json({**told, "signatures": signatures})
    else:
        show_problems(problems)
        show_signatures(seals)
        _works(name, promise["messages"], works=not problems)
    return 7 if problems else 0


def _works(name: str, unknown: int, *, works: bool) -> None:
    if works:
        say(f"{name} works.", "green")
        say(f"If a send crashes, at most {unknown} messages of each of its workers end as “delivery unknown”.", "dim")
    else:
        say(
            f"{name} does not work: nothing can be sent by it now. Mend that, then again: twain channel test {name}",
            "red",
        )


def gateway(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = a free one.")] = 8025,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=256, help="Requests at once, in each process.")] = 32,
    as_json: Json = False,
) -> None:
    """Serve the recipients' pages: unsubscribe, choose, why, links, opens, view. Says where once it listens."""

    def ready(bound: int) -> None:
        url = f"http://{host}:{bound}"
        note = elsewhere(links, bound)
        if as_json:
            print_json({"listening": url, "host": host, "port": bound, "links": links, "note": note})
        else:
            say(f"Listening on {url}")
            if note:
                say(note, "yellow")
        sys.stdout.flush()  # whoever started us through a pipe waits for this line

    with open_instance() as instance:
        links = instance.settings.base_url
        serve_gateway(instance, host, port, ready, workers=workers, threads=threads)


def backup(target: Annotated[Path, typer.Argument(help="A new folder.")], as_json: Json = False) -> None:
    """Copy the control store, the suppression key and the house (its tables and pictures), while all go on."""
    with open_instance() as instance:
        house = control.backup(instance, target)
    if as_json:
        print_json({"backup": str(target), "house": house})
        return
    say(f"Written to {target}. Keep it as safe as the key in it.")
    if not house:
        say("The house is not in it: there is none here, or its tables are in PostgreSQL (pg_dump -n house).", "dim")


def restore(origin: Annotated[Path, typer.Argument(exists=True)], as_json: Json = False) -> None:
    """Put a backup in place. Sends stay blocked until suppression is complete again: twain reconciled."""
    with open_instance() as instance:
        house = control.restore(instance, origin)
    if as_json:
        print_json({"restored": str(origin), "blocked": True, "house": house})
        return
    say(
        "The house is restored, too." if house else "The house is as it was: the backup has none, or one is there.",
        "dim",
    )
    say("Restored. Sends are blocked: people may have unsubscribed since this backup was made.", "yellow")
    say("Import what you know (twain suppress import), then: twain reconciled --yes")


def reconciled(
    yes: Annotated[bool, typer.Option("--yes", help="Suppression is complete; your name goes on record.")] = False,
    as_json: Json = False,
) -> int:
    """After a restore: say that suppression is complete, so that sends may go again."""
    with open_instance() as instance:
        blocked = instance.ledger.needs_reconciling()
        if blocked and yes:
            control.reconciled(instance)
            blocked = False
    if as_json:
        print_json({"blocked": blocked})
    else:
        say("Sends are blocked until you run: twain reconciled --yes" if blocked else "Sends may go.")
    return 3 if blocked else 0
