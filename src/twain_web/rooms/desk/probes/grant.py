"""A right is there: the database itself says that Twain's login may read the table. Nothing of its rows is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from twain.errors import GuardError, TwainError
from twain.flows.catalogue import may_look
from twain.flows.instance import Instance
from twain.flows.request_types import RequestType
from twain_web.rooms.desk.probes import Observation, missing, there, unknown

EVERY = timedelta(minutes=5)
_NOT_THERE = "T301"  # unknown to the database, or not for this login: it does not tell the two apart

_NOT_ALLOWED = "SQLSTATE 42501"  # PostgreSQL's insufficient_privilege: the table's schema is closed to this login


def observe(instance: Instance, target: Mapping[str, str], _kind: RequestType | None) -> Observation:
    """Have the database say what the login may read of this table: PostgreSQL answers from its own privileges."""
    source, table = target.get("source", ""), target.get("table", "")
    if source not in instance.settings.sources or not table:
        return missing(_("IT has not named the table yet."), asked=False)
    if "(" in table:  # a query could be described as well; nobody but IT writes those
        return missing(_("“%s” is not the name of a table.") % table, asked=False)
    if not may_look(instance, source):
        return unknown(_("The database is not to be asked just now."), asked=False)
    return _asked(instance, source, table)


def _asked(instance: Instance, source: str, table: str) -> Observation:
    try:
        seen = instance.source(source).describe(table)
    except GuardError:
        return missing(_("“%s” is not the name of a table.") % table)
    except TwainError as error:
        if error.shown_code != _NOT_THERE and _NOT_ALLOWED not in error.what:
            return unknown(error.business, f"{error.what} {error.todo}")
        return missing(_("Twain may not read “%s” yet.") % table, error.what)
    if not seen.columns:
        return missing(_("Twain may not read “%s” yet.") % table, f"{source}: no column of {table}")
    columns = ", ".join(column.name for column in seen.columns)
    return there(_("Twain may read “%s”.") % table, f"{source}: SELECT on {table} ({columns})")
