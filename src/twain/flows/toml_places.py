"""The workspace's TOML, and the lines of its keys, so that a finding can point at one: the standard parser keeps no positions."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from twain.errors import ConfigError, Place

_HEADER = re.compile(r"^\s*\[{1,2}\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"'.]+)\s*=")


def parse_toml(text: str, file: str, code: str = "") -> dict[str, Any]:
    """What stands in a file. Raises ConfigError (*code*, else its own) with *file* and the line that is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        place = Place(file, int(line[1]) if line else None)
        raise ConfigError(f"Not valid TOML: {error}.", place=place, todo="Correct the line.", code=code) from error


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
