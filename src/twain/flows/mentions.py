"""Where a workspace's files name a feed's field: in rules, defaults and related data (TOML), in Liquid, in fragments (SQL).

A name is found by its meaning, not by its letters: ``city`` as a value, in another feed's rule, or as a variable of a template
is no mention. In TOML each candidate is exchanged for a mark, the file is parsed, and where the mark stands in the tree tells
what it is; Liquid and SQL are read by their own lexers.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import Token, TokenType, exp, parse_one, tokenize
from sqlglot.errors import SqlglotError

from twain.content.grammar import spans
from twain.errors import ContentError, Place
from twain.records import Feed, Right

_MARK = "twain0mark"
_KEY = r"(?<![\w.\"'-])(?:{names})(?=[ \t]*=(?!=))"
_TEXT = r"(?<=[\"'])-?(?:{names})(?=[\"'])"
_STRINGS = re.compile(r"\\?\"[^\"\n]*\"|\\?'[^'\n]*'")
_PATH = re.compile(r"(?<![\w.|-])([A-Za-z_]\w*)((?:\s*\.\s*[A-Za-z_]\w*|\[\d+\])*)(?!\w|\.\w|\s*:)")
_NOT_A_PATH = re.compile(r"(?:\||\{%-?)\s*$")  # behind it stands a filter's or a tag's name
_OWN_NAMES = re.compile(r"\{%-?\s*(?:assign|capture|for)\s+([A-Za-z_]\w*)")
_LOOPS = re.compile(r"\{%-?\s*for\s+([A-Za-z_]\w*)\s+in\s+([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Mention:
    """One place that names a field (or, with *relation*, a relation) of a feed: characters *start* to *end* of *file*.

    *right* is what must be allowed for it to stand there.
    """

    feed: str
    name: str
    right: Right | None
    file: str
    line: int
    start: int
    end: int
    relation: bool = False

    @property
    def place(self) -> Place:
        """Its file and line."""
        return Place(self.file, self.line)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name at some path of a tree is."""

    feed: Feed
    right: Right | None
    relation: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one workspace's files against the contracts as *feeds* has them."""

    feeds: Mapping[str, Feed]

    def campaign(self, text: str, file: str, feed: Feed) -> Iterator[Mention]:
        """Everything that campaign.toml names itself, its subject's Liquid included."""
        tree = _parsed(text)
        if tree is None:
            return
        yield from self._marked(text, file, lambda path: self._in_campaign(tree, path, feed))
        yield from self.liquid(text, file, feed, tree.get("related", {}))

    def audience(self, text: str, file: str, feed: Feed) -> Iterator[Mention]:
        """Everything that a file of ``audiences/`` names, over *feed*."""
        tree = _parsed(text)
        if tree is None:
            return
        rule = tree.get("rule")

        def meaning(path: Sequence[Any]) -> Meaning | None:
            inner = path[1:] if rule is not None and path[0] == "rule" else path
            return self._in_rule(tree if rule is None else rule, inner, feed)

        yield from self._marked(text, file, meaning)

    def liquid(self, text: str, file: str, feed: Feed, related: Mapping[str, Any]) -> Iterator[Mention]:
        """What a template names: fields of *feed*, and of the *related* rows that it shows."""
        try:
            pieces = [span for span in spans(text) if span.kind != "raw"]
        except ContentError:
            return
        own = set(_OWN_NAMES.findall(text)) | related.keys()
        rows = {name: other for name in related if (other := self._other(feed, related[name].get("relation")))}
        rows |= {item: rows[name] for item, name in _LOOPS.findall(text) if name in rows}
        for span in pieces:
            inside = _STRINGS.sub(lambda m: " " * len(m[0]), text[span.start : span.end])
            for match in _PATH.finditer(inside):
                found = None if _NOT_A_PATH.search(inside, 0, match.start()) else _named(match, feed, rows, own)
                if found is not None:
                    of, start, end = found
                    yield _mention(of, Right.PERSONALISE, text, file, span.start + start, span.start + end)

    def fragment(self, text: str, file: str, dialect: str) -> Iterator[Mention]:
        """The columns that IT's own SELECT reads, where it is sure whose they are."""
        try:
            tree, tokens = parse_one(text, read=dialect), tokenize(text, read=dialect)
        except SqlglotError:
            return
        tables = {t.alias_or_name: self.feeds[t.name] for t in tree.find_all(exp.Table) if t.name in self.feeds}
        for at, token in enumerate(tokens):
            of = _column_of(tokens, at, tables)
            if of is not None:
                start = text.index(token.text, token.start)
                yield _mention(of, Right.FILTER, text, file, start, start + len(token.text))

    # ------------------------------------------------------------ TOML

    def _marked(self, text: str, file: str, meaning: Any) -> Iterator[Mention]:  # noqa: ANN401 — path → Meaning | None
        names = "|".join(sorted({re.escape(n) for f in self.feeds.values() for n in (*f.fields, *f.relations)}))
        if not names:
            return
        for match in re.finditer(f"{_KEY}|{_TEXT}".replace("{names}", names), text):
            start = match.start() + match[0].startswith("-")
            tree = _parsed(text[:start] + _MARK + text[match.end() :])
            path = _path_to(tree, ()) if tree is not None else None
            found = meaning(path) if path else None
            name = text[start : match.end()]
            if found is not None and name in (found.feed.relations if found.relation else found.feed.fields):
                yield _mention(found.feed, found.right, text, file, start, match.end(), relation=found.relation)

    def _in_campaign(self, tree: Mapping[str, Any], path: Sequence[Any], feed: Feed) -> Meaning | None:
        head, rest = path[0], path[1:]
        if head == "audience":
            return self._in_rule(tree.get("audience"), rest, feed)
        if head == "defaults":
            return Meaning(feed, Right.PERSONALISE) if path[-1] == _MARK else None
        if head == "related" and len(rest) > 1:
            return self._in_related(tree["related"].get(rest[0], {}), rest[1:], feed)
        if head == "conversion" and rest:
            return self._in_conversion(tree["conversion"], rest, feed)
        return None

    def _in_conversion(self, spec: Mapping[str, Any], path: Sequence[Any], feed: Feed) -> Meaning | None:
        if path[0] == "relation":
            return Meaning(feed, None, relation=True)
        other = self.feeds.get(str(spec.get("feed")))
        if other is None:
            return None
        if path[0] == "where":
            return self._in_rule(spec["where"], path[1:], other)
        return Meaning(other, Right.PERSONALISE) if path[0] in ("time", "value") else None

    def _in_related(self, spec: Mapping[str, Any], path: Sequence[Any], feed: Feed) -> Meaning | None:
        if path[0] == "relation":
            return Meaning(feed, None, relation=True)
        other = self._other(feed, spec.get("relation"))
        if other is None:
            return None
        if path[0] == "where":
            return self._in_rule(spec["where"], path[1:], other)
        rights = {"fields": Right.PERSONALISE, "field": Right.PERSONALISE, "order": Right.FILTER}
        return Meaning(other, rights[path[0]]) if path[0] in rights else None

    def _in_rule(self, tree: Any, path: Sequence[Any], feed: Feed) -> Meaning | None:  # noqa: ANN401 — TOML
        if len(path) == 1 and path[0] in ("field", "anniversary"):
            return Meaning(feed, Right.FILTER)
        if len(path) == 1 and path[0] == "related":
            return Meaning(feed, None, relation=True)
        if len(path) < 2 or path[0] not in ("all", "any", "not", "where", "within"):
            return None
        if path[0] in ("where", "within"):
            other = self._other(feed, tree.get("related"))
            return None if other is None else self._in_rule(tree[path[0]], path[1:], other)
        steps = 1 if path[0] == "not" else 2
        inner = tree[path[0]] if steps == 1 else tree[path[0]][path[1]]
        return self._in_rule(inner, path[steps:], feed)

    def _other(self, feed: Feed, relation: object) -> Feed | None:
        found = feed.relations.get(str(relation))
        return self.feeds.get(found.feed) if found else None


