"""What IT runs in a company database after a review, so that Twain's login reads just what the contract shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from twain.feeds.contract import read_contract
from twain.feeds.grants import grants
from twain.flows.instance import Instance

_KEYWORD = re.compile(r"(?:^|\s)user\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S+))")


@dataclass(frozen=True, slots=True)
class Grants:
    """The statements for one feed's source. *role* is Twain's login there, empty where its address names none."""

    source: str
    role: str
    statements: tuple[str, ...]


def grants_of(instance: Instance, path: Path) -> Grants | None:
    """The grants that follow from the contract at *path*, as it lies there now.

    None where there is nothing to grant: the contract still has an error (``twain check`` tells), its source is not in
    twain.toml, or its database has no roles.
    """
    feed, _ = read_contract(path.read_text(encoding="utf-8"), f"feeds/{path.name}")
    source = instance.settings.sources.get(feed.source) if feed is not None else None
    if feed is None or source is None:
        return None
    role = login(source.options.get("url", ""))
    statements = grants(feed, role or "twain", source.kind, instance.workspace.feeds.values())
    return Grants(source.name, role, tuple(statements)) if statements else None


def login(url: str) -> str:
    """The user that a PostgreSQL address names (URL or ``key=value`` words), or an empty text. Never the password."""
    if "://" not in url:
        found = _KEYWORD.search(url)
        return re.sub(r"\\(.)", r"\1", found[1] or found[2] or "") if found else ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return unquote(parts.username or "") or parse_qs(parts.query).get("user", [""])[0]
