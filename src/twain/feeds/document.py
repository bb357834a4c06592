"""A contract's YAML as plain data, with the line of every key: safe, and strict about what YAML would let slip.

Only maps, lists, text, numbers, true/false and null pass. Anchors and aliases (which can grow without bound), tags (which can
name code), merge keys, keys written twice and control characters are refused, each with its line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from twain.errors import Place
from twain.records import Problem

Path = tuple[str | int, ...]

#: A contract of 1 600 columns (all that PostgreSQL allows in a table) is about half of this. Characters.
MAX_SIZE = 1_048_576
_MAX_DEPTH = 32
#: Control characters other than the ends of lines and tabs of a text written over several lines; and as JSON escapes.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ESCAPED_CONTROL = re.compile(r"\\(?:[bfr]|u00(?:[01]|7[fF]|[89]))")
_BRACKETS = re.compile(r"[\[\]{}]")
_CORE = "tag:yaml.org,2002:"
_NO_TAGS = ("YAML tags are not allowed in a contract.", "Write plain text, numbers, lists and maps.")
_TEXT = {"str", "timestamp", "value"}


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: *data* is JSON-like, *lines* maps the path of every key and item to its line (1-based)."""

    file: str
    data: dict[str, Any]
    lines: Mapping[Path, int] = field(repr=False)

    def place(self, *path: str | int) -> Place:
        """Where *path* stands, or its nearest parent that is written in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return Place(self.file, self.lines.get(path, 1))


class _RefusedError(Exception):
    def __init__(self, code: str, what: str, todo: str, node: Node) -> None:
        super().__init__(what)
        self.problem = (code, what, todo)
        self.line: int = node.start_mark.line + 1


def parse(text: str, file: str) -> tuple[Document | None, list[Problem]]:
    """Read *text*. Problems T201 (not YAML, too large, too deep) and T202 (YAML that no contract needs)."""
    excess = _excess(text)
    if excess:
        return None, [_problem(file, 1, "T201", excess, "Split the feed, or write it flatter.")]
    try:
        return _one_line(text, file) or _compose(text, file)
    except _RefusedError as refused:
        return None, [_problem(file, refused.line, *refused.problem)]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"This is not valid YAML: {error.problem or error.context}."
        return None, [
            _problem(file, mark.line + 1 if mark else 1, "T201", what, "Correct the line; mind the indentation.")
        ]
    except YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0) or 0) + 1
        what = "The file holds a character that YAML does not allow."
        return None, [_problem(file, line, "T201", what, "Save it as plain UTF-8 text.")]
    except (RecursionError, ValueError):
        return None, [_problem(file, 1, "T201", "The file is nested too deeply to be read.", "Write it flatter.")]


def _excess(text: str) -> str:
    """What is too much in *text*, if anything: the YAML scanner's time grows with the square of open brackets."""
    if len(text) > MAX_SIZE:
        return f"The file is larger than {MAX_SIZE} characters."
    return "The file opens too many brackets in one another." if _brackets(text) > 2 * _MAX_DEPTH else ""


def _brackets(text: str) -> int:
    """How many brackets are open at most; those in prose count too, and close one another as a rule."""
    return max(accumulate(1 if bracket in "[{" else -1 for bracket in _BRACKETS.findall(text)), default=0)


def _one_line(text: str, file: str) -> tuple[Document, list[Problem]] | None:
    """Canonical texts are one line of JSON: a hundred times faster to read than YAML. None for anything else."""
    if not text.startswith("{") or "\n" in text or _ESCAPED_CONTROL.search(text) or _brackets(text) > _MAX_DEPTH:
        return None
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None  # YAML's reader says what is wrong
    return Document(file=file, data=data, lines={(): 1}), []


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _compose(text: str, file: str) -> tuple[Document | None, list[Problem]]:
    root = YAML(typ="safe", pure=True).compose(text)
    if not isinstance(root, MappingNode):
        todo = "Start with apiVersion, kind and id, or draft the contract with 'twain connect'."
        return None, [_problem(file, 1, "T201", "The file holds no contract.", todo)]
    lines: dict[Path, int] = {}
    data = _mapping(root, (), lines)
    return Document(file=file, data=data, lines=lines), []


def _plain(node: Node, path: Path, lines: dict[Path, int]) -> object:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, ScalarNode):
        _check(node, path)
        return _scalar(node)
    _check(node, path, "seq")
    return [_plain(item, (*path, i), lines) for i, item in enumerate(node.value)]


def _check(node: Node, path: Path, kind: str = "") -> None:
    if node.anchor is not None:
        raise _RefusedError("T202", "Anchors and aliases are not allowed in a contract.", "Write the value out.", node)
    if len(path) > _MAX_DEPTH:
        raise _RefusedError("T201", "The file is nested too deeply to be read.", "Write it flatter.", node)
    if kind and node.tag != f"{_CORE}{kind}":
        raise _RefusedError("T202", *_NO_TAGS, node)


def _mapping(node: MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    _check(node, path, "map")
    lines.setdefault(path, node.start_mark.line + 1)
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = _key(key_node)
        if key in result:
            todo = "Keep one of the two."
            raise _RefusedError("T202", f"The key {key!r} is written twice in the same place.", todo, key_node)
        lines[*path, key] = key_node.start_mark.line + 1
        result[key] = _plain(value_node, (*path, key), lines)
    return result


def _key(node: Node) -> str:
    if not isinstance(node, ScalarNode) or node.anchor is not None or node.tag == f"{_CORE}merge":
        raise _RefusedError("T202", "This key is not plain text.", "Write a key as plain text.", node)
    return str(node.value)


def _scalar(node: ScalarNode) -> str | int | float | bool | None:
    kind = str(node.tag).removeprefix(_CORE)
    if kind in _TEXT:
        if _CONTROL.search(node.value):
            raise _RefusedError("T202", "This text holds control characters.", "Write plain text.", node)
        return str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return str(node.value).casefold() == "true"
    if kind in {"int", "float"}:
        return _number(node, kind)
    raise _RefusedError("T202", *_NO_TAGS, node)


def _number(node: ScalarNode, kind: str) -> int | float | str:
    text = str(node.value).replace("_", "")
    try:
        number = (
            int(text, 0 if text.lstrip("+-")[:2].lower() in {"0x", "0o", "0b"} else 10)
            if kind == "int"
            else float(text)
        )
    except ValueError:
        return str(node.value)
    return number if math.isfinite(number) else str(node.value)


def _problem(file: str, line: int, code: str, what: str, todo: str) -> Problem:
    return Problem("error", code, what, todo, Place(file, line))
