"""Review: IT walks through a contract's fields and decides about each. Pure functions on the contract's text.

The text comes back with its comments, order and quotes as they were; only what was decided is written.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from twain.errors import ContractError, Place
from twain.feeds.contract import read_contract
from twain.feeds.document import Document, parse
from twain.feeds.fields import FIELD_TYPES
from twain.feeds.names import did_you_mean
from twain.feeds.validate import shown
from twain.records import Owner, Privacy, Problem, Right, Role

_OWNER_HINT = re.compile(r"^  # - property: twain\.owner\r?\n  #   value: .*\r?\n", re.MULTILINE)
#: What one decision can get wrong. A missing key or a latency by a field still to come is told by the check instead.
_DECIDED = {"T201", "T202", "T203", "T204", "T205", "T207", "T208", "T210"}
_STRUCTURE = {"T203", "T204", "T205", "T206"}
_FIRST_LIST = re.compile(r"^(?P<key> *)[A-Za-z]+: *(?:#.*)?\n(?: *#.*\n)*(?P<dash> *)-(?P<gap> +)", re.MULTILINE)
_GUESSED = re.compile(r"[ \t]*# guessed[^\n]*")


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """A field that waits for IT's decision: what the contract says of it so far, and the rights that seem harmless."""

    name: str
    column: str
    type: str
    physical_type: str
    business_name: str
    description: str
    role: Role | None
    privacy: Privacy
    rights: frozenset[Right]
    key: bool
    required: bool
    unique: bool
    points_at: str = ""
    place: Place | None = None
    synonyms: tuple[str, ...] = ()
    reviewed: bool = False

    @property
    def usable(self) -> bool:
        """Whether a message can use a field of this type at all."""
        return self.type in FIELD_TYPES


@dataclass(frozen=True, slots=True)
class Decision:
    """What IT decided about one field; what is None (for *role*: ``"keep"``) stays as it is in the contract."""

    rights: frozenset[Right] = frozenset()
    business_name: str | None = None
    description: str | None = None
    role: Role | Literal["keep"] | None = "keep"
    classification: Privacy | None = None
    synonyms: tuple[str, ...] | None = None


def pending(text: str, file: str = "the contract") -> list[FieldDraft]:
    """The fields nobody has reviewed, in the contract's order. Raises ContractError when the text is no contract."""
    return [draft for draft in drafts(text, file) if not draft.reviewed]


def drafts(text: str, file: str = "the contract") -> list[FieldDraft]:
    """Every field of a contract, reviewed ones with the rights they have. Raises ContractError when the text is no contract."""
    document = _sound(text, file)
    items = document.data["schema"][0].get("properties", ())
    path = ("schema", 0, "properties")
    return [_draft(p, document.place(*path, i, "name")) for i, p in enumerate(items)]


def decide(  # noqa: PLR0913 — a decision is all of these; every one goes by its name
    text: str,
    field: str,
    *,
    reviewed_by: str,
    on: date,
    rights: Iterable[Right | str] = (),
    business_name: str | None = None,
    description: str | None = None,
    role: Role | Literal["keep"] | None = "keep",
    classification: Privacy | None = None,
    synonyms: Collection[str] | None = None,
    file: str = "the contract",
) -> str:
    """The contract's text with one field reviewed: from now on it exists, with exactly these rights.

    What is None (for *role*: ``"keep"``) stays as it is; *role* None takes a guessed role away. Raises ContractError for an
    unknown field, and for a decision that would make the contract wrong.
    """
    known = _known_rights(rights)
    named = None if synonyms is None else tuple(synonyms)
    decision = Decision(known, business_name, description, role, classification, named)
    return decide_all(text, {field: decision}, reviewed_by=reviewed_by, on=on, file=file)


def decide_all(
    text: str, decisions: Mapping[str, Decision], *, reviewed_by: str, on: date, file: str = "the contract"
) -> str:
    """The contract's text with these fields reviewed, as :func:`decide` does each, but read and written once."""

    def edit(contract: CommentedMap) -> None:
        for field, decision in decisions.items():
            _write_decision(_property(contract, field, file), decision, reviewed_by, on)

    return _edited(text, file, edit)


def _write_decision(item: CommentedMap, decision: Decision, reviewed_by: str, on: date) -> None:
    ours = _decided(decision.rights, decision.synonyms, decision.role)
    ours["twain.reviewed"] = _flow_map(by=reviewed_by, on=DoubleQuotedScalarString(on.isoformat()))
    privacy = decision.classification.value if decision.classification else None
    native = {"businessName": decision.business_name, "description": decision.description, "classification": privacy}
    _forget_guesses(item)
    for key, value in native.items():
        _set_native(item, key, value)
    implied = item.get("primaryKey") and ours.get("twain.role") == Role.KEY.value
    _set_custom(item, {k: v for k, v in ours.items() if not (implied and k == "twain.role")})


