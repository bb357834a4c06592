"""``twain start``: the demo company, its mail sink, and the main job on embedded defaults."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from twain.demo.inbox import Inbox, start_inbox
from twain.demo.sink import SinkHandle, start_sink
from twain.demo.writers import build_demo, is_current
from twain.errors import ConfigError

CAMPAIGN = "summer-thanks"
_PORT = re.compile(r"^port = (\d+)(.*)$", re.MULTILINE)
_LINKS = re.compile(r'^(base_url = "http://127\.0\.0\.1:)(\d+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DemoDesk:
    """The demo's running parts: the workspace's folder, the sink, the inbox's address."""

    root: Path
    sink: SinkHandle
    inbox: Inbox


def copy_workspace(folder: Path) -> list[str]:
    """Copy the demo company's workspace into *folder*; files that are there stay. Returns the names made."""
    made = []
    with as_file(files("twain.demo") / "workspace") as packed:
        for origin in sorted(p for p in packed.rglob("*") if p.is_file()):
            name = origin.relative_to(packed)
            if not (folder / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(origin, folder / name)
                made.append(str(name))
    return made


def ensure_data(root: Path, customers: int, seed: int, progress: Callable[[int, int], None] | None = None) -> bool:
    """Build the company's database unless the same one, made within a day, lies there; True when it was built."""
    path = root / "data" / "shop.duckdb"
    if is_current(path, customers, seed):
        return False
    build_demo(path, "duckdb", customers, seed, progress)
    return True


@contextmanager
def demo_desk(root: Path, *, inbox_port: int = 8026) -> Iterator[DemoDesk]:
    """Start the sink that twain.toml names, and the inbox; both end with the block. What was sent last stays readable."""
    port = _free_sink_port(root / "twain.toml")
    folder = root / ".twain" / "inbox"
    with (
        start_sink(port=port, keep=200, folder=folder) as sink,
        start_inbox(sink, port=free_port(inbox_port)) as inbox,
    ):
        yield DemoDesk(root, sink, inbox)


def claim_ports(root: Path, web_port: int, *, inbox_port: int = 8026) -> int:
    """Write into twain.toml where this demo's mail goes and where its links lead; returns a free port for the inbox.

    That is *inbox_port* if nobody has it; 0 is any, which two demos that open at the same moment cannot both find free.
    """
    toml = root / "twain.toml"
    _free_sink_port(toml)
    point_links(root, web_port)
    return free_port(inbox_port)


def point_links(root: Path, web_port: int) -> str:
    """Have the links of messages lead to this machine's *web_port*. Returns where they led before, "" when it was here.

    A ``base_url`` that is no port of this machine is somebody's own word, and stays.
    """
    toml = root / "twain.toml"
    text = toml.read_text(encoding="utf-8")
    found = _LINKS.search(text)
    if found is None or int(found[2]) == web_port:
        return ""
    toml.write_text(_LINKS.sub(rf"\g<1>{web_port}", text, count=1), encoding="utf-8")
    return f"http://127.0.0.1:{found[2]}"


def _free_sink_port(toml: Path) -> int:
    """The channel's port in twain.toml; when another program has it, a free one, which is written there."""
    text = toml.read_text(encoding="utf-8")
    match = _PORT.search(text)
    if match is None:
        raise ConfigError(f"{toml} has no 'port = …' for the mail channel.", todo="Remove the folder and start again.")
    port = free_port(int(match[1]))
    if port != int(match[1]):
        toml.write_text(_PORT.sub(rf"port = {port}\g<2>", text, count=1), encoding="utf-8")
    return port


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """The *wanted* port of this machine if nobody has it, otherwise one that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            bound: int = probe.getsockname()[1]
            return bound
    raise ConfigError(f"No free port on {host}.", todo="Close some programs and start again, or name another --host.")
