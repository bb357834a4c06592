"""Small IMAP and POP3 servers on loopback, for tests: one user, folders in memory, what the RFCs demand of what is used.

IMAP4rev1 (RFC 3501) with UIDPLUS (RFC 4315) and MOVE (RFC 6851) or without; POP3 (RFC 1939) with UIDL and TOP. UIDs never come
again, and what a POP3 session deletes goes only when it ends with QUIT.
"""

from __future__ import annotations

import base64
import re
import shlex
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

USER, PASSWORD = "bounces", "p4ss w0rd"


@dataclass
class Message:
    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class Store:
    """The folders. *capabilities* are what IMAP offers beyond the base; *before* is called with each command's line.

    *token*: the one that SASL XOAUTH2 is right with.
    """

    folders: dict[str, list[Message]] = field(default_factory=lambda: {"INBOX": []})
    capabilities: tuple[str, ...] = ("UIDPLUS", "MOVE")
    before: Callable[[str], None] = lambda line: None
    token: str = ""
    lines: list[str] = field(default_factory=list)
    uids: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, raw: bytes, folder: str = "INBOX") -> int:
        with self.lock:
            self.uids += 1
            self.folders[folder].append(Message(self.uids, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")))
            return self.uids

    def raws(self, folder: str = "INBOX") -> list[bytes]:
        with self.lock:
            return [message.raw.replace(b"\r\n", b"\n") for message in self.folders.get(folder, [])]


class _Session(socketserver.StreamRequestHandler):
    timeout = 20
    context: ssl.SSLContext | None = None
    store: Store

    def setup(self):
        if self.context is not None:
            self.request = self.context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        super().setup()

    def finish(self):
        with suppress(OSError):
            super().finish()
        self.request.close()

    def say(self, line: str | bytes):
        self.wfile.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")

    def shows_token(self) -> bool:
        """One round of SASL XOAUTH2; whoever shows a wrong token is told why, and must say nothing to it."""
        shown = base64.b64decode(self.line() or "").decode()
        if self.store.token and shown == f"user={USER}\x01auth=Bearer {self.store.token}\x01\x01":
            return True
        self.say("+ " + base64.b64encode(b'{"status": "400"}').decode())
        assert self.line() == ""
        return False

    def line(self) -> str | None:
        got = self.rfile.readline(65_536)
        return got.decode("latin-1").rstrip("\r\n") if got.endswith(b"\n") else None

    def handle(self):
        with suppress(OSError, ssl.SSLError):
            self.talk()


class Imap(_Session):
    """One IMAP connection."""

    def talk(self):
        self.folder: str | None = None
        self.say("* OK ready")
        while (line := self.line()) is not None:
            tag, _, rest = line.partition(" ")
            command, _, arguments = rest.partition(" ")
            self.store.lines.append(rest)
            self.store.before(rest)
            if command.upper() == "UID":
                command, _, arguments = arguments.partition(" ")
            with self.store.lock:
                answer = getattr(self, f"do_{command.lower()}", self.unknown)(arguments)
            self.say(f"{tag} {answer}")
            if command.upper() == "LOGOUT":
                return

    def unknown(self, _arguments):
        return "BAD unknown command"

    def do_capability(self, _arguments):
        self.say("* CAPABILITY IMAP4rev1 " + " ".join(self.store.capabilities))
        return "OK done"

    def do_login(self, arguments):
        return "OK done" if shlex.split(arguments) == [USER, PASSWORD] else "NO [AUTHENTICATIONFAILED] wrong"

    def do_authenticate(self, arguments):
        assert arguments == "XOAUTH2"
        self.say("+ ")
        return "OK done" if self.shows_token() else "NO [AUTHENTICATIONFAILED] wrong token"

    def do_logout(self, _arguments):
        self.say("* BYE")
        return "OK done"

    def do_noop(self, _arguments):
        return "OK done"

    def do_create(self, arguments):
        (name,) = shlex.split(arguments)
        if name in self.store.folders:
            return "NO [ALREADYEXISTS] it is there"
        self.store.folders[name] = []
        return "OK done"

    def do_select(self, arguments):
        (name,) = shlex.split(arguments)
        if name not in self.store.folders:
            return "NO no such folder"
        self.folder = name
        self.say(f"* {len(self.store.folders[name])} EXISTS")
        self.say("* OK [UIDVALIDITY 1] ok")
        return "OK [READ-WRITE] done"

    def do_search(self, arguments):
        asked = arguments.split()
        found = [
            m
            for m in self.here
            if not ("UNDELETED" in asked and "\\Deleted" in m.flags)
            and not ("UNFLAGGED" in asked and "\\Flagged" in m.flags)
        ]
        self.say("* SEARCH " + " ".join(str(m.uid) for m in found))
        return "OK done"

    def do_fetch(self, arguments):
        uids, _, what = arguments.partition(" ")
        most = int(re.fullmatch(r"\(BODY\.PEEK\[\]<0\.(\d+)>\)", what)[1])
        for number, message in self.named(uids):
            body = message.raw[:most]
            self.say(f"* {number} FETCH (UID {message.uid} BODY[]<0> {{{len(body)}}}")
            self.wfile.write(body)
            self.say(")")
        return "OK done"

    def do_store(self, arguments):
        uids, how, flags = arguments.split(" ", 2)
        assert how == "+FLAGS.SILENT"
        for _, message in self.named(uids):
            message.flags |= set(flags.strip("()").split())
        return "OK done"

    def do_copy(self, arguments):
        uids, _, folder = arguments.partition(" ")
        (name,) = shlex.split(folder)
        if name not in self.store.folders:
            return "NO [TRYCREATE] no such folder"
        for _, message in self.named(uids):
            self.store.add(message.raw, name)
        return "OK done"

    def do_move(self, arguments):
        if "MOVE" not in self.store.capabilities:
            return "BAD unknown command"
        moved = {m.uid for _, m in self.named(arguments.partition(" ")[0])}
        answer = self.do_copy(arguments)
        if answer.startswith("OK"):
            self.drop(lambda m: m.uid in moved)
        return answer

    def do_expunge(self, arguments):
        wanted = {m.uid for _, m in self.named(arguments)} if arguments else None
        self.drop(lambda m: "\\Deleted" in m.flags and (wanted is None or m.uid in wanted))
        return "OK done"

    def drop(self, gone):
        self.store.folders[self.folder] = [m for m in self.here if not gone(m)]

    @property
    def here(self):
        return self.store.folders[self.folder]

    def named(self, uids):
        wanted = {int(uid) for uid in uids.split(",")}
        return [(number, m) for number, m in enumerate(self.here, 1) if m.uid in wanted]


class Pop3(_Session):
    """One POP3 connection on the INBOX."""

    def talk(self):
        self.user, self.signed_in, self.gone = "", False, set()
        self.say("+OK ready")
        while (line := self.line()) is not None:
            command, _, arguments = line.partition(" ")
            self.store.lines.append(line)
            self.store.before(line)
            name = command.lower()
            if not self.signed_in and name not in ("user", "pass", "auth", "quit"):
                self.say("-ERR sign in first")
                continue
            with self.store.lock:
                getattr(self, f"do_{name}", self.unknown)(arguments)
            if name == "quit":
                return

    def unknown(self, _arguments):
        self.say("-ERR unknown command")

    def do_user(self, arguments):
        self.user = arguments
        self.say("+OK")

    def do_auth(self, arguments):
        assert arguments == "XOAUTH2"
        self.say("+ ")
        self.signed_in = self.shows_token()
        self.drop = list(self.store.folders["INBOX"])
        self.say("+OK" if self.signed_in else "-ERR [AUTH] wrong token")

    def do_pass(self, arguments):
        self.signed_in = (self.user, arguments) == (USER, PASSWORD)
        self.drop = list(self.store.folders["INBOX"])
        self.say("+OK" if self.signed_in else "-ERR [AUTH] wrong")

    def do_uidl(self, _arguments):
        self.many(f"{n} u{m.uid}" for n, m in self.left())

    def do_list(self, _arguments):
        self.many(f"{n} {len(m.raw)}" for n, m in self.left())

    def do_retr(self, arguments):
        self.text(self.drop[int(arguments) - 1].raw)

    def do_top(self, arguments):
        number, lines = map(int, arguments.split())
        head, _, body = self.drop[number - 1].raw.partition(b"\r\n\r\n")
        self.text(head + b"\r\n\r\n" + b"\r\n".join(body.split(b"\r\n")[:lines]))

    def do_dele(self, arguments):
        self.gone.add(int(arguments))
        self.say("+OK")

    def do_quit(self, _arguments):
        kept = {id(m) for n, m in self.left()} if self.signed_in else set()
        if self.signed_in:
            seen = {id(m) for m in self.drop}
            self.store.folders["INBOX"] = [m for m in self.store.folders["INBOX"] if id(m) in kept or id(m) not in seen]
        self.say("+OK")

    def left(self):
        return [(n, m) for n, m in enumerate(self.drop, 1) if n not in self.gone]

    def many(self, lines: Iterator[str]):
        self.say("+OK")
        for line in lines:
            self.say(line)
        self.say(".")

    def text(self, raw: bytes):
        self.say("+OK")
        for line in raw.removesuffix(b"\r\n").split(b"\r\n"):
            self.say(b"." + line if line.startswith(b".") else line)
        self.say(".")


@contextmanager
def serving(kind: type[_Session], store: Store, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The server on a free port of 127.0.0.1 while the block runs."""
    handler = type(kind.__name__, (kind,), {"store": store, "context": context})

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, request, client_address):
            """A client that was killed, or did not trust us, is what tests are about."""

    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
