"""The audit: append-only rows in a chain of HMACs, so that a row that is changed, removed or put in between shows.

Each row's mac is HMAC-SHA256 over the mac before it and the row's own words (canonical JSON). The newest mac, the *head*, kept
elsewhere (printed, mailed to the auditor) proves that nothing was cut off at the end either.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from twain.vault import Vault
from twain_web.logs import one_line
from twain_web.rooms.people.models import AuditRow

FIRST = "0" * 64
_LONGEST = 4000
_LOCK = 7_489_413  # any constant of ours


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain found. *broken_at* is the number of the first row that does not fit, or None."""

    rows: int
    head: str
    broken_at: int | None = None
    why: str = ""


def record(
    person: object, verb: str, thing: str = "", detail: Mapping[str, Any] | None = None, *, address: str = ""
) -> AuditRow:
    """Append one row. *detail* is small and holds no secret and no recipient's data."""
    with transaction.atomic():
        _one_writer()
        last = AuditRow.objects.order_by("-number").first()
        row = AuditRow(
            number=last.number + 1 if last else 1,
            at=datetime.now(UTC),
            person=_clean(str(getattr(person, "username", person) or "twain"), 200),
            verb=verb,
            thing=_clean(thing, 200),
            detail=_detail(detail or {}),
            address=_clean(address, 64),
        )
        row.mac = _mac(last.mac if last else FIRST, row)
        row.save(force_insert=True)
    return row


def _one_writer() -> None:
    """Rows are written one after the other: SQLite's transactions begin as writers; PostgreSQL is asked for a lock.

    A lock on the last row would not do: whoever waited for it would still see it as the last one.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def verify(head: str = "") -> Verified:
    """Walk the whole chain. With *head*, a mac that was kept elsewhere, that row must still be in it."""
    before, expected, seen = FIRST, 1, not head
    for row in AuditRow.objects.order_by("number").iterator(chunk_size=2000):
        if row.number != expected:
            return Verified(expected - 1, before, expected, f"row {expected} is missing")
        if not hmac.compare_digest(_mac(before, row), row.mac):
            return Verified(expected - 1, before, row.number, f"row {row.number} does not say what it said")
        before, expected, seen = row.mac, expected + 1, seen or row.mac == head
    if not seen:
        return Verified(
            expected - 1, before, expected, "the head that was kept is not in the chain: its end was cut off"
        )
    return Verified(expected - 1, before)


def _mac(before: str, row: AuditRow) -> str:
    words = [row.number, row.at.astimezone(UTC).isoformat(), row.person, row.verb, row.thing, row.detail, row.address]
    text = json.dumps([before, *words], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(_key(), text.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=1)
def _key() -> bytes:
    return Vault.open(settings.TWAIN).audit_key()


def _detail(detail: Mapping[str, Any]) -> Any:  # noqa: ANN401 — JSON
    """The detail as it comes back from the store, on printable lines; cut when it is too long for a row."""
    clean = _printable(json.loads(json.dumps(detail, default=str)))
    text = json.dumps(clean, ensure_ascii=False)
    return clean if len(text) <= _LONGEST else {"cut": text[: _LONGEST // 2]}


def _printable(value: Any) -> Any:  # noqa: ANN401 — JSON
    if isinstance(value, str):
        return _clean(value, _LONGEST)
    if isinstance(value, dict):
        return {_clean(key, _LONGEST): _printable(one) for key, one in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list) else value


def _clean(text: str, longest: int) -> str:
    """Printable, on one line, and of a bounded length."""
    return one_line(text)[:longest]
