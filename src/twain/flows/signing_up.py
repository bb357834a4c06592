"""Signups: from a form to a lead, by way of a confirmation where one is asked for.

::

    form ─▶ signup, kept ─▶ mail with a link ─▶ confirmed ─▶ lead (outgoing) ─▶ IT's intake
            returns/forms   confirming          here         ledger             intake

Answers are sealed from the moment they are kept until they are written where they belong; then only the proof stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from twain.errors import TwainError
from twain.flows.forms import read_form
from twain.flows.instance import Instance
from twain.flows.suppressing import hasher
from twain.records import Form, Outgoing, Signup
from twain.returns.form_tokens import ConfirmationMint
from twain.returns.forms import Asked, Sent
from twain.snapshot.address import canonical

#: How long a link is good that asks for confirmation; in seconds.
GOOD_FOR = 7 * 86_400.0
#: How long a lead is tried before it is dead, and somebody must look; in seconds.
TRIED_FOR = 3 * 86_400.0


class FormDesk:
    """``returns.forms.Desk`` of this instance. A form's file is read again when it changes."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._mint = confirmation_mint(instance)
        self._read: dict[str, tuple[int, Form | None]] = {}

    def form(self, name: str) -> Form | None:
        """A form by name; None for one that is not there, or wrong: twain check says why."""
        path = self._instance.root / "forms" / f"{name}.toml"
        try:
            stamp = path.stat().st_mtime_ns if name.replace("-", "").isalnum() else 0
        except (OSError, ValueError):
            return None
        if self._read.get(name, (0, None))[0] != stamp:
            self._read[name] = (stamp, _form_or_none(self._instance, name))
        return self._read[name][1] if stamp else None

    def is_address(self, text: str) -> bool:
        """Whether mail can go there at all."""
        return not isinstance(canonical(text), str)

    def take(self, sent: Sent) -> Literal["kept", "limited"]:
        """Keep it. Without double opt-in, the lead goes on at once, in the same transaction."""
        form, now = sent.form, self._instance.clock.now()
        digest = hasher(self._instance)(sent.answers[form.email]) or b""
        identifier = self._mint.new_id()
        signup = Signup(
            id=identifier,
            form=form.name,
            state="pending" if form.double_opt_in else "taken",
            address_hash=digest,
            at=now,
            language=sent.language,
            topic=form.topic if sent.text else "",
            version=form.consent_version if sent.text else "",
            text_hash=hashlib.sha256(sent.text.encode()).digest() if sent.text else b"",
            network=sent.network,
            expires_at=now + GOOD_FOR if form.double_opt_in else 0.0,
            mail_due=now,
        )
        if form.double_opt_in:
            sealed = _sealed(self._instance, digest, form.name, sent.answers)
            return self._instance.ledger.sign_up(replace(signup, sealed=sealed))
        return self._instance.ledger.sign_up(signup, _goes_on(self._instance, form, signup, sent.answers))

    def asked(self, identifier: bytes) -> Asked | None:
        """What a link stands for, as it is now."""
        signup = self._instance.ledger.signup(identifier)
        form = self.form(signup.form) if signup is not None else None
        if signup is None or form is None:
            return None
        over = signup.state == "expired" or (
            signup.state == "pending" and signup.expires_at <= self._instance.clock.now()
        )
        state: Literal["pending", "confirmed", "expired"] = "pending" if signup.state == "pending" else "confirmed"
        return Asked(form, _known_language(form, signup.language), "expired" if over else state)

    def confirm(self, identifier: bytes, network: str) -> Asked | None:
        """Confirm it; a second time changes nothing. Whoever had unsubscribed by themselves takes that back by it."""
        asked, signup = self.asked(identifier), self._instance.ledger.signup(identifier)
        if asked is None or signup is None or asked.state != "pending":
            return asked
        answers = _unsealed(self._instance, signup)
        confirmed = replace(signup, confirmed_at=self._instance.clock.now())
        outgoing = _goes_on(self._instance, asked.form, confirmed, answers)
        scopes = ("all", f"topic:{signup.topic}", f"channel:{asked.form.channel}") if signup.topic else ()
        self._instance.ledger.confirm_signup(identifier, network, outgoing, scopes)
        return self.asked(identifier)


def confirmation_mint(instance: Instance) -> ConfirmationMint:
    """What makes and verifies the links that ask for confirmation."""
    return ConfirmationMint(instance.vault.tokens())


def address_of(instance: Instance, signup: Signup, form: Form) -> str:
    """The address that a signup which waits was made with, as it goes on the wire. Raises LedgerError."""
    found = canonical(_unsealed(instance, signup)[form.email])
    return "" if isinstance(found, str) else found.address


def moment_text(at: float) -> str:
    """A time as other systems get it: ISO 8601 in UTC; nothing for one that has not come."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at else ""


def sealed_outgoing(instance: Instance, item: str, payload: Mapping[str, Any]) -> bytes:
    """What goes on, for this instance's eyes only until then."""
    return instance.vault.seal_secret(json.dumps(payload, ensure_ascii=False).encode(), f"outgoing {item}")


def payload_of(instance: Instance, item: Outgoing) -> dict[str, Any]:
    """What is to be written. Raises LedgerError T791 when it cannot be unsealed any more."""
    found: dict[str, Any] = json.loads(instance.vault.unseal_secret(item.sealed, f"outgoing {item.id}"))
    return found


def _goes_on(instance: Instance, form: Form, signup: Signup, answers: Mapping[str, str]) -> list[Outgoing]:
    """The lead, and the consent written back where IT wants that."""
    made = []
    if form.intake:
        made.append(_outgoing(instance, "lead", form.intake, signup, answers))
    if instance.settings.write_back and signup.confirmed_at and signup.topic:
        made.append(_outgoing(instance, "opt_in", instance.settings.write_back, signup, answers))
    return made


def _outgoing(instance: Instance, kind: str, intake: str, signup: Signup, answers: Mapping[str, str]) -> Outgoing:
    identifier = f"{kind}-{signup.id.hex()}"
    proof = {
        "form": signup.form,
        "topic": signup.topic,
        "language": signup.language,
        "consent_version": signup.version,
        "consent_hash": signup.text_hash.hex(),
        "asked_at": moment_text(signup.at),
        "confirmed_at": moment_text(signup.confirmed_at),
    }
    now = instance.clock.now()
    payload = {"id": identifier, "kind": kind, "at": moment_text(signup.confirmed_at or signup.at), **answers, **proof}
    return Outgoing(
        id=identifier,
        kind=kind,
        about=signup.form,
        intake=intake,
        address_hash=signup.address_hash,
        at=now,
        sealed=sealed_outgoing(instance, identifier, payload),
        due=now,
        give_up_at=now + TRIED_FOR,
    )


def _form_or_none(instance: Instance, name: str) -> Form | None:
    try:
        return read_form(instance.root, name)
    except TwainError:
        return None


def _known_language(form: Form, language: str) -> str:
    return language if language in form.words else next(iter(form.words))


def _sealed(instance: Instance, digest: bytes, form: str, answers: Mapping[str, str]) -> bytes:
    """Bound to the address and the form, not to the signup: renewing one that waits keeps its link."""
    return instance.vault.seal_secret(json.dumps(answers, ensure_ascii=False).encode(), f"signup {form} {digest.hex()}")


def _unsealed(instance: Instance, signup: Signup) -> dict[str, str]:
    owner = f"signup {signup.form} {signup.address_hash.hex()}"
    answers: dict[str, str] = json.loads(instance.vault.unseal_secret(signup.sealed, owner))
    return answers
