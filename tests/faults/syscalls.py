"""A small tracer (ptrace(2)): which system calls a program makes on files and sockets, in their order.

Run as ``python -m tests.faults.syscalls <out.json> <program> …``; writes a list of ``[kind, path, beginning of the data]``, where
kind is ``write`` (when it begins) or ``sync`` (when it has ended). Linux on x86-64 and arm64.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import signal
import struct
import sys
from pathlib import Path

_NUMBERS = {
    "x86_64": {1: "write", 18: "write", 20: "writev", 44: "write", 46: "sendmsg", 74: "sync", 75: "sync"},
    "aarch64": {64: "write", 68: "write", 66: "writev", 206: "write", 211: "sendmsg", 82: "sync", 83: "sync"},
}[platform.machine()]
_TRACEME, _SETOPTIONS, _SYSCALL, _SYSCALL_INFO = 0, 0x4200, 24, 0x420E
_OPTIONS = 0x1 | 0x8 | 0x100000  # TRACESYSGOOD, TRACECLONE, EXITKILL
_WALL = 0x40000000
_ENTRY, _EXIT = 1, 2
_ptrace = ctypes.CDLL(None, use_errno=True).ptrace
_ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_ptrace.restype = ctypes.c_long


def call(request: int, pid: int, address: int = 0, data: int | ctypes.Array[ctypes.c_char] = 0) -> None:
    value = ctypes.addressof(data) if isinstance(data, ctypes.Array) else data
    if _ptrace(request, pid, address, value) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def trace(command: list[str]) -> tuple[int, list[list[str]]]:
    """Run the command to its end: its exit code, and what it did."""
    leader = os.fork()
    if leader == 0:
        call(_TRACEME, 0)
        os.execvp(command[0], command)
    os.waitpid(leader, 0)
    call(_SETOPTIONS, leader, 0, _OPTIONS)
    call(_SYSCALL, leader)
    seen: list[list[str]] = []
    entered: dict[int, list[str]] = {}
    while True:
        pid, status = os.waitpid(-1, _WALL)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if pid == leader:
                return os.waitstatus_to_exitcode(status), seen
            continue
        stopped = os.WSTOPSIG(status)
        if stopped == signal.SIGTRAP | 0x80:
            _note(pid, entered, seen)
        # A new thread's first stop, and events of ptrace itself, are nobody's signals.
        ours = stopped in (signal.SIGTRAP | 0x80, signal.SIGSTOP) or status >> 16
        call(_SYSCALL, pid, 0, 0 if ours else stopped)


def _note(pid: int, entered: dict[int, list[str]], seen: list[list[str]]) -> None:
    info = ctypes.create_string_buffer(88)
    call(_SYSCALL_INFO, pid, len(info), info)
    if info.raw[0] == _EXIT and pid in entered:
        seen.append(entered.pop(pid))
    if info.raw[0] != _ENTRY:
        return
    number, first, second, third = struct.unpack_from("=4Q", info.raw, 24)
    kind = _NUMBERS.get(number)
    if kind == "sync":
        entered[pid] = ["sync", _path(pid, first), ""]
    elif kind:
        seen.append(["write", _path(pid, first), _data(pid, kind, second, third).decode("latin-1")])


def _path(pid: int, descriptor: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/fd/{descriptor}").readlink())
    except OSError:
        return ""


def _data(pid: int, kind: str, address: int, length: int) -> bytes:
    if kind == "write":
        return _memory(pid, address, min(length, 4096))
    if kind == "sendmsg":
        address, length = struct.unpack_from("=2Q", _memory(pid, address, 56), 16)
    vector = _memory(pid, address, 16 * min(length, 64))
    return b"".join(_memory(pid, at, min(size, 4096)) for at, size in struct.iter_unpack("=2Q", vector))


def _memory(pid: int, address: int, length: int) -> bytes:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(length)


if __name__ == "__main__":
    code, calls = trace(sys.argv[2:])
    Path(sys.argv[1]).write_text(json.dumps(calls))
    sys.exit(code)
