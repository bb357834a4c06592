"""The ledger's SQL, by name: every ``.sql`` file of this room read once per dialect.

A query starts with ``-- name: what``. A line that starts with ``--pg`` or ``--lite`` belongs to one dialect only. Values
are ``:named`` everywhere; for psycopg they become ``%(named)s``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

Dialect = Literal["lite", "pg"]

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_VALUE = re.compile(r"(?<![:\w]):([a-z_0-9]+)")


@cache
def load_queries(dialect: Dialect) -> Mapping[str, str]:
    """Every named query in one dialect's words."""
    found: dict[str, str] = {}
    for file in resources.files("twain.ledger").iterdir():
        if file.name.endswith(".sql"):
            parts = _NAME.split(file.read_text(encoding="utf-8"))
            found |= {name: _speak(body, dialect) for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    return found


def _speak(body: str, dialect: Dialect) -> str:
    lines = []
    for line in body.strip().splitlines():
        mark = line.strip().split(" ", 1)[0]
        if mark == f"--{dialect}":
            lines.append(line.strip().removeprefix(mark))
        elif not mark.startswith("--"):
            lines.append(line)
    spoken = " ".join(" ".join(lines).split())
    return _VALUE.sub(r"%(\1)s", spoken.replace("%", "%%")) if dialect == "pg" else spoken
