"""API tokens: made by a person for themselves, shown once, good for some scopes until a day.

A token never may more than its person: what it can do is that person's roles, narrowed by its scopes. Its secret has 256 random
bits, so a plain SHA-256 of it is enough to recognise it (there is nothing to guess); the prefix is public and says which it is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from twain.errors import ConfigError
from twain_web.access import PERMISSIONS
from twain_web.rooms.people.audit import record
from twain_web.rooms.people.models import ApiToken, Person

LONGEST_DAYS = 366
MOST_TOKENS = 20
_SHAPE = re.compile(r"twain_([a-z0-9]{8})_[A-Za-z0-9_-]{43}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TokenCard:
    """A token as its person sees it afterwards. *state* is ``active``, ``expired`` or ``revoked``."""

    prefix: str
    name: str
    scopes: tuple[str, ...]
    state: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token. *secret* is shown now and never again; its repr hides it."""

    card: TokenCard
    secret: str

    def __repr__(self) -> str:
        return f"MadeToken({self.card.prefix})"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who stands behind a token that was recognised, and what it is good for."""

    person: Person
    prefix: str
    scopes: frozenset[str]
    expires_at: datetime


def scopes() -> list[str]:
    """Every scope there is: each room's ``<room>:read`` and ``<room>:write``."""
    rooms = sorted({name.partition(".")[0] for name in PERMISSIONS})
    return [f"{room}:{what}" for room in rooms for what in ("read", "write")]


def make_token(
    *, by: Person, name: str, wanted: Collection[str], days: int, within: Bearer | None = None, address: str = ""
) -> MadeToken:
    """Make a token for *by*. *within*: the token it is made with, whose scopes and last day it cannot exceed.

    Raises ConfigError for an unknown scope, a length of time out of bounds, or too many tokens.
    """
    now = timezone.now()
    expires = now + timedelta(days=days)
    _refuse_nonsense(by, name, wanted, days)
    if within is not None and (not set(wanted) <= within.scopes or expires > within.expires_at):
        raise ConfigError(
            "A token cannot make one that may more, or lasts longer, than it does.",
            todo="Ask for fewer scopes or days, or make the token on your own page in the house.",
        )
    prefix = "".join(secrets.choice(_LETTERS) for _ in range(8))
    secret = f"twain_{prefix}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        made = ApiToken.objects.create(
            person=by, name=name.strip(), prefix=prefix, digest=_digest(secret), scopes=sorted(set(wanted)),
            created_at=now, expires_at=expires,
        )  # fmt: skip
        record(by, "token made", f"token:{prefix}", {"scopes": made.scopes, "days": days}, address=address)
    return MadeToken(_card(made), secret)


def revoke_token(*, by: Person, prefix: str, address: str = "") -> TokenCard:
    """End one's own token, for good. Twice is as good as once. ConfigError (T140) when *by* has no such token."""
    with transaction.atomic():
        found = ApiToken.objects.select_for_update().filter(person=by, prefix=prefix).first()
        if found is None:
            raise ConfigError(f"You have no token {prefix!r}.", todo="Your own page lists those you have.", code="T140")
        if found.revoked_at is None:
            found.revoked_at = timezone.now()
            found.save(update_fields=["revoked_at"])
            record(by, "token revoked", f"token:{prefix}", address=address)
    return _card(found)


def tokens_of(person: Person) -> list[TokenCard]:
    """Somebody's tokens, newest first, those that are over included."""
    return [_card(one) for one in ApiToken.objects.filter(person=person)]


def recognise(secret: str) -> Bearer | None:
    """The bearer of a token, or None: unknown, expired, revoked, or of somebody who may no longer come in."""
    shape = _SHAPE.fullmatch(secret)
    if shape is None:
        return None
    found = ApiToken.objects.select_related("person", "person__team").filter(prefix=shape[1]).first()
    if found is None or not hmac.compare_digest(bytes(found.digest), _digest(secret)):
        return None
    now = timezone.now()
    if found.revoked_at is not None or found.expires_at <= now or not found.person.is_active:
        return None
    if found.last_used_at is None or now - found.last_used_at >= _USED_EVERY:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    return Bearer(found.person, found.prefix, frozenset(found.scopes), found.expires_at)


def _refuse_nonsense(by: Person, name: str, wanted: Collection[str], days: int) -> None:
    known = scopes()
    wrong = sorted(set(wanted) - set(known))
    if wrong or not wanted:
        what = f"{wrong[0]!r} is not a scope." if wrong else "A token without a scope is good for nothing."
        raise ConfigError(what, todo=f"Scopes: {', '.join(known)}.")
    if not 1 <= days <= LONGEST_DAYS:
        raise ConfigError(f"A token lasts from 1 to {LONGEST_DAYS} days.", todo="Choose a number of days in between.")
    if not name.strip() or len(name.strip()) > 80 or not name.isprintable():
        raise ConfigError(
            "A token needs a name of up to 80 letters.", todo="Name what will use it, such as: nightly report."
        )
    if ApiToken.objects.filter(person=by, revoked_at=None, expires_at__gt=timezone.now()).count() >= MOST_TOKENS:
        raise ConfigError(f"You have {MOST_TOKENS} tokens already.", todo="Revoke those that nothing uses any more.")


def _card(one: ApiToken) -> TokenCard:
    over = "expired" if one.expires_at <= timezone.now() else "active"
    state = "revoked" if one.revoked_at else over
    return TokenCard(one.prefix, one.name, tuple(one.scopes), state, one.created_at, one.expires_at, one.last_used_at)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
