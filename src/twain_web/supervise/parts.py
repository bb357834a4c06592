"""The house's processes: ``python -m twain_web.supervise.parts web|work|desk``. Started and kept running by ``twain up``."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path

from twain_web.loading import load


def web(options: argparse.Namespace) -> None:
    """The pages: granian, one worker, a bounded number of threads (each holds a connection to the control store)."""
    from granian import Granian  # noqa: PLC0415 — only this part needs it
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    end_with_the_supervisor()
    server = Granian(
        "twain_web.wsgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=options.threads,
        websockets=False,
        log_level=LogLevels.error,
        workers_kill_timeout=10,
    )
    server.serve()


def work(options: argparse.Namespace) -> None:  # noqa: ARG001 — as its siblings
    """Everything that happens by itself: the reconcilers."""
    stop = _stop_on_signals()
    load()
    from twain_web import reconcile  # noqa: PLC0415 — only after setup

    reconcile.run(stop)


def desk(options: argparse.Namespace) -> None:
    """The demo's mail sink and its inbox; ends when the sink does, so that both are started again."""
    from twain.demo.start import demo_desk  # noqa: PLC0415 — outside the demo nothing of it is loaded

    stop = _stop_on_signals()
    with demo_desk(options.root, inbox_port=options.port) as running:
        while not stop.wait(0.5) and running.sink.alive():
            pass


def end_with_the_supervisor() -> None:
    """When the pipe on standard input closes, the supervisor is gone: end as if it had asked us to."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    end_with_the_supervisor()
    return stop


def main() -> None:
    """Run one part until it is asked to end."""
    parser = argparse.ArgumentParser(prog="python -m twain_web.supervise.parts", description=__doc__)
    parser.add_argument("part", choices=("web", "work", "desk"))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--root", type=Path, default=Path())
    options = parser.parse_args()
    {"web": web, "work": work, "desk": desk}[options.part](options)


if __name__ == "__main__":
    main()
