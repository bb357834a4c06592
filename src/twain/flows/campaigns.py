"""A campaign as its files say it: ``campaigns/<name>/campaign.toml`` with ``body.mjml`` or ``body.html`` beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from twain.errors import ConfigError, Place
from twain.feeds.names import did_you_mean
from twain.flows.files import read_text
from twain.flows.schedule import Schedule, parse_schedule
from twain.flows.toml_places import key_lines, parse_toml
from twain.records import Arm, Content, Conversion, CrashPolicy, Owner, RelatedColumn, Sender
from twain.settings import seconds

_KEYS = {
    "title", "owner", "feed", "channel", "topic", "crash_policy", "not_after", "holdout", "ceiling", "message", "audience",
    "defaults", "related", "arms", "track_links", "track_opens", "local_time", "send_at",
    "conversion",
}  # fmt: skip
_RELATED_KEYS = {"relation", "fields", "order", "limit", "aggregate", "field", "where"}
_CONVERSION_KEYS = {"feed", "time", "within", "of", "value", "relation", "where"}
_MESSAGE_KEYS = {"subject", "preheader", "body", "from", "postal_address"}
_NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,63}")


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign's files, read. *arms* and *contents* run in parallel; a campaign without arms has one, ``main``.

    *audience* is a rule tree, or the name of a file in ``audiences/``. *not_after* is seconds after the start. *send_at* is when
    it is planned to go; it is no part of what is sent, so a new date asks for no new approval.

    *track_links* and *track_opens* are what the campaign wants counted; its channel must allow it, too.

    *author* is policy's id of whoever answers for it, where that is known better than by the owner's name. *planned_for* (the
    agreed moment, ISO 8601 in UTC) and *local_date* (the day of a send at each person's *local_time*) belong to what is
    approved, in plans that say them.
    """

    name: str
    title: str
    owner: Owner
    feed: str
    channel: str
    topic: str
    audience: Mapping[str, Any]
    arms: tuple[Arm, ...]
    contents: tuple[Content, ...]
    sender: Sender
    crash_policy: CrashPolicy = "never_twice"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    related: tuple[RelatedColumn, ...] = ()
    holdout: float = 0.0
    ceiling: int | None = None
    not_after: float | None = None
    track_links: bool = True
    track_opens: bool = True
    local_time: str = ""
    local_date: str = ""
    planned_for: str = ""
    author: str = ""
    send_at: Schedule | None = None
    conversion: Conversion | None = None
    places: Mapping[str, int] = field(default_factory=dict)
    file: str = ""

    def place(self, key: str) -> Place:
        """Where a key stands in campaign.toml (the nearest one that is there)."""
        while key and key not in self.places:
            key = key.rpartition(".")[0]
        return Place(self.file, self.places.get(key))


def campaign_names(root: Path) -> list[str]:
    """The campaigns of a workspace, sorted."""
    return sorted(p.parent.name for p in (root / "campaigns").glob("*/campaign.toml"))


