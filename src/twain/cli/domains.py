"""Sender domains and their keys: domains, dkim new-key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from twain.cli.output import Json, clean, console, print_json, say
from twain.delivery.dkim import Signer
from twain.delivery.dkim_keys import ED25519, RSA, new_key, zone_line
from twain.delivery.domains.judge import Finding, worst
from twain.flows.domains import check_domains
from twain.flows.instance import open_instance
from twain.records import Level
from twain.settings import load_settings

dkim = typer.Typer(no_args_is_help=True, help="Keys that sign mail.")
_MARKS = {Level.PASS: "[green]✓[/]", Level.WARN: "[yellow]![/]", Level.HOLD: "[red]✗[/]"}
_ALGORITHMS = {"rsa": RSA, "ed25519": ED25519}


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("domains")(domains)
    app.add_typer(dkim, name="dkim")


def domains(
    domain: Annotated[str, typer.Argument(help="One sender domain; all when none is named.")] = "",
    as_json: Json = False,
) -> int:
    """Ask every authoritative DNS server for the records that sender domains need. Exit 3 while one of them is red."""
    with open_instance() as instance:
        found = check_domains(instance, domain)
    level = worst(found)
    if as_json:
        print_json({"ok": level is not Level.HOLD, "level": level, "records": [_record(one) for one in found]})
    elif not found:
        say("There are no sender domains yet: a campaign's from address makes one.")
    else:
        _show(found)
        errors = sum(1 for one in found if one.level is Level.HOLD)
        say(
            f"{errors} of {len(found)} records are red." if errors else "No record is red.",
            "red" if errors else "green",
        )
    return 3 if level is Level.HOLD else 0


@dkim.command("new-key")
def dkim_new_key(
    domain: Annotated[str, typer.Argument(help="The domain that signs: the one in From, or one above it.")],
    selector: Annotated[str, typer.Argument(help="A new name for each key, for example twain2026.")],
    algorithm: Annotated[str, typer.Option(help="rsa (every receiver verifies it) or ed25519.")] = "rsa",
    file: Annotated[Path | None, typer.Option(help="Where the private key goes; .twain/dkim/ by default.")] = None,
    as_json: Json = False,
) -> None:
    """Make a private key, readable by Twain's user only, and print the DNS record that goes with it."""
    target = file or load_settings().state / "dkim" / f"{domain}.{selector}.pem"
    signer = new_key(domain, selector, _ALGORITHMS.get(algorithm, algorithm), target)
    if as_json:
        told = {"file": str(target), "domain": domain, "selector": selector, "algorithm": signer.algorithm}
        print_json({**told, "name": signer.name, "type": "TXT", "record": signer.record})
        return
    say(f"The private key is in {target}. Keep it out of git and backups that others read.", "green")
    say("Publish this record:")
    typer.echo(zone_line(signer.name, signer.record))
    say("Once twain domains shows it green, name the key in twain.toml:")
    typer.echo(f'[channels.<name>.dkim]\ndomain = "{domain}"\nselector = "{selector}"\nkey_file = "{target}"')


def show_signatures(seals: Sequence[tuple[Signer, str]]) -> None:
    """Each key of a channel, and whether what it signs verifies by the DNS."""
    for signer, wrong in seals:
        mark = _MARKS[Level.HOLD if wrong else Level.PASS]
        said = f"does not verify: {wrong}" if wrong else "verifies by the DNS"
        console.print(f"  {mark} DKIM d={signer.domain} s={signer.selector} {signer.algorithm} {escape(clean(said))}")


def signature_json(signer: Signer, wrong: str) -> dict[str, object]:
    """The same for programs."""
    told = {"domain": signer.domain, "selector": signer.selector, "algorithm": signer.algorithm}
    return {**told, "name": signer.name, "record": signer.record, "verifies": not wrong, "why_not": wrong}


def _record(finding: Finding) -> dict[str, object]:
    servers = [{"server": server, "says": says} for server, says in finding.found]
    return {**asdict(finding), "level": str(finding.level), "found": servers}


def _show(found: Sequence[Finding]) -> None:
    for domain in dict.fromkeys(one.domain for one in found):
        own = [one for one in found if one.domain == domain]
        say(f"{domain}", "bold")
        for one in own:
            console.print(f"  {_MARKS[one.level]} {one.record:<8} {escape(clean(f'{one.name}  {one.what}'))}")
            if one.level is not Level.PASS:
                _show_cure(one)


def _show_cure(one: Finding) -> None:
    if one.wanted:
        kind = "TXT" if one.type == "TXT" else one.type
        line = zone_line(one.name, one.wanted) if kind == "TXT" else f"{one.name}. IN {kind} {one.wanted}"
        console.print(f"      wanted: {escape(clean(line))}", soft_wrap=True)
    for server, says in one.found:
        console.print(f"      [dim]{escape(clean(f'{server}: {says}'))}[/]", soft_wrap=True)
    console.print(f"      → {escape(clean(one.todo))}")
