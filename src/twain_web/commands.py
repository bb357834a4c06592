"""The web's part of the command line: ``twain up``, ``admin``, ``audit``, ``desk``, ``incidents``. Joins by the entry point.

Django is imported when a command runs, not before: ``twain send`` shall not pay for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twain.cli.output import Json, print_json, say
from twain.errors import WrongState
from twain_web.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from twain_web.supervise.house import Opened

audit = typer.Typer(no_args_is_help=True, help="The audit of the house: verify its chain.")
admin = typer.Typer(no_args_is_help=True, help="People of the house: enter somebody, their roles, deactivate somebody.")
desk = typer.Typer(
    no_args_is_help=True, help="Requests between the teams: list, ask, answer; their numbers; a simulated year."
)
incidents = typer.Typer(no_args_is_help=True, help="Failed checks: list, show, say that you have seen one, look again.")
Roles = Annotated[list[str] | None, typer.Option("--role", help="Once for each role; see twain admin roles --help.")]


def register(app: typer.Typer) -> None:
    """Add these commands to ``twain``."""
    app.command("up")(up)
    app.add_typer(admin, name="admin")
    app.add_typer(audit, name="audit")
    app.add_typer(desk, name="desk")
    app.add_typer(incidents, name="incidents")


def up(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = a free one.")] = 8024,
    demo: Annotated[bool, typer.Option("--demo", help="With the demo's people and its mail sink.")] = False,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Pages answered at the same time.")] = 8,
    as_json: Json = False,
) -> None:
    """Open the house: bring its tables up to date, serve its pages, and do what happens by itself. Ctrl-C closes it."""
    from twain_web.supervise import house  # noqa: PLC0415 — Django comes with it

    def opened(found: Opened) -> None:
        if as_json:
            print_json(found)
            sys.stdout.flush()
        else:
            _show(found)

    house.up(house.Asked(host, port, demo, threads), opened)


def _show(found: Opened) -> None:
    say(f"The house is open: {found.url}", "bold")
    for team in found.teams:
        names = ", ".join(f"{p['username']} ({p['name']}, {p['title']})" for p in team["people"])  # type: ignore[attr-defined]
        say(f"{team['team']}: sign in as {names}; password: {team['password']}")
    if found.inbox:
        say(f"Read the messages: {found.inbox}")
    for note in found.notes:
        say(note, "yellow")
    say("Ctrl-C closes it.")


# ---------------------------------------------------------------- people


@admin.command("enter")
def enter(
    username: str,
    name: Annotated[str, typer.Option(help="The full name.")],
    email: Annotated[str, typer.Option()],
    title: Annotated[str, typer.Option(help="The real title, as on the door.")] = "",
    role: Roles = None,
    link: Annotated[bool, typer.Option("--link", help="Print a link, good once, to set the password with.")] = False,
    as_json: Json = False,
) -> None:
    """Enter somebody; the first one as administrator. Asks for the password without showing it, or prints a link."""
    setup()
    from twain_web.rooms.people import public  # noqa: PLC0415 — only after setup

    by_link = link or as_json or not sys.stdin.isatty()
    password = None if by_link else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    public.enter(
        by=_me(), username=username, full_name=name, title=title, email=email,
        roles=role or ["administrator"], password=password,
    )  # fmt: skip
    url = public.one_time_link(by=_me(), username=username) if by_link else None
    if as_json:
        print_json({"username": username, "roles": role or ["administrator"], "link": url})
    else:
        say(f"{name} has been entered as {username}.")
        if url:
            say(f"To set the password, once: {url}")


@admin.command("roles")
def roles(username: str, role: Roles = None, as_json: Json = False) -> None:
    """Show the roles of somebody, or give exactly these.

    Roles: marketer, marketing_lead, data_owner, it_operator, administrator, auditor.
    """
    setup()
    from twain_web.rooms.people import public  # noqa: PLC0415 — only after setup

    held = public.change_roles(by=_me(), username=username, roles=role) if role else public.roles_of(username)
    if as_json:
        print_json({"username": username, "roles": held})
    else:
        say(f"{username}: {', '.join(held) or 'no role'}")


@admin.command("deactivate")
def deactivate(username: str, as_json: Json = False) -> None:
    """End all sessions of somebody and let them in no more. The audit goes on naming them."""
    setup()
    from twain_web.rooms.people import public  # noqa: PLC0415 — only after setup

    public.deactivate(by=_me(), username=username)
    if as_json:
        print_json({"username": username, "active": False})
    else:
        say(f"{username} can no longer sign in; every session has been ended.")


# ---------------------------------------------------------------- the audit


@audit.callback()
def about() -> None:
    """Rows that nobody changes."""


@audit.command("verify")
def verify(
    head: Annotated[str, typer.Option(help="A head that was kept elsewhere: it must still be in the chain.")] = "",
    as_json: Json = False,
) -> int:
    """Walk the audit's chain; print its head for keeping elsewhere. Exit code 4 when a row was changed or is missing."""
    setup()
    from twain_web.rooms.people.public import verify as walk  # noqa: PLC0415 — only after setup

    found = walk(head)
    if as_json:
        print_json(found)
    elif found.broken_at is None:
        say(f"{found.rows} rows, unbroken. Head: {found.head}")
    else:
        say(f"Broken: {found.why}. The {found.rows} rows before it are as they were written.")
    return 0 if found.broken_at is None else 4