def read_campaign(root: Path, name: str) -> Campaign:
    """Read one campaign. Raises ConfigError with file, line and what to do."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is not a campaign's name.", todo="Names are lower-case letters, digits, - and _.")
    folder = root / "campaigns" / name
    file = f"campaigns/{name}/campaign.toml"
    if not (folder / "campaign.toml").is_file():
        known = ", ".join(campaign_names(root)) or "none yet"
        raise ConfigError(f"There is no campaign {name!r}.", todo=f"Campaigns here: {known}.")
    text = read_text(folder / "campaign.toml", root / "campaigns", Place(file))
    return _Reader(root, folder, file, parse_toml(text, file), key_lines(text)).campaign(name)


@dataclass(frozen=True, slots=True)
class _Reader:
    root: Path
    folder: Path
    file: str
    raw: Mapping[str, Any]
    lines: Mapping[str, int]

    def campaign(self, name: str) -> Campaign:
        self.known(self.raw, _KEYS, "")
        message = self.table("message")
        self.known(message, _MESSAGE_KEYS, "message")
        arms, contents = self.arms(message)
        return Campaign(
            name=name,
            title=str(self.raw.get("title", name)),
            owner=self.owner(),
            feed=self.text("feed"),
            channel=self.text("channel"),
            topic=str(self.raw.get("topic", "")),
            audience=self.audience(),
            arms=arms,
            contents=contents,
            sender=self.sender(message),
            crash_policy=self.crash_policy(),
            defaults=self.table("defaults", required=False),
            related=self.related(),
            holdout=self.share("holdout"),
            ceiling=self.count("ceiling"),
            not_after=self.duration("not_after"),
            track_links=bool(self.raw.get("track_links", True)),
            track_opens=bool(self.raw.get("track_opens", True)),
            local_time=self.local_time(),
            send_at=self.send_at(),
            conversion=self.conversion(),
            places=self.lines,
            file=self.file,
        )

    def fail(self, what: str, key: str, todo: str) -> ConfigError:
        return ConfigError(what, place=Place(self.file, self.lines.get(key)), todo=todo)

    def known(self, table: Mapping[str, Any], keys: set[str], where: str) -> None:
        for key in table:
            if key not in keys:
                dotted = f"{where}.{key}" if where else key
                raise self.fail(f"Unknown key {dotted!r}.", dotted, did_you_mean(key, keys))

    def table(self, key: str, *, required: bool = True) -> Mapping[str, Any]:
        value = self.raw.get(key)
        if value is None and not required:
            return {}
        if not isinstance(value, dict):
            raise self.fail(f"[{key}] is missing.", key, f"Add a table [{key}].")
        return value

    def text(self, key: str) -> str:
        value = self.raw.get(key)
        if not isinstance(value, str) or not value:
            raise self.fail(f"{key!r} is missing.", key, f'Add {key} = "…".')
        return value

    def owner(self) -> Owner:
        owner = self.table("owner")
        if not owner.get("name"):
            raise self.fail("The campaign has no owner.", "owner", 'Add owner = { name = "…", title = "…" }.')
        return Owner(str(owner["name"]), str(owner.get("title", "")), str(owner.get("email", "")))

    def audience(self) -> Mapping[str, Any]:
        value = self.raw.get("audience")
        if isinstance(value, str):
            return {"audience": value}
        return self.table("audience")

    def crash_policy(self) -> CrashPolicy:
        value = self.raw.get("crash_policy", "never_twice")
        if value not in ("never_twice", "never_miss"):
            raise self.fail(f"crash_policy {value!r} is unknown.", "crash_policy", 'Use "never_twice" or "never_miss".')
        policy: CrashPolicy = value
        return policy

    def share(self, key: str) -> float:
        value = self.raw.get(key, 0.0)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1:
            raise self.fail(f"{key} = {value!r} is not a share.", key, "Use a number from 0 up to (not including) 1.")
        return float(value)

    def count(self, key: str) -> int | None:
        value = self.raw.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise self.fail(f"{key} = {value!r} is not a number of people.", key, "Use a whole number above 0.")
        return value

    def duration(self, key: str) -> float | None:
        value = self.raw.get(key)
        return None if value is None else seconds(value, f"{self.file}: {key}")

    def local_time(self) -> str:
        value = str(self.raw.get("local_time", ""))
        if value and not re.match(r"^([01]\d|2[0-3]):[0-5]\d$", value):
            raise self.fail(f"local_time {value!r} is not a time.", "local_time", 'Write it like "09:00".')
        return value

    def send_at(self) -> Schedule | None:
        value = self.raw.get("send_at")
        schedule = None if value is None else parse_schedule(value)
        if value is not None and schedule is None:
            todo = 'Write "2026-12-04T09:00" or "Friday 09:00": the time where the workspace is, without an offset.'
            raise self.fail(
                f"send_at {str(value)!r} is neither a date and time nor a weekday and time.", "send_at", todo
            )
        return schedule

    def conversion(self) -> Conversion | None:
        """What counts as a success, in the company's own data; None when the campaign does not say."""
        raw = self.table("conversion", required=False)
        if not raw:
            return None
        self.known(raw, _CONVERSION_KEYS, "conversion")
        if not (raw.get("feed") and raw.get("time") and raw.get("within")):
            todo = 'Write feed = "orders", time = "ordered_at", within = "7d".'
            raise self.fail("[conversion] says no feed, time or within.", "conversion", todo)
        of, where = raw.get("of", "clicked"), raw.get("where", {})
        if of not in ("sent", "clicked") or not isinstance(where, dict):
            todo = 'of is "sent" or "clicked"; where is a rule like an audience\'s.'
            raise self.fail("[conversion] is not right.", "conversion.of", todo)
        within = seconds(raw["within"], f"{self.file}: conversion.within")
        text = {key: str(raw.get(key, "")) for key in ("feed", "time", "value", "relation")}
        return Conversion(**text, within=within, of=of, where=where)

    def sender(self, message: Mapping[str, Any]) -> Sender:
        sender = message.get("from")
        if not isinstance(sender, dict) or not sender.get("address"):
            raise self.fail("The message has no sender.", "message.from", 'Add from = { address = "…", name = "…" }.')
        return Sender(
            address=str(sender["address"]),
            name=str(sender.get("name", "")),
            reply_to=str(sender.get("reply_to", "")),
            postal_address=str(message.get("postal_address", "")),
        )

    def related(self) -> tuple[RelatedColumn, ...]:
        columns = []
        for name, written in self.table("related", required=False).items():
            self.known(written, _RELATED_KEYS, f"related.{name}")
            spec = {**written, "fields": tuple(written.get("fields", ()))}
            columns.append(RelatedColumn(name=name, **cast("Any", spec)))
        return tuple(columns)

    def arms(self, message: Mapping[str, Any]) -> tuple[tuple[Arm, ...], tuple[Content, ...]]:
        extra = self.raw.get("arms", [])
        if not isinstance(extra, list) or not all(isinstance(arm, dict) and arm.get("name") for arm in extra):
            raise self.fail("An arm has no name.", "arms", 'Write [[arms]] with name = "…" and share = 0.5.')
        taken = sum(float(arm.get("share", 0)) for arm in extra)
        if taken > 1 or any(not 0 < float(arm.get("share", 0)) <= 1 for arm in extra):
            raise self.fail("The arms' shares do not add up.", "arms", "Each share is above 0; together at most 1.")
        arms = [Arm(str(a["name"]), float(a["share"])) for a in extra]
        contents = [self.content({**message, **{k: a[k] for k in _MESSAGE_KEYS if k in a}}) for a in extra]
        if taken < 1:
            arms.insert(0, Arm("main", 1 - taken))
            contents.insert(0, self.content(message))
        return tuple(arms), tuple(contents)

    def content(self, message: Mapping[str, Any]) -> Content:
        if not message.get("subject"):
            raise self.fail("The message has no subject.", "message.subject", 'Add subject = "…" to [message].')
        body = self.body(message)
        text = body.with_suffix(".txt")
        places = self.content_places(body, text)
        return Content(
            subject=str(message["subject"]),
            preheader=str(message.get("preheader", "")),
            body=read_text(body, self.folder, places["body"]),
            markup=_markup(body),
            text=read_text(text, self.folder, places["text"]) if text.is_symlink() or text.exists() else "",
            places=places,
        )

    def body(self, message: Mapping[str, Any]) -> Path:
        named = message.get("body")
        candidates = [str(named)] if named else ["body.mjml", "body.html"]
        for candidate in candidates:
            path = (self.folder / candidate).resolve()
            if path.is_relative_to(self.folder.resolve()) and path.is_file() and path.suffix in (".mjml", ".html"):
                return path
        raise self.fail(
            f"No {' or '.join(candidates)} beside it.", "message.body", "Write body.mjml or body.html in this folder."
        )

    def content_places(self, body: Path, text: Path) -> Mapping[str, Place]:
        parent = self.file.rpartition("/")[0]
        return {
            "subject": Place(self.file, self.lines.get("message.subject")),
            "preheader": Place(self.file, self.lines.get("message.preheader")),
            "body": Place(f"{parent}/{body.name}", 1),
            "text": Place(f"{parent}/{text.name}", 1),
        }


def _markup(body: Path) -> Literal["mjml", "html"]:
    return "mjml" if body.suffix == ".mjml" else "html"
