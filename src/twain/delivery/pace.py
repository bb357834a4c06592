"""How fast: lanes by mailbox provider, the lane's slowness while a relay throttles, and the backoff of retries."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twain.errors import ConfigError
from twain.records import Fate, LanePace, Outcome

#: Everybody whose provider is not known.
OTHERS = "*"

# Reasons of DEFERRED outcomes that a dispatcher acts on; any other is simply tried again later.
#: The message was never begun on the wire: it goes back, and no attempt is counted.
UNSENT = "unsent"
#: The connection broke before the relay can have accepted it: tried again soon.
CONNECTION_LOST = "connection_lost"
#: The relay asks us to slow down: the lane does, and the message is tried again later.
THROTTLED = "throttled"

_PROVIDERS: Mapping[str, tuple[str, ...]] = {
    "gmail": ("gmail.com", "googlemail.com"),
    "outlook": ("outlook.com", "hotmail.com", "live.com", "msn.com", "passport.com"),
    "yahoo": ("yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "aim.com", "verizon.net", "sky.com"),
    "icloud": ("icloud.com", "me.com", "mac.com"),
    "gmx": ("gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.com", "web.de", "mail.com", "1und1.de"),
    "t-online": ("t-online.de", "magenta.de"),
    "freenet": ("freenet.de",),
    "orange": ("orange.fr", "wanadoo.fr"),
    "laposte": ("laposte.net",),
    "libero": ("libero.it", "virgilio.it", "inwind.it", "iol.it"),
    "comcast": ("comcast.net", "xfinity.com"),
    "mail.ru": ("mail.ru", "bk.ru", "inbox.ru", "list.ru"),
    "yandex": ("yandex.ru", "yandex.com", "ya.ru"),
    "qq": ("qq.com", "foxmail.com"),
    "naver": ("naver.com",),
}

#: Providers with one domain per country: the first label decides when what follows looks like a country's suffix.
_BY_FIRST_LABEL = {
    "hotmail": "outlook",
    "live": "outlook",
    "outlook": "outlook",
    "yahoo": "yahoo",
    "gmx": "gmx",
    "yandex": "yandex",
}

_KNOWN_LIMITS = ("per_second", "per_hour")
_CACHED_DOMAINS = 50_000
_GROWS = 30  # retries after which the wait no longer grows


class Lanes:
    """Which lane an address belongs to: IT's own groups first, then the known providers, ``*`` for everybody else.

    *groups* maps a lane's name to its domains; *named* are domains that have limits of their own, each its own lane.
    """

    def __init__(self, groups: Mapping[str, Iterable[str]] | None = None, named: Iterable[str] = ()) -> None:
        self._by_domain = {domain: lane for lane, domains in _PROVIDERS.items() for domain in domains}
        self._by_domain.update({name.lower(): name for name in named if _is_domain(name, self._by_domain.values())})
        for lane, domains in (groups or {}).items():
            self._by_domain.update({domain.lower().lstrip("@"): lane for domain in domains})
        self._seen: dict[str, str] = {}

    def of(self, address: str) -> str:
        """The lane of ``somebody@domain``."""
        domain = address.rpartition("@")[2]
        lane = self._seen.get(domain)
        if lane is None:
            if len(self._seen) >= _CACHED_DOMAINS:
                self._seen.clear()
            lane = self._seen[domain] = self._find(domain.lower().rstrip("."))
        return lane

    def _find(self, domain: str) -> str:
        known = self._by_domain.get(domain)
        if known is not None:
            return known
        first, _, rest = domain.partition(".")
        country_like = 0 < len(rest) <= 6 and all(len(label) <= 3 for label in rest.split("."))
        return _BY_FIRST_LABEL.get(first, OTHERS) if country_like else OTHERS


def _is_domain(name: str, providers: Iterable[str]) -> bool:
    return "." in name and name not in set(providers)


def read_limits(limits: Mapping[str, Mapping[str, float]], channel: str) -> dict[str, LanePace]:
    """IT's limits from the settings, by lane. Raises ConfigError for an unknown key or a limit that is not above 0."""
    return {lane: _read_pace(raw, f"channels.{channel}.limits.{lane or 'all'}") for lane, raw in limits.items()}


