"""What one message may cost: a meter that every compiled template runs under.

Bounds are proven where they can be (a template's size, nesting and literal ranges, at compile time) and counted where
they can't (loops over data, values that grow). A template bomb ends in a ContentError, never in a full memory.
"""

from __future__ import annotations

from twain.errors import ContentError

MAX_SOURCE = 512 * 1024
MAX_TAGS = 5_000
MAX_TAG_LENGTH = 4_000
MAX_NESTING = 15
MAX_MARKUP_DEPTH = 200
MAX_TEXT = 256 * 1024
MAX_ITEMS = 10_000
_MAX_NUMBER = 10**60
_MAX_STEPS = 200_000
_MAX_VOLUME = 4 * 1024 * 1024
_SMALL = 256


class Meter:
    """Counts one message's work: *steps* (loop rounds × what is in the loop) and *volume* (characters of large values)."""

    __slots__ = ("steps", "volume")

    def __init__(self) -> None:
        self.steps = 0
        self.volume = 0

    def reset(self) -> None:
        """Begin the next message."""
        self.steps = 0
        self.volume = 0

    def loop(self, rounds: int, weight: int) -> None:
        """Account for a loop before it runs. Raises ContentError past the limit."""
        self.steps += rounds * weight
        if self.steps > _MAX_STEPS:
            raise too_much("its loops run too often for one message")

    def again(self, octets: int) -> None:
        """Account for large values that are shown once more. Raises ContentError past the limit."""
        self.volume += octets
        if self.volume > _MAX_VOLUME:
            raise too_much("a text in it grows too long")

    def check(self, value: object) -> object:
        """Account for a value that a filter or a capture made; returns it. Raises ContentError when it is too large."""
        kind = value.__class__
        if kind is int or kind is float or kind is bool or value is None:
            return self._number(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | range):
            self.volume += 8 * len(value)
            if len(value) > MAX_ITEMS or self.volume > _MAX_VOLUME:
                raise too_much(f"a list in it has more than {MAX_ITEMS} items")
        return value

    def text(self, value: str) -> str:
        """Account for a text; returns it. Raises ContentError when it, or all of them together, are too long."""
        length = len(value)
        if length > _SMALL:
            self.volume += length
            if length > MAX_TEXT or self.volume > _MAX_VOLUME:
                raise too_much("a text in it grows too long")
        return value

    @staticmethod
    def _number(value: object) -> object:
        if value.__class__ is int and not -_MAX_NUMBER < value < _MAX_NUMBER:
            raise too_much("a number in it grows too large")
        return value


def too_much(why: str) -> ContentError:
    """The refusal of a template bomb."""
    return ContentError(
        f"The template was stopped: {why}.",
        todo="Loop over fewer rows, or shorten what the template builds up.",
        code="T521",
    )
