"""``twain up``, the whole story: where it listens, the tables, the demo's people, the processes, the words on the screen."""

from __future__ import annotations

import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from pathlib import Path

from twain.demo.calendars import write_calendars
from twain.demo.start import claim_ports, free_port
from twain.errors import ConfigError, TwainError
from twain.settings import find_root, load_settings
from twain_web.loading import load
from twain_web.supervise.children import Child, keep_running

_READY_SECONDS = 60.0
_PART = "twain_web.supervise.parts"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line said."""

    host: str
    port: int
    demo: bool
    threads: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A house that answers: its address, the demo's inbox, and per demo team its people and their password."""

    url: str
    inbox: str | None
    teams: tuple[Mapping[str, object], ...]
    notes: tuple[str, ...] = ()
    """What somebody who opens messages should know of their links."""


def up(asked: Asked, opened: Callable[[Opened], None]) -> None:
    """Open the house and keep it open until SIGINT or SIGTERM; *opened* is told once it answers.

    Raises ConfigError when it may not start (a weak secret, a port that is taken, a demo beside production).
    """
    root = find_root(Path(os.environ["TWAIN_ROOT"]) if "TWAIN_ROOT" in os.environ else None)
    port = _port(asked)
    before = load_settings(root).base_url
    inbox_port = _claim_demo(root, asked, port) if asked.demo else None
    notes = _links(before, load_settings(root).base_url, port) if asked.demo else ()
    environment = _environment(root, asked, port)
    os.environ.update(environment)
    teams = _prepare(demo=asked.demo)
    url = environment["TWAIN_WEB_URL"]
    inbox = f"http://127.0.0.1:{inbox_port}/" if inbox_port else None
    stop = _stop_on_signals()

    children = _children(asked, root, port, inbox_port)

    def ready() -> None:
        if _answers(asked.host, port, stop, children):
            opened(Opened(url, inbox, teams, notes))

    keep_running(children, stop, ready)


def _links(before: str, now: str, port: int) -> tuple[str, ...]:
    """Where the links of messages lead, when that is not here: of those sent before, and of those still to come."""
    here = f"http://127.0.0.1:{port}"
    if now != here:
        return (
            f'Links in messages lead to {now}, not here. To change that: base_url = "{here}" under [gateway] in twain.toml.',
        )
    if before != here:
        return (
            f"Links in messages lead here from now on. Those sent before lead to {before}: nothing answers there now.",
        )
    return ()


def _port(asked: Asked) -> int:
    free = free_port(asked.port, asked.host)
    if asked.port not in (0, free) and not asked.demo:
        raise ConfigError(
            f"Port {asked.port} on {asked.host} is taken by another program.",
            todo="Is the house open already? Otherwise choose another: twain up --port 8123",
        )
    return free


def _claim_demo(root: Path, asked: Asked, port: int) -> int:
    """The demo stays on this machine: it has known people, and mail that goes nowhere."""
    if load_settings(root).production:
        raise ConfigError(
            "This workspace is in production; the demo's people must not come in.", todo="Run twain up without --demo."
        )
    if not _loopback(asked.host):
        raise ConfigError(f"The demo does not listen on {asked.host}.", todo="Leave --host away: it is 127.0.0.1 then.")
    write_calendars(root, date.today())  # noqa: DTZ011 — the demo's own machine, its own day
    return claim_ports(root, port, inbox_port=8026 if asked.port else 0)


def _environment(root: Path, asked: Asked, port: int) -> dict[str, str]:
    host = f"[{asked.host}]" if ":" in asked.host else asked.host
    return {
        "TWAIN_ROOT": str(root),
        "TWAIN_DEMO": "1" if asked.demo else "0",
        "TWAIN_WEB_URL": os.environ.get("TWAIN_WEB_URL") or f"http://{host}:{port}",
        "DJANGO_SETTINGS_MODULE": "twain_web.settings",
    }


def _prepare(*, demo: bool) -> tuple[Mapping[str, object], ...]:
    """Everything that needs Django, before the first process starts."""
    load()
    from twain_web.rooms.capacity.public import enter_demo_plans  # noqa: PLC0415
    from twain_web.rooms.content.public import enter_demo  # noqa: PLC0415
    from twain_web.rooms.partnership.public import enter_demo_partnership  # noqa: PLC0415
    from twain_web.rooms.people.public import enter_demo_people  # noqa: PLC0415
    from twain_web.supervise.prepare import prepare  # noqa: PLC0415

    prepare()
    if not demo:
        return ()
    people = tuple(enter_demo_people())
    enter_demo(by="lhoffmann")
    enter_demo_plans(marketing="lhoffmann", its="jweber")
    enter_demo_partnership(marketing="lhoffmann", lead="mseidel", its="pnair", its_lead="aberg")
    return people


def _children(asked: Asked, root: Path, port: int, inbox_port: int | None) -> list[Child]:
    environment = dict(os.environ)
    listen = ("--host", asked.host, "--port", str(port), "--threads", str(asked.threads))
    children = [
        Child("The web server", (_PART, "web", *listen), environment),
        Child("The reconcilers", (_PART, "work"), environment),
    ]
    if inbox_port:
        children.append(
            Child("The mail sink", (_PART, "desk", "--root", str(root), "--port", str(inbox_port)), environment)
        )
    return children


def _answers(host: str, port: int, stop: threading.Event, children: Sequence[Child]) -> bool:
    """Wait until the house says it is ready; False when it was asked to end meanwhile. A child that ends now ends it all."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 — compared, not bound
    address = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    deadline = time.monotonic() + _READY_SECONDS
    while not stop.wait(0.1):
        _refuse_dead(children)
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=10):  # noqa: S310 — our own address
                return True
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise TwainError(
                    f"The house did not become ready within {_READY_SECONDS:.0f} seconds ({error}).",
                    todo="The lines above say why.",
                ) from error
    return False


def _refuse_dead(children: Sequence[Child]) -> None:
    """Whoever does not live until the house is open will not live afterwards either: say at once what it said."""
    for child in children:
        code = child.ended()
        if code is not None:
            raise TwainError(
                f"{child.name} could not start (it ended with {code}): {child.last_words() or 'it said nothing'}",
                todo="The lines above say more. Mend that, and run it again.",
            )


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
