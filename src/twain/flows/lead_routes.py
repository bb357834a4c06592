"""A form's way into IT's own system, tried: a test lead that says so in every value goes where real ones go, and is looked for.

It takes the same way as a lead: the form's fields, its intake, the intake's login or signature. Its id is the same at every try,
so it is there once however often the way is tried; nobody's data is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from twain.flows.instance import Instance
from twain.flows.intake import intake_named
from twain.flows.signing_up import moment_text
from twain.records import Form, FormField


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test lead. *there*: it was seen; *how*: as a row, as the intake's word, or as its report by *id*."""

    id: str
    there: bool
    how: Literal["row", "answer", "report"]


def try_route(instance: Instance, form: Form, mark: str) -> Tried:
    """Send the test lead *mark* of a form through its intake, and look whether it is there.

    Raises ConfigError T873 for an intake that is none, ChannelUnavailable T871 when it does not answer, ChannelError T872 when it
    refuses.
    """
    intake, identifier = intake_named(instance, form.intake), f"test-lead-{mark}"
    intake.write(identifier, lead_of(form, identifier, mark, instance.clock.now()))
    seen = intake.arrived(identifier, lead_of(form, identifier, f"{mark}-look", instance.clock.now()))
    if instance.settings.intakes[form.intake].get("kind") == "table":
        return Tried(identifier, bool(seen), "row")
    return Tried(identifier, seen is not False, "answer" if seen is None else "report")


def lead_of(form: Form, identifier: str, mark: str, now: float) -> Mapping[str, Any]:
    """A lead as the form makes it, and marked: each text says that it is a test, its address can get no mail (RFC 2606)."""
    at = moment_text(now)
    proof = {
        "form": form.name, "topic": form.topic, "language": next(iter(form.words)), "consent_version": form.consent_version,
        "consent_hash": "", "asked_at": at, "confirmed_at": at,
    }  # fmt: skip
    answers = {field.name: _value(field, mark) for field in form.fields}
    return {"id": identifier, "kind": "lead", "test": True, "at": at, **answers, **proof}


def _value(field: FormField, mark: str) -> str:
    if field.kind == "email":
        return f"test-lead-{mark}@twain.invalid"
    if field.kind == "choice":
        return field.choices[0]
    return f"TEST {mark}, from Twain"[: field.longest]
