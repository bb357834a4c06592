"""The forms in which an endpoint is told things: signed JSON for programs, or a sentence for people in a chat. One file each.

A file has ``SHAPE``. A form of chat tells only what :mod:`sentences` has a sentence for, and its address is a secret: whoever
knows it can post there. Such an address is sealed, or lies where IT keeps it; pages and rows have its host at most.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from twain.errors import ConfigError
from twain_web.rooms.integrations.event_types import OFFERED
from twain_web.rooms.integrations.sentences import TELLABLE, Sentence, sentence

STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class Shape:
    """One form. *title* and *where* are for people: what it is, and where its address is found.

    *write* turns a sentence into what is posted; None: the webhook goes out as it is, under a signature.
    """

    name: str
    title: str
    where: str
    write: Callable[[Sentence], Mapping[str, Any]] | None = None

    @property
    def is_chat(self) -> bool:
        """Whether people read it: a sentence, no signature, a secret address."""
        return self.write is not None

    @property
    def types(self) -> tuple[str, ...]:
        """The types of event that it can tell, in the order of the list."""
        return tuple(one.name for one in OFFERED if not self.is_chat or one.name in TELLABLE)

    def tells(self, name: str, data: Mapping[str, Any]) -> bool:
        """Whether this very event is told in it: of a request, a chat hears only what matters to both teams."""
        return not self.is_chat or sentence(name, data) is not None


@cache
def shapes() -> Mapping[str, Shape]:
    """All of them by name, the standard one first."""
    found = [importlib.import_module(f"{__name__}.{one.name}").SHAPE for one in pkgutil.iter_modules(__path__)]
    return {one.name: one for one in sorted(found, key=lambda one: (one.name != STANDARD, one.name))}


def shape(name: str) -> Shape:
    """One form. Raises ConfigError (T972) when there is none of this name."""
    found = shapes().get(name)
    if found is None:
        raise ConfigError(
            f"There is no form {name[:20]!r}.", todo=f"Choose one of: {', '.join(shapes())}.", code="T972"
        )
    return found