def _known_rights(rights: Iterable[Right | str]) -> frozenset[Right]:
    wanted = {str(right) for right in rights}
    known = [right.value for right in Right]
    for unknown in sorted(wanted - set(known)):
        raise ContractError(f"There is no right {shown(unknown)}.", todo=did_you_mean(unknown, known))
    return frozenset(Right(right) for right in wanted)


def _decided(
    wanted: Collection[Right], synonyms: Collection[str] | None, role: Role | Literal["keep"] | None
) -> dict[str, Any]:
    known = [right.value for right in Right]
    ours: dict[str, Any] = {"twain.rights": _flow_list([right for right in known if right in wanted])}
    ours |= {} if synonyms is None else {"twain.synonyms": _flow_list(list(synonyms))}
    return ours | ({} if role == "keep" else {"twain.role": None if role is None else Role(role).value})


def has_owner(text: str, file: str = "the contract") -> bool:
    """Whether somebody answers for the feed. Raises ContractError when the text is no contract."""
    entries = _sound(text, file).data.get("customProperties", ())
    return any(entry["property"] == "twain.owner" for entry in entries)


def source_of(text: str, file: str = "the contract") -> str:
    """The source that a contract names; empty where it names none. Raises ContractError when the text is no contract."""
    entries = _sound(text, file).data.get("customProperties", ())
    return next((str(entry["value"]) for entry in entries if entry["property"] == "twain.source"), "")


def withdraw(text: str, field: str, file: str = "the contract") -> str:
    """The contract's text with a field's review taken back: for Marketing it no longer exists."""
    return _edited(text, file, lambda c: _set_custom(_property(c, field, file), {"twain.reviewed": None}))


def name_owner(text: str, owner: Owner, file: str = "the contract") -> str:
    """The contract's text with this person answering for the feed."""
    parts = {"name": owner.name, "title": owner.title, **({"email": owner.email} if owner.email else {})}
    stripped = _OWNER_HINT.sub("", text, count=1)
    return _edited(stripped, file, lambda c: _set_custom(c, {"twain.owner": _flow_map(**parts)}, first=True))


def _sound(text: str, file: str) -> Document:
    """The text's data, when it is whole enough to be edited; ContractError otherwise."""
    document, problems = parse(text, file)
    if document is None:
        raise _error(problems[0])
    _, problems = read_contract(text, file)
    for problem in problems:
        if problem.severity == "error" and problem.code in _STRUCTURE:
            raise _error(problem)
    return document


def _error(problem: Problem) -> ContractError:
    return ContractError(problem.what, todo=problem.todo, place=problem.place, code=problem.code)


def _draft(item: Mapping[str, Any], place: Place) -> FieldDraft:
    ours = {p["property"]: p["value"] for p in item.get("customProperties", ())}
    privacy = Privacy(item.get("classification", Privacy.PERSONAL))
    key = bool(item.get("primaryKey", False))
    role = Role(ours["twain.role"]) if "twain.role" in ours else (Role.KEY if key else None)
    targets = [str(r["to"]) for r in item.get("relationships", ())]
    reviewed = _is_reviewed(item)
    rights = frozenset(Right(r) for r in ours.get("twain.rights", ()))
    return FieldDraft(
        name=str(item["name"]),
        column=str(item.get("physicalName", item["name"])),
        type=str(item.get("logicalType", "")),
        physical_type=str(item.get("physicalType", "")),
        business_name=str(item.get("businessName", item["name"])),
        description=str(item.get("description", "")),
        role=role,
        privacy=privacy,
        rights=rights if reviewed else _harmless(privacy, role, points_away=bool(targets)),
        key=key,
        required=bool(item.get("required", False)),
        unique=bool(item.get("unique", False)),
        points_at=", ".join(targets),
        place=place,
        synonyms=tuple(str(s) for s in ours.get("twain.synonyms", ())),
        reviewed=reviewed,
    )


def _harmless(privacy: Privacy, role: Role | None, *, points_away: bool) -> frozenset[Right]:
    """What to propose: keys and addresses serve without any right; what is personal is shown, not searched."""
    if privacy is Privacy.SENSITIVE or role in {Role.KEY, Role.EMAIL, Role.PHONE} or points_away:
        return frozenset()
    if privacy is Privacy.PERSONAL:
        return frozenset({Right.PERSONALISE, Right.PREVIEW})
    return frozenset({Right.FILTER, Right.PERSONALISE, Right.PREVIEW})


