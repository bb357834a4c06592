"""``twain audience``: count, sql, explain, sample."""

from __future__ import annotations

from typing import Annotated

import typer

from twain.cli.output import Json, count, print_json, say, show_text, table
from twain.flows.counting import compiled, find_rule, pretty_sql, sample, words
from twain.flows.counting import count as count_flow
from twain.flows.instance import open_instance

Name = Annotated[str, typer.Argument(help="A campaign, or a file of audiences/ without its ending.")]
OnFeed = Annotated[str, typer.Option("--feed", help="The feed a shared audience stands on.")]

rooms = typer.Typer(no_args_is_help=True, help="Look at an audience: count it, see its SQL, read it in plain words.")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(rooms, name="audience")


@rooms.command("count")
def show_count(name: Name, feed: OnFeed = "", as_json: Json = False) -> None:
    """How many people, with everybody left out and why; the very way a send goes."""
    with open_instance() as instance:
        rule = find_rule(instance, name, feed)
        funnel = count_flow(instance, rule)
    if as_json:
        excluded = {reason: number for reason, number in funnel.excluded.items() if number}
        print_json({"name": name, "matched": funnel.matched, "excluded": excluded, "audience": funnel.audience})
        return
    left_out = [(f"left out: {reason.replace('_', ' ')}", f"−{count(n)}") for reason, n in funnel.excluded.items() if n]
    table(name, ("", "people"), [("matched", count(funnel.matched)), *left_out, ("audience", count(funnel.audience))])
    say(f"From {rule.feed.title}, owned by {rule.feed.owner}.", "dim")


@rooms.command("sql")
def show_sql(name: Name, feed: OnFeed = "", as_json: Json = False) -> None:
    """The statement that would run in the company's database, and its parameters."""
    with open_instance() as instance:
        audience = compiled(instance, find_rule(instance, name, feed))
    if as_json:
        print_json({"sql": audience.statement.sql, "params": dict(audience.statement.params)})
        return
    show_text(pretty_sql(audience))
    table("", ("parameter", "value"), audience.statement.params.items())


@rooms.command("explain")
def show_words(name: Name, feed: OnFeed = "", as_json: Json = False) -> None:
    """The rule in plain words."""
    with open_instance() as instance:
        said = words(instance, find_rule(instance, name, feed))
    if as_json:
        print_json({"name": name, "words": said})
    else:
        show_text(said)


@rooms.command("sample")
def show_sample(
    name: Name,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 10,
    feed: OnFeed = "",
    as_json: Json = False,
) -> None:
    """A few people of it; only fields that may be previewed."""
    with open_instance() as instance:
        rule = find_rule(instance, name, feed)
        people = sample(instance, rule, limit)
    rows = people.to_pylist()
    if as_json:
        print_json({"name": name, "people": rows})
        return
    names = {n: f.business_name for n, f in rule.feed.fields.items()}
    table(name, [names.get(c, c) for c in people.column_names], [list(row.values()) for row in rows])
