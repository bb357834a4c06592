"""What ``[channels.<name>]`` of kind ``smtp`` may say, checked before anything is connected."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast

from twain.delivery.channels.smtp_tokens import KEYS as TOKEN_KEYS
from twain.delivery.channels.smtp_tokens import METHODS, open_tokens
from twain.delivery.dkim import Sealer
from twain.delivery.dkim_keys import open_sealer
from twain.errors import ConfigError, Place
from twain.oauth import Tokens
from twain.settings import ChannelSettings, seconds

Tls = Literal["none", "starttls", "tls"]

_KEYS = frozenset(
    {
        "host",
        "port",
        "tls",
        "ca_file",
        "username",
        "password",
        "auth",
        "hostname",
        "in_flight",
        "in_flight_bytes",
        "chunking",
        "pipelining",
        "lanes",
        "connect_timeout",
        "reply_timeout",
        "accept_timeout",
        "give_up_after",
        "idle",
        *TOKEN_KEYS,
    }
)


@dataclass(frozen=True, slots=True)
class SmtpOptions:
    """One relay and how to talk to it. Timeouts in seconds; the defaults are RFC 5321 section 4.5.3.2's.

    *in_flight* and *in_flight_bytes* bound what one connection has begun and not had answered: after a crash, that
    much may be sent twice or stay unknown. A single message may be larger than *in_flight_bytes*; it then goes alone.
    *give_up_after*: with no connection for this long, delivery ends with ChannelUnavailable. *idle*: connections with
    nothing to do are closed after it. *sealer* signs every message (DKIM), None = nobody does here. *tokens*: what is shown
    instead of a password, None = the password is.
    """

    name: str
    host: str
    port: int
    connections: int
    tls: Tls
    ca_file: str | None
    username: str
    password: str = field(repr=False)
    auth: str
    hostname: str
    in_flight: int = 32
    in_flight_bytes: int = 1 << 20
    chunking: bool = True
    pipelining: bool = True
    connect_timeout: float = 30.0
    reply_timeout: float = 300.0
    accept_timeout: float = 600.0
    give_up_after: float = 60.0
    idle: float = 60.0
    sealer: Sealer | None = field(default=None, repr=False)
    tokens: Tokens | None = field(default=None, repr=False)

    def ssl_context(self) -> ssl.SSLContext:
        """Certificate and host name are always verified; *ca_file* adds a company's own authority."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    @property
    def leaves_loopback(self) -> bool:
        """False only when every address of the host is a loopback address."""
        return not is_loopback(self.host)


def read_options(settings: ChannelSettings) -> SmtpOptions:
    """Check and complete the options. Raises ConfigError naming the key."""
    raw, where = settings.options, f"channels.{settings.name}"
    for key in raw:
        if key not in _KEYS:
            near = get_close_matches(key, list(_KEYS), n=1)
            known = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(sorted(_KEYS))}."
            raise _wrong(where, key, "is not an option of an smtp channel", known)
    host = str(raw.get("host", "localhost"))
    tls = _one_of(raw, "tls", ("none", "starttls", "tls"), "none" if is_loopback(host) else "starttls", where)
    ca_file = _readable(raw, where)
    options = SmtpOptions(
        name=settings.name,
        host=host,
        port=_whole(raw, "port", 465 if tls == "tls" else (25 if is_loopback(host) else 587), where, 65_535),
        connections=_positive(settings.connections, "connections", where, 1000),
        tls=cast("Tls", tls),
        ca_file=ca_file,
        username=str(raw.get("username", "")),
        password=str(raw.get("password", "")),
        auth=_one_of(raw, "auth", ("auto", "plain", "login", *METHODS), "auto", where),
        hostname=_hostname(raw, where),
        in_flight=_whole(raw, "in_flight", 32, where, 10_000),
        in_flight_bytes=_whole(raw, "in_flight_bytes", 1 << 20, where, 1 << 30),
        chunking=bool(raw.get("chunking", True)),
        pipelining=bool(raw.get("pipelining", True)),
        sealer=open_sealer(settings),
        tokens=open_tokens(raw, where, ca_file),
        **_timeouts(raw, where),
    )
    _refuse_half_a_sign_in(options, where)
    return options


def is_loopback(host: str) -> bool:
    """Whether *host* can only mean this machine. A name that does not resolve does not."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(_is_loopback_ip(str(entry[4][0])) for entry in found)


def _is_loopback_ip(text: str) -> bool:
    ip = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    return bool((mapped or ip).is_loopback)


def _timeouts(raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    keys = ("connect_timeout", "reply_timeout", "accept_timeout", "give_up_after", "idle")
    return {key: seconds(raw[key], f"{where}.{key}") for key in keys if key in raw}


def _refuse_half_a_sign_in(options: SmtpOptions, where: str) -> None:
    """A user needs a password or a token, not both; whoever shows either does so over TLS."""
    if options.username and not (options.password or options.tokens):
        todo = "Add password_env or password_file; or a token: token_env, token_file, token_command_env, token_url."
        raise _wrong(where, "username", "is set without a password", todo)
    if options.tokens and (options.password or not options.username):
        what = "is set beside a token" if options.password else "is missing beside the token"
        raise _wrong(
            where, "password" if options.password else "username", what, "A token needs a user, and no password."
        )
    if options.auth != "auto" and bool(options.tokens) != (options.auth in METHODS):
        raise _wrong(
            where, "auth", f"is {options.auth!r}, which does not fit", 'Leave it out: auth = "auto" finds what fits.'
        )
    if options.username and options.tls == "none" and options.leaves_loopback:
        raise _wrong(where, "tls", "is none, so the password would travel in the clear", 'Set tls = "starttls".')
    if not options.username.isprintable():
        raise _wrong(where, "username", "holds control characters", "Write it as the relay knows it.")


def _readable(raw: Mapping[str, Any], where: str) -> str | None:
    if not raw.get("ca_file"):
        return None
    path = Path(str(raw["ca_file"]))
    if not path.is_file():
        raise _wrong(where, "ca_file", f"names {path}, which is not a file", "Give the path of a PEM file.")
    return str(path)


def _hostname(raw: Mapping[str, Any], where: str) -> str:
    name = str(raw.get("hostname") or socket.getfqdn() or "localhost")
    if not name.isascii() or any(c in name for c in "\r\n\0 <>"):
        raise _wrong(where, "hostname", f"{name!r} cannot stand in EHLO", "Give the full name of this machine.")
    return name


def _one_of(raw: Mapping[str, Any], key: str, known: tuple[str, ...], default: str, where: str) -> str:
    value = str(raw.get(key, default)).lower()
    if value not in known:
        raise _wrong(where, key, f"is {value!r}", f"Use one of {', '.join(known)}.")
    return value


def _whole(raw: Mapping[str, Any], key: str, default: int, where: str, most: int) -> int:
    return _positive(raw.get(key, default), key, where, most)


def _positive(value: object, key: str, where: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= most:
        raise _wrong(where, key, f"is {value!r}", f"Give a whole number from 1 to {most}.")
    return value


def _wrong(where: str, key: str, what: str, todo: str) -> ConfigError:
    return ConfigError(f"{where}.{key} {what}.", place=Place("twain.toml"), todo=todo)
