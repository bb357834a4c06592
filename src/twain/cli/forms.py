"""``twain form``, ``twain leads`` and ``twain consent``: what people sent by forms, and how it gets to IT's systems."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal, cast

import typer

from twain.cli.output import Json, count, print_json, say, show_problems, table, when
from twain.errors import ConfigError
from twain.flows import intake
from twain.flows.confirming import mail_confirmations
from twain.flows.forms import form_names, read_form
from twain.flows.instance import Instance, open_instance
from twain.flows.write_back import gather_wishes
from twain.records import Outgoing
from twain.returns.form_pages import frame, snippet

form = typer.Typer(no_args_is_help=True, help="Subscription forms: files in forms/, pages at /f/<name>.")
leads = typer.Typer(no_args_is_help=True, help="What people sent by forms, on its way to IT's systems.")
consent = typer.Typer(no_args_is_help=True, help="Consent, told to IT's own systems.")
_STATES = ("", "waiting", "written", "dead")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(form, name="form")
    app.add_typer(leads, name="leads")
    app.add_typer(consent, name="consent")


@form.command("list")
def form_list(as_json: Json = False) -> None:
    """The forms of this workspace, and where each is."""
    with open_instance() as instance:
        forms = [read_form(instance.root, name) for name in form_names(instance.root)]
        base = instance.settings.base_url
    rows = [(one.name, f"{base}/f/{one.name}", one.topic, one.intake or "–", _yes(one.double_opt_in)) for one in forms]
    if as_json:
        keys = ("name", "url", "topic", "intake", "double_opt_in")
        print_json({"forms": [dict(zip(keys, row, strict=True)) for row in rows]})
    else:
        table("Forms", ("name", "page", "topic", "leads go to", "double opt-in"), rows)


@form.command("embed")
def form_embed(
    name: Annotated[str, typer.Argument(help="A file of forms/, without .toml.")],
    language: Annotated[str, typer.Option(help="One of the form's languages; the first when none is named.")] = "",
    as_frame: Annotated[bool, typer.Option("--frame", help="The hosted page in a frame instead.")] = False,
    as_json: Json = False,
) -> None:
    """Print the form as HTML for another page. That page's address must stand in the form's origins."""
    with open_instance() as instance:
        one = read_form(instance.root, name)
        base = instance.settings.base_url
    spoken = language or next(iter(one.words))
    if spoken not in one.words:
        known = ", ".join(one.words)
        raise ConfigError(f"The form {name} has no words in {spoken!r}.", todo=f"It has: {known}.", code="T870")
    html = (frame if as_frame else snippet)(one, spoken, base)
    if as_json:
        print_json({"form": name, "language": spoken, "html": html, "origins": list(one.origins)})
    else:
        typer.echo(html, nl=False)
        if not one.origins:
            typer.echo('No page may send it yet: add origins = ["https://…"] to the form.', err=True)


@leads.command("list")
def leads_list(
    state: Annotated[str, typer.Option(help="waiting, written or dead; all when none is named.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 50,
    as_json: Json = False,
) -> None:
    """What is on its way or there, the newest first; never whom it is about."""
    if state not in _STATES:
        raise ConfigError(f"There is no state {state!r}.", todo="Use waiting, written or dead.", code="T874")
    with open_instance() as instance:
        chosen = cast("Literal['', 'waiting', 'written', 'dead']", state)
        found = instance.ledger.outgoing(state=chosen, limit=limit)
    if as_json:
        print_json({"leads": [_told(one) for one in found]})
    else:
        rows = [(o.id, o.kind, o.about, o.intake, o.state, when(o.at), o.tries, o.problem) for o in found]
        table("Leads and consents", ("id", "what", "from", "to", "state", "since", "tries", "problem"), rows)


@leads.command("show")
def leads_show(
    identifier: Annotated[str, typer.Argument(help="An id of twain leads list.")], as_json: Json = False
) -> None:
    """One with what is to be written; once it is written, its contents are gone from here."""
    with open_instance() as instance:
        one, payload = intake.shown(instance, identifier)
    if as_json:
        print_json({**_told(one), "payload": payload})
        return
    say(f"{one.id}: {one.kind} from {one.about} to {one.intake}, {one.state}, {one.tries} tries. {one.problem}")
    table("To be written", ("field", "value"), list(payload.items()))


@leads.command("retry")
def leads_retry(
    identifier: Annotated[str, typer.Argument(help="One id; all that are dead when none is named.")] = "",
    as_json: Json = False,
) -> None:
    """Try again now what is dead, or one. A second try writes nothing twice."""
    with open_instance() as instance:
        again = intake.retry(instance, identifier)
        done = intake.deliver_outgoing(instance)
    if as_json:
        print_json({"again": again, **asdict(done)})
    else:
        say(f"{count(again)} tried again: {done.written} written, {done.waiting} waiting, {done.dead} dead.")


@leads.command("deliver")
def leads_deliver(as_json: Json = False) -> int:
    """Send the mails that ask for confirmation and write what is due. The open house does it by itself."""
    with open_instance() as instance:
        mailed = mail_confirmations(instance)
        told = gather_wishes(instance)
        done = intake.deliver_outgoing(instance)
    if as_json:
        print_json({"mailed": mailed, "wishes": told, **asdict(done)})
    else:
        say(f"{mailed} mails; {done.written} written, {done.waiting} waiting, {done.dead} dead.")
    return 7 if done.dead else 0


@leads.command("test")
def leads_test(as_json: Json = False) -> int:
    """Connect to each intake, and look whether it could be written."""
    with open_instance() as instance:
        problems = intake.test_intakes(instance)
        names = sorted(instance.settings.intakes)
    if as_json:
        print_json({"intakes": names, "ok": not problems, "problems": problems})
    else:
        show_problems(problems)
        say(f"{len(names)} intakes, {'all' if not problems else 'not all'} of them can be written.")
    return 7 if problems else 0


@consent.command("lag")
def consent_lag(as_json: Json = False) -> int:
    """How many wishes are not with IT's own system yet, and since when the oldest waits."""
    with open_instance() as instance:
        gather_wishes(instance)
        found = [one for one in intake.lag(instance) if one.kind != "lead"]
        route, seconds = instance.settings.write_back, _oldest(instance, [one.oldest for one in found])
    number = sum(one.number for one in found)
    if as_json:
        print_json({"intake": route or None, "unwritten": number, "oldest_seconds": seconds, "by": found})
    elif not route:
        say('No route is declared: add [write_back] intake = "…" to twain.toml.', "yellow")
    else:
        say(f"{count(number)} not written to {route}" + (f"; the oldest waits for {seconds:.0f} s." if number else "."))
    return 7 if any(one.state == "dead" for one in found) else 0


def _oldest(instance: Instance, moments: list[float]) -> float:
    return round(max(0.0, instance.clock.now() - min(moments)), 1) if moments else 0.0


def _told(one: Outgoing) -> dict[str, Any]:
    hidden = ("sealed", "address_hash")
    return {key: value for key, value in asdict(one).items() if key not in hidden}


def _yes(value: bool) -> str:
    return "yes" if value else "no"
