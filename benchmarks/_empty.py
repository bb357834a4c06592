"""An empty WSGI handler: what *gateway* is measured against."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def application(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:  # noqa: ARG001
    start_response("302 Found", [("Location", "https://shop.example.com/"), ("Content-Length", "0")])
    return [b""]