def _mention(
    feed: Feed, right: Right | None, text: str, file: str, start: int, end: int, *, relation: bool = False
) -> Mention:
    line = text.count("\n", 0, start) + 1
    return Mention(feed.name, text[start:end], right, file, line, start, end, relation)


def _parsed(text: str) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError:
        return None


def _path_to(tree: Any, path: tuple[Any, ...]) -> tuple[Any, ...] | None:  # noqa: ANN401 — TOML
    """The keys and indexes that lead to the mark, which is the last of them where it is a key itself."""
    if isinstance(tree, str):
        return path if tree in (_MARK, f"-{_MARK}") else None
    steps = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, value in steps:
        found = (*path, step) if step == _MARK else _path_to(value, (*path, step))
        if found is not None:
            return found
    return None


def _named(
    match: re.Match[str], feed: Feed, rows: Mapping[str, Feed], own: Collection[str]
) -> tuple[Feed, int, int] | None:
    """The field that one Liquid path names, and where: the first word of it, or the first behind a related row."""
    head = match[1]
    if head not in own and head not in rows:
        return (feed, *match.span(1)) if head in feed.fields and not match[2] else None
    if head not in rows:
        return None
    for step in re.finditer(r"[A-Za-z_]\w*", match[2]):
        if step[0] not in ("first", "last"):
            start = match.start(2) + step.start()
            return (rows[head], start, start + len(step[0])) if step[0] in rows[head].fields else None
    return None


def _column_of(tokens: Sequence[Token], at: int, tables: Mapping[str, Feed]) -> Feed | None:
    token = tokens[at]
    before = tokens[at - 1].token_type if at else None
    after = tokens[at + 1].token_type if at + 1 < len(tokens) else None
    if token.token_type is TokenType.STRING or before is TokenType.ALIAS or after in (TokenType.L_PAREN, TokenType.DOT):
        return None
    if before is TokenType.DOT:
        owner = tables.get(tokens[at - 2].text)
        return owner if owner is not None and token.text in owner.fields else None
    having = {feed.name: feed for feed in tables.values() if token.text in feed.fields}
    return next(iter(having.values())) if len(having) == 1 else None
