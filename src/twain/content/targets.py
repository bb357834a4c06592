"""What may be the target of a link: http, https, mailto and tel; never javascript, data or a relative address."""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup

from twain.errors import ContentError

_LONGEST = 1_000  # characters of a target that goes along in a link
_ALLOWED = re.compile(r"(?:https?://[^\s/?#]|mailto:[^\s]|tel:[+\d])", re.IGNORECASE)


def allowed(target: str) -> bool:
    """Whether a finished target may stand in a message."""
    return bool(_ALLOWED.match(target)) and not any(character < " " for character in target)


def checked(value: object) -> object:
    """The filter ``_link`` that only we write: a target made from data, as it is. Raises ContentError unless allowed."""
    _finished(value)
    return value


def signed(value: object, token: object, number: int, sign: Callable[[str, int, str], str], clicks: object) -> object:
    """The filter ``_sign`` that only we write: the link by which a click on a target made from data is counted.

    What is no web address, or too long for a link of ours, stays as it is. Raises ContentError unless the target is allowed.
    """
    text = _finished(value)
    if not text.lower().startswith("http") or len(text) > _LONGEST:
        return value
    return f"{clicks}{token}{sign(str(token), number, text)}"


def _finished(value: object) -> str:
    text = (str(value.unescape()) if isinstance(value, Markup) else str(value)).strip()
    if not allowed(text):
        raise ContentError(
            "A link made from this person's data is not a web, mail or telephone address.",
            code="T511",
            todo="Correct the field, or put a condition around the link.",
        )
    return text
