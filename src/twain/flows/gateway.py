"""The recipients' pages, joined to this instance."""

from __future__ import annotations

from collections.abc import Callable

from twain.flows.control import Unsubscriber
from twain.flows.instance import Instance
from twain.returns.gateway import Server, create_app, serve


def open_gateway(instance: Instance, host: str, port: int) -> Server:
    """The pages on *host* and *port* (0 = a free one), served until the server is closed."""
    return serve(create_app(instance.ledger, instance.mint(), Unsubscriber(instance)), host, port)


def serve_gateway(instance: Instance, host: str, port: int, ready: Callable[[int], None]) -> None:
    """Serve until interrupted; *ready* is told the port."""
    with open_gateway(instance, host, port) as server:
        ready(server.port)
        server.wait()
