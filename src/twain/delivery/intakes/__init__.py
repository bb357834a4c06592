"""Where leads and consents are written: IT's own intakes, one file per kind (``[intakes.<name>]`` of ``twain.toml``).

An intake is told everything at least once, and keeps it once: by a unique key in a table, by the message's id at a webhook.
Its login is its own; a source's login stays read only.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from twain.errors import ConfigError, Place
from twain.settings import Settings

_KINDS = ("table", "webhook")


class Intake(Protocol):
    """A system of IT's that takes one thing at a time."""

    @property
    def name(self) -> str:
        """As twain.toml calls it."""

    def write(self, identifier: str, payload: Mapping[str, Any]) -> None:
        """Write it, once, whatever happened at an earlier try. Returns only when it is there for good.

        Raises ChannelUnavailable (T871) when another try may help, ChannelError (T872) when somebody must look first.
        """

    def test(self) -> None:
        """Connect and look whether it could be written; nothing is. Raises as ``write`` does."""

    def arrived(self, identifier: str, other: Mapping[str, Any]) -> bool | None:
        """Whether what was written under *identifier* is there now; None where the intake has no way to tell.

        *other*: values that differ from what was written. Nothing is left behind. Raises as ``write`` does.
        """


def open_intake(name: str, options: Mapping[str, Any], settings: Settings) -> Intake:
    """The intake that *options* describe; nothing is connected yet. Raises ConfigError T873."""
    kind = options.get("kind")
    if kind in _KINDS:  # only who has one loads what it is written with
        opened = import_module(f"{__name__}.{kind}").open_intake(name, options, settings)
        return cast("Intake", opened)
    raise ConfigError(
        f"intakes.{name}: there is no kind {kind!r}.",
        place=Place("twain.toml"),
        todo='Write kind = "table" or kind = "webhook".',
        code="T873",
    )
