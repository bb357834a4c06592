"""Settings: frozen dataclasses from ``twain.toml`` and the environment, read in this one place.

Secrets never stand in a file of the workspace: a key that ends in ``_env`` names an environment variable, one that ends
in ``_file`` a file outside git. A literal secret is refused by name.
"""

from __future__ import annotations

import ipaddress
import os
import pwd
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from twain.errors import ConfigError, Place

#: Where `twain gateway` listens by itself.
LOCAL_GATEWAY = "http://127.0.0.1:8025"
_SECRET_KEYS = frozenset(
    {"password", "secret", "token", "token_command", "api_key", "url", "client_secret", "refresh_token"}
)
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$")
_TABLES = {
    "workspace", "sources", "channels", "control", "delivery", "paths", "gateway", "production", "secret", "dns", "domains",
    "returns", "webhooks", "intakes", "write_back",
}  # fmt: skip


class _Length(NamedTuple):
    least: str
    usual: str
    most: str


#: What ``[delivery]`` may say: no shorter, usually, no longer.
_LENGTHS = {
    # Below, a slow disk would look like a dead worker; above, a dead one's people would wait for a very long time.
    "lease": _Length("5s", "30s", "10m"),
    # Each try asks IT's database: oftener is load for nothing, more seldom lets mended sends wait.
    "check_again": _Length("5s", "1m", "1h"),
}
_SOONEST_PULL = 10.0  # seconds
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One company database, and how hard it may be worked.

    *options* holds the kind's own keys (``path``, or ``url`` resolved from its ``_env``/``_file``); its repr hides them.
    *hours* are the local hours ``(start, end)`` in which bulk reads may run, None = always.
    """

    name: str
    kind: str
    options: Mapping[str, str] = field(repr=False)
    max_connections: int = 2
    timeout_seconds: float = 600.0
    interactive_timeout_seconds: float = 5.0
    memory_mb: int = 1024
    max_rows: int | None = None
    max_cost: float | None = None
    hours: tuple[str, str] | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """Where a private key is, and the name its public half stands under: *selector*._domainkey.*domain*.

    Either *file* or *pem* (from the environment) is given. *algorithm*: what the key must be, "" = what it is.
    """

    domain: str
    selector: str
    file: Path | None = None
    pem: str = field(default="", repr=False)
    algorithm: str = ""


@dataclass(frozen=True, slots=True)
class DnsSettings:
    """Whom to ask about sender domains. *servers*: addresses and ports of resolvers, none = the system's own.

    *authoritative*: every authoritative server is asked (at *port*); False = the resolvers alone, where nothing else is in reach.
    """

    servers: tuple[tuple[str, int], ...] = ()
    authoritative: bool = True
    port: int = 53
    timeout: float = 3.0


@dataclass(frozen=True, slots=True)
class DomainSettings:
    """What IT says about one sender domain.

    *addresses* its mail leaves from; the SPF records it *includes*; the relay's own DKIM *selectors*; where DMARC *reports* go.
    """

    addresses: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    reports: str = ""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where outgoing webhooks may lead besides the public internet.

    *allow*: host names, addresses and networks of IT's own. *ca_file*: the certificate authority that signs for them.
    """

    allow: tuple[str, ...] = ()
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One way out, and IT's limits on it.

    *limits*: lane (a provider's name, a domain, ``*`` for the rest, ``""`` for all together) → ``per_second``, ``per_hour``.
    *dkim*: the keys that sign what goes out here; none = the relay signs, or nobody. *bounce_address*: where bounces come back
    to, each message under an address of its own (VERP); "" = to the sender.
    *track_clicks*, *track_opens*: whether campaigns on it may count them. Counting opens needs people's consent in many
    countries (ePrivacy Directive, article 5(3)): it is off until IT says that the consent is there.
    """

    name: str
    kind: str
    options: Mapping[str, Any] = field(repr=False)
    connections: int = 4
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    dkim: tuple[DkimKey, ...] = ()
    bounce_address: str = ""
    track_clicks: bool = True
    track_opens: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything ``twain.toml`` says. Paths are absolute.

    *lease_seconds*: how long a worker holds a batch without a sign of life; only then does another take it over.
    *check_again_seconds*: how long a held send rests before the house tries its checks again.
    *pull_seconds*: how often the house pulls the workspace when it is a git checkout; None = only when it is told to.
    *bounces*: the mailbox that bounces are collected from, as ``returns.mailboxes`` reads it; *intakes*: as ``delivery.intakes``.
    *push_branches*: whether a branch that the house makes of a review is pushed to ``origin``.
    *proxies*: how many proxies of ours stand in front of the gateway and add to X-Forwarded-For.
    """

    root: Path
    name: str
    sources: Mapping[str, SourceSettings]
    channels: Mapping[str, ChannelSettings]
    control_url: str = field(repr=False)
    state: Path
    spool: Path
    history: Path
    base_url: str
    production: bool
    time_zone: str
    secret_file: Path | None
    secret_env: str | None
    person: str = ""
    lease_seconds: float = 30.0
    check_again_seconds: float = 60.0
    pull_seconds: float | None = None
    push_branches: bool = False
    proxies: int = 0
    dns: DnsSettings = field(default_factory=DnsSettings)
    domains: Mapping[str, DomainSettings] = field(default_factory=dict)
    bounces: Mapping[str, Any] = field(default_factory=dict, repr=False)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    intakes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    write_back: str = ""


def find_root(start: Path | None = None) -> Path:
    """The nearest folder at or above *start* that holds ``twain.toml``; ConfigError when there is none."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "twain.toml").is_file():
            return folder
    raise ConfigError(
        f"No twain.toml in {here} or above it.", todo="Run 'twain init' in the folder that shall hold your workspace."
    )


def load_settings(root: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read ``twain.toml``. Raises ConfigError with the file, the key and what to do."""
    folder = find_root(root)
    raw = _parse(folder / "twain.toml")
    env = os.environ if environ is None else environ
    _refuse_unknown(raw, _TABLES, "twain.toml")
    workspace, paths = raw.get("workspace", {}), raw.get("paths", {})
    state = folder / str(paths.get("state", ".twain"))
    return Settings(
        root=folder,
        name=str(workspace.get("name", folder.name)),
        sources={n: _source(n, s, folder, env) for n, s in raw.get("sources", {}).items()},
        channels={n: _channel(n, c, folder, env) for n, c in raw.get("channels", {}).items()},
        control_url=_control(raw.get("control", {}), state, folder, env),
        state=state,
        spool=folder / str(paths.get("spool", state / "spool")),
        history=folder / str(paths.get("history", state / "history")),
        base_url=str(raw.get("gateway", {}).get("base_url", "") or LOCAL_GATEWAY).rstrip("/"),
        production=bool(raw.get("production", {}).get("enabled", False)),
        time_zone=str(workspace.get("time_zone", "UTC")),
        secret_file=folder / str(raw.get("secret", {}).get("file", state / "secret")),
        secret_env=raw.get("secret", {}).get("env"),
        person=env.get("TWAIN_PERSON", "") or pwd.getpwuid(os.getuid()).pw_name,
        lease_seconds=_length(raw.get("delivery", {}), "lease"),
        check_again_seconds=_length(raw.get("delivery", {}), "check_again"),
        pull_seconds=_pull(workspace),
        push_branches=workspace.get("push_branches") is True,
        proxies=_proxies(raw.get("gateway", {})),
        dns=_dns(raw.get("dns", {})),
        domains={n.lower(): _domain(n, d) for n, d in raw.get("domains", {}).items()},
        bounces=resolve_secrets(raw.get("returns", {}).get("bounces", {}), "returns.bounces", folder, env),
        webhooks=_webhooks(raw.get("webhooks", {}), folder),
        intakes={n: resolve_secrets(i, f"intakes.{n}", folder, env) for n, i in raw.get("intakes", {}).items()},
        write_back=str(raw.get("write_back", {}).get("intake", "")),
    )


def seconds(value: object, where: str) -> float:
    """``"10m"``, ``"250ms"`` or a number of seconds → seconds. Raises ConfigError naming *where*."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _DURATION.match(str(value).strip())
    if not match:
        raise ConfigError(f"{where}: {value!r} is not a duration.", todo="Write it like 500ms, 30s, 10m, 2h or 1d.")
    return float(match[1]) * _UNITS[match[2]]


def megabytes(value: object, where: str) -> int:
    """``"1GB"``, ``"512MB"`` or a number of megabytes → megabytes. Raises ConfigError naming *where*."""
    match = re.match(r"^(\d+)\s*(MB|GB)?$", str(value).strip(), re.IGNORECASE)
    if not match:
        raise ConfigError(f"{where}: {value!r} is not a size.", todo="Write it like 512MB or 1GB.")
    return int(match[1]) * (1024 if (match[2] or "").upper() == "GB" else 1)


def resolve_secrets(options: Mapping[str, Any], where: str, folder: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Replace ``x_env`` / ``x_file`` by ``x``; refuse a literal secret. Errors name the reference, never the value."""
    resolved: dict[str, Any] = {}
    for key, value in options.items():
        if key.endswith("_env"):
            resolved[key[:-4]] = _from_env(str(value), f"{where}.{key}", env)
        elif key.endswith("_file") and key[:-5] in _SECRET_KEYS:
            resolved[key[:-5]] = _from_file(folder / str(value), f"{where}.{key}")
        elif key in _SECRET_KEYS:
            raise ConfigError(
                f"{where}.{key} holds a secret in the workspace.",
                place=Place("twain.toml"),
                todo=f"Name an environment variable ({key}_env) or a file outside git ({key}_file) instead.",
            )
        else:
            resolved[key] = value
    return resolved


def _from_env(variable: str, where: str, env: Mapping[str, str]) -> str:
    if not env.get(variable):
        raise ConfigError(
            f"{where}: the environment variable {variable} is not set.",
            place=Place("twain.toml"),
            todo=f"Set {variable}.",
        )
    return env[variable]


def _from_file(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(
            f"{where}: {path} cannot be read ({error.strerror}).",
            place=Place("twain.toml"),
            todo="Make the file, readable by Twain's user only.",
        ) from error


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise ConfigError(
            f"{path.name} is not valid TOML: {error}.",
            place=Place(path.name, int(line[1]) if line else None),
            todo="Correct the line.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}.", todo="Check the file's rights and that it is UTF-8."
        ) from error


def _refuse_unknown(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(
                f"{where}: unknown key {key!r}.",
                place=Place("twain.toml"),
                todo=f"Known here: {', '.join(sorted(known))}.",
            )


_SOURCE_KEYS = {
    "kind",
    "max_connections",
    "timeout",
    "interactive_timeout",
    "memory",
    "max_rows",
    "max_cost",
    "hours",
    "time_zone",
}


def _source(name: str, raw: Mapping[str, Any], folder: Path, env: Mapping[str, str]) -> SourceSettings:
    where = f"sources.{name}"
    kind = _required(raw, "kind", where)
    options = resolve_secrets({k: v for k, v in raw.items() if k not in _SOURCE_KEYS}, where, folder, env)
    if "path" in options:
        options["path"] = str(folder / str(options["path"]))
    return SourceSettings(
        name=name,
        kind=kind,
        options={k: str(v) for k, v in options.items()},
        max_connections=int(raw.get("max_connections", 2)),
        timeout_seconds=seconds(raw.get("timeout", "10m"), f"{where}.timeout"),
        interactive_timeout_seconds=seconds(raw.get("interactive_timeout", "5s"), f"{where}.interactive_timeout"),
        memory_mb=megabytes(raw.get("memory", "1GB"), f"{where}.memory"),
        max_rows=raw.get("max_rows"),
        max_cost=raw.get("max_cost"),
        hours=_hours(raw.get("hours"), f"{where}.hours"),
        time_zone=str(raw.get("time_zone", "UTC")),
    )


def _hours(value: object, where: str) -> tuple[str, str] | None:
    if value is None:
        return None
    match = re.match(r"^(\d\d:\d\d)-(\d\d:\d\d)$", str(value))
    if not match:
        raise ConfigError(f"{where}: {value!r} is not a span of hours.", todo="Write it like 22:00-06:00.")
    return match[1], match[2]


def _channel(name: str, raw: Mapping[str, Any], folder: Path, env: Mapping[str, str]) -> ChannelSettings:
    where = f"channels.{name}"
    apart = {"kind", "connections", "limits", "dkim", "track_clicks", "track_opens", "bounce_address", "token_file"}
    options = resolve_secrets({key: value for key, value in raw.items() if key not in apart}, where, folder, env)
    options |= {key: str(folder / str(raw[key])) for key in ("token_file",) if key in raw}  # read late: it changes
    return ChannelSettings(
        name=name,
        kind=_required(raw, "kind", where),
        options=options,
        connections=int(raw.get("connections", 4)),
        limits=raw.get("limits", {}),
        dkim=_dkim(raw["dkim"], f"{where}.dkim", folder, env) if "dkim" in raw else (),
        bounce_address=str(raw.get("bounce_address", "")),
        track_clicks=_switch(raw.get("track_clicks", True), f"{where}.track_clicks"),
        track_opens=_switch(raw.get("track_opens", False), f"{where}.track_opens"),
    )


def _switch(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        todo = "Write true or false, without quotation marks."
        raise ConfigError(f"{where}: {value!r} is neither true nor false.", place=Place("twain.toml"), todo=todo)
    return value


def _proxies(raw: Mapping[str, Any]) -> int:
    number = raw.get("proxies", 0)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 8:
        todo = "Write how many of your own proxies stand in front of the gateway, 0 to 8."
        raise ConfigError(f"gateway.proxies: {number!r} is not a number.", place=Place("twain.toml"), todo=todo)
    return number


def _dkim(raw: Mapping[str, Any], where: str, folder: Path, env: Mapping[str, str]) -> tuple[DkimKey, ...]:
    """One key, and with ``second`` another; nothing with ``enabled = false``."""
    own = {"domain", "selector", "algorithm", "key_file", "key_env"}
    _refuse_unknown(raw, own | {"enabled", "second"}, where)
    if raw.get("enabled", True) is False:
        return ()
    second = raw.get("second")
    if second is None:
        return (_dkim_key(raw, where, folder, env),)
    _refuse_unknown(second, own, f"{where}.second")
    more = _dkim_key({"domain": raw.get("domain"), **second}, f"{where}.second", folder, env)
    return _dkim_key(raw, where, folder, env), more


def _dkim_key(raw: Mapping[str, Any], where: str, folder: Path, env: Mapping[str, str]) -> DkimKey:
    if ("key_file" in raw) == ("key_env" in raw):
        raise ConfigError(
            f"{where} names no key, or two.",
            place=Place("twain.toml"),
            todo="Name a file outside git (key_file) or an environment variable (key_env). To make a key: twain dkim new-key.",
        )
    return DkimKey(
        domain=_required(raw, "domain", where).lower(),
        selector=_required(raw, "selector", where),
        file=folder / str(raw["key_file"]) if "key_file" in raw else None,
        pem=_from_env(str(raw["key_env"]), f"{where}.key_env", env) if "key_env" in raw else "",
        algorithm=str(raw.get("algorithm", "")),
    )


def _dns(raw: Mapping[str, Any]) -> DnsSettings:
    _refuse_unknown(raw, {"servers", "authoritative", "port", "timeout"}, "dns")
    return DnsSettings(
        servers=tuple(_server(str(one)) for one in raw.get("servers", ())),
        authoritative=raw.get("authoritative", True) is not False,
        port=int(raw.get("port", 53)),
        timeout=seconds(raw.get("timeout", "3s"), "dns.timeout"),
    )


def _server(text: str) -> tuple[str, int]:
    """``192.0.2.1``, ``192.0.2.1:5353``, ``2001:db8::1`` or ``[2001:db8::1]:5353``."""
    match = re.match(r"^(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+))(?::(?P<port>\d{1,5}))?$", text)
    host = (match["six"] or match["four"]) if match else text
    try:
        return str(ipaddress.ip_address(host)), int(match["port"] or 53) if match else 53
    except ValueError as error:
        todo = "Write it like 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53."
        raise ConfigError(f"dns.servers: {text!r} is no address.", place=Place("twain.toml"), todo=todo) from error


def _domain(name: str, raw: Mapping[str, Any]) -> DomainSettings:
    where = f"domains.{name}"
    _refuse_unknown(raw, {"addresses", "includes", "selectors", "reports"}, where)
    addresses = tuple(str(one) for one in raw.get("addresses", ()))
    try:
        networks = [ipaddress.ip_network(one) for one in addresses]
    except ValueError as error:
        todo = 'Write them like addresses = ["192.0.2.10", "2001:db8::/64"].'
        raise ConfigError(f"{where}.addresses: {error}.", place=Place("twain.toml"), todo=todo) from error
    includes, selectors = (tuple(str(one) for one in raw.get(key, ())) for key in ("includes", "selectors"))
    told = tuple(str(n).removesuffix(f"/{n.max_prefixlen}") for n in networks)
    return DomainSettings(told, includes, selectors, str(raw.get("reports", "")))


def _webhooks(raw: Mapping[str, Any], folder: Path) -> WebhookSettings:
    _refuse_unknown(raw, {"allow", "ca_file"}, "webhooks")
    return WebhookSettings(
        allow=tuple(str(one).strip().lower() for one in raw.get("allow", ())),
        ca_file=str(folder / str(raw["ca_file"])) if raw.get("ca_file") else "",
    )


def _length(raw: Mapping[str, Any], key: str) -> float:
    """One of the lengths of ``[delivery]``, in seconds."""
    _refuse_unknown(raw, set(_LENGTHS), "delivery")
    known = _LENGTHS[key]
    length = seconds(raw.get(key, known.usual), f"delivery.{key}")
    if not seconds(known.least, key) <= length <= seconds(known.most, key):
        raise ConfigError(
            f"delivery.{key}: {raw[key]!r} is too {'short' if length < seconds(known.least, key) else 'long'}.",
            place=Place("twain.toml"),
            todo=f"Write a length from {known.least} to {known.most}; {known.usual} suits nearly everybody.",
        )
    return length


def _pull(workspace: Mapping[str, Any]) -> float | None:
    """More often than every ten seconds would only wear out IT's git server."""
    if "pull" not in workspace:
        return None
    every = seconds(workspace["pull"], "workspace.pull")
    if every < _SOONEST_PULL:
        raise ConfigError(
            f"workspace.pull: {workspace['pull']!r} is too often.",
            place=Place("twain.toml"),
            todo="Write 10s or more; 5m suits nearly everybody.",
        )
    return every


def _required(raw: Mapping[str, Any], key: str, where: str) -> str:
    if not raw.get(key):
        raise ConfigError(f"{where} has no {key!r}.", place=Place("twain.toml"), todo=f'Add {key} = "…" to [{where}].')
    return str(raw[key])


def _control(raw: Mapping[str, Any], state: Path, folder: Path, env: Mapping[str, str]) -> str:
    resolved = resolve_secrets(raw, "control", folder, env)
    return str(resolved.get("url", f"sqlite:///{state / 'ledger.db'}"))
