"""A field that is asked for, as a diff of its feed's contract: ready for ``git apply`` in IT's checkout of the workspace.

The field comes in unreviewed, so that nothing is shown to anybody by applying the patch alone; the review's lines stand beside
it as a comment. The text of the contract is left as it is, comments and all: lines are added after the last field.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from django.utils import timezone

from twain.errors import ContractError, TwainError
from twain.feeds.contract import read_contract
from twain.feeds.names import identifier
from twain.flows.connect import contract_file
from twain.flows.mending import unified
from twain_web import engine
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.states import OPEN, State

_TYPES = {"text": "string", "number": "number", "date": "date", "yes or no": "boolean"}
_PROPERTIES = re.compile(r"^(?P<pad> *)properties:\s*(?:#.*)?$")
_ITEM = re.compile(r"^(?P<pad> *)-(?P<gap> +)name:")


@dataclass(frozen=True, slots=True)
class Patch:
    """A diff: what its file is called, and its text."""

    name: str
    text: str


def of(request: Request) -> Patch | None:
    """The patch of an open request for a field; None when it is for something else, or none can be drafted."""
    if request.probe != "column" or State(request.state) not in OPEN:
        return None
    try:
        return draft(request)
    except TwainError:
        return None


def draft(request: Request) -> Patch:
    """The diff that adds the field. Raises ContractError T926 when the contract cannot take it by a patch."""
    path = contract_file(engine.instance(), request.target["feed"])
    file = f"feeds/{path.name}"
    before = path.read_text(encoding="utf-8")
    business = request.target["field"].replace("_", " ").strip() or request.outcome
    name = identifier(business.lower())
    after = _with_field(before, name, _lines(request, name, business[:1].upper() + business[1:]))
    known = {(p.code, p.what) for p in read_contract(before, file)[1] if p.severity == "error"}
    new = [p for p in read_contract(after, file)[1] if p.severity == "error" and (p.code, p.what) not in known]
    if new:
        raise ContractError(new[0].what, todo="Add the field to the contract by hand.", code="T926")
    return Patch(f"{path.name.removesuffix('.odcs.yaml')}-{name}.patch", unified({file: before}, {file: after}))


def _lines(request: Request, name: str, business: str) -> list[str]:
    """One field as the contract has them, relative to its dash."""
    who = request.answers.full_name if request.answers else "Full Name"
    return [
        f"- name: {name}",
        f"  businessName: {_text(business)}",
        f"  logicalType: {_TYPES.get(request.target.get('kind', ''), 'string')}",
        "  classification: personal",
        "  # description: what it means, in one sentence",
        f"  # Asked for by {request.asker.full_name}: {' '.join((request.purpose or request.outcome).split())}",
        "  # Correct the lines above, then review the field: take the # away.",
        "  # customProperties:",
        "  #   - property: twain.reviewed",
        f'  #     value: {{by: {_text(who)}, "on": "{timezone.localdate()}"}}',
        "  #   - property: twain.rights",
        "  #     value: [filter, personalise, preview]",
    ]


def _with_field(text: str, name: str, field: list[str]) -> str:
    """The contract with these lines after its last field, indented as its own are."""
    lines = text.split("\n")
    begin = next((i for i, line in enumerate(lines) if _PROPERTIES.match(line)), None)
    first = next((m for line in lines[(begin or 0) + 1 :] if (m := _ITEM.match(line))), None)
    if (
        begin is None
        or first is None
        or re.search(rf"^ *- +name: +[\"']?{re.escape(name)}[\"']?\s*$", text, re.MULTILINE)
    ):
        raise ContractError(
            f"No patch can be drafted for the field {name}.", todo="Add it to the contract by hand.", code="T926"
        )
    pad = len(first["pad"])
    end = begin + 1
    for number in range(begin + 1, len(lines)):
        line = lines[number]
        if line.strip() and len(line) - len(line.lstrip()) < pad + (0 if line.lstrip().startswith("-") else 1):
            break
        if line.strip():
            end = number + 1
    wide = " " * (len(first["gap"]) - 1)
    added = [
        " " * pad + (line.replace("- ", f"-{wide} ", 1) if n == 0 else wide + line) for n, line in enumerate(field)
    ]
    ending = "\r" if lines[begin].endswith("\r") else ""
    return "\n".join([*lines[:end], *(line + ending for line in added), *lines[end:]])


def _text(words: str) -> str:
    """A YAML double-quoted text: JSON's is one."""
    return json.dumps(" ".join(words.split()), ensure_ascii=False)
