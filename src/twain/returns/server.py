"""A WSGI server for development and small sites, from the standard library: bounded threads, bounded patience.

In front of the world stands a real server (granian, or nginx with TLS); this one answers one request per connection.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from socket import socket
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import WSGIApplication

THREADS = 16
_WAITING = 64
_PATIENCE = 10.0


class _Handler(WSGIRequestHandler):
    """Gives a slow client ten seconds; the application writes its own log."""

    timeout = _PATIENCE
    server_version = "Twain"
    sys_version = ""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the base class's name
        """Nothing: what the client sent must not reach a log unescaped."""


class _BoundedServer(WSGIServer):
    """At most THREADS requests at once and _WAITING beside them; whoever comes then is closed at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gateway")
        self._room = threading.BoundedSemaphore(THREADS + _WAITING)

    def process_request(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """Hand the connection to a thread."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._threads.submit(self._serve_one, request, client_address)

    def _serve_one(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the client went away; there is nobody to tell
        finally:
            self.shutdown_request(request)
            self._room.release()

    def server_close(self) -> None:
        """Stop listening and wait for the requests in work."""
        super().server_close()
        self._threads.shutdown()


class Server:
    """A running server; a context manager. *port* is the one it got."""

    def __init__(self, app: WSGIApplication, host: str, port: int) -> None:
        self._server = _BoundedServer((host, port))
        self._server.set_app(app)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="gateway", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def wait(self) -> None:
        """Until the server is closed, or the person presses Ctrl-C."""
        self._thread.join()

    def close(self) -> None:
        """Finish the requests in work and stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Start serving *app* in the background; port 0 takes a free one."""
    return Server(app, host, port)
