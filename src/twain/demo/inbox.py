"""The development inbox: a small read-only web page over what the sink kept. Loopback only.

A message's HTML is shown in a sandboxed frame without scripts and under a policy that loads images and nothing else;
everything else on the page is escaped text.
"""

from __future__ import annotations

import argparse
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from twain.demo.sink import SinkHandle

_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data: http: https:; base-uri 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_LOCAL_HOSTS = re.compile(r"^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$")
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:0;color:#1d2733;background:#f6f7f9}
header{background:#1d3557;color:#fff;padding:12px 24px} header a{color:#fff;text-decoration:none}
main{max-width:1000px;margin:24px auto;padding:0 16px}
table{width:100%;border-collapse:collapse;background:#fff;border:1px solid #dde2e8}
th,td{text-align:left;padding:8px 12px;border-bottom:1px solid #e8ebef;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;color:#5a6675;white-space:nowrap} td a{color:#174ea6}
iframe{width:100%;height:640px;border:1px solid #dde2e8;background:#fff}
pre{background:#fff;border:1px solid #dde2e8;padding:12px;white-space:pre-wrap;overflow-wrap:anywhere}
nav a{margin-right:16px} h2{font-size:16px;margin:24px 0 8px} .quiet{color:#5a6675}
"""


@dataclass(frozen=True, slots=True)
class Inbox:
    """A running inbox."""

    url: str
    port: int


@contextmanager
def start_inbox(sink: SinkHandle | None = None, *, port: int = 0, folder: Path | None = None) -> Iterator[Inbox]:
    """Serve the messages that *sink* (or *folder*) keeps, on 127.0.0.1, until the block ends."""
    shown = folder or (sink.folder if sink else None)
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(shown))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield Inbox(f"http://127.0.0.1:{server.server_port}/", server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(folder: Path | None) -> type[_Page]:
    return type("Page", (_Page,), {"folder": folder})


class _Page(BaseHTTPRequestHandler):
    """Five read-only pages: the list, a message, its HTML, its text, its source."""

    folder: ClassVar[Path | None] = None
    server_version = "TwainInbox"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Answer one page."""
        if not _LOCAL_HOSTS.match(self.headers.get("Host", "")):
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", "This inbox answers on this machine only.")
            return
        match = re.fullmatch(r"/(?:(\d{1,12})(?:/(html|text|source))?)?", self.path)
        if match is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "There is no such page.")
        elif match[1] is None:
            self._answer(HTTPStatus.OK, "text/html", _list(self._messages()))
        else:
            self._one(int(match[1]), match[2] or "")

    def _messages(self) -> list[tuple[int, EmailMessage]]:
        paths = sorted(self.folder.glob("*.eml"), reverse=True) if self.folder else []
        read = [(int(path.stem), self._read(int(path.stem))) for path in paths if path.stem.isdigit()]
        return [(number, _parse(raw)) for number, raw in read if raw is not None]

    def _read(self, number: int) -> bytes | None:
        if self.folder is None:
            return None
        try:
            return (self.folder / f"{number:09}.eml").read_bytes()
        except OSError:
            return None

    def _one(self, number: int, part: str) -> None:
        raw = self._read(number)
        if raw is None:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", "This message is no longer kept.")
            return
        parts: dict[str, tuple[str, Callable[[], str]]] = {
            "": ("text/html", lambda: _message(number, _parse(raw))),
            "html": ("text/html", lambda: _body(_parse(raw), "html")),
            "text": ("text/plain", lambda: _body(_parse(raw), "plain")),
            "source": ("text/plain", lambda: raw.decode("utf-8", "replace")),
        }
        kind, make = parts[part]
        self._answer(HTTPStatus.OK, kind, make(), _MAIL_POLICY if part == "html" else _PAGE_POLICY)

    def _answer(self, status: HTTPStatus, kind: str, text: str, csp: str = _PAGE_POLICY) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", csp)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the library's name
        """Say nothing: the console belongs to whoever started us."""


def _parse(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def _header(message: EmailMessage, name: str) -> str:
    """A header as text; one that cannot be decoded is shown as it came."""
    try:
        return str(message.get(name, "")).strip()  # a long one begins on a line of its own (RFC 5322, 2.2.3)
    except (ValueError, IndexError, LookupError, AttributeError):
        return next((str(raw) for key, raw in message.raw_items() if key.lower() == name.lower()), "")


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return f"This message has no {kind} part."
    payload = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    try:
        return payload.decode(charset, "replace") if isinstance(payload, bytes) else ""
    except LookupError:
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _frame(title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<header><a href="/">Development inbox</a></header><main>{content}</main></body></html>'
    )


def _list(messages: list[tuple[int, EmailMessage]]) -> str:
    if not messages:
        return _frame("Inbox", '<p class="quiet">Nothing has arrived yet. Reload after a send.</p>')
    rows = "".join(
        f'<tr><td>{escape(_header(m, "Delivered-To"))}</td><td><a href="/{number}">'
        f"{escape(_header(m, 'Subject') or '(no subject)')}</a></td><td>{escape(_header(m, 'From'))}</td>"
        f'<td class="quiet">{escape(_header(m, "Date"))}</td></tr>'
        for number, m in messages
    )
    head = "<tr><th>To</th><th>Subject</th><th>From</th><th>Date</th></tr>"
    return _frame("Inbox", f"<p>The last {len(messages)} messages, newest first.</p><table>{head}{rows}</table>")


def _message(number: int, message: EmailMessage) -> str:
    names = list(dict.fromkeys(message.keys()))
    headers = "".join(f"<tr><th>{escape(n)}</th><td>{escape(_header(message, n))}</td></tr>" for n in names)
    subject = _header(message, "Subject") or "(no subject)"
    return _frame(
        subject,
        f'<h1>{escape(subject)}</h1><nav><a href="/{number}/html">HTML alone</a><a href="/{number}/text">Text alone</a>'
        f'<a href="/{number}/source">Source</a></nav><h2>HTML part</h2>'
        f'<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" title="HTML part" src="/{number}/html"></iframe>'
        f"<h2>Text part</h2><pre>{escape(_body(message, 'plain'))}</pre>"
        f"<h2>Headers</h2><table>{headers}</table>",
    )


def main() -> None:
    """``python -m twain.demo.inbox``."""
    parser = argparse.ArgumentParser(prog="python -m twain.demo.inbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8026)
    parser.add_argument("--folder", type=Path, default=Path("sink"), help="the sink's folder of kept messages")
    options = parser.parse_args()
    with start_inbox(port=options.port, folder=options.folder) as inbox:
        print(f"Read the messages: {inbox.url}", flush=True)  # noqa: T201 — its one line
        threading.Event().wait()


if __name__ == "__main__":
    main()
