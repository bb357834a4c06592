"""Every route of the house as an address that leads to its view: what tests over all of them walk along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import resolve

from twain_web.access import views

#: What stands for each parameter. None of it exists, so that a view that lets somebody in answers 404 at the latest.
SAMPLES = {
    "file": "0" * 64 + ".png",
    "number": "999999",
    "pk": "999999",
    "key": "no-such-key",
    "uidb36": "zzz",
    "provider_id": "company",
}
_PARAMETER = re.compile(r"\(\?P<(?P<regex>\w+)>(?:[^()]|\([^()]*\))*\)|<(?:(?P<kind>\w+):)?(?P<path>\w+)>")


@dataclass(frozen=True)
class Route:
    """One route: as it is written, an address of it, and the view that this leads to."""

    written: str
    address: str
    view: Any

    @property
    def is_api(self) -> bool:
        return self.written.startswith("/api/")

    @property
    def permission(self) -> Any:
        return getattr(self.view, "permission", None)


def every_route() -> Iterator[Route]:
    """All of them, each address once."""
    seen = set()
    for written, view in views():
        address = _PARAMETER.sub(_sample, written)
        address = re.sub(r"[\^$\\]", "", address)
        if address not in seen:
            seen.add(address)
            yield Route(written, address, view)


def _sample(found: re.Match[str]) -> str:
    if found["kind"] == "uuid":
        return "00000000-0000-4000-8000-000000000000"
    return SAMPLES.get(found["regex"] or found["path"], "no-such-thing")


def leads_there(route: Route) -> bool:
    """Whether the address really is one of the route's: otherwise a sample is missing above."""
    return resolve(route.address).func is route.view
