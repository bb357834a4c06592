"""Who agreed to be written to: whether a feed that people are mailed from says so, and what to do where it does not.

A feed without the role ``consent`` leaves nobody out for it. That may be right, where the message has another lawful basis
(GDPR, Article 6 (1) b to f); it must never look as if everybody had agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from twain.feeds.guess import names_consent
from twain.records import Feed, Level, Role, Verdict

CONSENT_BASIS = "consent"


class Described(Protocol):
    """A field, reviewed or drafted."""

    @property
    def name(self) -> str:
        """Its name in the contract."""

    @property
    def column(self) -> str:
        """Its name in the database."""

    @property
    def type(self) -> str:
        """The contract's type."""

    @property
    def role(self) -> Role | None:
        """Its part in a message."""


def unasked(fields: Iterable[Described]) -> bool:
    """Whether people are mailed by these fields and none of them says who agreed."""
    roles = {field.role for field in fields}
    return Role.EMAIL in roles and Role.CONSENT not in roles


def remedy(fields: Iterable[Described], origin: str, dialect: str) -> str:
    """What to do where no field says who agreed. *origin*: the table, as a query would name it."""
    found = next((f for f in fields if names_consent(f.column) or names_consent(f.name)), None)
    role = "{property: twain.role, value: consent}"
    if found is None:
        return (
            f"Give the field that says who agreed the role consent: {role} in its customProperties (run twain review)."
        )
    if found.type == "boolean":
        return f"If {found.name} says who agreed, give it the role consent: {role} in its customProperties."
    if found.type == "integer" and dialect == "sqlite":
        return f"If {found.name} says who agreed, write logicalType: boolean (SQLite keeps yes and no as 1 and 0) and {role}."
    return f"If {found.name} says who agreed, make yes or no of it: {as_query(found.column, origin, text=found.type == 'string')}"


def as_query(column: str, origin: str, *, text: bool = False) -> str:
    """An example of ``twain.query`` that makes a true or false of a column that holds 0 and 1, or words."""
    yes = "'yes'" if text else "1"
    query = f"SELECT *, {column} = {yes} AS agreed FROM {origin}"
    return (
        f'{{property: twain.query, value: "{query}"}} in place of physicalName, '
        "and for that field physicalName: agreed, logicalType: boolean and the role consent."
    )


def check_consent(feed: Feed, *, topic: str, basis: str, thresholds: Mapping[str, Any], dialect: str) -> Verdict | None:
    """Before a send: what it means that no field of *feed* says who agreed; None where one does.

    *basis* is the lawful basis that policy declares for *topic*, empty where it declares none. Held where the mail needs consent
    (the basis is consent, or ``min_consent`` asks for some); a pass, naming it, where the basis is another; else a warning.
    """
    if not unasked(feed.fields.values()):
        return None
    needs = basis == CONSENT_BASIS or float(thresholds.get("min_consent") or 0) > 0
    level = Level.HOLD if needs else Level.PASS if basis else Level.WARN
    return Verdict(
        check="consent",
        level=level,
        feed=feed.name,
        field="",
        business=f"No field of {feed.title} says who agreed: nobody is left out for that. {_why(topic, basis, needs=needs)}",
        technical=f"{feed.name} has no field with the role consent. {_todo(feed, basis, dialect)}",
        owner=feed.owner,
    )


def _why(topic: str, basis: str, *, needs: bool) -> str:
    if basis and basis != CONSENT_BASIS and not needs:
        return f"The topic “{topic}” goes by another lawful basis: {basis.replace('_', ' ')}."
    if needs:
        return "This mail needs their consent, so it can't go."
    return "IT has declared no lawful basis for this mail."


def _todo(feed: Feed, basis: str, dialect: str) -> str:
    how = remedy(feed.fields.values(), feed.table or "…", dialect)
    return how if basis else f"{how} {OTHER_BASIS}"


OTHER_BASIS = (
    "Or, where the mail needs no consent, declare its topic with its lawful basis: [[topic]] basis in policy.toml."
)
