"""Mailboxes that bounces come into: IMAP (RFC 3501), POP3 (RFC 1939), a Maildir that the mail server delivers into.

A mail leaves the mailbox, or is marked, only after whoever reads it has it on the disk: :meth:`Mailbox.settle`. A process that
dies in between reads it again; it is known by its digest. Mail that a person may have written is never deleted.
"""

from __future__ import annotations

import base64
import contextlib
import imaplib
import os
import poplib
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Protocol, Self, cast

from twain.errors import ChannelError, ChannelUnavailable, ConfigError, Place
from twain.oauth import KEYS, OAuth, access_token, read_oauth, xoauth2
from twain.returns.mail_parts import MAX_BYTES
from twain.settings import seconds

Kind = Literal["imap", "pop3", "maildir"]
Tls = Literal["tls", "starttls", "none"]
After = Literal["move", "flag", "delete"]
_PORTS = {("imap", "tls"): 993, ("pop3", "tls"): 995, ("imap", ""): 143, ("pop3", ""): 110}
_KEYS = {
    "kind", "host", "port", "tls", "ca_file", "username", "password", "folder", "after", "done_folder", "replies_folder", "path",
    "timeout", "believe_recipients", *KEYS,
}  # fmt: skip
_FOLDER = re.compile(r"[ !#-\[\]-~]{1,200}")  # printable ASCII, no quote, no backslash
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_TOP_LINES = 2_500


class Mail(NamedTuple):
    """One mail and what the mailbox calls it. At most ``MAX_BYTES`` of it are read."""

    name: str
    raw: bytes


