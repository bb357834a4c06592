"""How people may be named: on one line, and not as somebody else. Pages and mails tell who it was by these words alone."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from twain_web.rooms.people.models import Person

#: What does things by itself here is called so.
_HOUSE = "twain"


def on_one_line(words: str) -> str:
    """These words with single spaces. Raises ValidationError for what no line may hold, be it of a page, a log or a mail."""
    line = " ".join(words.split())
    if not line.isprintable():
        raise ValidationError(_("Write it with letters alone."))
    return line


def own_form(person: Person, words: str) -> str:
    """How *person* wants to be named. Raises ValidationError when that names somebody else.

    Whose own name holds another's (a namesake's) may keep it. Letters of other scripts that only look alike are not known again.
    """
    line = on_one_line(words)
    wanted, own = _plain(line), _plain(person.full_name)
    others = Person.objects.exclude(pk=person.pk).values_list("full_name", "preferred_form")
    told = any(wanted == _plain(form) or _names(wanted, _plain(full), own) for full, form in others)
    if wanted and (told or wanted == _HOUSE):
        raise ValidationError(_("Somebody else is named so."))
    return line


def _names(wanted: str, other: str, own: str) -> bool:
    return bool(other) and other in wanted and other not in own


def _plain(name: str) -> str:
    """Letters and digits alone, without size, accents and compatibility forms: ``ＭＡＲＡ  Séidel`` is ``maraseidel``."""
    taken_apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in taken_apart if c.isalnum())
