"""The recipients' pages, joined to this instance: who a token stands for, where events are kept, what a message looked like."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twain.errors import ConfigError
from twain.flows.control import Unsubscriber
from twain.flows.instance import Instance, connected
from twain.flows.recipients import InstanceFacts
from twain.flows.signing_up import FormDesk, confirmation_mint
from twain.flows.viewing import Viewer
from twain.returns.awaiting import Awaiting
from twain.returns.events import EventSpool
from twain.returns.forms import form_handlers
from twain.returns.gateway import Gateway, create_app
from twain.returns.targets import LinkTables
from twain.settings import Settings, load_settings

if TYPE_CHECKING:
    from types import FrameType

_ROOT, _THREADS = "TWAIN_ROOT", "TWAIN_GATEWAY_THREADS"
_WHY = {
    errno.EADDRINUSE: "Port {port} on {host} is taken by another program.",
    errno.EADDRNOTAVAIL: "{host} is no address of this machine.",
    errno.EACCES: "Port {port} on {host} is for the administrator of this machine alone.",
}
_STARTED_WITHIN = 60.0  # seconds
_PATIENCE = 10  # seconds that a request in work may take when the gateway is to end


def event_folder(settings: Settings) -> Path:
    """Where gateways keep events until they are collected: beside the control store's files, on this machine's own disk."""
    return settings.state / "events"


def open_spool(settings: Settings) -> EventSpool:
    """This process's own spool; no two processes ever have the same, whatever their number is."""
    return EventSpool(event_folder(settings), f"{os.getpid()}-{secrets.token_hex(6)}")


def recipients_app(instance: Instance, spool: EventSpool, tables: LinkTables | None = None) -> Gateway:
    """The pages for recipients, by WSGI. *spool* and *tables* may be shared by all threads of a process."""
    viewer = Viewer(instance)
    return create_app(
        instance.ledger,
        instance.mint(),
        Unsubscriber(instance),
        spool=spool,
        view=viewer,
        facts=InstanceFacts(instance, viewer),
        proxies=instance.settings.proxies,
        more=form_handlers(
            FormDesk(instance), confirmation_mint(instance), instance.settings.proxies, instance.settings.base_url
        ),
        tables=tables,
    )


def application() -> Awaiting:
    """What a server loads, by RSGI: the recipients' pages of the workspace that ``TWAIN_ROOT`` names."""
    settings, tables = load_settings(Path(os.environ[_ROOT])), LinkTables()
    spool = open_spool(settings)
    opened = lambda: recipients_app(connected(settings.root), spool, tables)  # noqa: E731 — one use
    return Awaiting(opened, spool, int(os.environ.get(_THREADS, "32")), settings.proxies)


def elsewhere(base_url: str, port: int) -> str:
    """A sentence when the links of messages lead to another port of this machine than the gateway's; "" when all is well.

    A ``base_url`` on another machine is a proxy's address, of which nothing can be said from here.
    """
    url = urlsplit(base_url)
    if url.hostname not in ("127.0.0.1", "localhost", "::1") or url.port == port:
        return ""
    here = f"http://127.0.0.1:{port}"
    return f'Links in messages lead to {base_url}, not here: set base_url = "{here}" under [gateway] in twain.toml.'


def serve_gateway(
    instance: Instance, host: str, port: int, ready: Callable[[int], None], *, workers: int = 1, threads: int = 32
) -> None:
    """Serve until interrupted; *ready* is told the port (0 takes a free one). *threads*: pages at once, per worker.

    Clicks and opens need none of them: one loop per worker awaits the disk for all.
    """
    from granian import Granian  # noqa: PLC0415 — no other command needs a server
    from granian.constants import Interfaces, Loops, TaskImpl  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    os.environ |= {_ROOT: str(instance.root), _THREADS: str(threads)}
    bound = _claimed(host, port)
    server = Granian(
        "twain.flows.gateway:application",
        address=host,
        port=bound,
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,
        task_impl=TaskImpl(os.environ.get("TI", "asyncio")),
        workers=workers,
        websockets=False,
        factory=True,
        log_level=LogLevels.error,
        workers_kill_timeout=_PATIENCE,
    )
    threading.Thread(target=_tell, args=(host, bound, ready), daemon=True).start()
    told: list[int] = []
    server.on_startup(lambda: _listen_for_ctrl_c(told))
    server.serve()
    if told:
        raise KeyboardInterrupt


def _listen_for_ctrl_c(told: list[int]) -> None:
    """The server ends by the same handler for every signal; the command line tells an interruption from an end."""
    ends: Any = signal.getsignal(signal.SIGINT)

    def handler(number: int, frame: FrameType | None) -> None:
        told.append(number)
        ends(number, frame)

    signal.signal(signal.SIGINT, handler)


def _tell(host: str, port: int, ready: Callable[[int], None]) -> None:
    """Say where it listens once it does: whoever started us asks at once."""
    pause, deadline = threading.Event(), time.monotonic() + _STARTED_WITHIN
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 — compared, not bound
    while time.monotonic() < deadline:
        try:
            socket.create_connection((shown, port), timeout=1).close()
        except OSError:
            pause.wait(0.05)
        else:
            ready(port)
            return


def _claimed(host: str, port: int) -> int:
    """The port, or a free one for 0. ConfigError when nobody could listen there: the server itself would only break off."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
            one.listen()
        except OSError as error:
            raise ConfigError(
                _WHY.get(error.errno or 0, "Port {port} on {host} cannot be listened on ({why}).").format(
                    port=port, host=host, why=error.strerror or error
                ),
                todo="Choose another: twain gateway --host 127.0.0.1 --port 8125",
            ) from error
        number: int = one.getsockname()[1]
    return number
