"""The links of letters: signed, for one person, good once and for a time. Nothing about the request stands in them."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import WrongState
from twain_web.rooms.desk.models import Letter

_SALT = "twain.desk.letter"
#: What each kind of letter can be answered with, in the order in which its links stand.
LINKS = {
    "asked": ("accept", "promise", "decline", "question"),
    "question": ("reply", "withdraw"),
    "offer": ("adopt", "ask-again"),
    "there": ("confirm", "dispute"),
    "look": ("confirm", "dispute"),
    "news": (),
}


def link(letter: Letter, verb: str) -> str:
    """The whole address of one answer."""
    token = signing.dumps([letter.nonce, verb], salt=_SALT)
    return f"{settings.WEB_URL}{reverse('desk:mail-answer', args=[token])}"


def read(token: str) -> tuple[Letter, str]:
    """The letter and the answer that a link stands for. Raises WrongState T924 for one that is no longer, or never was, good."""
    try:
        nonce, verb = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise _refused(_("This link is not whole, or not one of ours.")) from error
    letter = (
        Letter.objects.select_related("person", "event__request__asker", "event__request__answers", "event__person")
        .filter(nonce=nonce)
        .first()
    )
    if letter is None or verb not in LINKS[letter.kind] or not letter.person.is_active:
        raise _refused(_("This link is not whole, or not one of ours."))
    if letter.used_at is not None:
        raise _refused(_("This question has been answered already."))
    if letter.expires_at <= timezone.now():
        raise _refused(_("This link has expired."))
    return letter, verb


def use_up(letter: Letter) -> None:
    """None of the letter's links is good any more. Within the answer's transaction; WrongState T924 when somebody was quicker."""
    if not Letter.objects.filter(pk=letter.pk, used_at=None).update(used_at=timezone.now()):
        raise _refused(_("This question has been answered already."))


def _refused(what: str) -> WrongState:
    return WrongState(what, todo=_("Nothing was changed. Open the request in Twain to see how it stands."), code="T924")
