"""The gateway: the recipients' way back, as a small WSGI application (PEP 3333) without a framework.

``/u/<token>``: GET asks, and never unsubscribes — security scanners open every link; POST is the one click of RFC 8058, or the
confirm page's button, and is durable in the ledger before its 200. ``/c/<token>.<n>``: on to the n-th target of the bundle's
link table, or to a target that was signed for this one message. ``/o/<token>``: the open pixel. ``/v/<token>``: the message in
the browser. ``/p/`` and ``/w/``: see ``recipients.py``.

Clicks, opens and views are on the disk before they are answered; HEAD looks, and counts for nothing. Whatever is wrong with a
token, the answer is the same.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from twain.errors import LedgerError
from twain.ports import Ledger
from twain.records import CANARY_LINK
from twain.returns.answers import PRIVATE, Answer, Handler, Headers, html, page
from twain.returns.events import Event, EventSpool
from twain.returns.facts import Facts
from twain.returns.pages import VIEW_POLICY
from twain.returns.recipients import Lookup, Recipients
from twain.returns.requests import agent_of, network_of, signs_of
from twain.returns.server import Server, serve
from twain.returns.targets import Targets
from twain.returns.tokens import TokenMint, TokenRef

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Server", "create_app", "serve"]

#: What the recipients' pages answer; everything else is the house's. The table in ``create_app`` says who answers which.
PREFIXES = frozenset({"/u/", "/p/", "/w/", "/c/", "/o/", "/v/", "/f/", "/j/"})
_log = logging.getLogger("twain.gateway")

View = Callable[[TokenRef], bytes | None]
"""Whose message → the HTML page of it; None when it is not known (any more)."""

_REDIRECTED: Headers = [("Content-Length", "0"), *(one for one in PRIVATE if one[0] != "X-Content-Type-Options")]
#: One transparent point (GIF89a), 43 octets.
_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_SEEN = Answer("200 OK", [("Content-Type", "image/gif"), ("Content-Length", str(len(_PIXEL))), *PRIVATE], _PIXEL)


def create_app(  # noqa: PLR0913 — what the pages stand on, each named by whoever has it
    ledger: Ledger,
    mint: TokenMint,
    lookup: Lookup,
    *,
    spool: EventSpool | None = None,
    view: View | None = None,
    facts: Facts | None = None,
    proxies: int = 0,
    now: Callable[[], float] = time.time,
    more: Mapping[str, Handler] | None = None,
) -> WSGIApplication:
    """The WSGI application.

    *spool*: where events are kept; without one nothing is counted. *view*: makes the page of ``/v/``; without one there is none.
    *facts*: what may be told of a send; without them there is a plain ``/u/``, and neither ``/p/`` nor ``/w/``.
    *proxies* of ours stand in front and add to X-Forwarded-For. *now* stamps what happens (epoch seconds).
    *more*: what answers under further prefixes of ``PREFIXES``.
    """
    links = _Links(ledger, mint, spool, view, proxies, now)
    recipients = Recipients(ledger, mint, lookup, facts, links.left, now)
    handlers: Mapping[str, Handler] = {
        "/u/": recipients.unsubscribing,
        "/p/": recipients.preferences,
        "/w/": recipients.why,
        "/c/": links.clicked,
        "/o/": links.opened,
        "/v/": links.viewed,
        **(more or {}),
    }

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, headers, body = _answer(handlers, environ)
        start_response(status, headers)
        if _log.isEnabledFor(logging.INFO):
            _log.info("%s %s %s", _shown(environ, "REQUEST_METHOD"), _shown(environ, "PATH_INFO"), status[:3])
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    return app


def _answer(handlers: Mapping[str, Handler], environ: WSGIEnvironment) -> Answer:
    path = str(environ.get("PATH_INFO", ""))
    handler = handlers.get(path[:3])
    try:
        answer = handler(environ, path[3:]) if handler is not None else None
    except LedgerError:
        _log.exception("Nothing could be kept; the recipient was asked to try again.")
        words = "retry" if _looks(environ) else "later"
        return page(environ, HTTPStatus.SERVICE_UNAVAILABLE, words, ("Retry-After", "120"))
    return answer or page(environ, HTTPStatus.NOT_FOUND, "unknown")


class _Links:
    """What is counted: clicks, opens, views. Only looking (GET, HEAD) is answered, and HEAD counts for nothing."""

    def __init__(
        self,
        ledger: Ledger,
        mint: TokenMint,
        spool: EventSpool | None,
        view: View | None,
        proxies: int,
        now: Callable[[], float],
    ) -> None:
        self._mint, self._now = mint, now
        self._spool, self._view, self._proxies = spool, view, proxies
        self._targets = Targets(ledger)

    def opened(self, environ: WSGIEnvironment, token: str) -> Answer | None:
        """The pixel."""
        ref = self._mint.verify(token) if _looks(environ) else None
        if ref is None:
            return None
        self._keep(environ, ref, "open", -1)
        return _SEEN

    def viewed(self, environ: WSGIEnvironment, token: str) -> Answer | None:
        """The message in the browser."""
        ref = self._mint.verify(token) if _looks(environ) else None
        shown = self._view(ref) if ref is not None and self._view is not None else None
        if ref is None or shown is None:
            return None
        self._keep(environ, ref, "view", -1)
        return html(HTTPStatus.OK, shown, VIEW_POLICY)

    def clicked(self, environ: WSGIEnvironment, text: str) -> Answer | None:
        """A click: on to where the bundle's link table or a signature says, and to nowhere else."""
        followed = self._mint.verify_link(text) if _looks(environ) else None
        if followed is None:
            return None
        ref, number, signed = followed
        if number == CANARY_LINK:
            self._keep(environ, ref, "canary", -1)
            return None
        location = self._targets.location(ref.run_id, number, signed)
        if not location:
            return None
        self._keep(environ, ref, "click", number)
        return Answer("302 Found", [("Location", location), *_REDIRECTED], b"")

    def _keep(self, environ: WSGIEnvironment, ref: TokenRef, kind: str, link: int) -> None:
        """On the disk when it returns. Looking ahead with HEAD counts for nothing."""
        if self._spool is not None and environ["REQUEST_METHOD"] != "HEAD":
            agent, network = agent_of(environ), network_of(environ, self._proxies)
            self._spool.keep(Event(*ref, kind, self._now(), link, agent, network, signs_of(environ)))

    def left(self, environ: WSGIEnvironment, ref: TokenRef) -> None:
        """Count an unsubscription, which is in the ledger already."""
        try:
            self._keep(environ, ref, "unsubscribe", -1)
        except LedgerError:
            # The wish itself is kept, and that is what was promised; only the count of this send misses one.
            _log.exception("An unsubscription was obeyed but could not be counted.")


def _looks(environ: WSGIEnvironment) -> bool:
    return environ.get("REQUEST_METHOD") in ("GET", "HEAD")


def _shown(environ: WSGIEnvironment, name: str) -> str:
    """A piece of a request as it may stand in a log line: printable ASCII, short, and never a whole token."""
    text = str(environ.get(name, "")).encode("unicode_escape").decode("ascii")
    return text if len(text) <= 16 else f"{text[:13]}…"
