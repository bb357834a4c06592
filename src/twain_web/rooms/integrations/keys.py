"""An endpoint's keys: sealed under the instance's secret, or looked up where IT keeps it. Never shown a second time."""

from __future__ import annotations

from django.utils import timezone

from twain_web import engine
from twain_web.rooms.integrations.models import Endpoint
from twain_web.rooms.integrations.shapes import shape
from twain_web.rooms.integrations.signing import key_of, look_up


def seal(endpoint: Endpoint, secret: str) -> bytes:
    """The secret, wrapped for this endpoint alone."""
    return engine.instance().vault.seal_secret(secret.encode("utf-8"), _owner(endpoint))


def address_of(endpoint: Endpoint) -> str:
    """Where it leads. A chat's address is its secret: sealed, or looked up where IT keeps it. Raises ConfigError (T901)."""
    if not shape(endpoint.form).is_chat:
        return endpoint.url
    if endpoint.secret_ref:
        return look_up(endpoint.secret_ref, engine.instance().root)
    return _unsealed(endpoint, bytes(endpoint.sealed or b""))


def keys_of(endpoint: Endpoint) -> list[bytes]:
    """What is signed with now: the secret, and for a day after a rotation the one before. Raises ConfigError (T901)."""
    here = engine.instance()
    if endpoint.secret_ref:
        kept = look_up(endpoint.secret_ref, here.root).split()  # while IT rotates it: the new one, and the one before
        return [key_of(secret, endpoint.secret_ref) for secret in kept[:2]]
    newest = _opened(endpoint, bytes(endpoint.sealed or b""))
    if endpoint.former and endpoint.former_until and endpoint.former_until > timezone.now():
        return [newest, _opened(endpoint, bytes(endpoint.former))]
    return [newest]


def _opened(endpoint: Endpoint, sealed: bytes) -> bytes:
    return key_of(_unsealed(endpoint, sealed), f"The endpoint {endpoint.name}")


def _unsealed(endpoint: Endpoint, sealed: bytes) -> str:
    return engine.instance().vault.unseal_secret(sealed, _owner(endpoint)).decode("utf-8")


def _owner(endpoint: Endpoint) -> str:
    return f"webhook endpoint {endpoint.pk}"