def _read_pace(raw: Mapping[str, float], where: str) -> LanePace:
    for key, value in raw.items():
        if key not in _KNOWN_LIMITS:
            raise ConfigError(f"{where}: unknown limit {key!r}.", todo=f"Known here: {', '.join(_KNOWN_LIMITS)}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ConfigError(f"{where}.{key}: {value!r} is not a number above 0.", todo="Leave it out for no limit.")
    per_hour = raw.get("per_hour")
    return LanePace(per_second=raw.get("per_second"), per_hour=int(per_hour) if per_hour is not None else None)


def pace_of(paces: Mapping[str, LanePace], lane: str) -> LanePace:
    """The limits of one lane: its own, else those of ``*``, else none."""
    return paces.get(lane) or paces.get(OTHERS) or LanePace()


@dataclass(frozen=True, slots=True)
class Backoff:
    """When a deferred row is tried again, and for how long it is tried at all. All in seconds.

    The n-th retry waits ``first × factor^n``, at most *most*, spread by ± *jitter*. A row that has been waiting for
    *max_age* altogether is given up (failed: expired). RFC 5321 section 4.5.4.1 asks for at least 30 minutes between
    tries to one host over days; a campaign's message is stale long before, so both are settings.
    """

    first: float = 60.0
    factor: float = 2.0
    most: float = 3600.0
    jitter: float = 0.2
    max_age: float = 86_400.0
    reconnect: float = 2.0
    """The first wait after a lost connection: the relay is ours, and nothing was refused."""

    def delay(self, attempts: int, reason: str = "") -> float:
        """Seconds until the next try of a row that was deferred *attempts* times before, without jitter."""
        first = self.reconnect if reason == CONNECTION_LOST else self.first
        return min(self.most, first * self.factor ** min(attempts, _GROWS))

    def retry_in(self, attempts: int, reason: str = "") -> float | None:
        """Seconds until the next try, with jitter; None when the row has been tried for long enough."""
        delay = self.delay(attempts, reason)
        grown = min(attempts, _GROWS)
        waited = sum(self.delay(n, reason) for n in range(grown)) + (attempts - grown) * self.delay(_GROWS, reason)
        if waited + delay > self.max_age:
            return None
        return delay * random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 — spreads load, guards nothing

    def next_try(self, outcome: Outcome, attempts: int, now: float) -> tuple[Outcome, float | None]:
        """A deferred outcome with the epoch second of its next try, or as failed(expired); others as they are."""
        if outcome.fate is not Fate.DEFERRED:
            return outcome, None
        wait = self.retry_in(attempts, outcome.reason)
        if wait is None:
            return outcome._replace(fate=Fate.FAILED, reason="expired"), None
        return outcome, now + wait


@dataclass(slots=True)
class Slowness:
    """How far a lane is slowed down while its relay throttles: halved by each throttling second, healed slowly.

    *factor* scales the lane's rate, 0 < factor ≤ 1. Times are seconds of any steady clock.
    """

    factor: float = 1.0
    changed_at: float = float("-inf")
    least: float = 1 / 64
    heal_every: float = 2.0

    def throttled(self, now: float) -> bool:
        """The relay throttled just now; True when that changed the factor (at most once a second)."""
        if now - self.changed_at < 1.0 and self.factor < 1.0:
            return False
        self.factor = max(self.least, self.factor / 2)
        self.changed_at = now
        return True

    def heal(self, now: float) -> bool:
        """Speed up by a quarter after each quiet spell; True when that changed the factor."""
        if self.factor >= 1.0 or now - self.changed_at < self.heal_every:
            return False
        self.factor = min(1.0, self.factor * 1.25)
        self.changed_at = now
        return True

    def adopt(self, factor: float, now: float) -> None:
        """Another worker slowed this lane down further than we did."""
        if factor < self.factor:
            self.factor = max(self.least, factor)
            self.changed_at = now
