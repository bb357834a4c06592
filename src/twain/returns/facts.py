"""What the recipients' pages may say of a message: what IT and legal publish in ``policy.toml``, and nothing else of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from twain.records import Sender
from twain.returns.tokens import TokenRef
from twain.returns.words import FALLBACK

#: Lawful bases: GDPR article 6(1) (a) to (f).
BASES = ("consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interest")
Width = Literal["channel", "topic"]


@dataclass(frozen=True, slots=True)
class Topic:
    """What messages can be about, as policy declares it. *titles* and *descriptions*: by language.

    *one_click*: how much the one click of RFC 8058 stops: everything of the channel, or only this topic.
    """

    name: str
    titles: Mapping[str, str]
    basis: str
    descriptions: Mapping[str, str] = field(default_factory=dict)
    one_click: Width = "channel"

    @property
    def scope(self) -> str:
        """Its scope on the suppression list."""
        return f"topic:{self.name}"


@dataclass(frozen=True, slots=True)
class Sent:
    """A send, as its recipients may know it. *at*: when it began (epoch seconds, in *zone*); None when that is not known.

    *topics*: all that policy declares; *topic*: the send's own, None when policy does not declare it. *channels*: every way we
    have, by name, with its titles by language. *language*: what a page speaks when nobody says otherwise.
    """

    company: str
    channel: str
    sender: Sender
    topic: Topic | None = None
    topics: tuple[Topic, ...] = ()
    channels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    at: float | None = None
    zone: str = "UTC"
    language: str = FALLBACK

    @property
    def one_click(self) -> Width:
        """What one click stops."""
        return self.topic.one_click if self.topic is not None else "channel"


@dataclass(frozen=True, slots=True)
class Consented:
    """Since when somebody agrees (epoch seconds), and how that is known.

    *how*: ``mail``, by a form of ours and confirmed from their mailbox; ``form``, by a form of ours; ``data``, the company's own.
    """

    at: float
    how: Literal["mail", "form", "data"]


class Facts(Protocol):
    """What knows of sends. Raises LedgerError while the control store is out of reach."""

    def sent(self, ref: TokenRef) -> Sent | None:
        """The send a token belongs to; None when it is not known."""

    def title(self, ref: TokenRef) -> str:
        """What the message was called, as its recipient saw it; empty when that can't be told any more."""

    def title_as_seen(self, ref: TokenRef) -> bool:
        """Whether the title is the one its recipient saw; False once what was personal in it is gone."""

    def consent(self, ref: TokenRef, address_hash: bytes | None) -> Consented | None:
        """Since when and how the recipient agreed to the send's topic; None when nobody knows (any more)."""

    def language(self, ref: TokenRef) -> str:
        """The recipient's language by the company's own data; empty when that is not known (any more)."""


def said_in(texts: Mapping[str, str], tongue: str, *others: str) -> str:
    """The text in a language, else in one of the *others*, else in any."""
    wanted = next((t for t in (tongue, *others, FALLBACK) if texts.get(t)), "")
    return texts[wanted] if wanted else next(iter(texts.values()), "")
