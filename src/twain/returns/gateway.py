"""The gateway: the recipients' way back, as a small WSGI application (PEP 3333) without a framework.

``/u/<token>``: GET asks, and never unsubscribes — security scanners open every link; POST is the one click of RFC 8058, or the
confirm page's button, and is durable in the ledger before its 200. ``/c/<token>.<n>``: on to the n-th target of the bundle's
link table. Whatever is wrong with a token, the answer is the same.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import parse_qs

from twain.errors import LedgerError
from twain.ports import Ledger
from twain.records import Suppression
from twain.returns.pages import POLICY, confirm_page, language, message_page
from twain.returns.server import Server, serve
from twain.returns.tokens import TokenMint, TokenRef

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Server", "create_app", "serve"]

MAX_BODY = 4096
_NO_SUCH_RUN = "T702"
_DRAINED = 65_536
_ALLOWED = "GET, HEAD, POST"
_log = logging.getLogger("twain.gateway")

Lookup = Callable[[TokenRef], bytes | None]
"""Whom a token stands for → the 32-byte HMAC of the address it went to; None when that is not known (any more)."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def create_app(
    ledger: Ledger, mint: TokenMint, lookup: Lookup, *, now: Callable[[], float] = time.time
) -> WSGIApplication:
    """The WSGI application. *now* stamps each unsubscription (epoch seconds)."""
    gateway = _Gateway(ledger, mint, lookup, now)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = gateway.answer(environ)
        start_response(f"{answer.status.value} {answer.status.phrase}", [*_headers(answer), *answer.headers])
        _log.info("%s %s %d", _shown(environ, "REQUEST_METHOD"), _shown(environ, "PATH_INFO"), answer.status.value)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [answer.body]

    return app


class _Gateway:
    def __init__(self, ledger: Ledger, mint: TokenMint, lookup: Lookup, now: Callable[[], float]) -> None:
        self._ledger, self._mint, self._lookup, self._now = ledger, mint, lookup, now

    def answer(self, environ: WSGIEnvironment) -> _Answer:
        tongue = language(str(environ.get("HTTP_ACCEPT_LANGUAGE", "")))
        path, method = str(environ.get("PATH_INFO", "")), str(environ.get("REQUEST_METHOD", ""))
        kind, rest = path[:3], path[3:]
        reading = method in ("GET", "HEAD")
        if kind != "/u/" and not (kind == "/c/" and reading):
            return _unknown(tongue)
        if not reading and method != "POST":
            wrong = message_page(tongue, "wrong")
            return _Answer(HTTPStatus.METHOD_NOT_ALLOWED, wrong, (("Allow", _ALLOWED),))
        try:
            return self._link(rest, tongue) if kind == "/c/" else self._token(environ, rest, method, tongue)
        except LedgerError:
            _log.exception("The control store did not answer; the recipient was asked to try again.")
            later = message_page(tongue, "later")
            return _Answer(HTTPStatus.SERVICE_UNAVAILABLE, later, (("Retry-After", "120"),))

    def _link(self, text: str, tongue: str) -> _Answer:
        """A click: on to the target that the bundle's link table has, and to nowhere else (no address is in the link)."""
        followed = self._mint.verify_link(text)
        if followed is None:
            return _unknown(tongue)
        target = self._target(*followed)
        if not target.startswith(("https://", "http://")) or not target.isascii() or not target.isprintable():
            return _unknown(tongue)
        return _Answer(HTTPStatus.FOUND, b"", (("Location", target),))

    def _target(self, ref: TokenRef, number: int) -> str:
        try:
            bundle = self._ledger.run(ref.run_id).bundle
        except LedgerError as error:
            if error.shown_code != _NO_SUCH_RUN:
                raise
            return ""
        return self._ledger.links(bundle).get(number, "")

    def _token(self, environ: WSGIEnvironment, token: str, method: str, tongue: str) -> _Answer:
        body = _body(environ) if method == "POST" else b""
        ref = self._mint.verify(token)
        if ref is None:
            return _unknown(tongue)
        if method != "POST":
            return _Answer(HTTPStatus.OK, confirm_page(tongue))
        if isinstance(body, HTTPStatus) or not _clicked(str(environ.get("CONTENT_TYPE", "")), body):
            refusal = body if isinstance(body, HTTPStatus) else HTTPStatus.BAD_REQUEST
            return _Answer(refusal, message_page(tongue, "wrong"))
        address_hash = self._lookup(ref)
        if address_hash is None:
            return _unknown(tongue)
        self._unsubscribe(ref, address_hash)
        return _Answer(HTTPStatus.OK, message_page(tongue, "done"))

    def _unsubscribe(self, ref: TokenRef, address_hash: bytes) -> None:
        origin = f"one-click:{ref.run_id}.{ref.shard}.{ref.row}"
        self._ledger.suppress([Suppression(address_hash, "unsubscribed", origin, self._now())])


def _unknown(tongue: str) -> _Answer:
    return _Answer(HTTPStatus.NOT_FOUND, message_page(tongue, "unknown"))


def _headers(answer: _Answer) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(answer.body))),
        ("Content-Security-Policy", POLICY),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Robots-Tag", "noindex, nofollow"),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept-Language"),
    ]


# ---------------------------------------------------------------- the one click


def _body(environ: WSGIEnvironment) -> bytes | HTTPStatus:
    """The request's body, read before anything is answered; or why it is not taken."""
    try:
        length = max(int(environ.get("CONTENT_LENGTH") or 0), 0)
        stream: BinaryIO = environ["wsgi.input"]
        # Beyond the limit too, within reason: a client that is cut off while it sends never sees the answer.
        body = stream.read(min(length, _DRAINED)) if length else b""
    except ValueError:
        return HTTPStatus.BAD_REQUEST
    except OSError:
        return HTTPStatus.REQUEST_TIMEOUT
    return body if length <= MAX_BODY else HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def _clicked(content_type: str, body: bytes) -> bool:
    """RFC 8058 §3.2: the pair List-Unsubscribe=One-Click, as either kind of form."""
    if content_type.lower().startswith("multipart/form-data"):
        return _multipart(content_type, body).get("List-Unsubscribe") == "One-Click"
    form = parse_qs(body.decode("latin-1"), max_num_fields=16) if body.count(b"&") < 16 else {}
    return form.get("List-Unsubscribe") == ["One-Click"]


def _multipart(content_type: str, body: bytes) -> dict[str, str]:
    head = f"Content-Type: {content_type[:300]}\r\n\r\n".encode("latin-1", "replace")
    parts = BytesParser().parsebytes(head + body).get_payload()
    fields: dict[str, str] = {}
    for part in parts if isinstance(parts, list) else []:
        name = part.get_param("name", header="content-disposition") if isinstance(part, Message) else None
        payload = part.get_payload() if isinstance(part, Message) else None
        if isinstance(name, str) and isinstance(payload, str):
            fields[name] = payload.strip()
    return fields


def _shown(environ: WSGIEnvironment, name: str) -> str:
    """A piece of a request as it may stand in a log line: printable ASCII, short, and never a whole token."""
    text = str(environ.get(name, "")).encode("unicode_escape").decode("ascii")
    return text if len(text) <= 16 else f"{text[:13]}…"
