"""A campaign's words, and the one thing that runs: a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from twain.errors import Place

CANARY_LINK = 999_999
"""The number of the link that nobody can see: whoever follows it reads a message's source, as machines do."""


@dataclass(frozen=True, slots=True)
class Content:
    """One arm's words, as written: Liquid inside MJML or HTML, and optionally a hand-written text part."""

    subject: str
    body: str
    markup: Literal["mjml", "html"]
    text: str = ""
    preheader: str = ""
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the message is from: RFC 5322 From and Reply-To, and the postal address its footer must show."""

    address: str
    name: str = ""
    reply_to: str = ""
    postal_address: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A campaign's executable meaning, content-addressed. What runs is a bundle; an approval is on its hash.

    *body* is plain JSON: campaign, feed, audience (nested ones and fragments included), contracts (name → YAML text),
    related, defaults, content per arm, sender, channel, holdout, crash policy, ceiling, tracking, policy.
    """

    hash: str
    campaign: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to exactly one bundle."""

    bundle: str
    person: str
    role: str
    at: float
    note: str = ""


class Stamp(NamedTuple):
    """What is new in each message besides its person's data. All ASCII, ready for the wire.

    *token* is the per-message token used in every tracked link and in the unsubscribe address.
    """

    message_id: bytes
    token: bytes
    date: bytes


class Envelope(NamedTuple):
    """One message on its way. *ticket* is the dispatcher's own number for it.

    *data* is complete, its lines end in CRLF, and no line starts with a dot: it goes out by DATA or BDAT as it is.
    """

    ticket: int
    sender: bytes
    recipient: bytes
    data: bytes
