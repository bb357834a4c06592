"""Shapes that all operations share: names, words, pages of a list; and the reading of a request's JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Generic, NoReturn, TypeVar

from django.http import HttpRequest
from ninja import Schema
from ninja.parser import Parser
from pydantic import Field, StringConstraints

T = TypeVar("T")
_DEEPEST = 100
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
"""A slug, a feed's name, a send's id."""
Words = Annotated[str, StringConstraints(pattern=_PRINTABLE, max_length=200)]
"""A line that somebody wrote."""
Key = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f/]+$", max_length=200)]
"""A customer's key."""
Search = Annotated[str, StringConstraints(pattern=_PRINTABLE, max_length=100)]


class Paging(Schema):
    """Which part of a list: at most *limit* items, after the first *offset*."""

    limit: int = Field(50, ge=1, le=200)
    offset: int = Field(0, ge=0, le=1_000_000)


class Searched(Paging):
    """Which part of a list, of what holds each word of *search*."""

    search: Search = ""


class Page(Schema, Generic[T]):
    """A part of a list, and how long the whole list is."""

    items: list[T]
    total: int


def page(everything: Sequence[T], paging: Paging) -> dict[str, Any]:
    """The part that was asked for."""
    return {"items": list(everything[paging.offset : paging.offset + paging.limit]), "total": len(everything)}


class StrictJson(Parser):
    """JSON as RFC 8259 has it, in text that can be stored: no NaN, no halves of characters, nothing nested without end."""

    def parse_body(self, request: HttpRequest) -> Any:  # noqa: ANN401 — any JSON
        """The body; ValueError becomes 400."""
        text = request.body.decode("utf-8")
        found = json.loads(text, parse_constant=_no_such_number)
        json.dumps(found, ensure_ascii=False).encode("utf-8")
        if _depth(found) > _DEEPEST:
            raise ValueError(f"nested more than {_DEEPEST} deep")
        return found


def _depth(found: object) -> int:
    """How deep lists and objects lie in each other; never itself by recursion."""
    depth, level = 0, [found]
    while level:
        depth += 1
        inside = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [item for items in inside for item in items]
    return depth


def _no_such_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")
