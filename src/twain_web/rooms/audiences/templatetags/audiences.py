"""Filters of this room's pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import template

from twain_web.rooms.audiences.builder.picker import Offer

register = template.Library()


@register.filter
def of(found: Mapping[str, Any], key: str) -> Any:  # noqa: ANN401 — whatever lies there
    """What a mapping holds under a key; None when nothing does."""
    return found.get(key) if found else None


@register.simple_tag
def chosen(do: str, path: str, offer: Offer) -> str:
    """What choosing an offer sends, as JSON for an attribute: names may hold any character."""
    return json.dumps({"do": do, "path": path, "kind": offer.kind, "name": offer.name, "of": offer.of})
