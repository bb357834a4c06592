"""The gateway: the recipients' way back, as a small WSGI application (PEP 3333) without a framework.

``/u/<token>``: GET asks, and never unsubscribes — security scanners open every link; POST is the one click of RFC 8058, or the
confirm page's button, and is durable in the ledger before its 200. ``/c/<token>.<n>``: on to the n-th target of the bundle's
link table, or to a target that was signed for this one message. ``/o/<token>``: the open pixel. ``/v/<token>``: the message in
the browser. ``/p/`` and ``/w/``: see ``recipients.py``.

Clicks, opens and views are on the disk before they are answered; HEAD looks, and counts for nothing. Whatever is wrong with a
token, the answer is the same. ``awaiting.py`` serves all this without a thread for each click.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from twain.errors import LedgerError
from twain.ports import Ledger
from twain.records import CANARY_LINK
from twain.returns.answers import PRIVATE, Answer, Handler, Headers, html, page
from twain.returns.events import EventSpool, packed
from twain.returns.facts import Facts
from twain.returns.pages import VIEW_POLICY
from twain.returns.recipients import Lookup, Recipients
from twain.returns.requests import Who, who_of
from twain.returns.server import Server, serve
from twain.returns.targets import LinkTables, Targets
from twain.returns.tokens import SEAL_TEXT, Followed, ShardSeal, TokenMint, TokenRef

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["Gateway", "Seen", "Server", "create_app", "serve"]

#: What the recipients' pages answer; everything else is the house's. The table in ``create_app`` says who answers which.
PREFIXES = frozenset({"/u/", "/p/", "/w/", "/c/", "/o/", "/v/", "/f/", "/j/"})
_MOST_SHARDS = 4096
_log = logging.getLogger("twain.gateway")

Deed = tuple[tuple[str, int, int], str, int]
"""What counts: whose message it is about (run, shard, row), the event's kind, and the link's number (-1: none)."""
Seen = tuple[Answer | None, Deed | None]
"""What a click, an open or a view is answered (None: the page that says it is unknown), and what must be kept before that."""
View = Callable[[TokenRef], bytes | None]
"""Whose message → the HTML page of it; None when it is not known (any more)."""

_REDIRECTED: Headers = [("Content-Length", "0"), *(one for one in PRIVATE if one[0] != "X-Content-Type-Options")]
#: One transparent point (GIF89a), 43 octets.
_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_SEEN = Answer("200 OK", [("Content-Type", "image/gif"), ("Content-Length", str(len(_PIXEL))), *PRIVATE], _PIXEL)


class Gateway:
    """The WSGI application. What is only counted can also be asked for apart, by whoever keeps events in its own way."""

    def __init__(self, handlers: Mapping[str, Handler], links: _Links) -> None:
        self._handlers = handlers
        self.decided, self.record = links.decided, links.record

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """PEP 3333."""
        status, headers, body = self.answer(environ)
        start_response(status, headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def answer(self, environ: WSGIEnvironment) -> Answer:
        """The answer; what it promises is kept when this returns. A HEAD is answered without the body."""
        path = str(environ.get("PATH_INFO", ""))
        handler = self._handlers.get(path[:3])
        try:
            answer = (handler(environ, path[3:]) if handler is not None else None) or unknown(environ)
        except LedgerError:
            answer = not_kept(environ)
        if said_in_log():
            log(str(environ.get("REQUEST_METHOD", "")), path, answer)
        return answer


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
    tables: LinkTables | None = None,
) -> Gateway:
    """The WSGI application.

    *spool*: where events are kept; without one nothing is counted. *view*: makes the page of ``/v/``; without one there is none.
    *facts*: what may be told of a send; without them there is a plain ``/u/``, and neither ``/p/`` nor ``/w/``.
    *proxies* of ours stand in front and add to X-Forwarded-For. *now* stamps what happens (epoch seconds).
    *more*: what answers under further prefixes of ``PREFIXES``. *tables*: link tables that other threads read, too.
    """
    links = _Links(Targets(ledger, tables), mint, spool, view, proxies, now)
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
    return Gateway(handlers, links)


def unknown(environ: WSGIEnvironment) -> Answer:
    """The one answer to whatever is not known."""
    return page(environ, HTTPStatus.NOT_FOUND, "unknown")


def not_kept(environ: WSGIEnvironment) -> Answer:
    """What is answered, while a LedgerError is handled, when nothing could be kept."""
    _log.exception("Nothing could be kept; the recipient was asked to try again.")
    words = "retry" if _looks(environ) else "later"
    return page(environ, HTTPStatus.SERVICE_UNAVAILABLE, words, ("Retry-After", "120"))


def said_in_log() -> bool:
    """Whether somebody wants a line for every request."""
    return _log.isEnabledFor(logging.INFO)


def log(method: str, path: str, answer: Answer) -> None:
    """A line for a request."""
    _log.info("%s %s %s", _shown(method), _shown(path), answer.status[:3])


class _Ready(NamedTuple):
    """One shard whose clicks can be decided at once: *targets* by the number as it stands in a link."""

    seal: ShardSeal
    targets: Mapping[str, tuple[Answer, int]]


class _Links:
    """What is counted: clicks, opens, views. Only looking (GET, HEAD) is answered, and HEAD counts for nothing."""

    def __init__(
        self,
        targets: Targets,
        mint: TokenMint,
        spool: EventSpool | None,
        view: View | None,
        proxies: int,
        now: Callable[[], float],
    ) -> None:
        self._targets, self._mint, self._now = targets, mint, now
        self._spool, self._view, self._proxies = spool, view, proxies
        self._ready: dict[str, _Ready] = {}

    def opened(self, environ: WSGIEnvironment, token: str) -> Answer | None:
        """The pixel."""
        return self._kept(environ, self._open(token)) if _looks(environ) else None

    def viewed(self, environ: WSGIEnvironment, token: str) -> Answer | None:
        """The message in the browser."""
        ref = self._mint.verify(token) if _looks(environ) else None
        shown = self._view(ref) if ref is not None and self._view is not None else None
        if ref is None or shown is None:
            return None
        return self._kept(environ, (html(HTTPStatus.OK, shown, VIEW_POLICY), (ref, "view", -1)))

    def clicked(self, environ: WSGIEnvironment, text: str) -> Answer | None:
        """A click: on to where the bundle's link table or a signature says, and to nowhere else."""
        return self._kept(environ, self._click(self._mint.verify_link(text))) if _looks(environ) else None

    def left(self, environ: WSGIEnvironment, ref: TokenRef) -> None:
        """Count an unsubscription, which is in the ledger already."""
        try:
            self._kept(environ, (None, (ref, "unsubscribe", -1)))
        except LedgerError:
            # The wish itself is kept, and that is what was promised; only the count of this send misses one.
            _log.exception("An unsubscription was obeyed but could not be counted.")

    def decided(self, path: str) -> Seen | None:
        """What looking at *path* comes to when it is a click or an open, at once and from memory; None: ask the application.

        Whoever asks keeps what :meth:`record` makes of it before the answer is given; of a HEAD nothing is kept.
        """
        prefix, token, number = path[:3], *path[3:].partition(".")[::2]
        ready = self._ready.get(token[:-SEAL_TEXT]) if prefix == "/c/" else None
        if ready is not None and number in ready.targets:
            row, (answer, link) = ready.seal.row(token[-SEAL_TEXT:]), ready.targets[number]
            return _NOTHING if row < 0 else (answer, ((ready.seal.run_id, ready.seal.shard, row), "click", link))
        if prefix == "/o/":
            return self._open(path[3:])
        return self._first_click(path[3:], token) if prefix == "/c/" else None

    def _first_click(self, text: str, token: str) -> Seen | None:
        """The long way, once for every shard, and for what is not in its table."""
        followed = self._mint.verify_link(text)
        table = self._targets.known(followed.ref.run_id) if followed is not None else {}
        if table is None:
            return None
        if table and token[:-SEAL_TEXT] not in self._ready:
            targets = {str(number): (_redirect(where), number) for number, where in table.items() if where}
            if len(self._ready) >= _MOST_SHARDS:
                self._ready.clear()
            self._ready[token[:-SEAL_TEXT]] = _Ready(self._mint.shard_of(token), targets)
        return self._click(followed)

    def record(self, deed: Deed, who: Who) -> bytes:
        """What the spool keeps of *deed*, done now."""
        (run_id, shard, row), kind, link = deed
        return packed(run_id, shard, row, kind, self._now(), link, *who)

    # ------------------------------------------------------------ inside

    def _open(self, token: str) -> Seen:
        ref = self._mint.verify(token)
        return _NOTHING if ref is None else (_SEEN, (ref, "open", -1))

    def _click(self, followed: Followed | None) -> Seen:
        if followed is None:
            return _NOTHING
        ref, number, signed = followed
        if number == CANARY_LINK:
            return None, (ref, "canary", -1)
        location = self._targets.location(ref.run_id, number, signed)
        return (_redirect(location), (ref, "click", number)) if location else _NOTHING

    def _kept(self, environ: WSGIEnvironment, seen: Seen) -> Answer | None:
        """The answer, when what counts is on the disk. Looking ahead with HEAD counts for nothing."""
        answer, deed = seen
        if self._spool is not None and deed is not None and environ["REQUEST_METHOD"] != "HEAD":
            self._spool.keep_all([self.record(deed, who_of(environ, self._proxies))])
        return answer


_NOTHING: Seen = (None, None)


@lru_cache(maxsize=1024)
def _redirect(location: str) -> Answer:
    """On to *location*; kept, since a send has few targets. Whoever gets it changes nothing in it."""
    return Answer("302 Found", [("Location", location), *_REDIRECTED], b"")


def _looks(environ: WSGIEnvironment) -> bool:
    return environ.get("REQUEST_METHOD") in ("GET", "HEAD")


def _shown(said: str) -> str:
    """A piece of a request as it may stand in a log line: printable ASCII, short, and never a whole token."""
    text = said.encode("unicode_escape").decode("ascii")
    return text if len(text) <= 16 else f"{text[:13]}…"
