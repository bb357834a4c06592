"""A first contract for a live table: what the database knows, guessed roles and privacy, and nothing reviewed.

The draft is for IT to read: it says what to do next, and marks every guess as one.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from twain.errors import ContractError
from twain.feeds.guess import guess_privacy, guess_roles, names_consent
from twain.feeds.names import business_name, identifier, is_printable
from twain.ports import LiveColumn, LiveTable
from twain.records import FieldType, Owner, Role

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*( [A-Za-z0-9_]+)*")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_ForeignKeys = Mapping[str, tuple[str, str]]


def feed_names(tables: Sequence[LiveTable]) -> dict[str, str]:
    """Table → the feed's name: the table's own without its schema, or with it where two tables would share one."""
    result: dict[str, str] = {}
    for table in sorted(tables, key=lambda t: t.name):
        short = identifier(table.name.rsplit(".", 1)[-1])
        taken = {n.casefold() for n in result.values()}
        result[table.name] = short if short.casefold() not in taken else identifier(table.name, taken)
    return result


def draft_contract(source: str, table: LiveTable, known: Sequence[LiveTable], owner: Owner | None) -> str:
    """The YAML of a first contract for *table* of *source*.

    *known* are all tables that may become feeds: foreign keys to them are written down. Raises ContractError when the
    table's own name, the source's or the owner's cannot be written in a contract.
    """
    _refuse_unwritable(source, table, owner)
    tables = {t.name: t for t in (*known, table)}
    names = feed_names(list(tables.values()))
    usable, left_out = _columns(table)
    fields = _field_names(usable)
    foreign = _foreign_keys(table, tables, names)
    lines = [
        *_head(source, table, names[table.name], owner),
        *_schema(table, names[table.name], usable, fields, foreign),
        *(f"      # Left out: a column whose name holds control characters, {_comment(c.name)}." for c in left_out),
    ]
    return "\n".join(lines) + "\n"


def _refuse_unwritable(source: str, table: LiveTable, owner: Owner | None) -> None:
    if not is_printable(table.name) or not all(table.name.split(".")):
        raise ContractError(
            f"The table {json.dumps(table.name)} has a name that no contract can hold.",
            todo="Make a view with a plain name.",
        )
    for text in (source, *((owner.name, owner.title, owner.email or "-") if owner else ())):
        if not is_printable(text):
            raise ContractError(
                f"{json.dumps(text)} is no name for a source or an owner.", todo="Write it on one line."
            )


def _columns(table: LiveTable) -> tuple[list[LiveColumn], list[LiveColumn]]:
    usable = [c for c in table.columns if is_printable(c.name)]
    return usable, [c for c in table.columns if not is_printable(c.name)]


def _field_names(columns: Sequence[LiveColumn]) -> dict[str, str]:
    names: dict[str, str] = {}
    for column in columns:
        names[column.name] = identifier(column.name, names.values())
    return names


def _foreign_keys(table: LiveTable, tables: Mapping[str, LiveTable], names: Mapping[str, str]) -> _ForeignKeys:
    """Column → (feed, field) it points at; keys of several columns and tables out of sight are left aside."""
    result: dict[str, tuple[str, str]] = {}
    for column, other, other_column in table.foreign_keys:
        target = tables.get(other) or tables.get(f"{table.name.rpartition('.')[0]}.{other}")
        fields = _field_names(_columns(target)[0]) if target else {}
        if target and other_column in fields and column not in result:
            result[column] = (names[target.name], fields[other_column])
    return result


def _head(source: str, table: LiveTable, feed: str, owner: Owner | None) -> Iterator[str]:
    rows = f", about {table.estimated_rows} rows" if table.estimated_rows else ""
    yield f"# The feed {feed}: drafted from the table {_comment(table.name)} of the source {_comment(source)}{rows}."
    yield "#"
    yield "# A field exists for Marketing only once IT has reviewed it: until then nobody there can see or use it."
    yield "# What to do next:"
    yield "#   1. twain.owner below: who answers for this data, by full name and title."
    yield f"#   2. Run 'twain review {feed}', which asks about one field after the other. Or by hand, for each field that"
    yield "#      Marketing may use: correct the guesses, then add to its customProperties"
    yield "#        - {property: twain.rights, value: [filter, personalise, preview]}    # what they may do; also: export"
    yield '#        - {property: twain.reviewed, value: {by: Your Name, "on": "2026-01-31"}}'
    yield "#   3. Run 'twain check', and commit this file."
    yield "apiVersion: v3.2.0"
    yield "kind: DataContract"
    yield f"id: {_text(f'{source}.{table.name}')}"
    yield f"name: {_text(feed)}"
    yield 'version: "0.1.0"'
    yield "status: draft"
    yield "# description:"
    yield "#   purpose: One sentence on what this data is, in words that Marketing uses."
    yield "customProperties:"
    yield "  - property: twain.source"
    yield f"    value: {_text(source)}"
    yield from _owner(owner)
    yield "# How old may the newest row be when a message goes? An older one holds the send.  units: m, h, d"
    yield "# slaProperties:"
    yield f"#   - {{property: latency, value: 1, unit: d, element: {feed}.<the field of its last change>}}"


def _owner(owner: Owner | None) -> Iterator[str]:
    if owner is None:
        yield "  # - property: twain.owner"
        yield "  #   value: {name: Full Name, title: Title, email: name@example.com}"
        return
    email = f", email: {_text(owner.email)}" if owner.email else ""
    yield "  - property: twain.owner"
    yield f"    value: {{name: {_text(owner.name)}, title: {_text(owner.title)}{email}}}"


def _schema(
    table: LiveTable, feed: str, columns: Sequence[LiveColumn], fields: Mapping[str, str], foreign: _ForeignKeys
) -> Iterator[str]:
    yield "schema:"
    yield f"  - name: {_text(feed)}"
    yield f"    physicalName: {_text(table.name)}"
    yield f"    businessName: {_text(business_name(table.name.rsplit('.', 1)[-1]))}"
    columns = [replace(c, type=_proposed(c)) for c in columns]
    roles = guess_roles(c for c in columns if not c.primary_key)
    composite = sum(c.primary_key for c in columns) > 1
    if composite:
        yield "    # The key has several columns: people cannot be told apart by it. A view or twain.query can give it one."
    yield "    properties:" if columns else "    properties: []"
    for column in columns:
        yield from _field(column, fields[column.name], foreign.get(column.name))
        yield from _role(column, roles.get(column.name))


def _proposed(column: LiveColumn) -> FieldType:
    """The type to write: what values look like, where the database has no type for it; a truth only where the name says so."""
    if column.seen == "boolean" and not (names_consent(column.name) or column.name.lower().startswith(("is_", "has_"))):
        return column.type
    return column.seen or column.type


def _field(column: LiveColumn, name: str, target: tuple[str, str] | None) -> Iterator[str]:
    yield f"      - name: {_text(name)}"
    if name != column.name:
        yield f"        physicalName: {_text(column.name)}"
    yield f"        businessName: {_text(business_name(column.name))}"
    yield f"        logicalType: {column.type}"
    yield f"        physicalType: {_text(''.join(c if is_printable(c) else ' ' for c in column.physical_type))}"
    if column.primary_key:
        yield "        primaryKey: true"
    if not column.nullable or column.primary_key:
        yield "        required: true"
    if column.unique and not column.primary_key:
        yield "        unique: true"
    yield f"        classification: {guess_privacy(column)}  # guessed"
    if target:
        yield "        relationships:"
        yield f"          - to: {target[0]}.{target[1]}"


def _role(column: LiveColumn, guess: tuple[Role, str] | None) -> Iterator[str]:
    if guess is not None and not column.primary_key:
        yield "        customProperties:"
        yield f"          - {{property: twain.role, value: {guess[0]}}}  # guessed from “{guess[1]}”"


def _text(value: str) -> str:
    """*value* as a YAML scalar that is text for every reader, YAML 1.1 ones too."""
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return "".join(_escape(c) for c in json.dumps(value, ensure_ascii=False))


def _escape(character: str) -> str:
    printable = unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
    if printable:
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


def _comment(value: str) -> str:
    """*value* inside a comment: one line, whatever it holds."""
    return _text(value)
