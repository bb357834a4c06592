"""A contract against the two schemas it must follow: ODCS 3.2's own, and ours for the ``twain.*`` custom properties.

The standard's schema goes first because its pydantic model silently drops keys it does not know. jsonschema's findings are
put in plain words here, each with its line and the nearest name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, cast

from jsonschema import Draft201909Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from twain.feeds.document import Document
from twain.feeds.names import did_you_mean
from twain.records import Problem

_UNKNOWN = {"unevaluatedProperties", "additionalProperties"}
_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map of keys",
}


def check_schemas(document: Document) -> list[Problem]:
    """What both schemas say of *document*, in the order of the file. T203 standard, T204 unknown key, T205 twain.*."""
    standard = _problems(document, _standard(), "T203")
    return _in_order(standard) or _in_order(_problems(document, _ours(), "T205"))


def twain_schema() -> dict[str, Any]:
    """Our published JSON Schema for the ``twain.*`` custom properties."""
    return dict(json.loads((files("twain.feeds") / "schema" / "twain-odcs-1.schema.json").read_text("utf-8")))


@lru_cache(maxsize=1)
def _standard() -> Draft201909Validator:
    text = (files("open_data_contract_standard") / "schema.json").read_text("utf-8")
    schema = json.loads(text)
    return _faster(schema)(schema)


def _faster(root: object) -> type[Draft201909Validator]:
    """A validator that reads the known keys off the schema; jsonschema evaluates everything twice to find the others."""
    known: dict[int, frozenset[str]] = {}

    def unevaluated(_: object, rule: object, instance: object, schema: object) -> Iterator[ValidationError]:
        if rule is False and isinstance(instance, dict):
            if id(schema) not in known:
                known[id(schema)] = frozenset(_known_keys(schema, root))
            if not known[id(schema)].issuperset(instance):
                yield ValidationError("unknown keys")

    build = cast("Callable[..., type[Draft201909Validator]]", extend)  # it has no types
    return build(Draft201909Validator, {"unevaluatedProperties": unevaluated})


@lru_cache(maxsize=1)
def _ours() -> Draft201909Validator:
    return Draft201909Validator(twain_schema())


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda p: p.place.line or 0 if p.place else 0)


def _problems(document: Document, validator: Draft201909Validator, code: str) -> Iterator[Problem]:
    for error in validator.iter_errors(document.data):
        if error.validator in _UNKNOWN and not isinstance(error.schema, bool):
            yield from _unknown_keys(document, error, validator.schema)
        else:
            yield _explain(document, error, code)


def _unknown_keys(document: Document, error: ValidationError, root: object) -> Iterator[Problem]:
    known = set(_known_keys(error.schema, root))
    for key in cast("dict[str, object]", error.instance):
        if key not in known:  # the others only follow from another mistake beside them
            place = document.place(*error.absolute_path, key)
            where = _where(document, error.absolute_path)
            yield Problem("error", "T204", f"{where}: unknown key {shown(key)}.", did_you_mean(key, known), place)


def _known_keys(schema: object, root: object) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    yield from schema.get("properties", {})
    if "$ref" in schema:
        yield from _known_keys(_resolve(str(schema["$ref"]), root), root)
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, ()):
            yield from _known_keys(part, root)
    yield from _known_keys(schema.get("then"), root)


def _resolve(reference: str, root: object) -> object:
    for part in reference.removeprefix("#/").split("/"):
        root = root[part] if isinstance(root, Mapping) else None
    return root


def _explain(document: Document, error: ValidationError, code: str) -> Problem:
    what, todo = _in_words(error)
    place = document.place(*error.absolute_path)
    return Problem("error", code, f"{_where(document, error.absolute_path)}: {what}", todo, place)


def _in_words(error: ValidationError) -> tuple[str, str]:
    value, expected = error.instance, error.validator_value
    explain = {
        "required": _say_required,
        "enum": lambda v, e: (f"{shown(v)} is not allowed here.", did_you_mean(str(v), [str(x) for x in e])),
        "type": lambda v, e: (f"{shown(v)} should be {_kinds(e)}.", _retype(v, e)),
        "pattern": lambda v, e: (f"{shown(v)} is not written as it must be.", _pattern_hint(str(e))),
        "not": lambda v, _: (f"{shown(v)} is not written as it must be.", _pattern_hint("")),
        "oneOf": _say_one_of,
    }.get(str(error.validator), _say_rule(str(error.validator)))
    return explain(value, expected)


def _say_required(value: Mapping[str, object], expected: list[str]) -> tuple[str, str]:
    missing = [key for key in expected if key not in value]
    return f"{', '.join(missing)} is missing.", f"Add {missing[0]}: …"


def _say_one_of(value: object, _: object) -> tuple[str, str]:
    if isinstance(value, dict):
        return (
            "exactly one comparison is needed.",
            "Write one of mustBe, mustBeLessThan, mustBeGreaterThan, mustBeBetween …",
        )
    return f"{shown(value)} is not allowed here.", "See the ODCS 3.2 schema."


def _say_rule(rule: str) -> Callable[[object, object], tuple[str, str]]:
    def say(value: object, expected: object) -> tuple[str, str]:
        limits = {"minimum", "exclusiveMinimum", "maximum", "maxLength", "minItems", "maxItems", "minLength"}
        todo = f"Its limit is {expected} ({rule})." if rule in limits else f"The schema's rule is {rule}."
        return f"{shown(value)} is not allowed here.", todo

    return say


def _kinds(expected: str | list[str]) -> str:
    names = [expected] if isinstance(expected, str) else list(expected)
    return " or ".join(_KINDS.get(name, name) for name in names)


def _retype(value: object, expected: object) -> str:
    if expected == "string" and not isinstance(value, dict | list):
        return (
            f'Write it in quotes: "{value}".'
            if value is not None
            else "Write a text after the colon, or remove the key."
        )
    return ""


def _pattern_hint(pattern: str) -> str:
    if "[0-9]{4}-" in pattern:
        return "Write a date like 2026-11-22."
    if "@" in pattern:
        return "Write an e-mail address."
    return "Use letters, digits and _ (a reference: feed.field); no line breaks or control characters."


def _where(document: Document, path: Iterable[str | int]) -> str:
    """``schema[0].properties[3].quality[0]`` as a reader would say it: ``Field Email, quality[0]``."""
    steps = tuple(path)
    subject = "The contract"
    if steps[:1] == ("schema",) and len(steps) >= 4 and steps[2] == "properties":
        subject, steps = f"Field {_name_at(document, *steps[:4])}", steps[4:]
    elif steps[:1] == ("schema",) and len(steps) >= 2:
        subject, steps = f"Feed {_name_at(document, *steps[:2])}", steps[2:]
    rest = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).lstrip(".")
    return f"{subject}, {rest}" if rest else subject


def _name_at(document: Document, *path: str | int) -> str:
    node: Any = document.data
    for step in path:
        node = node[step]
    name = node.get("name") if isinstance(node, dict) else None
    return shown(name) if name is not None else f"number {int(path[-1]) + 1}"


def shown(value: object) -> str:
    """*value* for a message: one line, no control characters, at most 60 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    clean = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return clean if len(clean) <= 60 else f"{clean[:57]}…"
