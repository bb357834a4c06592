"""The gateway awaited: an RSGI application whose one loop gathers what is to be kept, where WSGI would block a thread for each.

Clicks and opens are decided in the loop, from memory; what came while the disk was busy is written and synced together by one
thread, and answered then. Everything else — pages, forms, an unsubscription, the first click of a send — is the WSGI
application's, in a thread of its own (``gateway.py``).

RSGI: https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from twain.errors import LedgerError
from twain.returns.gateway import Gateway, log, not_kept, said_in_log, unknown
from twain.returns.requests import Who, who_said

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from twain.returns.answers import Answer, Headers
    from twain.returns.events import EventSpool

_LONGEST_BODY = 262_144  # octets that are taken up; each page says itself how few it wants
_GARBAGE = 20_000  # new objects before the next look for cycles among them; a request leaves none
_PATIENCE = 10.0  # seconds that a body may take
_PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Said(Protocol):
    """A request's headers: names in small letters; a name that came twice comes twice."""

    def items(self) -> list[tuple[str, str]]:
        """All of them."""

    def get_all(self, key: str) -> list[str]:
        """The values of one name."""


class Scope(Protocol):
    """What RSGI tells of a request. *client* is ``address:port``; *path* is decoded."""

    method: str
    path: str
    query_string: str
    client: str
    authority: str | None
    headers: Said


class Exchange(Protocol):
    """What RSGI gives for the answer, and the request's body in pieces."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body."""

    def response_empty(self, status: int, headers: Headers) -> None:
        """Answer without a body."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer."""


class Awaiting:
    """The RSGI application of one process.

    *opened* makes the gateway; it is called once in each thread, since a ledger's connection belongs to one. *threads*: pages
    at once. *spool* is shared by all of them. *proxies*: as ``create_app`` has them.
    """

    def __init__(self, opened: Callable[[], Gateway], spool: EventSpool, threads: int, proxies: int) -> None:
        self._opened, self._spool, self._proxies = opened, spool, proxies
        self._pages, self._own = ThreadPoolExecutor(threads, thread_name_prefix="pages"), threading.local()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called by the server in the loop's own thread, before the first request."""
        gateway = self._opened()
        self._loop, self._decided, self._record = loop, gateway.decided, gateway.record
        self._kept, self._logs = Commits(self._spool, loop), said_in_log()
        steps = cast("Any", Step)  # less than a task, and all that the server asks of one
        loop.call_soon(loop.set_task_factory, steps)  # before any request, but after the server's own task
        # What was loaded stays: looked through again and again, it would cost a busy second a fifth of its requests.
        gc.collect()
        gc.freeze()
        self._garbage = gc.get_threshold()
        gc.set_threshold(_GARBAGE)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Called by the server after the last request."""
        loop.set_task_factory(None)
        gc.set_threshold(*self._garbage)
        gc.unfreeze()
        self._pages.shutdown()
        self._kept.close()
        self._spool.close()

    async def __rsgi__(self, scope: Scope, exchange: Exchange) -> None:
        """One request. What counts is kept in here, and not a call further down: each would be one more for every click."""
        method, path = scope.method, scope.path
        seen = self._decided(path) if method in ("GET", "HEAD") else None
        if seen is None:
            answer = await asyncio.Task(self._paged(scope, exchange), loop=self._loop)
        else:
            found, deed = seen
            try:
                if deed is not None and method == "GET":
                    await self._kept.keep(self._record(deed, _who(scope, self._proxies)))
                answer = found or unknown(environ_of(scope))
            except LedgerError:
                answer = not_kept(environ_of(scope))
            if self._logs:
                log(method, path, answer)
        status, headers, body = answer
        if body and method != "HEAD":
            exchange.response_bytes(_code(status), headers, body)
        else:
            exchange.response_empty(_code(status), headers)

    async def _paged(self, scope: Scope, exchange: Exchange) -> Answer:
        environ = environ_of(scope)
        environ["wsgi.input"] = await _body(environ, exchange)
        return await self._loop.run_in_executor(self._pages, self._answered, environ)

    def _answered(self, environ: WSGIEnvironment) -> Answer:
        """In a thread of the pages."""
        gateway: Gateway | None = getattr(self._own, "gateway", None)
        if gateway is None:
            gateway = self._own.gateway = self._opened()
        return gateway.answer(environ)


class Step:
    """One request's coroutine: begun at once, as the eager tasks of Python 3.12 are, and gone on with when there is news.

    A task of asyncio is scheduled, watched and woken through the loop; for a click that costs more than what it does.
    """

    __slots__ = ("__weakref__", "_coroutine", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, None], **_more: object) -> None:
        self._loop, self._coroutine = loop, coroutine
        self.go(None)

    def go(self, news: Exception | None) -> None:
        """On to the next thing that it waits for, which is asked to call this."""
        try:
            self._coroutine.send(news).add_done_callback(self)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 — one request's mishap is no other's
            self._loop.call_exception_handler({"message": "A request broke off.", "exception": error})

    def __call__(self, _done: object) -> None:
        """Called by a future of asyncio."""
        self.go(None)

    def cancel(self, _message: object = None) -> bool:
        """Never: what counts is kept although whoever asked has gone."""
        return False


class Commits:
    """What one loop has to keep: gathered while the disk is busy, synced together, told together. Only a ``Step`` awaits it."""

    def __init__(self, spool: EventSpool, loop: asyncio.AbstractEventLoop) -> None:
        self._spool, self._loop = spool, loop
        self._records: list[bytes] = []
        self._waiting: list[Step] = []
        self._busy = False
        self._batches: SimpleQueue[tuple[list[bytes], list[Step]] | None] = SimpleQueue()
        self._disk = threading.Thread(target=self._write, name="disk", daemon=True)
        self._disk.start()

    def keep(self, record: bytes) -> Commits:
        """Await what it returns at once: when that is over, *record* is on the disk.

        Raises LedgerUnavailable (T787) when it cannot be. Call it in the loop's thread.
        """
        self._records.append(record)
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._begin)  # whoever comes in this turn of the loop comes along
        return self

    def __await__(self) -> Generator[Commits, Exception | None, None]:
        """For the record that was handed over last."""
        error = yield self
        if error is not None:
            raise error.with_traceback(None)  # it is raised for everybody who waited

    def add_done_callback(self, step: Step) -> None:
        """Whose record it is."""
        self._waiting.append(step)

    def close(self) -> None:
        """Wait for the disk."""
        self._batches.put(None)
        self._disk.join()

    def _begin(self) -> None:
        self._batches.put((self._records, self._waiting))
        self._records, self._waiting = [], []

    def _write(self) -> None:
        """In the disk's thread."""
        while (batch := self._batches.get()) is not None:
            records, waiting = batch
            failed: Exception | None = None
            try:
                self._spool.keep_all(records)
            except Exception as error:  # noqa: BLE001 — whatever it is: those who wait must hear of it
                failed = error
            self._loop.call_soon_threadsafe(self._tell, waiting, failed)

    def _tell(self, waiting: list[Step], failed: Exception | None) -> None:
        for one in waiting:
            one.go(failed)
        if self._records:
            self._begin()
        else:
            self._busy = False