# ---------------------------------------------------------------- requests


@desk.command("list")
def list_requests(
    closed: Annotated[bool, typer.Option("--closed", help="Those that are over.")] = False, as_json: Json = False
) -> None:
    """What is under way: how it stands, who has it now, and what was promised."""
    found = _asked("listed", closed=closed)
    if as_json:
        print_json({"requests": found})
        return
    for one in found:
        day = f", promised for {one.promised}" if one.promised else ""
        say(f"{one.slug}  {one.outcome}: {one.state_shown}{f' ({one.turn})' if one.turn else ''}{day}")
    if not found:
        say("Nothing is over yet." if closed else "Nothing is under way.")


@desk.command("show")
def show_request(request: str, as_json: Json = False) -> None:
    """One request, with every answer and every date that was given."""
    found = _asked("whole", slug=request)
    if as_json:
        print_json(found)
        return
    say(f"{found.card.outcome}: {found.card.state_shown}", "bold")
    say(f"Asked by {found.card.asker}. {found.purpose}")
    for given in found.promises:
        say(f"Promised for {given.day} by {given.who}")
    say(f"Automatic check: {found.seen or 'none'}")
    for mirror in found.mirrors:
        say(
            f"In {mirror.where}: {mirror.key or 'no issue yet'}{f', {mirror.status}' if mirror.status else ''} {mirror.url}"
        )
    for event in found.events:
        say(f"{event.at:%Y-%m-%d %H:%M}  {event.verb}  {event.who}: {event.words}")


