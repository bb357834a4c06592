"""Putting a letter into the box: who has no address gets none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twain_web.rooms.partnership.models import Letter


def post(kind: Letter.Kind, people: Iterable[Any], **about: Any) -> None:  # noqa: ANN401 — persons; a row
    """One letter of *kind* to each of *people* about a row (``thanks=``, ``check_of=`` or ``review=``)."""
    for person in dict.fromkeys(people):
        if person.email:
            Letter.objects.create(kind=kind, person=person, **about)
