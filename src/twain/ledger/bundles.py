"""A bundle is a campaign's executable meaning under one hash; an approval is on that hash, and policy says whose is needed."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from twain.errors import ConfigError
from twain.records import Approval, Bundle


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """Whether a bundle may go as far as approvals are concerned.

    *missing* is how many more people must say yes; *roles* are those who may (empty: anybody); *counted* are the approvals
    that do.
    """

    missing: int
    roles: tuple[str, ...]
    counted: tuple[Approval, ...]
    not_author: str = ""

    @property
    def granted(self) -> bool:
        """Nobody is missing."""
        return self.missing == 0

    def __str__(self) -> str:
        if self.granted:
            return "approved" if self.counted else "needs no approval"
        people = "person" if self.missing == 1 else "people"
        roles = f" with the role {' or '.join(self.roles)}" if self.roles else ""
        other = f", other than {self.not_author}" if self.not_author else ""
        return f"{self.missing} more {people}{roles}{other} must approve"


def make_bundle(campaign: str, body: Mapping[str, Any]) -> Bundle:
    """Freeze *body* (plain JSON values) under its SHA-256. The same meaning always gets the same hash.

    Text is normalised to NFC, a whole-numbered float becomes an integer, tuples become lists. Raises ConfigError T150
    naming the key that holds something else: NaN, bytes, an object.
    """
    name = unicodedata.normalize("NFC", campaign)
    plain = _plain(body, "body")
    return Bundle(digest_of(name, plain), name, plain)


def canonical_json(body: Mapping[str, Any]) -> str:
    """The one spelling of *body*: sorted keys, no blanks, UTF-8 as it is (RFC 8785 in spirit, code point key order)."""
    return json.dumps(_plain(body, "body"), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(campaign: str, body: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of a campaign's name and canonical body."""
    text = canonical_json({"campaign": campaign, "body": body})
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def approval_state(
    bundle: Bundle, approvals: Iterable[Approval], rule: Mapping[str, Any], *, author: str = ""
) -> ApprovalState:
    """Say who must still approve *bundle*.

    *rule*: ``needs`` (how many different people, default 0), ``roles`` (whose yes counts, empty = anybody's),
    ``not_author`` (the *author*'s own yes does not count; the bundle's ``author`` when none is given). Only approvals of
    exactly this hash count.
    """
    roles = tuple(str(role) for role in rule.get("roles", ()))
    barred = (author or str(bundle.body.get("author", ""))) if rule.get("not_author") else ""
    counted: dict[str, Approval] = {}
    for approval in approvals:
        right_role = not roles or approval.role in roles
        if approval.bundle == bundle.hash and right_role and approval.person != barred:
            counted.setdefault(approval.person, approval)
    missing = max(0, int(rule.get("needs", 0)) - len(counted))
    return ApprovalState(missing, roles, tuple(counted.values()), barred)


def _plain(value: object, where: str) -> Any:  # noqa: ANN401 — plain JSON is whatever it is
    if isinstance(value, str):
        return _plain_text(value, where)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return _plain_number(value, where)
    if isinstance(value, Mapping):
        return _plain_mapping(value, where)
    if isinstance(value, list | tuple):
        return [_plain(element, f"{where}[{n}]") for n, element in enumerate(value)]
    raise _not_plain(where, type(value).__name__)


def _plain_text(value: str, where: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise _not_plain(where, "half a character (a lone surrogate)")
    return unicodedata.normalize("NFC", value)


def _plain_number(value: float, where: str) -> int | float:
    if not math.isfinite(value):
        raise _not_plain(where, str(value))
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _plain_mapping(value: Mapping[Any, Any], where: str) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, element in value.items():
        if not isinstance(key, str):
            raise _not_plain(where, f"a key of type {type(key).__name__}")
        name = unicodedata.normalize("NFC", key)
        if name in plain:
            raise _not_plain(where, f"the key {name!r} twice")
        plain[name] = _plain(element, f"{where}.{name}")
    return plain


def _not_plain(where: str, what: str) -> ConfigError:
    return ConfigError(
        f"A bundle can hold plain JSON only; {where} holds {what}.",
        todo="Use text, numbers, true, false, null, lists and tables.",
        code="T150",
    )