class Mailbox(Protocol):
    """An open mailbox."""

    def mails(self, known: frozenset[str]) -> Iterator[Mail]:
        """Mails that wait, oldest first, none of those *known* by name."""

    def settle(self, done: Sequence[str], kept: Sequence[str]) -> None:
        """These are on the disk: *done* need not be kept; *kept* may be a person's and stay for people to read."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class MailboxOptions:
    """What ``[returns.bounces]`` says. *password* never shows in a repr.

    *after*: what becomes of a mail that was understood. *believe_recipients*: an address in a bounce counts as proof.
    *oauth*: where the token comes from that is shown instead of a password.
    """

    kind: Kind
    host: str = ""
    port: int = 0
    tls: Tls = "tls"
    ca_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    folder: str = "INBOX"
    after: After = "move"
    done_folder: str = "Twain done"
    replies_folder: str = "Twain replies"
    path: Path = Path()
    timeout: float = 30.0
    believe_recipients: bool = False
    oauth: OAuth | None = None

    def where(self) -> str:
        """The mailbox, for people: never with its password."""
        return str(self.path) if self.kind == "maildir" else f"{self.kind}://{self.username}@{self.host}:{self.port}"


def read_options(raw: Mapping[str, Any], root: Path) -> MailboxOptions:
    """``[returns.bounces]`` as it stands, secrets resolved. Raises ConfigError naming the key."""
    unknown = set(raw) - _KEYS
    if unknown:
        raise _wrong(sorted(unknown)[0], "is unknown", f"Known here: {', '.join(sorted(_KEYS))}.")
    kind = _one_of(raw, "kind", ("imap", "pop3", "maildir"), "")
    tls = _one_of(raw, "tls", ("tls", "starttls", "none"), "tls")
    options = MailboxOptions(
        kind=cast("Kind", kind),
        host=str(raw.get("host", "")),
        port=_port(raw, kind, tls),
        tls=cast("Tls", tls),
        ca_file=str(root / str(raw["ca_file"])) if raw.get("ca_file") else "",
        username=str(raw.get("username", "")),
        password=str(raw.get("password", "")),
        folder=_folder(raw, "folder", "INBOX"),
        after=cast("After", _one_of(raw, "after", ("move", "flag", "delete"), "delete" if kind == "pop3" else "move")),
        done_folder=_folder(raw, "done_folder", "Twain done"),
        replies_folder=_folder(raw, "replies_folder", "Twain replies"),
        path=root / str(raw.get("path", "")),
        timeout=seconds(raw.get("timeout", 30.0), "returns.bounces.timeout"),
        believe_recipients=raw.get("believe_recipients") is True,
        oauth=read_oauth(raw),
    )
    _refuse_nonsense(raw, options)
    return options


def open_mailbox(options: MailboxOptions) -> Mailbox:
    """The mailbox, to be entered with ``with``. Entering raises ChannelUnavailable (T850) and ChannelError (T851)."""
    kinds: Mapping[str, Callable[[MailboxOptions], Mailbox]] = {"imap": Imap, "pop3": Pop3, "maildir": MaildirBox}
    return kinds[options.kind](options)


# ---------------------------------------------------------------- IMAP


class Imap:
    """One folder of an IMAP server."""

    def __init__(self, options: MailboxOptions) -> None:
        self._options = options
        self._server: imaplib.IMAP4 | None = None

    def __enter__(self) -> Self:
        try:
            self._sign_in()
        except BaseException:
            self._hang_up()
            raise
        return self

    def _sign_in(self) -> None:
        options = self._options
        with _told(options):
            self._server = server = _imap(options)
            with _told(options, signing_in=True):
                if options.oauth:
                    server.authenticate("XOAUTH2", _once(_token_of(options, options.oauth)))
                else:
                    server.login(options.username, options.password)
            for folder in self._folders():
                server.create(_quoted(folder))  # "already exists" is as good
            answer, said = server.select(_quoted(options.folder))
        if answer != "OK":
            raise ChannelError(
                f"{options.where()} has no folder {options.folder!r}: {_shown(said)}",
                todo="Correct folder in [returns.bounces].",
                code="T851",
            )

    def _hang_up(self) -> None:
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.shutdown()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            self._open.logout()
        self._hang_up()

    def mails(self, known: frozenset[str]) -> Iterator[Mail]:
        """Mails of the folder that are not marked as done."""
        unread = "UNDELETED UNFLAGGED" if self._options.after == "flag" else "UNDELETED"
        found = self._uid("SEARCH", unread)
        for name in found[0].split() if found and found[0] else []:
            uid = name.decode("ascii")
            if uid not in known and (raw := self._fetch(uid)) is not None:
                yield Mail(uid, raw)

    def settle(self, done: Sequence[str], kept: Sequence[str]) -> None:
        """Move, mark or delete what was understood; what a person may have written is moved, or marked."""
        after, options = self._options.after, self._options
        for names, folder in ((done, options.done_folder), (kept, options.replies_folder)):
            if not names:
                continue
            if after == "flag":
                self._uid("STORE", ",".join(names), "+FLAGS.SILENT", "(\\Flagged)")
            elif after == "delete" and names is done:
                self._delete(names)
            else:
                self._move(names, folder)

    def _folders(self) -> list[str]:
        options = self._options
        return {"flag": [], "delete": [options.replies_folder]}.get(
            options.after, [options.done_folder, options.replies_folder]
        )

    def _fetch(self, uid: str) -> bytes | None:
        for piece in self._uid("FETCH", uid, f"(BODY.PEEK[]<0.{MAX_BYTES}>)"):
            if isinstance(piece, tuple) and b"BODY[" in piece[0].upper():
                return bytes(piece[1])
        return None  # somebody else took it meanwhile

    def _move(self, names: Sequence[str], folder: str) -> None:
        if "MOVE" in self._open.capabilities:  # RFC 6851: all or nothing
            self._uid("MOVE", ",".join(names), _quoted(folder))
            return
        self._uid("COPY", ",".join(names), _quoted(folder))
        self._delete(names)

    def _delete(self, names: Sequence[str]) -> None:
        self._uid("STORE", ",".join(names), "+FLAGS.SILENT", "(\\Deleted)")
        if "UIDPLUS" in self._open.capabilities:  # RFC 4315: nobody else's deleted mail goes with ours
            self._uid("EXPUNGE", ",".join(names))
        else:
            with _told(self._options):
                self._open.expunge()

    def _uid(self, command: str, *words: str) -> list[Any]:
        with _told(self._options):
            answer, found = self._open.uid(command, *words)
            if answer != "OK":
                raise imaplib.IMAP4.error(f"{command}: {_shown(found)}")
        return found

    @property
    def _open(self) -> imaplib.IMAP4:
        if self._server is None:
            raise ChannelUnavailable(f"{self._options.where()} is not open.", todo="Open it first.", code="T850")
        return self._server


def _imap(options: MailboxOptions) -> imaplib.IMAP4:
    if options.tls == "tls":
        return imaplib.IMAP4_SSL(options.host, options.port, ssl_context=_context(options), timeout=options.timeout)
    server = imaplib.IMAP4(options.host, options.port, timeout=options.timeout)
    if options.tls == "starttls":
        server.starttls(_context(options))
    return server


def _quoted(folder: str) -> str:
    return f'"{folder}"'


# ---------------------------------------------------------------- POP3


class Pop3:
    """A POP3 maildrop. What is deleted goes when the session ends well (RFC 1939 §6), and not before."""

    def __init__(self, options: MailboxOptions) -> None:
        self._options = options
        self._server: _PlainPop3 | _TlsPop3 | None = None
        self._numbers: dict[str, int] = {}

    def __enter__(self) -> Self:
        options = self._options
        try:
            with _told(options):
                self._server = server = _pop3(options)
                with _told(options, signing_in=True):
                    if options.oauth:
                        server.show_token(_token_of(options, options.oauth))
                    else:
                        server.user(options.username)
                        server.pass_(options.password)
        except BaseException:
            self._hang_up()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with _told(self._options):
                    self._open.quit()
        finally:
            self._hang_up()  # without QUIT nothing is deleted

    def _hang_up(self) -> None:
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.close()

    def mails(self, known: frozenset[str]) -> Iterator[Mail]:
        """Mails of the maildrop, by their unique id (UIDL)."""
        with _told(self._options):
            listed = [line.decode("ascii", "replace").split() for line in self._open.uidl()[1]]
            sizes = dict(line.decode("ascii", "replace").split()[:2] for line in self._open.list()[1])
        for number, name in (line[:2] for line in listed if len(line) >= 2):
            self._numbers[name] = int(number)
            if name not in known:
                yield Mail(name, self._read(int(number), int(sizes.get(number, "0"))))

    def settle(self, done: Sequence[str], kept: Sequence[str]) -> None:  # noqa: ARG002 — they stay where they are
        """Delete what was understood; what a person may have written stays."""
        for name in done:
            with _told(self._options):
                self._open.dele(self._numbers[name])

    def _read(self, number: int, size: int) -> bytes:
        """A large mail's beginning only: a bounce says why at its top."""
        with _told(self._options):
            lines = (self._open.top(number, _TOP_LINES) if size > MAX_BYTES else self._open.retr(number))[1]
        return b"\n".join(lines)[:MAX_BYTES]

    @property
    def _open(self) -> _PlainPop3 | _TlsPop3:
        if self._server is None:
            raise ChannelUnavailable(f"{self._options.where()} is not open.", todo="Open it first.", code="T850")
        return self._server


