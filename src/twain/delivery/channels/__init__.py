"""The ways out, one module per kind. A third party adds one by an entry point in the group ``twain.channels``.

A kind ``x`` is either a module here that has ``open_channel(settings) -> Channel``, or an entry point ``x`` naming such a
function. Nothing else has to be registered.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import cast

from twain.errors import ConfigError, Place
from twain.ports import Channel
from twain.settings import ChannelSettings

Opener = Callable[[ChannelSettings], Channel]

GROUP = "twain.channels"


def open_channel(settings: ChannelSettings) -> Channel:
    """The channel that *settings* describe, not yet connected. Raises ConfigError for a kind that nobody offers."""
    found = openers().get(settings.kind)
    if found is None:
        raise ConfigError(
            f"channels.{settings.name}: there is no channel of kind {settings.kind!r}.",
            place=Place("twain.toml"),
            todo=f"Known kinds: {', '.join(sorted(openers()))}. Others come from packages with an entry point {GROUP}.",
        )
    return found()(settings)


def openers() -> dict[str, Callable[[], Opener]]:
    """Every kind that is there, with how to load it; ours win over a third party's of the same name."""
    theirs = {point.name: point.load for point in entry_points(group=GROUP)}
    ours = {name: _loader(name) for name in _own_kinds()}
    return {**theirs, **ours}


def _own_kinds() -> list[str]:
    return [module.name for module in iter_modules(__path__) if "_" not in module.name]


def _loader(name: str) -> Callable[[], Opener]:
    return lambda: cast("Opener", import_module(f"{__name__}.{name}").open_channel)
