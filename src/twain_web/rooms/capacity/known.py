"""What a higher room knows of campaigns: their names on screen, for plans, sends and the choice of a plan's campaign."""

from __future__ import annotations

from collections.abc import Callable, Mapping

#: A higher room appends what names every campaign that can be chosen: by slug, the name on screen.
CAMPAIGNS: list[Callable[[], Mapping[str, str]]] = []


def campaign_names() -> dict[str, str]:
    """Every campaign's name on screen by its slug, in the order of the names."""
    names = {slug: name for ask in CAMPAIGNS for slug, name in ask().items()}
    return dict(sorted(names.items(), key=lambda one: one[1].casefold()))