class _Own(poplib.POP3):
    """poplib knows no SASL, and gives up on lines over 2 048 bytes, and with them on the session. Bounces have them."""

    def show_token(self, shown: bytes) -> None:
        """AUTH XOAUTH2 (RFC 5034), in two lines: a token is longer than a command may be."""
        self._shortcmd("AUTH XOAUTH2")  # type: ignore[attr-defined]
        said = self._shortcmd(base64.b64encode(shown).decode("ascii"))  # type: ignore[attr-defined]
        if not said.upper().startswith(b"+OK"):  # "+ " and why not: nothing is to be said to that, then it says -ERR
            self._shortcmd("")  # type: ignore[attr-defined]

    def _getline(self) -> tuple[bytes, int]:
        line: bytes = self.file.readline(MAX_BYTES + 1)
        if not line:
            raise poplib.error_proto("-ERR EOF")
        return line.rstrip(b"\r\n"), len(line)


class _PlainPop3(_Own):
    pass


class _TlsPop3(_Own, poplib.POP3_SSL):
    pass


def _pop3(options: MailboxOptions) -> _PlainPop3 | _TlsPop3:
    if options.tls == "tls":
        return _TlsPop3(options.host, options.port, timeout=options.timeout, context=_context(options))
    server = _PlainPop3(options.host, options.port, timeout=options.timeout)
    if options.tls == "starttls":
        server.stls(_context(options))
    return server


# ---------------------------------------------------------------- Maildir


