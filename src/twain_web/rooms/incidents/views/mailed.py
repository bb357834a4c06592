"""Answers by a mail's link. Opening one shows what it would do; only the button on that page does it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from twain.errors import TwainError, WrongState
from twain_web.access import may, public
from twain_web.errors import said
from twain_web.rooms.incidents import tokens, wording
from twain_web.rooms.incidents.actions.answering import ANSWERS
from twain_web.rooms.incidents.models import Letter
from twain_web.rooms.incidents.permissions import ANSWER_INCIDENT, LOOK_AGAIN


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The page that asks once more, and what its button does, in the name of whoever got the letter."""
    try:
        letter, verb = tokens.read(token)
        _refuse_others(request, letter, verb)
        if request.method == "POST":
            return _do(request, letter, verb)
    except TwainError as error:
        return said(request, error)
    incident = letter.event.incident
    context = {
        "letter": letter, "one": incident, "label": wording.ANSWERS[verb], "does": wording.DOES[verb],
        "impact": wording.impact(incident.held.filter(ended_at=None)),
    }  # fmt: skip
    return render(request, "incidents/mail_answer.html", context)


def _do(request: HttpRequest, letter: Letter, verb: str) -> HttpResponse:
    drafted = ANSWERS[verb](by=letter.person, incident=letter.event.incident)
    context = {"one": letter.event.incident, "person": letter.person, "verb": verb, "patch": drafted}
    return render(request, "incidents/mail_thanks.html", context)


def _refuse_others(request: HttpRequest, letter: Letter, verb: str) -> None:
    """The link is its person's alone, and only as long as they may answer at all."""
    here = request.user
    if here.is_authenticated and here.pk != letter.person_id:
        raise WrongState(
            _("This link is for %s, and you are signed in as somebody else.") % letter.person,
            todo=_("Nothing was changed. Answer on the incident's own page."), code="T942",
        )  # fmt: skip
    if not may(letter.person, LOOK_AGAIN if verb == "look" else ANSWER_INCIDENT):
        raise WrongState(
            _("%s may not answer this any more.") % letter.person,
            todo=_("Nothing was changed. Ask an administrator for the role that it needs."), code="T942",
        )  # fmt: skip
