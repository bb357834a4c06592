"""The links of letters: signed, for one person, and good while the incident is open. Nothing about it stands in them.

A letter's links may be used one after the other (seen now, mended later); pressing the same twice does nothing the second time.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from twain.errors import WrongState
from twain_web import kept
from twain_web.rooms.incidents.models import Letter
from twain_web.rooms.incidents.wording import ANSWERS

_SALT = "twain.incidents.letter"
_CODE = "T942"


def link(letter: Letter, verb: str) -> str:
    """The whole address of one answer."""
    return kept.link(letter, verb, route="incidents:mail-answer", salt=_SALT)


def read(token: str) -> tuple[Letter, str]:
    """The letter and the answer that a link stands for. Raises WrongState T942 for one that is no longer, or never was, good."""
    nonce, verb = kept.read_link(token, salt=_SALT, code=_CODE)
    letters = Letter.objects.select_related("person", "event__incident__owner", "event__incident__acknowledged_by")
    letter = letters.filter(nonce=nonce, kind="held").first()
    if letter is None or verb not in ANSWERS or letter.person is None or not letter.person.is_active:
        raise kept.no_link_of_ours(_CODE)
    kept.refuse_spent(letter, _CODE)
    _refuse_mended(letter)
    return letter, verb


def _refuse_mended(letter: Letter) -> None:
    incident = letter.event.incident
    if not incident.is_open or letter.event.at < incident.opened_at:
        raise WrongState(
            _("This is mended already: the check was seen to pass."),
            todo=_("There is nothing to do. The incident's page tells all of it."), code=_CODE,
        )  # fmt: skip
