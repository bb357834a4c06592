"""What every answer to a recipient is made of: its headers, and the plain pages that say what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from twain.returns.pages import POLICY, language, message_page

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """Status line, headers and body."""

    status: str
    headers: Headers
    body: bytes


Handler = Callable[["WSGIEnvironment", str], Answer | None]
"""A request and what follows the prefix in its path → the answer; None for whatever is not known: the same 404 for all of it.

A LedgerError that it raises becomes the page that asks to try again.
"""

#: Nothing is kept by anybody on the way, and nobody learns the address of the page.
PRIVATE: Headers = [
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Robots-Tag", "noindex, nofollow"),
]


def html(status: HTTPStatus, body: bytes, policy: str = POLICY) -> Answer:
    """A page under a Content-Security-Policy."""
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Content-Security-Policy", policy),
        *PRIVATE,
        ("Vary", "Accept-Language"),
    ]
    return Answer(f"{status.value} {status.phrase}", headers, body)


def tongue(environ: WSGIEnvironment) -> str:
    """The language that the browser asks for, if we have words in it; else English."""
    return language(str(environ.get("HTTP_ACCEPT_LANGUAGE", "")))


def page(environ: WSGIEnvironment, status: HTTPStatus, words: str, *more: tuple[str, str]) -> Answer:
    """One of the plain pages of ``message_page``, with *more* headers."""
    answer = html(status, message_page(tongue(environ), words))
    answer.headers.extend(more)
    return answer