class MaildirBox:
    """A Maildir that the mail server delivers into: new mails are read, and then count as seen."""

    def __init__(self, options: MailboxOptions) -> None:
        self._options = options

    def __enter__(self) -> Self:
        for folder in ("new", "cur"):
            if not (self._options.path / folder).is_dir():
                raise ChannelUnavailable(
                    f"{self._options.path} is no Maildir: it has no folder {folder}.",
                    todo="Correct path in [returns.bounces], or let the mail server make it.",
                    code="T850",
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def mails(self, known: frozenset[str]) -> Iterator[Mail]:
        """Mails in ``new``; links are not followed."""
        with _told(self._options):
            names = sorted(
                entry.name for entry in os.scandir(self._options.path / "new") if entry.is_file(follow_symlinks=False)
            )
        for name in names:
            if name not in known and (raw := _read_file(self._options.path / "new" / name)) is not None:
                yield Mail(name, raw)

    def settle(self, done: Sequence[str], kept: Sequence[str]) -> None:
        """Mark as seen, or delete; what a person may have written is flagged for people."""
        for name in done:
            if self._options.after == "delete":
                (self._options.path / "new" / name).unlink(missing_ok=True)
            else:
                self._mark(name, "S")
        for name in kept:
            self._mark(name, "F")

    def _mark(self, name: str, flag: str) -> None:
        bare = name.partition(":")[0]
        with contextlib.suppress(FileNotFoundError):
            (self._options.path / "new" / name).rename(self._options.path / "cur" / f"{bare}:2,{flag}")


def _read_file(path: Path) -> bytes | None:
    """At most ``MAX_BYTES`` of a plain file; None when it is gone."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read(MAX_BYTES)


# ---------------------------------------------------------------- common


def _token_of(options: MailboxOptions, oauth: OAuth) -> bytes:
    """A fresh token as SASL shows it: each session fetches its own, so none is kept anywhere."""
    return xoauth2(options.username, access_token(oauth, timeout=options.timeout, ca_file=options.ca_file))


def _once(shown: bytes) -> Callable[[bytes], bytes]:
    """Answer a server's first challenge with the token, and what it says against it with nothing: then it says NO itself."""
    answers = iter((shown,))
    return lambda _challenge: next(answers, b"")


@contextlib.contextmanager
def _told(options: MailboxOptions, *, signing_in: bool = False) -> Iterator[None]:
    """The libraries' errors in our words; what the server said is shown, the password never."""
    try:
        yield
    except (imaplib.IMAP4.error, poplib.error_proto) as error:
        said = _shown(error.args).replace(options.password or "\0", "***")
        if signing_in:
            raise ChannelError(
                f"{options.where()} does not let us in: {said}",
                todo=f"Check username and {'refresh_token' if options.oauth else 'password_env'} in [returns.bounces].",
                code="T851",
            ) from error
        raise ChannelUnavailable(f"{options.where()} refused: {said}", todo=_TRY_AGAIN, code="T850") from error
    except OSError as error:
        why = error.strerror or str(error) or type(error).__name__
        raise ChannelUnavailable(f"{options.where()} cannot be read: {why}.", todo=_TRY_AGAIN, code="T850") from error


_TRY_AGAIN = "Nothing is lost: what was not read stays there. Try again, and ask the mail server's owner if it goes on."


def _shown(said: Sequence[Any]) -> str:
    words = " ".join(one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in said if one)
    return "".join(c if c.isprintable() else " " for c in words)[:200]


def _context(options: MailboxOptions) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=options.ca_file or None)


def _one_of(raw: Mapping[str, Any], key: str, known: tuple[str, ...], usual: str) -> str:
    value = str(raw.get(key, usual))
    if value not in known:
        raise _wrong(key, f"is {value!r}", f"Choose of: {', '.join(known)}.")
    return value


def _port(raw: Mapping[str, Any], kind: str, tls: str) -> int:
    return int(raw.get("port", _PORTS.get((kind, tls)) or _PORTS.get((kind, ""), 0)))


def _folder(raw: Mapping[str, Any], key: str, usual: str) -> str:
    value = str(raw.get(key, usual))
    if not _FOLDER.fullmatch(value):
        raise _wrong(key, f"{value!r} is no folder's name", "Plain ASCII without quotes, like INBOX.")
    return value


def _refuse_nonsense(raw: Mapping[str, Any], options: MailboxOptions) -> None:
    shown = ("host", "username") if options.oauth else ("host", "username", "password")
    needed = ("path",) if options.kind == "maildir" else shown
    for key in needed:
        if not raw.get(key):
            raise _wrong(key, "is missing", f"Add {'password_env' if key == 'password' else key}.")
    if options.kind != "maildir" and options.tls == "none" and options.host not in _LOOPBACK:
        raise _wrong("tls", "is none, so the password would travel in the clear", 'Set tls = "tls" or "starttls".')
    if options.kind == "pop3" and options.after != "delete":
        raise _wrong(
            "after",
            f"is {options.after!r}, and POP3 knows no folders and no marks",
            'Set after = "delete", or use IMAP.',
        )


def _wrong(key: str, what: str, todo: str) -> ConfigError:
    return ConfigError(f"returns.bounces.{key} {what}.", place=Place("twain.toml"), todo=todo)