@desk.command("ask")
def ask_it(
    outcome: str,
    kind: Annotated[str, typer.Option("--type", help="A file of requests/, without .toml.")],
    purpose: Annotated[str, typer.Option("--for", help="What it is for.")],
    by_day: Annotated[datetime | None, typer.Option("--by", formats=["%Y-%m-%d"], help="When it would help.")] = None,
    why: Annotated[str, typer.Option(help="Why then.")] = "",
    target: Annotated[
        list[str] | None, typer.Option("--target", help="What the check looks at: feed=customers")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask IT for something, as the page does."""
    setup()
    from twain_web.rooms.desk.public import Wish  # noqa: PLC0415 — only after setup

    day = by_day.date() if by_day else None
    looked_at = dict(one.partition("=")[::2] for one in target or ())
    made = _asked("ask", wish=Wish(kind, outcome, purpose, day, why, target=looked_at))
    if as_json:
        print_json(made)
    else:
        say(f"{made.slug}: {made.turn} is asked.")


@desk.command("answer")
def answer_request(
    request: str,
    verb: Annotated[str, typer.Argument(help="promise, accept, question, start, wait, arrive, show, decline, reply …")],
    words: Annotated[str, typer.Option(help="What is said with it.")] = "",
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The date that is promised.")] = None,
    as_json: Json = False,
) -> None:
    """Answer a request. Nothing closes it but what is seen to be there."""
    now = _asked("answer", slug=request, verb=verb, words=words, day=day.date() if day else None)
    if as_json:
        print_json(now)
    else:
        say(f"{now.slug}: {now.state_shown}")


@desk.command("patch")
def patch_of_request(request: str, as_json: Json = False) -> None:
    """The contract's diff of a request for a field: ``twain desk patch r12 | git apply``."""
    text = _asked("patch", slug=request)
    if as_json:
        print_json({"request": request, "patch": text})
    else:
        sys.stdout.write(text)


@desk.command("numbers")
def numbers_of_both(
    by: Annotated[str, typer.Option(help="month or quarter.")] = "month", as_json: Json = False
) -> None:
    """The numbers of the partnership page: how the two teams do together. None is about a single person."""
    setup()
    from twain_web.rooms.partnership.public import numbers  # noqa: PLC0415 — only after setup

    found = _allowed(numbers, period=by)
    if as_json:
        print_json(found)
        return
    for part in found.parts:
        say(part.title, "bold")
        for one in part.numbers:
            told = [(line.name, line.all.value, line.all.n) for line in one.lines if line.all.value is not None]
            words = "; ".join(f"{name} {value:.1f} {one.unit}".strip() + f" (of {n})" for name, value, n in told)
            say(f"{one.title}: {one.missing or words or 'nothing in this time'}")


@desk.command("simulate")
def simulate_year(
    seed: Annotated[int, typer.Option(help="The same seed is the same year.")] = 1,
    keep: Annotated[Path | None, typer.Option(help="An empty folder that keeps the house, to look at it.")] = None,
    as_json: Json = False,
) -> int:
    """Live a year of two teams in a house of its own: nothing here is touched. Exit code 4 when the year does not add up.

    Requests, clarifying, promises, holidays of two countries, campaigns with booked room, incidents: people and time are made
    up, all that they set going is Twain itself.
    """
    from twain_web.simulated import live_a_year  # noqa: PLC0415 — Django comes with it

    year = live_a_year(seed, keep)
    if as_json:
        print_json(year)
    else:
        kept = "no forecast was shown" if year.p85_kept is None else f"{year.p85_kept:.0%} of {year.forecasts}"
        say(f"{year.requests} requests, {year.open_requests} of them open at the end.")
        say(f"Forecasts kept that were shown as “usually by”: {kept}.")
        say(f"{year.sends} sends, {year.held} of them held first; hours beyond the capacity: {year.capacity_exceeded}.")
    return 4 if year.open_requests or year.capacity_exceeded else 0


@desk.command("agenda")
def agenda_of_check(as_json: Json = False) -> None:
    """The agenda of the next status check as it stands: twenty-five minutes, thanks before asks."""
    found = _between_us("agenda")
    if as_json:
        print_json(found)
        return
    when = (
        f"{found.begins_at:%Y-%m-%d %H:%M}, {found.marketing} and {found.it}" if found.begins_at else "none is planned"
    )
    say(f"The next status check: {when}", "bold")
    for part in found.parts:
        say(f"{part.title} ({part.minutes} min)", "bold")
        for text in [line.text for line in part.lines] or [part.quiet]:
            say(f"  {text}")


@desk.command("vendors")
def vendor_reviews(as_json: Json = False) -> None:
    """Vendor reviews: how each stands, what both teams disagree on, days since it was asked. Of a blind round nothing."""
    found = _between_us("vendor_reviews")
    if as_json:
        print_json({"vendors": found})
        return
    for one in found:
        say(f"{one.name}: {one.state_shown}; open disagreements: {one.disagreements}; days: {one.lead_days:.0f}")
    if not found:
        say("No vendor has been reviewed yet.")


def _between_us(what: str) -> Any:  # noqa: ANN401 — what the room's program answers
    """Ask the room of the partnership, as whoever is at the keyboard."""
    setup()
    from twain_web.rooms.partnership.public import programs  # noqa: PLC0415 — only after setup

    return _allowed(getattr(programs, what))


def _asked(what: str, **given: object) -> Any:  # noqa: ANN401 — what the room's program answers
    """Ask the room of requests, as whoever is at the keyboard. Raises WrongState T923 when it is not theirs to do."""
    setup()
    from twain_web.rooms.desk.public import programs  # noqa: PLC0415 — only after setup

    return _allowed(getattr(programs, what), **given)


def _allowed(do: Callable[..., Any], **given: object) -> Any:  # noqa: ANN401
    """Do it as whoever is at the keyboard. Raises WrongState T923 when it is not theirs to do."""
    from django.core.exceptions import PermissionDenied  # noqa: PLC0415 — only after setup

    from twain_web.rooms.desk.public import programs  # noqa: PLC0415 — only after setup

    try:
        return do(by=programs.somebody(_me()), **given)
    except PermissionDenied as refused:
        raise WrongState("This is not yours to do.", todo=str(refused), code="T923") from refused


# ---------------------------------------------------------------- incidents


@incidents.command("list")
def list_incidents(
    closed: Annotated[bool, typer.Option("--closed", help="Those that are mended.")] = False,
    feed: Annotated[str, typer.Option(help="Of this feed alone.")] = "",
    as_json: Json = False,
) -> None:
    """Checks that fail: what waits for each, who was told and when."""
    found = _incident("listed", closed=closed, feed=feed)
    if as_json:
        print_json({"incidents": found})
        return
    for one in found:
        say(f"{one.slug}  {one.title}. {one.impact}. {one.told}")
    if not found:
        say("Nothing was mended yet." if closed else "Every check that failed has been seen to pass.")


@incidents.command("show")
def show_incident(incident: str, as_json: Json = False) -> None:
    """One incident, with what waits for it and everything that happened."""
    found = _incident("whole", slug=incident)
    if as_json:
        print_json(found)
        return
    say(f"{found.card.title}. {found.card.impact}", "bold")
    say(f"{found.card.told}. Agreed: {found.expected or 'see the contract'}")
    for held in found.held:
        say(f"{held.name}: not sent after {held.expires_at:%Y-%m-%d %H:%M}")
    for one in found.timeline:
        say(f"{one.at:%Y-%m-%d %H:%M:%S}  {one.business}")


@incidents.command("ack")
def acknowledge_incident(incident: str, as_json: Json = False) -> None:
    """Say that you have seen it. It closes when the check is seen to pass, not before."""
    _show_incident(_incident("acknowledge", slug=incident), as_json=as_json)


@incidents.command("look")
def look_again(incident: str, as_json: Json = False) -> None:
    """Have the check made again now by the house that is open; ``show`` says a moment later what it found."""
    _show_incident(_incident("look", slug=incident), as_json=as_json)


@incidents.command("propose")
def propose_limit(incident: str, as_json: Json = False) -> None:
    """This is as it should be: the changed limit as a diff, for ``git apply``. Nothing is put in force by it."""
    text = _incident("propose", slug=incident)
    if as_json:
        print_json({"incident": incident, "patch": text})
    else:
        sys.stdout.write(text)


@incidents.command("months")
def incident_months(
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="From this day on.")], as_json: Json = False
) -> None:
    """How long it took to acknowledge and to restore, by feed and month: medians in hours. Nobody is named."""
    found = _incident("months", since=since.astimezone())
    if as_json:
        print_json({"months": found})
        return
    for one in found:
        seen, mended = ("–" if h is None else f"{h:.1f} h" for h in (one.hours_to_acknowledge, one.hours_to_restore))
        say(
            f"{one.month:%Y-%m}  {one.feed or 'sender domains'}: {one.failed} failed; seen after {seen}, mended after {mended}"
        )


def _show_incident(one: Any, *, as_json: bool) -> None:  # noqa: ANN401 — a card
    if as_json:
        print_json(one)
    else:
        say(f"{one.slug}: {one.told}")


def _incident(what: str, **given: object) -> Any:  # noqa: ANN401
    """Ask the room of incidents, as whoever is at the keyboard."""
    setup()
    from twain_web.rooms.incidents.public import programs  # noqa: PLC0415 — only after setup

    return _allowed(getattr(programs, what), **given)


def setup() -> None:
    """Open the house for the workspace at or above the current folder; its tables are brought up to date."""
    load()
    from twain_web.supervise.prepare import prepare  # noqa: PLC0415 — only after setup

    prepare()


def _me() -> str:
    from django.conf import settings  # noqa: PLC0415 — only after setup

    return str(settings.TWAIN.person)
