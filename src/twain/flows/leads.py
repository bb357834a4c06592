"""Leads as both teams look at them: by form, how many are where, to whom they go, and what keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twain.errors import TwainError
from twain.flows.forms import form_names, read_form
from twain.flows.instance import Instance
from twain.records import Form, OnItsWay, Outgoing, SignedUp
from twain.returns.form_pages import snippet

#: Nobody minds a lead on its way for so long; after that somebody should look. In seconds.
LATE_AFTER = 900.0
_MOST_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class Route:
    """An intake of IT's as people know it: *kind* is table or webhook, *owner* somebody's user name or a name, "" = nobody's."""

    name: str
    kind: str
    owner: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many leads or wishes are where; *oldest* (epoch seconds) of those not written, *written_at* of the last that was."""

    waiting: int = 0
    written: int = 0
    failing: int = 0
    oldest: float = 0.0
    written_at: float = 0.0


@dataclass(frozen=True, slots=True)
class FormLeads:
    """One form: *form* is None when its file is wrong or gone, and *problem* says so.

    *confirming* people were asked by mail and have not answered yet; *unmailed* of them could not be asked so far. *embeds* are
    the form as HTML for another page, by language.
    """

    name: str
    form: Form | None
    problem: str
    route: Route | None
    confirming: int
    unmailed: int
    counts: Counts
    embeds: Mapping[str, str]

    @property
    def title(self) -> str:
        """As its first language calls it; the file's name when there are no words."""
        return next(iter(self.form.words.values())).title if self.form else self.name


def by_form(instance: Instance) -> list[FormLeads]:
    """Every form of the workspace, and every other that something is still there of, by name."""
    signed_up = instance.ledger.tally_signups()
    going = [one for one in instance.ledger.tally_outgoing() if one.kind == "lead" and one.about]
    left = {one.about for one in going if one.state != "written"} | {
        one.form for one in signed_up if one.state == "pending"
    }
    return [_form(instance, name, signed_up, going) for name in sorted({*form_names(instance.root), *left})]


def written_back(instance: Instance) -> tuple[Route | None, Counts]:
    """Consents told to IT's own system: the declared route, None without one, and how many are where."""
    going = [one for one in instance.ledger.tally_outgoing() if one.kind != "lead"]
    name = instance.settings.write_back
    return (route(instance, name) if name else None), counts(going)


def not_written(instance: Instance, *, limit: int = 100) -> list[Outgoing]:
    """What could not be written, dead first, then what waits after a try that failed; the newest of each."""
    dead = instance.ledger.outgoing(state="dead", limit=limit)
    waiting = instance.ledger.outgoing(state="waiting", limit=_MOST_LOOKED_AT)
    return [*dead, *(one for one in waiting if one.problem)][:limit]


def route(instance: Instance, name: str) -> Route:
    """An intake by name, as ``twain.toml`` has it; of one that is not there any more, its name alone."""
    options = instance.settings.intakes.get(name, {})
    return Route(name, str(options.get("kind", "")), owner_of(instance, options))


def owner_of(instance: Instance, options: Mapping[str, object]) -> str:
    """Full name and title of an intake's owner when somebody here is known by that name, else what was written."""
    written = str(options.get("owner", ""))
    known = instance.workspace.policy.people.get(written)
    return str(known) if known is not None else written


def counts(going: Iterable[OnItsWay]) -> Counts:
    """Tallies put together."""
    found = list(going)
    number = {state: sum(one.number for one in found if one.state == state) for state in ("waiting", "written", "dead")}
    oldest = min((one.oldest for one in found if one.state != "written"), default=0.0)
    last = max((one.written_at for one in found), default=0.0)
    return Counts(number["waiting"], number["written"], number["dead"], oldest, last)


def _form(instance: Instance, name: str, signed_up: Iterable[SignedUp], going: Iterable[OnItsWay]) -> FormLeads:
    form, problem = _read(instance, name)
    languages = form.words if form else ()
    pending = [one for one in signed_up if one.form == name and one.state == "pending"]
    mine = [one for one in going if one.about == name]
    intake = (form.intake if form else "") or next((one.intake for one in mine), "")
    return FormLeads(
        name=name,
        form=form,
        problem=problem,
        route=route(instance, intake) if intake else None,
        confirming=sum(one.number for one in pending),
        unmailed=sum(one.unmailed for one in pending),
        counts=counts(mine),
        embeds={language: snippet(form, language, instance.settings.base_url) for language in languages if form},
    )


def _read(instance: Instance, name: str) -> tuple[Form | None, str]:
    try:
        return read_form(instance.root, name), ""
    except TwainError as error:
        return None, f"{error.place}: {error.what}" if error.place else error.what
