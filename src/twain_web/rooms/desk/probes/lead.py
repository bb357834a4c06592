"""A form's way is open: a test lead that is marked as one goes through IT's intake, and is there.

In a table it is there when its key refuses a second row; a webhook says so by a 2xx, or by its status address where there is one.
The mark is the request's own, so IT finds the one row, and however often the way is tried it stays one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from twain.errors import ChannelUnavailable, TwainError
from twain.flows.forms import read_form
from twain.flows.instance import Instance
from twain.flows.lead_routes import Tried, try_route
from twain.flows.request_types import RequestType
from twain.records import Form
from twain_web.rooms.desk.probes import Observation, missing, there, unknown

EVERY = timedelta(minutes=10)


def observe(instance: Instance, target: Mapping[str, str], _kind: RequestType | None) -> Observation:
    """Send the request's test lead, once IT has said where the form's leads go; nothing is sent before."""
    name = target.get("form", "")
    try:
        form = read_form(instance.root, name)
    except TwainError as error:
        return missing(_("There is no form “%s” yet.") % name, error.what, asked=False)
    if form.intake not in instance.settings.intakes:
        words = _("IT has not said yet where the leads of “%s” go.") % name
        return missing(words, f"{form.file}: intake = {form.intake!r}, [intakes] of twain.toml", asked=False)
    return _tried(instance, form, target.get("mark") or _mark_of(name))


def _tried(instance: Instance, form: Form, mark: str) -> Observation:
    try:
        return _said(form, try_route(instance, form, mark))
    except ChannelUnavailable as error:
        return unknown(_("The system that takes the leads does not answer just now."), _technical(error))
    except TwainError as error:
        return missing(_("The system that takes the leads does not take a test lead yet."), _technical(error))


def _said(form: Form, tried: Tried) -> Observation:
    technical = f"{form.intake}: {tried.id}"
    if not tried.there:
        return missing(_("A test lead was taken, but has not arrived yet."), technical)
    words = {
        "row": _("A test lead of “%s” has arrived: its row is there."),
        "answer": _("A test lead of “%s” has arrived: the system that takes them says so."),
        "report": _("A test lead of “%s” has arrived: the system that takes them reports it by its id."),
    }
    return there(words[tried.how] % form.name, technical)


def _technical(error: TwainError) -> str:
    """What another system said, as one line: nobody here knows what is in it."""
    return " ".join("".join(c if c.isprintable() else " " for c in f"{error.what} {error.todo}").split())[:400]


def _mark_of(name: str) -> str:
    """For a request that was made before marks were: always the same one."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]
