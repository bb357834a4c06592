"""From nothing to a connection that may send: connect, greet, encrypt, sign in (RFC 5321, 3207, 4954).

This part happens once per connection, so it is written for reading: one coroutine per step, one reply awaited at a time.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from typing import cast

from twain.delivery.channels.smtp_options import SmtpOptions
from twain.delivery.channels.smtp_replies import clean
from twain.delivery.channels.smtp_tokens import METHODS, initial
from twain.errors import ChannelError, ChannelUnavailable

_LONGEST_REPLY = 65_536
_GREETING_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Extensions:
    """What the relay offers in its reply to EHLO."""

    pipelining: bool = False
    chunking: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    starttls: bool = False
    size: int = 0
    auth: frozenset[str] = frozenset()


@dataclass(slots=True)
class Session:
    """A connection ready for its first MAIL FROM."""

    transport: asyncio.Transport
    extensions: Extensions
    encrypted: bool
    greeting: str = ""


@dataclass(slots=True)
class Reply:
    """A whole reply: its code, and the text of each of its lines."""

    code: int
    lines: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The last line with its code, cleaned."""
        return clean(b"%d %b" % (self.code, self.lines[-1]))


class Greeter(asyncio.Protocol):
    """The receiving end while a connection is being set up: whole replies in a queue, and nothing unasked for."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._buffer = b""
        self._lines: list[bytes] = []
        self._replies: asyncio.Queue[Reply | None] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open (and once more when TLS is on it)."""
        self.transport = cast("asyncio.Transport", transport)  # what create_connection gives

    def data_received(self, data: bytes) -> None:
        """Cut what came into lines, and lines into replies."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > _LONGEST_REPLY or len(self._lines) > 1000:
            self._replies.put_nowait(None)
        for line in lines:
            self._take_line(line.rstrip(b"\r"))

    def _take_line(self, line: bytes) -> None:
        self._lines.append(line[4:])
        if line[3:4] != b"-":
            code = int(line[:3]) if line[:3].isdigit() else 0
            self._replies.put_nowait(Reply(code, self._lines))
            self._lines = []

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio's signature
        """Wake whoever waits for a reply."""
        self._replies.put_nowait(None)

    async def reply(self, timeout: float) -> Reply:
        """The next reply; raises ChannelUnavailable when none comes."""
        try:
            found = await asyncio.wait_for(self._replies.get(), timeout)
        except TimeoutError:
            raise ChannelUnavailable(f"The relay did not answer for {timeout:.0f} s.") from None
        if found is None:
            raise ChannelUnavailable("The relay closed the connection.")
        return found

    def forget_unasked(self) -> None:
        """Raise when the relay said something before TLS that it was not asked: somebody may be injecting replies."""
        if self._buffer or self._lines or not self._replies.empty():
            raise ChannelError("The relay sent more than one reply to STARTTLS.", code="T823", todo=_TLS_TODO)


_TLS_TODO = "Somebody may be reading along. Check the way to the relay; the message was not sent."


async def open_session(options: SmtpOptions) -> Session:
    """Connect, greet, encrypt and sign in.

    Raises ChannelUnavailable when trying again may help, ChannelError when it will not (certificate, password, no TLS).
    """
    greeter = await _connect(options)
    try:
        return await _introduce(greeter, options)
    except BaseException:
        if greeter.transport is not None:
            greeter.transport.abort()
        raise


async def _connect(options: SmtpOptions) -> Greeter:
    loop = asyncio.get_running_loop()
    context = options.ssl_context() if options.tls == "tls" else None
    try:
        opening = loop.create_connection(Greeter, options.host, options.port, ssl=context)
        _, greeter = await asyncio.wait_for(opening, options.connect_timeout)
    except ssl.SSLError as error:
        raise _tls_failed(options, error) from error
    except (OSError, TimeoutError) as error:
        raise ChannelUnavailable(
            f"Channel {options.name}: the relay {options.host}:{options.port} cannot be reached ({error or 'no answer'}).",
            todo=f"Start it there, or correct host and port of [channels.{options.name}] in twain.toml.",
        ) from error
    return greeter


async def _introduce(greeter: Greeter, options: SmtpOptions) -> Session:
    hello = await greeter.reply(min(_GREETING_SECONDS, options.reply_timeout))
    if hello.code != 220:
        raise _refused(options, hello, "greeted with")
    extensions = await _ehlo(greeter, options)
    if options.tls == "starttls":
        await _starttls(greeter, options, extensions)
        extensions = await _ehlo(greeter, options)
    if options.username:
        await _sign_in(greeter, options, extensions)
    assert greeter.transport is not None  # noqa: S101 — it has just talked
    return Session(greeter.transport, extensions, options.tls != "none", hello.text)


async def _ask(greeter: Greeter, line: bytes, timeout: float) -> Reply:
    assert greeter.transport is not None  # noqa: S101 — set before the greeting can arrive
    greeter.transport.write(line + b"\r\n")
    return await greeter.reply(timeout)


async def _ehlo(greeter: Greeter, options: SmtpOptions) -> Extensions:
    name = options.hostname.encode("ascii")
    reply = await _ask(greeter, b"EHLO " + name, options.reply_timeout)
    if reply.code == 250:
        return read_extensions(reply.lines[1:], options)
    if 500 <= reply.code < 505:
        reply = await _ask(greeter, b"HELO " + name, options.reply_timeout)
        if reply.code == 250:
            return Extensions()
    raise _refused(options, reply, "answered our EHLO with")


def read_extensions(lines: list[bytes], options: SmtpOptions) -> Extensions:
    """Read the extension lines of an EHLO reply, without those that the options switch off."""
    offered = {}
    for line in lines:
        keyword, _, rest = line.decode("ascii", "replace").strip().upper().partition(" ")
        offered[keyword] = rest.strip()
    size = offered.get("SIZE", "")
    return Extensions(
        pipelining="PIPELINING" in offered and options.pipelining,
        chunking="CHUNKING" in offered and options.chunking,
        eight_bit="8BITMIME" in offered,
        smtputf8="SMTPUTF8" in offered,
        starttls="STARTTLS" in offered,
        size=int(size) if size.isdigit() else 0,
        auth=frozenset(offered.get("AUTH", "").split()),
    )


async def _starttls(greeter: Greeter, options: SmtpOptions, extensions: Extensions) -> None:
    if not extensions.starttls:
        raise ChannelError(
            f"The relay {options.host}:{options.port} does not offer STARTTLS.",
            code="T821",
            todo='Nothing is sent without encryption. Use another port, or set tls = "tls".',
        )
    reply = await _ask(greeter, b"STARTTLS", options.reply_timeout)
    if reply.code != 220:
        raise _refused(options, reply, "answered STARTTLS with")
    greeter.forget_unasked()
    assert greeter.transport is not None  # noqa: S101 — it has just talked
    loop = asyncio.get_running_loop()
    try:
        greeter.transport = await loop.start_tls(
            greeter.transport, greeter, options.ssl_context(), server_hostname=options.host
        )
    except ssl.SSLError as error:
        raise _tls_failed(options, error) from error
    except OSError as error:
        raise ChannelUnavailable(f"The relay broke off while TLS was agreed on ({error}).") from error


async def _sign_in(greeter: Greeter, options: SmtpOptions, extensions: Extensions) -> None:
    known = {"plain": _plain, "login": _login} if options.tokens is None else dict.fromkeys(METHODS, _by_token)
    wanted = tuple(known) if options.auth == "auto" else (options.auth,)
    method = next((m for m in wanted if m.upper() in extensions.auth), None)
    if method is None:
        offered = ", ".join(sorted(extensions.auth)) or "none"
        raise ChannelError(
            f"The relay {options.host} offers no sign-in that Twain knows (it offers {offered}).",
            code="T822",
            todo=f"Twain signs in by {' or '.join(one.upper() for one in wanted)} here, over TLS. Ask the relay's owner.",
        )
    reply = await known[method](greeter, options, method)
    if reply.code == 235:
        return
    if 400 <= reply.code < 500:
        raise _refused(options, reply, "answered our sign-in with")
    raise ChannelError(
        f"The relay {options.host} refused the sign-in of {options.username!r}: {reply.text}",
        code="T820",
        todo=f"Check the username and the {'token' if options.tokens else 'password'} that the settings refer to.",
    )


async def _by_token(greeter: Greeter, options: SmtpOptions, method: str) -> Reply:
    """Show the token that is there; if it is refused, another one, once: tokens run out by themselves after an hour or so."""
    assert options.tokens is not None  # noqa: S101 — whoever has none signs in otherwise
    shown = await asyncio.to_thread(options.tokens.get)
    reply = await _show(greeter, options, method, shown)
    if reply.code < 500:
        return reply
    another = await asyncio.to_thread(options.tokens.get, shown)
    return reply if another == shown else await _show(greeter, options, method, another)


async def _show(greeter: Greeter, options: SmtpOptions, method: str, token: str) -> Reply:
    """One exchange. Why a token is refused comes as a challenge of its own, which wants an answer before it says no."""
    first = base64.b64encode(initial(method, options.username, token, options.host, options.port))
    reply = await _ask(greeter, b"AUTH %b %b" % (method.upper().encode(), first), options.reply_timeout)
    if reply.code == 334:
        reply = await _ask(
            greeter, b"" if method == "xoauth2" else b"AQ==", options.reply_timeout
        )  # RFC 7628, section 3.2.3
    return reply


async def _plain(greeter: Greeter, options: SmtpOptions, _method: str) -> Reply:
    """RFC 4616, with the initial response of RFC 4954 section 4."""
    secret = f"\0{options.username}\0{options.password}".encode()
    return await _ask(greeter, b"AUTH PLAIN " + base64.b64encode(secret), options.reply_timeout)


async def _login(greeter: Greeter, options: SmtpOptions, _method: str) -> Reply:
    """The unregistered but common two-question sign-in."""
    reply = await _ask(greeter, b"AUTH LOGIN", options.reply_timeout)
    for answer in (options.username, options.password):
        if reply.code != 334:
            return reply
        reply = await _ask(greeter, base64.b64encode(answer.encode()), options.reply_timeout)
    return reply


def _refused(options: SmtpOptions, reply: Reply, did: str) -> ChannelUnavailable:
    return ChannelUnavailable(
        f"The relay {options.host}:{options.port} {did} {reply.text}",
        todo="Its owner can say why; delivery goes on when it lets us in.",
    )


def _tls_failed(options: SmtpOptions, error: ssl.SSLError) -> ChannelError:
    reason = getattr(error, "verify_message", "") or error.reason or str(error)
    return ChannelError(
        f"No trusted TLS with the relay {options.host}:{options.port}: {reason}.",
        code="T824",
        todo="Check the host name, the certificate and ca_file. Nothing is sent to a relay that cannot prove its name.",
    )
