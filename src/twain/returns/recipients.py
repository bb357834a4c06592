"""What a recipient may do without signing in: ``/u/`` unsubscribe, ``/p/`` choose and pause, ``/w/`` why did I get this.

GET never changes anything: security scanners open every link. What protects a POST is the token itself: nobody else has it, and
it stands for one message. Every wish is durable in the ledger before its 200.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from twain.ports import Ledger
from twain.records import Suppression
from twain.returns.answers import Answer, html, page, tongue
from twain.returns.click import confirmed, form_of
from twain.returns.facts import Facts, Sent
from twain.returns.pages import Place, confirm_page
from twain.returns.recipient_pages import Speaker
from twain.returns.tokens import TokenMint, TokenRef
from twain.returns.words import known, language

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

PAUSE = 30 * 86_400.0
"""Seconds of a pause."""
_ALLOWED = ("Allow", "GET, HEAD, POST")

Lookup = Callable[[TokenRef], bytes | None]
"""Whom a token stands for → the 32-byte HMAC of the address it went to; None when that is not known (any more)."""
Left = Callable[["WSGIEnvironment", TokenRef], None]
"""Count that somebody left because of this message."""


class Recipients:
    """The handlers of ``/u/``, ``/p/`` and ``/w/``. Without *facts* there is only a plain ``/u/``."""

    def __init__(
        self, ledger: Ledger, mint: TokenMint, lookup: Lookup, facts: Facts | None, left: Left, now: Callable[[], float]
    ) -> None:
        self._ledger, self._mint, self._lookup = ledger, mint, lookup
        self._facts, self._left, self._now = facts, left, now

    def unsubscribing(self, environ: WSGIEnvironment, token: str) -> Answer | None:
        """``/u/<token>``: GET asks; POST is the one click of RFC 8058, or one of the confirm page's buttons."""
        method = environ.get("REQUEST_METHOD")
        if method in ("GET", "HEAD"):
            return self._confirm(environ, token)
        if method != "POST":
            return page(environ, HTTPStatus.METHOD_NOT_ALLOWED, "wrong", _ALLOWED)
        form = form_of(environ)
        ref = self._mint.verify(token)
        if ref is None:
            return None
        if isinstance(form, HTTPStatus) or not confirmed(form):
            return page(environ, form if isinstance(form, HTTPStatus) else HTTPStatus.BAD_REQUEST, "wrong")
        address_hash = self._lookup(ref)
        return None if address_hash is None else self._unsubscribed(environ, ref, address_hash, form.get("leave", ""))

    def preferences(self, environ: WSGIEnvironment, token: str) -> Answer | None:
        """``/p/<token>``: what somebody gets, topic by topic; POST changes one thing."""
        method = environ.get("REQUEST_METHOD")
        if method not in ("GET", "HEAD", "POST"):
            return page(environ, HTTPStatus.METHOD_NOT_ALLOWED, "wrong", _ALLOWED)
        form = form_of(environ) if method == "POST" else {}
        ref, sent = self._sent(token)
        address_hash = self._lookup(ref) if ref is not None and sent is not None else None
        if ref is None or sent is None or address_hash is None:
            return None
        if isinstance(form, HTTPStatus) or (
            method == "POST" and not self._changed(environ, ref, sent, address_hash, form)
        ):
            return page(environ, form if isinstance(form, HTTPStatus) else HTTPStatus.BAD_REQUEST, "wrong")
        wishes = self._ledger.suppressions_of(address_hash)
        speaker = self._speaker(environ, ref, sent, Place("p", token))
        return html(HTTPStatus.OK, speaker.preferences(wishes, saved=method == "POST"))

    def why(self, environ: WSGIEnvironment, token: str) -> Answer | None:
        """``/w/<token>``: which message it was, what it is about, and why we may write."""
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return None
        ref, sent = self._sent(token)
        if ref is None or sent is None or self._facts is None:
            return None
        agreed = sent.topic is None or sent.topic.basis == "consent"
        consent = self._facts.consent(ref, self._lookup(ref)) if agreed else None
        speaker = self._speaker(environ, ref, sent, Place("w", token))
        title = self._facts.title(ref)
        return html(HTTPStatus.OK, speaker.why(title, consent, as_seen=self._facts.title_as_seen(ref)))

    # ------------------------------------------------------------ leaving

    def _confirm(self, environ: WSGIEnvironment, token: str) -> Answer | None:
        ref, sent = self._sent(token)
        if ref is None:
            return None
        if sent is None:
            return html(HTTPStatus.OK, confirm_page(tongue(environ)))
        address_hash = self._lookup(ref)
        wishes = self._ledger.suppressions_of(address_hash) if address_hash is not None else []
        return html(HTTPStatus.OK, self._speaker(environ, ref, sent, Place("u", token)).ask(wishes))

    def _unsubscribed(self, environ: WSGIEnvironment, ref: TokenRef, address_hash: bytes, width: str) -> Answer:
        """Obey at once. What a send can't be asked about any more (its facts are gone) stops everything."""
        sent = self._facts.sent(ref) if self._facts is not None else None
        if sent is None:
            self._leave(environ, ref, address_hash, "all")
            return page(environ, HTTPStatus.OK, "done")
        width = width or sent.one_click
        scope = sent.topic.scope if width == "topic" and sent.topic is not None else f"channel:{sent.channel}"
        self._leave(environ, ref, address_hash, scope)
        token = str(environ.get("PATH_INFO", ""))[3:]
        return html(HTTPStatus.OK, self._speaker(environ, ref, sent, Place("u", token)).done(scope))

    def _leave(self, environ: WSGIEnvironment, ref: TokenRef, address_hash: bytes, scope: str) -> None:
        origin = f"one-click:{ref.run_id}.{ref.shard}.{ref.row}"
        self._ledger.suppress([Suppression(address_hash, "unsubscribed", origin, self._now(), scope=scope, own=True)])
        self._left(environ, ref)

    # ------------------------------------------------------------ choosing

    def _changed(
        self, environ: WSGIEnvironment, ref: TokenRef, sent: Sent, address_hash: bytes, form: dict[str, str]
    ) -> bool:
        """Do what a button says; False when it is none of our buttons."""
        deed, scope = form.get("do", ""), form.get("scope", "")
        scopes = {"all", *(topic.scope for topic in sent.topics), *(f"channel:{name}" for name in sent.channels)}
        if deed == "leave" and scope in scopes:
            self._leave(environ, ref, address_hash, scope)
        elif deed == "join" and scope in scopes - {"all"}:
            self._only_this_again(ref, sent, address_hash, scope)
        elif deed == "resume":
            self._ledger.take_back(address_hash, ["all", f"channel:{sent.channel}"])
        elif deed == "pause":
            now, origin = self._now(), f"preferences:{ref.run_id}.{ref.shard}.{ref.row}"
            self._ledger.suppress([Suppression(address_hash, "paused", origin, now, until=now + PAUSE, own=True)])
        else:
            return False
        return True

    def _only_this_again(self, ref: TokenRef, sent: Sent, address_hash: bytes, scope: str) -> None:
        """They agree anew to this one thing. Whatever else a wider wish of theirs stops, stays stopped, each by itself.

        First the narrow wishes, then the wide one goes: whatever breaks in between, too little is sent and never too much.
        """
        own = [wish for wish in self._ledger.suppressions_of(address_hash) if wish.own]
        wide = [wish for wish in own if wish.scope in _wider(scope, sent)]
        origin, now = f"preferences:{ref.run_id}.{ref.shard}.{ref.row}", self._now()
        kept = {(name, wish.until) for wish in wide for name in _narrower(wish.scope, scope, sent)}
        self._ledger.suppress(
            [
                Suppression(address_hash, "unsubscribed", origin, now, scope=n, until=u, own=True)
                for n, u in sorted(kept, key=str)
            ]
        )
        self._ledger.take_back(address_hash, [scope, *(wish.scope for wish in wide)])

    # ------------------------------------------------------------ whose page

    def _sent(self, token: str) -> tuple[TokenRef | None, Sent | None]:
        ref = self._mint.verify(token)
        return ref, self._facts.sent(ref) if ref is not None and self._facts is not None else None

    def _speaker(self, environ: WSGIEnvironment, ref: TokenRef, sent: Sent, place: Place) -> Speaker:
        """In the language they chose here, else their own by the company's data, else the browser's, else the workspace's."""
        asked = parse_qs(str(environ.get("QUERY_STRING", ""))[:200]).get("lang", [""])[0]
        chosen = known(asked)
        own = known(self._facts.language(ref)) if self._facts is not None and not chosen else ""
        accepted = language(str(environ.get("HTTP_ACCEPT_LANGUAGE", "")), sent.language)
        return Speaker(chosen or own or accepted, sent, Place(place.prefix, place.token, chosen))


def _wider(scope: str, sent: Sent) -> set[str]:
    """What stops *scope* along with other things: all of it, and for a topic the way its messages come."""
    return {"all"} if scope.startswith("channel:") else {"all", f"channel:{sent.channel}"}


def _narrower(wide: str, scope: str, sent: Sent) -> set[str]:
    """What else the scope *wide* stopped, thing by thing, when only *scope* shall come again."""
    topics = {topic.scope for topic in sent.topics} if scope.startswith("topic:") else set()
    channels = {f"channel:{name}" for name in sent.channels} if wide == "all" else set()
    here = {f"channel:{sent.channel}"} if scope.startswith("topic:") else set()
    return (topics | channels) - here - {scope}
