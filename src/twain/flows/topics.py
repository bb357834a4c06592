"""What IT and legal publish to recipients, in ``policy.toml``: topics, ways to reach people, and the language of last resort."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from twain.errors import ConfigError, Place
from twain.returns.facts import BASES, Topic, Width
from twain.returns.words import FALLBACK, languages

_FILE = "policy.toml"
_KEYS = {"name", "title", "description", "basis", "one_click"}
_NAME = re.compile(r"[^\s:\x00-\x1f\x7f][^:\x00-\x1f\x7f]{0,79}")
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Recipients:
    """*topics* in the order people see them; *channels*: name → title by language; *language*: when nobody says otherwise."""

    topics: tuple[Topic, ...] = ()
    channels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    language: str = FALLBACK

    def topic(self, name: str) -> Topic | None:
        """The topic of that name; None when it is not declared."""
        return next((topic for topic in self.topics if topic.name == name), None)


def read_recipients(raw: Mapping[str, Any], lines: Mapping[str, int]) -> Recipients:
    """``[[topic]]`` and ``[recipients]`` of policy.toml. Raises ConfigError T860 with what is wrong, and where."""
    said = raw.get("recipients", {})
    for key in said:
        if key not in ("language", "channels"):
            raise _wrong(lines, f"recipients.{key}", f"Unknown key 'recipients.{key}'", "Known: channels, language.")
    language = said.get("language", FALLBACK)
    if language not in languages():
        todo = f"Recipients' pages speak: {', '.join(languages())}."
        raise _wrong(lines, "recipients.language", f"recipients.language = {language!r} is none of ours", todo)
    topics = tuple(_topic(one, lines) for one in raw.get("topic", []))
    names = [topic.name for topic in topics]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise _wrong(lines, "topic", f"The topic {twice!r} is declared twice", "Give each topic its own name.")
    channels = {
        name: _texts(texts, f"recipients.channels.{name}", lines) for name, texts in said.get("channels", {}).items()
    }
    return Recipients(topics, channels, language)


def _topic(raw: Mapping[str, Any], lines: Mapping[str, int]) -> Topic:
    for key in raw:
        if key not in _KEYS:
            raise _wrong(lines, f"topic.{key}", f"Unknown key 'topic.{key}'", f"Known: {', '.join(sorted(_KEYS))}.")
    name = raw.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong(
            lines, "topic.name", f"topic.name = {name!r} is no name", 'Write it as campaigns do: name = "offers".'
        )
    basis = raw.get("basis")
    if basis not in BASES:
        todo = f"One of GDPR article 6(1): {', '.join(BASES)}."
        raise _wrong(lines, "topic.basis", f"The topic {name!r} has no lawful basis ({basis!r})", todo)
    width = raw.get("one_click", "channel")
    if width not in ("channel", "topic"):
        todo = 'Write "channel" (everything of the channel) or "topic" (only this topic).'
        raise _wrong(lines, "topic.one_click", f"topic.one_click = {width!r} is unknown", todo)
    titles = _texts(raw.get("title"), "topic.title", lines)
    described = _texts(raw["description"], "topic.description", lines) if "description" in raw else {}
    return Topic(name, titles, basis, described, cast("Width", width))


def _texts(raw: object, key: str, lines: Mapping[str, int]) -> Mapping[str, str]:
    """One text for all languages, or one by language."""
    texts = {FALLBACK: raw} if isinstance(raw, str) else raw
    good = isinstance(texts, dict) and texts and all(_is_text(language, text) for language, text in texts.items())
    if not good:
        todo = f'Write {{ en = "…", de = "…" }} with languages of ours ({", ".join(languages())}), at most {_LONGEST} characters.'
        raise _wrong(lines, key, f"{key} is no text by language", todo)
    return cast("Mapping[str, str]", texts)


def _is_text(language: str, text: object) -> bool:
    return language in languages() and isinstance(text, str) and 0 < len(text.strip()) <= _LONGEST


def _wrong(lines: Mapping[str, int], key: str, what: str, todo: str) -> ConfigError:
    return ConfigError(f"{what}.", place=Place(_FILE, lines.get(key)), todo=todo, code="T860")
