"""Answers by a mail's link. Opening one shows what it would do; only the button on that page does it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from twain.errors import TwainError, WrongState
from twain_web.access import may, public
from twain_web.errors import said
from twain_web.rooms.desk import confirming, tokens, wording
from twain_web.rooms.desk.actions import answers
from twain_web.rooms.desk.forms import AnswerForm
from twain_web.rooms.desk.models import Letter, Reminder
from twain_web.rooms.desk.permissions import ANSWER, FOLLOW_UP


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The page that asks once more, and what its button does: one answer, once, in the name of whoever got the letter."""
    try:
        letter, verb = tokens.read(token)
        _refuse_others(request, letter, verb)
    except TwainError as error:
        return said(request, error)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _do(request, letter, verb, form)
    return render(request, "desk/mail_answer.html", _context(letter, verb, form))


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def still_right(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind "still right": what the contracts are, and the button that records their owner's yes."""
    try:
        letter = confirming.read(token)
        _refuse_strangers(request, letter)
        if request.method == "POST":
            right = confirming.confirm(by=letter.person, letter=letter)
            return render(request, "desk/still_right.html", {"letter": letter, "right": right, "done": True})
    except TwainError as error:
        return said(request, error)
    return render(request, "desk/still_right.html", {"letter": letter, "asked": confirming.asked_about(letter)})


def _refuse_strangers(request: HttpRequest, letter: Reminder) -> None:
    here = request.user
    if (here.is_authenticated and here.pk != letter.person_id) or not may(letter.person, ANSWER):
        raise WrongState(
            _("This link is for %s, as long as they answer for data.") % letter.person,
            todo=_("Nothing was changed. The feed's page says who answers for it."), code="T966",
        )  # fmt: skip


def _do(request: HttpRequest, letter: Letter, verb: str, form: AnswerForm) -> HttpResponse:
    asked = letter.event.request
    act = (answers.BY_IT if verb in answers.BY_IT else answers.BY_ASKER)[verb]
    try:
        with transaction.atomic():
            tokens.use_up(letter)
            act(by=letter.person, request=asked, words=form.cleaned_data["words"], day=form.cleaned_data["day"])
    except TwainError as error:
        if isinstance(error, WrongState):
            return said(request, error)
        return render(request, "desk/mail_answer.html", _context(letter, verb, form, error), status=422)
    return render(request, "desk/mail_thanks.html", {"one": asked, "person": letter.person})


def _refuse_others(request: HttpRequest, letter: Letter, verb: str) -> None:
    """The link is its person's alone, and only as long as they may answer at all."""
    here = request.user
    if here.is_authenticated and here.pk != letter.person_id:
        raise WrongState(
            _("This link is for %s, and you are signed in as somebody else.") % letter.person,
            todo=_("Nothing was changed. Answer on the request's own page."), code="T924",
        )  # fmt: skip
    wanted = ANSWER if verb in answers.BY_IT else FOLLOW_UP
    if not may(letter.person, wanted, letter.event.request):
        raise WrongState(
            _("%s may not answer this any more.") % letter.person,
            todo=_("Nothing was changed. Ask an administrator for the role that it needs."), code="T924",
        )  # fmt: skip


def _context(letter: Letter, verb: str, form: AnswerForm, error: TwainError | None = None) -> dict[str, Any]:
    asks, needed, day = wording.ASKED[verb]
    asked = letter.event.request
    return {
        "letter": letter,
        "one": asked,
        "verb": verb,
        "label": wording.answer(verb, asked),
        "asks": asks,
        "needs_words": needed,
        "day": day,
        "form": form,
        "error": error,
        "offer": asked.events.filter(verb="decline").last() if verb == "adopt" else None,
        "said": letter.event.words if letter.event.words != asked.purpose else "",
    }
