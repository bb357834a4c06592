"""What may be the target of a link: http, https, mailto and tel; never javascript, data or a relative address."""

from __future__ import annotations

import re

from markupsafe import Markup

from twain.errors import ContentError

_ALLOWED = re.compile(r"(?:https?://[^\s/?#]|mailto:[^\s]|tel:[+\d])", re.IGNORECASE)


def allowed(target: str) -> bool:
    """Whether a finished target may stand in a message."""
    return bool(_ALLOWED.match(target)) and not any(character < " " for character in target)


def checked(value: object) -> object:
    """The filter ``_link`` that only we write: a target made from data, as it is. Raises ContentError unless allowed."""
    text = str(value.unescape()) if isinstance(value, Markup) else str(value)
    if not allowed(text.strip()):
        raise ContentError(
            "A link made from this person's data is not a web, mail or telephone address.",
            code="T511",
            todo="Correct the field, or put a condition around the link.",
        )
    return value
