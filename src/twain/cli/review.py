"""The walk of ``twain review``: one field at a time, with a suggestion for everything."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import typer
from rich.prompt import Prompt

from twain.cli.output import clean, console, say
from twain.errors import ContractError, Place
from twain.feeds.consent import remedy, unasked
from twain.feeds.contract import SUFFIX
from twain.feeds.review import FieldDraft, decide, drafts, has_owner, name_owner, pending, source_of
from twain.flows.granting import Grants
from twain.flows.instance import Instance
from twain.records import Owner, Privacy, Right, Role

_RIGHTS = {"f": Right.FILTER, "p": Right.PERSONALISE, "v": Right.PREVIEW, "e": Right.EXPORT}


def walk(path: Path, person: str, *, owner: Owner | None, accept: bool, silent: bool) -> int:
    """Decide fields of one contract file, writing after each; returns how many were decided. ^C keeps what is done.

    Where nobody answers for the feed yet, that is asked first; *owner* says it without asking.
    """
    if not path.is_file():
        raise ContractError(
            f"There is no contract {path.name}.", place=Place(f"feeds/{path.name}"), todo="Draft it: twain connect."
        )
    _settle_owner(path, owner, ask=not accept)
    drafts = pending(path.read_text(encoding="utf-8"), path.name)
    for number, draft in enumerate(drafts, start=1):
        if not accept:
            console.rule(f"{number} of {len(drafts)}")
        text = path.read_text(encoding="utf-8")
        path.write_text(_decide(text, draft, person, accept=accept), encoding="utf-8")
        if accept and not silent:
            say(f"{draft.name}: {draft.business_name}, {draft.privacy}, {_letters(draft.rights) or 'no rights'}")
    return len(drafts)


def _settle_owner(path: Path, owner: Owner | None, *, ask: bool) -> None:
    text = path.read_text(encoding="utf-8")
    if owner is None and ask and not has_owner(text, path.name):
        name = Prompt.ask("Who answers for this data? Full name", console=console, default="")
        title = Prompt.ask("And their title", console=console, default="") if name.strip() else ""
        owner = Owner(name.strip(), title.strip()) if name.strip() else None
    if owner is not None:
        path.write_text(name_owner(text, owner, path.name), encoding="utf-8")


def show_grants(found: Grants, feed: str) -> None:
    """The statements IT runs now, each on its own line, whole, ready to be copied."""
    say(f"So that Twain can read this and nothing else of {feed}, the tables' owner runs in {found.source}:")
    for statement in found.statements:
        typer.echo(clean(statement))
    if not found.role:
        say(f"The address of {found.source} names no user: write Twain's login in the place of twain.", "yellow")


def tell_unasked(instance: Instance, path: Path) -> None:
    """Say plainly that people would be mailed by this contract, and no field of it says who agreed."""
    text = path.read_text(encoding="utf-8")
    fields = drafts(text, path.name)
    if unasked(fields):
        source = instance.settings.sources.get(source_of(text, path.name))
        dialect = source.kind if source else ""
        feed = path.name.removesuffix(SUFFIX)
        say(f"No field of {feed} says who agreed to be written to: nobody would be left out for that.", "yellow")
        say(f"  → {remedy(fields, feed, dialect)}")


def _decide(text: str, draft: FieldDraft, person: str, *, accept: bool) -> str:
    if accept:
        return decide(text, draft.name, reviewed_by=person, on=_today(), business_name=draft.business_name, rights=draft.rights,
                      role=draft.role, classification=draft.privacy, description=draft.description)  # fmt: skip
    say(f"{draft.name}  ({draft.physical_type or draft.type})", "bold")
    name = Prompt.ask("What does the business call it?", default=draft.business_name, console=console)
    about = Prompt.ask("What does it mean?", default=draft.description, console=console)
    privacy = Prompt.ask("How private?", choices=[str(p) for p in Privacy], default=str(draft.privacy), console=console)
    role = Prompt.ask("Its part in a message?", choices=["none", *(str(r) for r in Role)],
                      default=str(draft.role or "none"), console=console)  # fmt: skip
    rights = _ask_rights(draft)
    return decide(text, draft.name, reviewed_by=person, on=_today(), business_name=name, rights=rights,
                  role=None if role == "none" else Role(role), classification=Privacy(privacy), description=about)  # fmt: skip


def _today() -> date:
    return datetime.now(UTC).date()


def _ask_rights(draft: FieldDraft) -> frozenset[Right]:
    say("May Marketing f = filter, p = personalise, v = preview, e = export? (letters, or - for nothing)")
    while True:
        answer = Prompt.ask("Rights", default=_letters(draft.rights) or "-", console=console).strip().lower()
        if answer == "-" or (answer and set(answer) <= set(_RIGHTS)):
            return frozenset(_RIGHTS[letter] for letter in answer if letter in _RIGHTS)
        typer.echo("Use the letters f, p, v, e, or -.")


def _letters(rights: frozenset[Right]) -> str:
    return "".join(letter for letter, right in _RIGHTS.items() if right in rights)