def _is_reviewed(item: Mapping[str, Any]) -> bool:
    return any(p["property"] == "twain.reviewed" for p in item.get("customProperties", ()))


def _edited(text: str, file: str, edit: Callable[[CommentedMap], None]) -> str:
    """Apply *edit* to the text's round-trip form; ContractError when that would bring a new error."""
    _sound(text, file)
    lines = text.replace("\r\n", "\n")
    yaml = _round_trip(lines)
    contract = yaml.load(lines)
    edit(contract)
    out = io.StringIO()
    yaml.dump(contract, out)
    result = out.getvalue()
    before = {(p.code, p.what) for p in read_contract(text, file)[1]}
    for problem in read_contract(result, file)[1]:
        if problem.severity == "error" and problem.code in _DECIDED and (problem.code, problem.what) not in before:
            raise _error(problem)
    return result.replace("\n", "\r\n") if "\r\n" in text else result


def _round_trip(text: str) -> YAML:
    """A YAML reader and writer that leaves the file's own indentation as it is."""
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    seen = _FIRST_LIST.search(text)
    offset = max(len(seen["dash"]) - len(seen["key"]), 0) if seen else 2
    yaml.indent(mapping=2, sequence=offset + (1 + len(seen["gap"]) if seen else 2), offset=offset)
    return yaml


def _property(contract: CommentedMap, field: str, file: str) -> CommentedMap:
    properties = contract["schema"][0].get("properties", ())
    for item in properties:
        if item["name"] == field:
            found: CommentedMap = item
            return found
    names = [str(p["name"]) for p in properties]
    raise ContractError(
        f"{contract['schema'][0]['name']} has no field {shown(field)}.",
        todo=did_you_mean(field, names),
        place=Place(file),
    )


def _forget_guesses(item: CommentedMap) -> None:
    """Take the draft's ``# guessed`` away: it has been decided. Other comments stay."""
    for container in (item, item.get("customProperties")):
        comments = {} if container is None else container.ca.items
        for key, tokens in list(comments.items()):
            for token in [t for t in tokens if t is not None and not isinstance(t, list)]:
                token.value = _GUESSED.sub("", token.value, count=1)
            if all(t is None or (not isinstance(t, list) and t.value == "\n") for t in tokens):
                del comments[key]


def _set_native(item: CommentedMap, key: str, value: str | None) -> None:
    if value is None or (value == "" and key not in item):
        return
    if key in item:
        item[key] = value
    else:
        before = "businessName" if key == "description" and "businessName" in item else "name"
        item.insert(list(item).index(before) + 1, key, value)


def _set_custom(holder: CommentedMap, ours: Mapping[str, Any], *, first: bool = False) -> None:
    """Write our own properties into ``customProperties``: change, add, or (None) remove."""
    if holder.get("customProperties") is None:
        holder.insert(_end(holder, len(holder)), "customProperties", CommentedSeq())
    entries = holder["customProperties"]
    for name, value in ours.items():
        at = next((i for i, e in enumerate(entries) if e["property"] == name), None)
        if value is None and at is not None:
            del entries[at]
        elif value is not None and at is None:
            entries.insert(0 if first else _end(entries, len(entries)), _flow_map(property=name, value=value))
        elif at is not None:
            entries[at]["value"] = _one_line(value)
    if not entries:
        del holder["customProperties"]


def _end(container: CommentedMap | CommentedSeq, size: int) -> int:
    """Where to add something: at the end, but in front of a last entry that carries the comment of what comes after it."""
    last = list(container)[-1] if isinstance(container, CommentedMap) and size else size - 1
    tokens = container.ca.items.get(last, ())
    follows = any(t is not None and not isinstance(t, list) and t.value.count("\n") > 1 for t in tokens)
    return size - 1 if follows and size else size


def _flow_list(items: list[str]) -> CommentedSeq:
    result = CommentedSeq([_one_line(item) for item in items])
    result.fa.set_flow_style()
    return result


def _flow_map(**items: object) -> CommentedMap:
    """One line ``{key: value}``; the key ``on`` in quotes, because YAML 1.1 readers take it for true."""
    named = {DoubleQuotedScalarString(k) if k == "on" else k: _one_line(v) for k, v in items.items()}
    result = CommentedMap(named)
    result.fa.set_flow_style()
    return result


def _one_line(value: object) -> object:
    """As it may stand within braces: a text that begins with a question mark, which the writer leaves bare, in quotes."""
    return DoubleQuotedScalarString(value) if isinstance(value, str) and value.startswith("?") else value