def _who(scope: Scope, proxies: int) -> Who:
    """Who asks. Names of headers that come twice count for nothing here, but for the one that our own proxies add to."""
    headers = scope.headers
    forwarded = ",".join(headers.get_all("x-forwarded-for")) if proxies else ""
    return who_said(_address(scope.client), dict(headers.items()), forwarded, proxies)


@lru_cache(maxsize=64)
def _code(status: str) -> int:
    return int(status[:3])


@lru_cache(maxsize=8192)
def _address(client: str) -> str:
    return client.rpartition(":")[0].strip("[]")


def environ_of(scope: Scope) -> WSGIEnvironment:
    """The request as WSGI has it (PEP 3333), as far as our pages look.

    A header's name with an underscore is left out, as nginx does: it would pass for one that only our own proxies write.
    """
    said = scope.headers.items()
    environ: WSGIEnvironment = {_name(name): value for name, value in said}
    if len(environ) < len(said):
        for name in environ:
            environ[name] = ",".join(value for one, value in said if _name(one) == name)
    environ.pop("", None)
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = scope.path
    environ["QUERY_STRING"] = scope.query_string
    environ["REMOTE_ADDR"] = _address(scope.client)
    if "HTTP_HOST" not in environ and scope.authority is not None:
        environ["HTTP_HOST"] = scope.authority  # HTTP/2 says it so
    return environ


@lru_cache(maxsize=256)
def _name(said: str) -> str:
    """A header's name in an environ; nothing for one that is left out."""
    return _PLAIN.get(said) or ("" if "_" in said else f"HTTP_{said.upper().replace('-', '_')}")


async def _body(environ: WSGIEnvironment, exchange: Exchange) -> BinaryIO:
    """The body, as far as anybody takes it; what reads like a connection that broke off when it does not come in time."""
    said = str(environ.get("CONTENT_LENGTH", ""))
    wanted = min(int(said), _LONGEST_BODY) if said.isdecimal() else 0
    try:
        async with asyncio.timeout(_PATIENCE):
            return BytesIO(await _read(exchange, wanted) if wanted else b"")
    except (TimeoutError, RuntimeError):  # the second is RSGI's own word for a client that went away
        return _Broken()


async def _read(exchange: Exchange, wanted: int) -> bytes:
    pieces, taken = [], 0
    async for piece in exchange:
        pieces.append(piece)
        taken += len(piece)
        if not piece or taken >= wanted:
            break
    return b"".join(pieces)[:wanted]


class _Broken(BytesIO):
    """A body that did not come."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Never."""
        raise TimeoutError(size)
