"""Every type of event that other systems can be told, each with its fields: the one list that forms, docs and checks read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: JSON types by the word used below.
_KINDS: Mapping[str, Mapping[str, object]] = {
    "text": {"type": "string"},
    "moment": {"type": "string", "format": "date-time"},
    "number": {"type": "integer"},
    "yes or no": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": "string"}},
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event: its kind is a key of ``_KINDS``."""

    name: str
    kind: str
    meaning: str
    example: object


@dataclass(frozen=True, slots=True)
class EventType:
    """One type. *group* is its heading in forms; of *many*, one webhook tells up to :data:`MOST_AT_ONCE`."""

    name: str
    group: str
    meaning: str
    fields: tuple[Field, ...]
    many: bool = False

    def schema(self) -> dict[str, Any]:
        """The JSON Schema (2020-12) of a whole webhook of this type."""
        one = {
            "type": "object",
            "properties": {f.name: {**_KINDS[f.kind], "description": f.meaning} for f in self.fields},
            "required": [f.name for f in self.fields],
            "additionalProperties": False,
        }
        events = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_AT_ONCE}
        many = {
            "type": "object",
            "properties": {"events": events},
            "required": ["events"],
            "additionalProperties": False,
        }
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            "description": self.meaning,
            "type": "object",
            "properties": {
                "type": {"const": self.name},
                "timestamp": {"type": "string", "format": "date-time"},
                "data": many if self.many else one,
            },
            "required": ["type", "timestamp", "data"],
            "additionalProperties": False,
        }

    def example(self) -> dict[str, Any]:
        """One webhook of this type, as it is posted."""
        one = {f.name: f.example for f in self.fields}
        return {"type": self.name, "timestamp": "2026-11-22T09:30:00Z", "data": {"events": [one]} if self.many else one}


#: How many recipients' events one webhook tells at most: about 60 kB.
MOST_AT_ONCE = 200

_CAMPAIGN = Field("campaign", "text", "The campaign's short name.", "summer-thanks")
_SEND = Field("send", "text", "The send's id; empty when none was made yet.", "r1a2b3c4d5")
_BUNDLE = Field("bundle", "text", "SHA-256 of exactly what goes out.", "9f2c" * 16)
_BY = Field("by", "text", "The user name of whoever did it.", "jweber")
_WHY = Field("why", "text", "The reason, in words for both teams.", "Prices are 9 hours old.")

_INCIDENT = (
    Field("incident", "text", "The incident.", "i7"),
    Field("feed", "text", "The feed, or empty.", "prices"),
    Field("check", "text", "The check.", "freshness"),
    Field("title", "text", "What is wrong, every e-mail address cut out.", "Prices are 9 hours old"),
    Field("page", "text", "Its page in the house.", "/incidents/i7/"),
)
_RECIPIENT = (
    Field("send", "text", "The send's id.", "r1a2b3c4d5"),
    _CAMPAIGN,
    Field("message", "text", "The message: send, batch and place in it.", "r1a2b3c4d5.0.17"),
    Field("feed", "text", "The feed whose key follows.", "customers"),
    Field("key", "text", "The recipient's key in the company's own database: never a name or an address.", "4711"),
    Field("at", "moment", "When it happened.", "2026-11-22T09:29:31.250Z"),
)
_VARIANT = Field("variant", "text", "The variant this person got; empty without a test.", "a")
_HASH = Field("address_hash", "text", "HMAC-SHA256 of the address under the suppression key, as hex.", "5be1" * 16)
_MACHINE = (
    Field(
        "machine",
        "yes or no",
        "Whether a machine did it: a security gateway, a prefetching mail reader.",
        example=False,
    ),
    Field("why", "text", "What told the machine; empty for people.", ""),
    Field("client", "text", "The kind of program.", "apple-mail"),
)
_DELIVERED = (*_RECIPIENT, _VARIANT, _HASH, Field("channel", "text", "The way out.", "mail"))
_REASON = Field("reason", "text", "Why, a stable word.", "rejected")
_REPLY = Field("reply", "text", "What the relay said, every address cut out.", "550 5.1.1 no such user")


def _send(name: str, meaning: str, *fields: Field) -> EventType:
    return EventType(f"send.{name}", "Sends", meaning, (_CAMPAIGN, _SEND, *fields))


def _many(name: str, meaning: str, *fields: Field) -> EventType:
    return EventType(name, "Recipients", meaning, fields, many=True)


