"""The launch review of one campaign: everything an approver and a launcher look at, for exactly one bundle."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from twain.errors import TwainError
from twain.flows.estimate import Estimate, estimate
from twain.flows.instance import Instance
from twain.flows.publish import Needed, needed, publish
from twain.records import Bundle
from twain_web import engine
from twain_web.rooms.campaigns.actions.approving import authors, why_not_approve
from twain_web.rooms.campaigns.actions.launching import people_of
from twain_web.rooms.campaigns.differences import Difference, differences, facts, rule_in_words
from twain_web.rooms.campaigns.models import ApprovalRequest, Approved, Launch, Rehearsal
from twain_web.rooms.campaigns.plans import Plan
from twain_web.rooms.campaigns.reasons import spared_up_to, why_asked
from twain_web.rooms.campaigns.records import Subject, record_of
from twain_web.rooms.capacity.public import Room, room_for
from twain_web.rooms.content.public import ContentCard, Look, arms_in_words, contents, look
from twain_web.rooms.people.public import named


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody whose yes counts, or has counted (*at*)."""

    shown: str
    at: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One approval rule in words: how many of whom, who has said yes, how many are missing, and why.

    *spared_up_to*: a limit in the plan of at most so many people would spare it; None where none would.
    """

    needs: int
    missing: int
    people: tuple[Voice, ...]
    given: tuple[Voice, ...]
    why: str = ""
    spared_up_to: int | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Of the *people* matched, those whom quiet hours keep waiting, when the last of them may have it, and when all is sent.

    *done* is None while nobody knows how fast the channel is.
    """

    people: int
    until: datetime
    done: datetime | None


@dataclass(frozen=True, slots=True)
class Review:
    """What is under review. *problem* is set, and *bundle* is None, when the campaign cannot be made into a bundle yet.

    *unsaved*: contents of it that were never saved.
    """

    subject: Subject
    bundle: Bundle | None = None
    problem: TwainError | None = None
    unsaved: tuple[ContentCard, ...] = ()
    missing: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    approved: bool = False
    refusal: str = ""
    request: ApprovalRequest | None = None
    launch: Launch | None = None
    last: Approved | None = None
    changes: tuple[Difference, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    rule_words: str = ""
    arms: tuple[dict[str, Any], ...] = ()
    looks: tuple[Look, ...] = ()
    tried: Rehearsal | None = None
    rehearsals: tuple[Rehearsal, ...] = ()
    due: datetime | None = None
    expires: datetime | None = None
    stops: tuple[Any, ...] = field(default=())
    finish: Estimate | None = None
    room: Room | None = None
    later: Later | None = None

    @property
    def needs_approval(self) -> bool:
        """Whether policy asks for anybody's yes."""
        return bool(self.rules)


def review(subject: Subject, person: Any) -> Review:  # noqa: ANN401 — a Person of the house
    """The review as it stands now, for *person*'s eyes."""
    instance = engine.instance(person)
    plan = subject.house.plan if subject.house else None
    missing = tuple(plan.missing()) if plan else ()
    launch = Launch.objects.filter(campaign=subject.slug).select_related("asked_by").first()
    if missing:
        return Review(subject, missing=missing, launch=launch)
    try:
        bundle = publish(instance, record_of(subject))
    except TwainError as problem:
        return Review(subject, problem=problem, launch=launch, unsaved=_unsaved(plan))
    return _full(instance, subject, bundle, person, launch)


def _unsaved(plan: Plan | None) -> tuple[ContentCard, ...]:
    """The contents of a plan of which no version was saved."""
    wanted = {arm.content for arm in plan.arms} if plan else set()
    return tuple(card for card in contents() if card.slug in wanted and not card.version)


def _full(instance: Instance, subject: Subject, bundle: Bundle, person: Any, launch: Launch | None) -> Review:  # noqa: ANN401
    rules = needed(instance, bundle)
    last = Approved.objects.filter(campaign=subject.slug).select_related("by").first()
    wrote = authors(subject, bundle, last)
    now, plan = timezone.now(), subject.house.plan if subject.house else None
    zone = instance.settings.time_zone
    request = ApprovalRequest.objects.filter(campaign=subject.slug).select_related("asked_by").first()
    tried = Rehearsal.objects.filter(bundle=bundle.hash).first()
    finish = finish_of(instance, bundle, tried)
    return Review(
        subject=subject,
        bundle=bundle,
        finish=finish,
        later=later_of(tried, finish),
        room=room_for(bundle.body, people_of(instance, bundle, tried), plan.due(zone, now) if plan else now),
        rules=tuple(_rule(instance, rule, wrote, bundle, tried) for rule in rules),
        approved=not any(rule.missing for rule in rules),
        refusal=why_not_approve(instance, subject, bundle, person, wrote),
        request=request if request and request.bundle == bundle.hash else _open(request),
        launch=launch,
        last=last,
        changes=_changes(instance, last, bundle),
        facts=tuple((title, value) for title, value in facts(bundle.body).items() if value),
        rule_words=rule_in_words(bundle.body),
        arms=arms_in_words(bundle.body["arms"], str(bundle.body["feed"])),
        looks=tuple(
            look(content, version) for content, version in sorted({(a.content, a.version) for a in plan.arms}, key=str)
        )
        if plan
        else (),
        tried=tried,
        rehearsals=tuple(Rehearsal.objects.filter(launch=launch)) if launch and launch.is_open else (),
        due=plan.due(zone, now) if plan and plan.when != "now" else None,
        expires=plan.expires(zone, now) if plan and plan.when != "now" else None,
        stops=tuple(instance.ledger.stops()),
    )


def finish_of(instance: Instance, bundle: Bundle, tried: Rehearsal | None) -> Estimate | None:
    """How long the send will take, once somebody has counted."""
    if tried is None or tried.audience is None:
        return None
    return estimate(instance, str(bundle.body["channel"]), tried.audience)


def later_of(tried: Rehearsal | None, finish: Estimate | None) -> Later | None:
    """Who gets it later because of quiet hours, once somebody has counted; None when nobody does."""
    waits = tried.funnel.get("waits", {}) if tried else {}
    if tried is None or not waits:
        return None
    people, until = sum(waits.values()), datetime.fromtimestamp(tried.funnel["waits_end"], UTC)
    done = until + timedelta(seconds=people / finish.rate) if finish and finish.rate else None
    return Later(people, until, done)


def _open(request: ApprovalRequest | None) -> ApprovalRequest | None:
    """A request for an older bundle is only worth showing while it is open: it says that something was edited."""
    return request if request is not None and request.state in ("open", "void") else None


def _changes(instance: Instance, last: Approved | None, bundle: Bundle) -> tuple[Difference, ...]:
    if last is None or last.bundle == bundle.hash:
        return ()
    return tuple(differences(instance.ledger.bundle(last.bundle).body, bundle.body))


def _rule(instance: Instance, rule: Needed, wrote: set[str], bundle: Bundle, tried: Rehearsal | None) -> Rule:
    people = instance.workspace.policy.people
    given = tuple(
        Voice(str(people[one.person]) if one.person in people else named(one.person).shown, one.at, one.note)
        for one in rule.given
    )
    silent = {one.person for one in rule.given} | (wrote if rule.not_author else set())
    return Rule(
        rule.needs, rule.missing, tuple(Voice(str(p)) for p in rule.people if p.id not in silent), given,
        why_asked(rule.when, bundle.body), spared_up_to(rule.when, tried.audience if tried else None),
    )  # fmt: skip
