"""A process that has loaded what ours load, and splits off a copy for each start that a test asks of it.

Started by ``tests/interpreters.py``. A copy is a process like any other: a child of the test process with arguments,
environment, folder and streams of its own; it runs the module as ``python -m`` does and ends as Python ends. Only the loading
is not done again.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import os
import runpy
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

_ABOVE = 200  # descriptors are kept up here while those that the process is to have are put where they belong


def _serve(line: socket.socket) -> dict[str, Any]:
    """Answer starts; comes back in each copy, with what it is to run."""
    while True:
        message, streams, _, _ = socket.recv_fds(line, 1 << 20, 16)
        if not message:
            os._exit(0)
        asked = json.loads(message)
        between = os.fork()
        if not between:
            _become(asked, streams, line)
            return asked
        os.waitpid(between, 0)
        for stream in streams:
            os.close(stream)


def _become(asked: dict[str, Any], streams: list[int], line: socket.socket) -> None:
    if os.fork():
        os._exit(0)
    while (
        os.getppid() != asked["parent"]
    ):  # until whoever is between us has ended, and the kernel has given us to the test process
        os.sched_yield()
    line.sendall(str(os.getpid()).encode())
    line.close()
    if asked["session"]:
        os.setsid()
    _take(streams, [0, 1, 2, *asked["kept"]])
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    os.chdir(asked["folder"])


def _take(streams: list[int], places: list[int]) -> None:
    for stream, place in zip([_moved(stream) for stream in streams], places, strict=True):
        os.dup2(stream, place, inheritable=True)
        os.close(stream)


def _moved(stream: int) -> int:
    moved = fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
    os.close(stream)
    return moved


def _fresh_streams() -> None:
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        was = getattr(sys, name)
        stream = open(number, "w" if number else "r", encoding=was.encoding, errors=was.errors, closefd=False)  # noqa: SIM115
        if number:
            stream.reconfigure(line_buffering=number == 2 and not unbuffered, write_through=unbuffered)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _leave(code: int) -> None:
    """End as Python does, in its order; only what is loaded is not taken apart, which takes longer than many a command."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code & 0xFF)


if __name__ == "__main__":
    del sys.path[0]  # this folder
    with socket.socket(fileno=int(sys.argv[1])) as _line:
        for _name in sys.argv[2:]:
            importlib.import_module(_name)
        gc.collect()
        gc.freeze()
        _asked = _serve(_line)
    _fresh_streams()
    if not _asked["safe"]:
        sys.path.insert(0, str(Path.cwd()))
    sys.argv = [_asked["module"], *_asked["words"]]
    tempfile.tempdir = None  # the folder is another one when TMPDIR says so
    sys.modules.pop(_asked["module"], None)  # it is loaded once more, as the program
    try:
        runpy.run_module(_asked["module"], run_name="__main__", alter_sys=True)
    except SystemExit as _end:
        gc.unfreeze()
        if _end.code is not None and not isinstance(_end.code, int):
            raise
        _leave(_end.code or 0)
    except BaseException:
        gc.unfreeze()  # Python ends itself now, and libraries complain of what it leaves lying
        raise
    _leave(0)
