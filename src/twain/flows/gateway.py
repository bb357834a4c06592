"""The recipients' pages, joined to this instance."""

from __future__ import annotations

from collections.abc import Callable

from twain.flows.control import Unsubscriber
from twain.flows.instance import Instance
from twain.returns.gateway import create_app, serve


def serve_gateway(instance: Instance, host: str, port: int, ready: Callable[[int], None]) -> None:
    """Serve until interrupted; *ready* is told the port."""
    app = create_app(instance.ledger, instance.mint(), Unsubscriber(instance))
    with serve(app, host, port) as server:
        ready(server.port)
        server.wait()
