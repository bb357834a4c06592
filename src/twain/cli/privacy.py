"""What a person may ask for: to be forgotten, and to see what is kept; and how long anything is kept at all."""

from __future__ import annotations

from typing import Annotated

import typer

from twain.cli.output import Json, print_json, say, table, when
from twain.flows import forgetting
from twain.flows.instance import open_instance


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("forget")(forget)
    app.command("person")(person)
    app.command("retain")(retain)


def forget(
    who: Annotated[str, typer.Argument(help="Somebody's address, or their key in a feed.")],
    yes: Annotated[bool, typer.Option("--yes", help="There is no undo.")] = False,
    as_json: Json = False,
) -> int:
    """Erase somebody: suppressed for good, and out of the delivery history. Only the hash of the address stays."""
    with open_instance() as instance:
        if not yes:
            found = forgetting.find(instance, who)
            keys = [key for _, key in found.subject.keys]
            if as_json:
                print_json({"would_forget": {"addresses": len(found.addresses), "keys": keys}})
            else:
                named = ", ".join(keys) or "none"
                say(f"{len(found.addresses)} address(es), keys: {named}. There is no undo. To do it: add --yes")
            return 3
        done = forgetting.forget(instance, who)
    if as_json:
        print_json(done)
        return 0
    say(
        f"{done.addresses} address(es) suppressed for good; {done.rows} rows of the history no longer name them, {done.left} do."
    )
    if done.sealed:
        say(f"Sealed until these sends end, and then gone: {', '.join(done.sealed)}. They get nothing more.", "yellow")
    if done.unread:
        say(
            f"Not asked, because the database did not answer: {', '.join(done.unread)}. Run this again later.", "yellow"
        )
    return 0


def person(
    who: Annotated[str, typer.Argument(help="Somebody's address, or their key in a feed.")], as_json: Json = False
) -> None:
    """Everything Twain itself keeps about somebody; what the company's databases hold is IT's to give."""
    with open_instance() as instance:
        known = forgetting.known(instance, who)
    if as_json:
        print_json(known)
        return
    say(
        f"{len(known['addresses'])} address(es), as hashes; keys: {', '.join(k['key'] for k in known['keys']) or 'none'}"
    )
    rows = [(when(d["at"]), d["campaign"], d["channel"], d["fate"], d["reason"]) for d in known["deliveries"]]
    table("Messages", ("when", "campaign", "channel", "outcome", "why"), rows)
    if known["conversions"]:
        converted = [
            (when(c["at"]), c["campaign"], c["run_id"], c["counted_from"], c["value"]) for c in known["conversions"]
        ]
        table("Counted as a success", ("when", "campaign", "send", "counted from", "value"), converted)
    for entry in known["suppressed"]:
        until = f", until {when(entry['until'])}" if entry["until"] else ""
        say(f"Suppressed ({entry['scope']}{until}): {entry['reason']} ({entry['origin']})")
    for one in known["signups"]:
        confirmed = f"confirmed {when(one['confirmed_at'])}" if one["confirmed_at"] else one["state"]
        words = f"words {one['consent_version']} ({one['consent_hash'][:12]})"
        say(f"Signed up by {one['form']}: {one['topic']}, {words}, asked {when(one['asked_at'])}, {confirmed}.")
    for run in known["held_by_sends"]:
        say(f"In the sealed audience of {run} until it ends.")


def retain(as_json: Json = False) -> None:
    """Drop what is older than policy.toml allows under "retention", and erase again whoever a restored copy still names."""
    with open_instance() as instance:
        erased = forgetting.forget_again(instance)
        dropped = forgetting.retain(instance)
    if as_json:
        print_json({"dropped": dropped, "erased_again": erased})
        return
    say(f"{erased} rows named somebody who was erased; they no longer do.")
    if dropped:
        table("Dropped", ("table", "rows"), sorted(dropped.items()))
    else:
        say("policy.toml has no [retention]: everything else is kept.")
