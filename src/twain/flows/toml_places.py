"""Lines of keys in a TOML file, so that a finding can point at one: the standard parser keeps no positions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

_HEADER = re.compile(r"^\s*\[{1,2}\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"'.]+)\s*=")


def key_lines(text: str) -> Mapping[str, int]:
    """Dotted key → its line (1-based). Inline tables count as their key.

    In an array of tables ``x.key`` is that of the last one, and each has its own as ``x[0].key``.
    """
    lines: dict[str, int] = {}
    table = nth = ""
    seen: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _bare(header[1])
            nth = f"{table}[{seen[table]}]" if line.lstrip().startswith("[[") else ""
            seen[table] += 1
            lines[table] = lines[nth or table] = number
        elif key := _KEY.match(line):
            for prefix in {table, nth} - {""} or {""}:
                lines[f"{prefix}.{_bare(key[1])}" if prefix else _bare(key[1])] = number
    return lines


def _bare(key: str) -> str:
    return key.replace('"', "").replace("'", "").replace(" ", "")
