"""From a bundle to what runs: feeds, the audience's statement, and one program per arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from twain.audiences.compile import compile_audience
from twain.content.links import LinkPlan, Sign
from twain.content.program import CompiledProgram, compile_program
from twain.feeds.contract import feeds_from_texts
from twain.flows.instance import Instance
from twain.records import Arm, Audience, Bundle, Column, Content, Feed, RelatedColumn, Right, Sender


@dataclass(frozen=True, slots=True)
class Prepared:
    """A bundle, ready to run. *programs* run parallel to *arms*."""

    bundle: Bundle
    feed: Feed
    feeds: Mapping[str, Feed]
    audience: Audience
    arms: tuple[Arm, ...]
    programs: tuple[CompiledProgram, ...]
    sender: Sender
    related: tuple[RelatedColumn, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What a bundle asks of the company's database, before anything is compiled."""

    body: Mapping[str, Any]
    feed: Feed
    feeds: Mapping[str, Feed]
    dialect: str
    today: date
    local_dates: Mapping[str, date] = field(default_factory=dict)

    def audience(
        self, fields: Sequence[str], related: Sequence[RelatedColumn], keys: Sequence[str] | None = None
    ) -> Audience:
        """Compile the bundle's audience with these template columns."""
        return compile_audience(
            self.body["audience"],
            feed=self.feed,
            feeds=self.feeds,
            fields=fields,
            related=related,
            dialect=self.dialect,
            today=self.today,
            audiences=self.body.get("audiences", {}),
            fragments=self.body.get("fragments", {}),
            keys=keys,
            local_dates=self.local_dates,
        )

    def offered(self) -> tuple[Column, ...]:
        """Every column a template of this bundle could use: all fields with the right, and the related data declared."""
        everything = self.audience(personalisable(self.feed), self.related())
        return everything.statement.columns

    def related(self) -> tuple[RelatedColumn, ...]:
        """The related data the bundle declares."""
        return related_columns(self.body)


def prepare(
    bundle: Bundle,
    *,
    dialect: str,
    today: date,
    base_url: str,
    keys: Sequence[str] | None = None,
    local_dates: Mapping[str, date] | None = None,
    sign: Sign | None = None,
) -> Prepared:
    """Compile a bundle. Raises ContractError, RuleError or ContentError; a published bundle has passed them all.

    *sign* signs the targets of links that are made from data; without it clicks on those are not counted.
    """
    body = bundle.body
    feeds = feeds_from_texts(body["contracts"])
    question = Question(body, feeds[body["feed"]], feeds, dialect, today, local_dates or {})
    programs, audience = answer(question, base_url, keys, sign)
    sender = Sender(**body["sender"])
    return Prepared(bundle, question.feed, feeds, audience, arms(body), programs, sender, question.related())


def prepare_here(instance: Instance, bundle: Bundle, keys: Sequence[str] | None = None) -> Prepared:
    """Compile a bundle for this instance, now: its source's dialect, today's dates, the gateway's address."""
    source = instance.workspace.feed(bundle.body["feed"]).source
    return prepare(
        bundle,
        dialect=instance.dialect(source),
        today=instance.today(),
        base_url=instance.settings.base_url,
        keys=keys,
        local_dates=instance.local_dates(bundle.body),
        sign=instance.mint().link_signer(),
    )


def answer(
    question: Question, base_url: str, keys: Sequence[str] | None = None, sign: Sign | None = None
) -> tuple[tuple[CompiledProgram, ...], Audience]:
    """The programs, and the audience with just those columns that the programs read."""
    programs = compile_programs(question.body, question.offered(), base_url, question.feed, sign)
    used = {name for program in programs for name in program.columns}
    fields = [name for name in personalisable(question.feed) if name in used]
    related = [column for column in question.related() if column.name in used]
    return programs, question.audience(fields, related, keys)


def compile_programs(
    body: Mapping[str, Any], columns: Sequence[Column], base_url: str, feed: Feed, sign: Sign | None = None
) -> tuple[CompiledProgram, ...]:
    """One program per arm; link numbers go on from arm to arm, so that a number names one link of the bundle."""
    programs: list[CompiledProgram] = []
    first = 0
    for content in contents(body):
        tracks = bool(body.get("track_links", True))
        opens = bool(body.get("track_opens", False))
        plan = LinkPlan(base_url, tracks, first, opens=opens, canary=tracks, sign=sign)
        program = compile_program(
            content,
            columns=columns,
            defaults=body.get("defaults", {}),
            sender=Sender(**body["sender"]),
            links=plan,
            business_names={f.name: f.business_name for f in feed.fields.values()},
        )
        programs.append(program)
        first += len(program.links)
    return tuple(programs)


def personalisable(feed: Feed) -> list[str]:
    """The fields that may stand in a message, in the contract's order."""
    return [name for name, f in feed.fields.items() if Right.PERSONALISE in f.rights]


def arms(body: Mapping[str, Any]) -> tuple[Arm, ...]:
    """The bundle's arms."""
    return tuple(Arm(arm["name"], arm["share"]) for arm in body["arms"])


def contents(body: Mapping[str, Any]) -> tuple[Content, ...]:
    """The bundle's words, one per arm."""
    keys = ("subject", "body", "markup", "text", "preheader")
    return tuple(Content(**{key: arm[key] for key in keys}) for arm in body["arms"])


def related_columns(body: Mapping[str, Any]) -> tuple[RelatedColumn, ...]:
    """The related data the bundle declares."""
    return tuple(replace(RelatedColumn(**spec), fields=tuple(spec["fields"])) for spec in body.get("related", []))
