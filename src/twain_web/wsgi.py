"""The way in, for granian (WSGI): the recipients' pages are answered before Django is asked (PEP 3333).

One process serves both: what a recipient clicks never waits for a page of the house, and needs none of its tables. Its threads
share one spool of events, so that those who come at the same moment share one sync.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import get_resolver

from twain.collector import at_rest
from twain.flows.gateway import open_spool, recipients_app
from twain.returns.gateway import PREFIXES
from twain_web.loading import load

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

load()


def _open() -> WSGIApplication:
    from twain_web import engine  # noqa: PLC0415 — only after setup

    with at_rest():
        house = WSGIHandler()
        _ = get_resolver().url_patterns  # every page and the API: not while the first who comes is waiting
    spool = open_spool(settings.TWAIN)
    opened = threading.local()

    def recipients() -> WSGIApplication:
        """This thread's pages for recipients, made once: a click neither looks at the workspace's files nor derives keys."""
        if getattr(opened, "ledger", None) is not engine.ledger():
            here = engine.instance()
            opened.ledger, opened.app = here.ledger, recipients_app(here, spool)
        made: WSGIApplication = opened.app
        return made

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if str(environ.get("PATH_INFO", ""))[:3] in PREFIXES:
            return recipients()(environ, start_response)
        return house(environ, start_response)

    return app


application = _open()
