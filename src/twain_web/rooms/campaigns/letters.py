"""Letters: whoever may say yes is asked by mail, once per request. Sent by itself, tried again."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.http import Http404
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from twain.flows.publish import needed
from twain_web import engine, kept
from twain_web.reconcile import reconciler
from twain_web.rooms.campaigns.models import Letter
from twain_web.rooms.campaigns.reasons import why_asked
from twain_web.rooms.campaigns.records import subject


def due() -> list[str]:
    """Letters that are to be sent now."""
    return kept.letters_due(Letter)


@reconciler("campaigns.letters", every=2.0, due=due, hands=1)
def send(key: str) -> None:
    """Send one letter. A request that was taken back, voided or granted meanwhile asks nobody any more."""
    letter = Letter.objects.select_related("person", "request__asked_by").filter(pk=int(key)).first()
    if letter is None or letter.send_at is None:
        return
    if letter.request.state != "open":
        Letter.objects.filter(pk=letter.pk).update(send_at=None, expires_at=timezone.now())
        return
    with translation.override(None):
        mail = _mail(letter)
    kept.post(letter, mail, letter.request.campaign)


def _mail(letter: Letter) -> EmailMessage:
    asker = letter.request.asked_by
    return EmailMessage(
        subject=_line(_("Your approval, please: %s") % _name(letter)), body=_body(letter), to=[letter.person.email],
        reply_to=[asker.email] if asker.email else [],
        headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip


def _body(letter: Letter) -> str:
    """Who it is for, who asks, why policy wants a yes, and where everything before the send is shown."""
    request = letter.request
    asks = _("%(who)s asks for your approval of %(what)s.") % {"who": request.asked_by, "what": _name(letter)}
    return (
        "\n\n".join([
            f"{_line(letter.person.full_name)},",
            _line(asks),
            *([f"“{_line(request.note)}”"] if request.note else []),
            *_why(letter),
            _("Who gets it, what they get and when, and the button to say yes:"),
            f"{settings.WEB_URL}{reverse('campaigns:review', args=[request.campaign])}",
        ])
        + "\n"
    )  # fmt: skip


def _why(letter: Letter) -> list[str]:
    """The rules in which the reader has a voice that is still missing."""
    instance = engine.instance()
    bundle = instance.ledger.bundle(letter.request.bundle)
    theirs = [rule for rule in needed(instance, bundle) if any(p.id == letter.person.username for p in rule.people)]
    return list(dict.fromkeys(why_asked(rule.when, bundle.body) for rule in theirs if rule.missing))


def _name(letter: Letter) -> str:
    """As pages show it; one that has left the workspace's files is shown by its slug."""
    try:
        return str(subject(letter.request.campaign))
    except Http404:
        return str(letter.request.campaign)


def _line(text: str) -> str:
    return " ".join(str(text).split())[:500]
