"""Subscription forms: what a file declares, what somebody sent, and what goes on to IT's own systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from twain.errors import Place
from twain.records.message import Sender

FieldKind = Literal["email", "text", "long", "choice"]
SignupState = Literal["pending", "confirmed", "taken", "expired"]
"""A signup waits for its confirmation, was confirmed, was *taken* without needing one, or waited in vain."""
OutgoingState = Literal["waiting", "written", "dead"]


@dataclass(frozen=True, slots=True)
class FormField:
    """One question of a form. *longest*: letters that an answer may have; *choices*: what may be chosen."""

    name: str
    kind: FieldKind
    required: bool = False
    longest: int = 200
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormWords:
    """A form's words in one language. *labels*: field → its label; *consent* is empty where nothing is agreed to."""

    title: str
    text: str
    button: str
    thanks: str
    consent: str = ""
    mail_subject: str = ""
    mail_text: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """One file of ``forms/``. *words* by language, the first one for everybody else. *intake* is where a lead goes, "" = nowhere.

    *origins*: ``https://host`` of pages that may embed it. *channel* and *sender* send the mail that asks for confirmation.
    """

    name: str
    fields: tuple[FormField, ...]
    words: Mapping[str, FormWords]
    topic: str = ""
    intake: str = ""
    consent_version: str = ""
    double_opt_in: bool = True
    origins: tuple[str, ...] = ()
    channel: str = ""
    sender: Sender | None = None
    file: str = ""
    places: Mapping[str, int] = field(default_factory=dict)

    def place(self, key: str) -> Place:
        """Where a key stands in the file (the nearest one that is there)."""
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        return Place(self.file, self.places.get(key))

    @property
    def email(self) -> str:
        """The name of the field that holds the address."""
        return next(one.name for one in self.fields if one.kind == "email")


@dataclass(frozen=True, slots=True)
class Signup:
    """What somebody sent by a form, and the proof of what they agreed to.

    *sealed* holds the answers, for this instance's eyes only; it is empty once they went on, or were never confirmed.
    *text_hash*: SHA-256 of the consent text as it was shown. *network*: /24 or /48. Times are epoch seconds, 0.0 = not yet.
    *mail_due*: when the mail that asks for confirmation may go (next); *mailed_at*: when the relay took it.
    """

    id: bytes
    form: str
    state: SignupState
    address_hash: bytes
    at: float
    language: str = ""
    topic: str = ""
    version: str = ""
    text_hash: bytes = b""
    network: str = ""
    sealed: bytes = b""
    expires_at: float = 0.0
    confirmed_at: float = 0.0
    confirmed_from: str = ""
    mail_due: float = 0.0
    mailed_at: float = 0.0
    mail_tries: int = 0
    mail_problem: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something that has to be written by an intake, once. *id* is its unique key there, or the webhook's id.

    *kind*: ``lead``, ``opt_in``, ``unsubscribe``. *about*: the form, or how the wish came in. *due*: when it is tried (again);
    *give_up_at*: when it is dead instead.
    """

    id: str
    kind: str
    about: str
    intake: str
    address_hash: bytes
    at: float
    sealed: bytes = b""
    state: OutgoingState = "waiting"
    due: float = 0.0
    give_up_at: float = 0.0
    tries: int = 0
    problem: str = ""
    written_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of one kind are not written yet at an intake (``waiting`` or ``dead``), and since when the oldest."""

    kind: str
    intake: str
    state: str
    number: int
    oldest: float


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """How many of one kind, *about* one form (or wish), are in one state at one intake.

    *oldest*: since when; *written_at*: when the last was written, 0.0 = none.
    """

    kind: str
    about: str
    intake: str
    state: OutgoingState
    number: int
    oldest: float
    written_at: float


@dataclass(frozen=True, slots=True)
class IntakeTries:
    """How the last tries at an intake went: epoch seconds of the last that failed and of the last that was written; 0.0 = none.

    *code* is the error of the failed one: a code of ours, never what was to be written.
    """

    intake: str
    failed_at: float = 0.0
    written_at: float = 0.0
    code: str = ""


@dataclass(frozen=True, slots=True)
class SignedUp:
    """How many signups of one form are in one state; *unmailed* of them could not be asked for their confirmation yet."""

    form: str
    state: SignupState
    number: int
    unmailed: int


@dataclass(frozen=True, slots=True)
class OldList:
    """The suppressions of the provider before us are here, or *person* answers for going without them.

    *why*: the file, or the reason.
    """

    kind: Literal["imported", "waived"]
    person: str
    why: str
    at: float
