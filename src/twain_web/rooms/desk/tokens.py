"""The links of letters: signed, for one person, good once and for a time. Nothing about the request stands in them."""

from __future__ import annotations

from twain_web import kept
from twain_web.rooms.desk.models import Letter

_SALT, _CODE = "twain.desk.letter", "T924"
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
    return kept.link(letter, verb, route="desk:mail-answer", salt=_SALT)


def read(token: str) -> tuple[Letter, str]:
    """The letter and the answer that a link stands for. Raises WrongState T924 for one that is no longer, or never was, good."""
    nonce, verb = kept.read_link(token, salt=_SALT, code=_CODE)
    letters = Letter.objects.select_related(
        "person", "event__request__asker", "event__request__answers", "event__person"
    )
    letter = letters.filter(nonce=nonce).first()
    if letter is None or verb not in LINKS[letter.kind] or not letter.person.is_active:
        raise kept.no_link_of_ours(_CODE)
    kept.refuse_spent(letter, _CODE)
    return letter, verb


def use_up(letter: Letter) -> None:
    """None of the letter's links is good any more. Within the answer's transaction; WrongState T924 when somebody was quicker."""
    kept.use_up(letter, _CODE)
