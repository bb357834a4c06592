"""Letters: the owner is told at once, by name, with what waits; links answer without signing in. Sent by itself, tried again."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from twain_web import engine, kept
from twain_web.reconcile import reconciler, step_now
from twain_web.rooms.incidents import hours, tokens, wording
from twain_web.rooms.incidents.actions.noting import note
from twain_web.rooms.incidents.models import Incident, Letter
from twain_web.rooms.people.public import named


def due() -> list[str]:
    """Letters that are to be sent now."""
    return kept.letters_due(Letter)


@reconciler("incidents.letters", every=2.0, due=due, hands=1)
def send(key: str) -> None:
    """Send one letter, and note in the timeline that its reader has been told."""
    letters = Letter.objects.select_related(
        "person", "event__person", "event__incident__owner", "event__incident__asked"
    )
    letter = letters.filter(pk=int(key)).first()
    if letter is None or letter.send_at is None:
        return
    with translation.override(None):
        mail = _mail(letter)
    if kept.post(letter, mail, letter.event.incident.slug) and letter.kind == "held":
        _note_told(letter)


def send_now(incident: Incident) -> list[str]:
    """Send what is due about this incident without waiting for the next look; who has been told of it, by name and title."""
    unsent = Letter.objects.filter(event__incident=incident, kind="held", send_at__isnull=False, tries=0)
    for pk in list(unsent.values_list("pk", flat=True)):
        step_now("incidents.letters", str(pk))
    sent = Letter.objects.filter(
        event__incident=incident, kind="held", sent_at__isnull=False, event__at__gte=incident.opened_at
    )
    return [_who(letter) for letter in sent.select_related("person", "event__incident")]


def _note_told(letter: Letter) -> None:
    with transaction.atomic():
        incident = Incident.objects.select_for_update().get(pk=letter.event.incident_id)
        now = timezone.now()
        if incident.told_at is None:
            Incident.objects.filter(pk=incident.pk).update(told_at=now)
        note(incident, "told", now, _("%s told, by mail.") % _who(letter))


def _who(letter: Letter) -> str:
    return str(letter.person) if letter.person is not None else letter.event.incident.owner_shown


def _mail(letter: Letter) -> EmailMessage:
    incident = letter.event.incident
    answers = sorted({named(one.person).email for one in incident.held.all()} - {""})
    mail = EmailMessage(
        subject=_subject(letter), body=body(letter), to=[letter.email], reply_to=answers[:3],
        headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip
    if letter.event.verb == "propose":
        mail.attach(str(letter.event.detail["patch"]), letter.event.technical.encode(), "text/x-patch")
    return mail


def _subject(letter: Letter) -> str:
    incident, verb = letter.event.incident, letter.event.verb
    if verb == "restore":
        words = _("Mended: %s") % incident.title
    elif verb == "propose":
        words = _("A changed limit, as a patch: %s") % incident.title
    elif incident.held.filter(ended_at=None).exists():
        words = _("Held: %(what)s (%(impact)s)") % {"what": incident.title, "impact": _impact(incident)}
    else:
        words = _("A check fails: %s") % incident.title
    return wording.one_line(words)


def body(letter: Letter) -> str:
    """What a letter says: what failed in both languages, what waits for it and until when, how to answer."""
    incident, event = letter.event.incident, letter.event
    name = letter.person.full_name if letter.person is not None else incident.owner_name
    lines = [f"{wording.one_line(name)},", "", *_happened(letter)]
    if letter.kind == "held":
        lines += [*_what_waits(incident), *_for_it(incident), *_answers(letter)]
    elif event.verb == "propose":
        lines += [_("Nothing is changed until this is in the workspace: git apply, then commit."), ""]
    return "\n".join(
        [*lines, _("The incident, with everything that happened:"), f"{settings.WEB_URL}{incident.url}", ""]
    )


def _happened(letter: Letter) -> list[str]:
    event, incident = letter.event, letter.event.incident
    if event.verb == "escalate":
        first = incident.owner_shown or _("IT")
        return [_("%s was told of this. There was no answer in the agreed time, so it comes to you:") % first, "",
                incident.business, ""]  # fmt: skip
    return [event.business, ""]


def _what_waits(incident: Incident) -> list[str]:
    waiting = list(incident.held.filter(ended_at=None))
    lines = [_("%s.") % _impact(incident)]
    for one in waiting:
        until = date_format(timezone.localtime(one.expires_at), "l j F, H:i")
        lines.append(_("– %(campaign)s: not sent after %(until)s") % {"campaign": one.name, "until": until})
    goes = engine.workspace().policy.incidents.resume
    if waiting and goes == "ask":
        lines.append(_("Once the check passes again, Marketing is asked whether it may still go."))
    elif waiting:
        lines.append(_("Once the check passes again, it goes on by itself."))
    return [*lines, ""]


def _for_it(incident: Incident) -> list[str]:
    lines = [_("For IT: %s") % incident.technical] if incident.technical else []
    if incident.expected:
        lines.append(_("Agreed: %s") % incident.expected)
    return [*lines, *([incident.sql] if incident.sql else []), ""] if lines else []


def _answers(letter: Letter) -> list[str]:
    if letter.person is None:
        return []
    until = date_format(timezone.localtime(hours.answer_by(letter.event.at)), "l j F, H:i")
    lines = [_("Your answer, without signing in. Each link opens a page that asks once more:"), ""]
    for verb, says in wording.ANSWERS.items():
        lines += [f"{says}:", tokens.link(letter, verb), ""]
    return [*lines, _("An answer is agreed by %s; after that a stand-in is asked by name.") % until, ""]


def _impact(incident: Incident) -> str:
    return wording.impact(incident.held.filter(ended_at=None))
