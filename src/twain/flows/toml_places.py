"""Lines of keys in a TOML file, so that a finding can point at one: the standard parser keeps no positions."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HEADER = re.compile(r"^\s*\[{1,2}\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"'.]+)\s*=")


def key_lines(text: str) -> Mapping[str, int]:
    """Dotted key → its line (1-based). In an array of tables the last one wins; inline tables count as their key."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _bare(header[1])
            lines[table] = number
        elif key := _KEY.match(line):
            lines[f"{table}.{_bare(key[1])}" if table else _bare(key[1])] = number
    return lines


def _bare(key: str) -> str:
    return key.replace('"', "").replace("'", "").replace(" ", "")
