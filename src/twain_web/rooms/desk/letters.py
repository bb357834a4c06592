"""Letters: who should answer, or wants to know, gets a mail; its links answer without signing in. Sent by itself, tried again."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from twain_web import engine, kept
from twain_web.reconcile import reconciler
from twain_web.rooms.desk import patches, tokens, wording
from twain_web.rooms.desk.models import Letter, Request


def due() -> list[str]:
    """Letters that are to be sent now."""
    return kept.letters_due(Letter)


@reconciler("desk.letters", every=2.0, due=due, hands=1)
def send(key: str) -> None:
    """Send one letter; one that cannot be is tried again, later and later, and given up after twelve times."""
    letter = Letter.objects.select_related(
        "person", "event__person", "event__request__asker", "event__request__answers"
    )
    one = letter.filter(pk=int(key)).first()
    if one is None or one.send_at is None:
        return
    with translation.override(None):
        mail = _mail(one)
    kept.post(one, mail, one.event.request.slug)


def _mail(letter: Letter) -> EmailMessage:
    request = letter.event.request
    other = request.asker if letter.person_id != request.asker_id else request.answers
    mail = EmailMessage(
        subject=wording.subject(letter), body=body(letter), to=[letter.person.email],
        reply_to=[other.email] if other is not None and other.email else [],
        headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    patch = patches.of(request) if letter.kind == "asked" else None
    if patch is not None:
        mail.attach(patch.name, patch.text.encode(), "text/x-patch")
    return mail


def body(letter: Letter) -> str:
    """What a letter says: who it is for, what happened, the request, how to answer."""
    request, event = letter.event.request, letter.event
    kind = engine.workspace().request_types.get(request.kind)
    lines = [f"{letter.person.full_name},", "", _happened(letter), ""]
    lines += [event.words, ""] if event.words and event.words != request.purpose else []
    lines += [*wording.wish(request, kind), *_last_promise(request), ""]
    if letter.kind == "asked":
        lines += (
            [_("It closes by itself when it is there; there is nothing to report."), ""]
            if request.probe != "asker"
            else []
        )
    lines += _links(letter)
    return "\n".join([*lines, _("The request, with everything said so far:"), f"{settings.WEB_URL}{request.url}", ""])


def _happened(letter: Letter) -> str:
    event = letter.event
    who = str(event.person) if event.person else "Twain"
    if letter.kind == "asked" and event.verb == "ask":
        return _("%s, asks whether this could be had:") % who
    if event.verb == "escalate":
        asked = str(letter.event.request.asker)
        return _("%s asked this. There was no answer in the agreed time, so it comes to you:") % asked
    return f"{wording.told(event.verb, who, event.detail)}."


def _last_promise(request: Request) -> list[str]:
    last = request.promises.last()
    return [_("Promised for %s by %s.") % (date_format(last.day, "l j F Y"), last.by)] if last else []


def _links(letter: Letter) -> list[str]:
    wanted = letter.event.request.wanted_by
    in_time = wanted is not None and wanted >= timezone.localdate()
    verbs = [verb for verb in tokens.LINKS[letter.kind] if verb != "accept" or in_time]
    if not verbs:
        return []
    lines = [_("Your answer, without signing in. Each link opens a page that asks once more:"), ""]
    for verb in verbs:
        lines += [f"{wording.answer(verb, letter.event.request)}:", tokens.link(letter, verb), ""]
    return lines