TYPES: tuple[EventType, ...] = (
    _send("launched", "Somebody launched a campaign: it goes by itself when it is due.", _BUNDLE,
          Field("due", "moment", "When it goes.", "2026-11-22T10:00:00Z")),
    _send("started", "A send has begun.", _BUNDLE),
    _send("held", "A send may not go now; it goes on by itself once the reason is gone.", _WHY),
    _send("resumed", "A send that was held or paused goes on."),
    _send("finished", "Everybody of a send is accounted for."),
    _send("cancelled", "A send was cancelled; nobody else of it is mailed."),
    _send("expired", "A send was not to go later than it could."),
    _send("voided", "What was launched was edited since, and needs a new approval.", _BUNDLE),
    EventType("approval.asked", "Approvals", "Somebody asked for a yes to exactly this bundle.", (_CAMPAIGN, _BUNDLE, _BY)),
    EventType("approval.given", "Approvals", "Every yes that policy wants is there.", (_CAMPAIGN, _BUNDLE)),
    EventType("stop.set", "Stops", "Somebody threw a red switch.", (
        Field("scope", "text", "What is stopped: all, channel:<name> or source:<name>.", "channel:mail"), _BY, _WHY)),
    EventType("stop.lifted", "Stops", "A red switch was lifted.", (
        Field("scope", "text", "What goes on.", "channel:mail"), _BY)),
    EventType("workspace.pulled", "Workspace", "New files of the workspace are in force.", (
        Field("before", "text", "The revision before.", "1d9f0a2"), Field("after", "text", "The revision now.", "8c31e77"))),
    EventType("workspace.refused", "Workspace", "New files were not taken: something is wrong in them.", (
        Field("revision", "text", "The revision that was refused.", "8c31e77"),
        Field("why", "texts", "What is wrong, at most five lines.", ["feeds/customers.yaml: no owner"]))),
    EventType("campaign.edited", "Work", "Somebody saved a new version of a campaign's plan.", (
        _CAMPAIGN, Field("version", "number", "Its number.", 3))),
    EventType("audience.saved", "Work", "Somebody saved a new version of an audience.", (
        Field("audience", "text", "The audience's short name.", "gold-in-berlin"),
        Field("version", "number", "Its number.", 2), _BY)),
    EventType("content.saved", "Work", "Somebody saved a new version of what a message says.", (
        Field("content", "text", "The content's short name.", "first-frost"), Field("version", "number", "Its number.", 5))),
    EventType("request.moved", "Work", "A request between the two teams went on: accepted, declined, fulfilled.", (
        Field("request", "number", "The request's number.", 12),
        Field("verb", "text", "What was done.", "promise"), Field("state", "text", "Where it is now.", "promised"),
        Field("title", "text", "What is asked for, every e-mail address cut out.", "the birthday of customers"),
        Field("day", "text", "The day that was promised with it, or empty.", "2026-12-04"),
        _BY, Field("page", "text", "Its page in the house.", "/requests/r12/"))),
    EventType("incident.opened", "Incidents", "A check fails, or fails again: whoever answers for it was told.", (
        *_INCIDENT, Field("impact", "text", "What waits for it; empty when nothing does.", "2 campaigns, 41 000 recipients"),
        Field("owner", "text", "The user name of whoever was told; empty when it went to an address.", "pnair"))),
    EventType("incident.closed", "Incidents", "The check was seen to pass.", _INCIDENT),
    EventType("domain.changed", "Sender domains", "A sender domain became better or worse.", (
        Field("domain", "text", "The domain.", "mail.example.com"),
        Field("before", "text", "pass, warn, hold, or empty for a new one.", "pass"),
        Field("after", "text", "pass, warn (arrives, with doubts) or hold (its sends are held).", "hold"),
        Field("records", "texts", "The records that are not as they should be.", ["SPF", "DKIM"]))),
    _many("message.sent", "The relay has taken the message.", *_DELIVERED),
    _many("message.failed", "The message could not be delivered.", *_DELIVERED, _REASON, _REPLY),
    _many("message.suppressed", "The message was not sent, because the recipient or a policy says so.", *_DELIVERED, _REASON),
    _many("message.unknown", "It cannot be known whether the relay took the message.", *_DELIVERED, _REASON),
    _many("message.opened", "The message was opened, by a person or a machine.", *_RECIPIENT, _VARIANT, *_MACHINE),
    _many("message.viewed", "The message was looked at in the browser.", *_RECIPIENT, _VARIANT, *_MACHINE),
    _many("message.clicked", "A link was followed, by a person or a machine.", *_RECIPIENT, _VARIANT,
          Field("link", "number", "The link's number in the send's link table.", 3), *_MACHINE),
    _many("message.bounced", "The message came back.", *_RECIPIENT, _HASH,
          Field("cause", "text", "hard, soft, block or throttle.", "hard"),
          Field("status", "text", "The enhanced status code (RFC 3463).", "5.1.1"),
          Field("words", "text", "What the relay says, every address cut out.", "no such user"),
          Field("followed", "text", "What followed.", "suppressed: hard bounce")),
    _many("message.complained", "The recipient called it spam.", *_RECIPIENT, _HASH,
          Field("followed", "text", "What followed.", "suppressed: complaint")),
    _many("message.replied", "Somebody, or a machine in their place, answered.", *_RECIPIENT, _HASH,
          Field("automatic", "yes or no", "Whether a machine answered.", example=True)),
    _many("recipient.unsubscribed", "The recipient asked for no more.", *_RECIPIENT, _VARIANT),
    EventType("webhook.test", "Tests", "Somebody pressed the button: nothing happened.", (_BY,)),
)  # fmt: skip

BY_NAME: Mapping[str, EventType] = {one.name: one for one in TYPES}
#: What an endpoint can subscribe to; a test goes to whichever endpoint it is pressed for.
OFFERED = tuple(one for one in TYPES if one.name != "webhook.test")


def by_group(types: Iterable[EventType] = OFFERED) -> dict[str, list[EventType]]:
    """The types under their headings, both in the order of the list."""
    grouped: dict[str, list[EventType]] = {}
    for one in types:
        grouped.setdefault(one.group, []).append(one)
    return grouped
