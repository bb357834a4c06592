"""IT's commands: init, connect, review, check, feeds."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from twain.cli.change import change_json, show_change
from twain.cli.output import Json, console, print_json, say, show_problems, show_verdict, table
from twain.cli.review import show_grants, tell_unasked, walk
from twain.demo.start import copy_workspace
from twain.errors import ConfigError
from twain.feeds.review import has_owner, pending
from twain.flows.against import check_against
from twain.flows.check import check_live, check_offline, is_red, sorted_problems
from twain.flows.connect import connect as connect_flow
from twain.flows.connect import contract_file
from twain.flows.granting import grants_of
from twain.flows.init import init_workspace
from twain.flows.instance import open_instance
from twain.records import Owner, Problem, Verdict

OwnerOption = Annotated[str, typer.Option("--owner", help='Who answers for the data: "Full Name, Title".')]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command("init")(init)
    app.command("connect")(connect)
    app.command("review")(review)
    app.command("check")(check)
    app.command("feeds")(feeds)


def init(
    folder: Annotated[Path, typer.Argument(help="Where the workspace shall lie.")] = Path(),
    demo: Annotated[bool, typer.Option("--demo", help="The demo company's workspace.")] = False,
    as_json: Json = False,
) -> None:
    """Make a workspace: twain.toml, policy.toml, feeds, campaigns. Files that are there stay as they are."""
    made = copy_workspace(folder) if demo else init_workspace(folder)
    if as_json:
        print_json({"folder": str(folder.resolve()), "made": made})
        return
    for name in made:
        say(f"made {name}")
    say(
        f"Next: put your database into {folder / 'twain.toml'}, then: twain connect <source>"
        if made
        else "All is there."
    )


def connect(
    source: Annotated[str, typer.Argument(help="A source of twain.toml.")],
    tables: Annotated[list[str] | None, typer.Argument(help="Tables or views; all when none is named.")] = None,
    owner: OwnerOption = "",
    as_json: Json = False,
) -> None:
    """Draft contracts from live tables. All fields are unreviewed: nobody sees them until IT says so."""
    with open_instance() as instance:
        drafted = connect_flow(instance, source, tables or [], _owner(owner))
    if as_json:
        print_json({"drafted": drafted})
        return
    rows = [(d.table, d.file, d.fields, "kept as it was" if d.kept else "drafted") for d in drafted]
    table(f"Contracts from {source}", ("table", "file", "fields", ""), rows)
    for one in drafted:
        tell_unasked(instance, instance.root / one.file)
    say("Next: twain review <feed> says which fields exist for Marketing, and for what.")


def review(
    feed: Annotated[str, typer.Argument(help="A file of feeds/ without its ending.")],
    accept: Annotated[bool, typer.Option("--accept", help="Accept every suggestion without asking.")] = False,
    owner: OwnerOption = "",
    as_json: Json = False,
) -> None:
    """Walk through a drafted contract's fields and decide: what each means, and what may be done with it.

    At the end stand the grants that follow: what IT runs in the database, so that Twain reads this and nothing else.
    """
    with open_instance() as instance:
        path = contract_file(instance, feed)
        decided = walk(path, instance.person, owner=_owner(owner), accept=accept, silent=as_json)
        text = path.read_text(encoding="utf-8")
        left, owned, granted = len(pending(text)), has_owner(text), grants_of(instance, path)
    if as_json:
        found = {"role": granted.role, "grants": granted.statements} if granted else {"role": "", "grants": ()}
        print_json({"feed": feed, "decided": decided, "pending": left, "owned": owned, **found})
        return
    say(f"{decided} fields decided, {left} left. Next: twain check", "green")
    tell_unasked(instance, path)
    if not owned:
        say(f'Nobody answers for this data yet: twain review {feed} --owner "Full Name, Title"', "yellow")
    if granted:
        show_grants(granted, feed)


def check(
    offline: Annotated[bool, typer.Option("--offline", help="Files only; no database is asked.")] = False,
    against: Annotated[str, typer.Option(help="A git revision: what do the contracts here break?")] = "",
    keep_names: Annotated[
        bool, typer.Option("--keep-names", help="With --against: propose to keep the names, in the contracts alone.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show checks that passed, too.")] = False,
    as_json: Json = False,
) -> int:
    """Check every file of the workspace, then the live data. Exit 2 when a build should stop."""
    problems: list[Problem] = []
    verdicts: list[Verdict] = []
    with ExitStack() as opened:
        try:
            instance = opened.enter_context(open_instance())
        except ConfigError as error:
            if as_json:
                raise
            _show_check([Problem.of(error)], [], red=True, verbose=verbose)
            return error.exit_code
        problems += check_offline(instance)
        change = check_against(instance, against) if against else None
        problems += [b.problem for b in change.broken] if change else []
        if not offline and not against:
            found, verdicts = check_live(instance)
            problems += found
    red = is_red(problems, verdicts)
    if as_json:
        more = change_json(change) if change else {}
        print_json({"ok": not red, "problems": [_problem(p) for p in problems], "checks": verdicts, **more})
    else:
        _show_check(problems, verdicts, red=red, verbose=verbose)
        if change:
            show_change(change, keep_names=keep_names)
    return 2 if red else 0


def feeds(as_json: Json = False) -> None:
    """The feeds there are: title, owner, fields, where they lie."""
    with open_instance() as instance:
        found = list(instance.workspace.feeds.values())
    if as_json:
        print_json({"feeds": [{"name": f.name, "title": f.title, "owner": str(f.owner), "source": f.source,
                               "version": f.version, "fields": sorted(f.fields)} for f in found]})  # fmt: skip
    elif not found:
        say("There are no feeds yet. Draft some: twain connect <source>")
    else:
        rows = [(f.name, f.title, f.owner, len(f.fields), f.source, f.version) for f in found]
        table("", ("feed", "title", "owner", "fields", "source", "version"), rows)


def _owner(words: str) -> Owner | None:
    name, _, title = words.partition(",")
    return Owner(name.strip(), title.strip()) if name.strip() else None


def _show_check(problems: list[Problem], verdicts: list[Verdict], *, red: bool, verbose: bool) -> None:
    show_problems(list(sorted_problems(problems)))
    for verdict in verdicts:
        if verbose or verdict.level != "pass":
            show_verdict(verdict)
    passed = sum(1 for v in verdicts if v.level == "pass")
    errors = sum(1 for p in problems if p.severity == "error")
    said = f"{_several(errors, 'error')}, {_several(len(problems) - errors, 'warning')}"
    words = f"{said}; {passed} of {len(verdicts)} live checks passed."
    console.print(("[red]✗[/] " if red else "[green]✓[/] ") + words)


def _several(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "severity": problem.severity,
        "code": problem.code,
        "what": problem.what,
        "todo": problem.todo,
        "file": problem.place.file if problem.place else None,
        "line": problem.place.line if problem.place else None,
        "business": problem.business,
    }
