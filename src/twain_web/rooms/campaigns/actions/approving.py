"""Asking for a yes, and giving it: always to exactly one bundle, by its hash."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import ApprovalNeeded, Held, WrongState
from twain.flows.instance import Instance
from twain.flows.publish import approve as approve_in_ledger
from twain.flows.publish import needed, publish, require_approval
from twain.records import Bundle
from twain_web import engine
from twain_web.access import may
from twain_web.outbox import tell
from twain_web.rooms.audiences.public import authors as audience_authors
from twain_web.rooms.campaigns.models import ApprovalRequest, Approved, Letter, PlanVersion
from twain_web.rooms.campaigns.permissions import APPROVE_CAMPAIGN
from twain_web.rooms.campaigns.records import Subject, campaign_record
from twain_web.rooms.content.public import authors as content_authors
from twain_web.rooms.people.public import persons, record


def ask_approval(*, by: Any, subject: Subject, bundle: str, note: str = "") -> ApprovalRequest:  # noqa: ANN401 — a Person
    """Ask those whom policy names. Asking twice for the same bundle is one request; a new bundle replaces the old request."""
    instance = engine.instance(by)
    made = bundle_as_seen(instance, subject, bundle)
    if _is_approved(instance, made):
        raise WrongState(f"{subject} needs no more approval.", todo="Launch it.")
    with transaction.atomic():
        open_now = ApprovalRequest.objects.select_for_update().filter(campaign=subject.slug, state="open").first()
        if open_now and open_now.bundle == made.hash:
            return open_now
        if open_now:
            _end(open_now, "void")
        asked = ApprovalRequest.objects.create(
            campaign=subject.slug, bundle=made.hash, asked_by=by, note=note.strip()[:500]
        )
        record(by, "approval asked", f"campaign:{subject.slug}", {"bundle": made.hash})
        tell("campaign.approval_asked", campaign=subject.slug, bundle=made.hash, by=by.username)
        for one in _voices(instance, subject, made):
            Letter.objects.create(request=asked, person=one)
    return asked


def approve(*, by: Any, subject: Subject, bundle: str, note: str = "") -> Bundle:  # noqa: ANN401
    """Say yes to exactly the bundle that was shown. Raises WrongState when it was edited since, Held when it is not theirs."""
    instance = engine.instance(by)
    made = bundle_as_seen(instance, subject, bundle)
    refusal = why_not_approve(instance, subject, made, by)
    if refusal:
        raise Held(f"{by.username} may not approve {subject.slug}: {refusal}", todo=refusal, business=refusal)
    approve_in_ledger(instance, made, note.strip()[:500])
    with transaction.atomic():
        Approved.objects.get_or_create(
            bundle=made.hash, by=by, defaults={"campaign": subject.slug, "note": note.strip()[:500]}
        )
        record(by, "approved", f"campaign:{subject.slug}", {"bundle": made.hash, "note": note.strip()[:200]})
        if _is_approved(instance, made):
            _grant(subject.slug, made.hash)
    return made


def withdraw_request(*, by: Any, request: ApprovalRequest) -> None:  # noqa: ANN401
    """Take the question back. What was said meanwhile stays in the audit."""
    with transaction.atomic():
        changed = ApprovalRequest.objects.filter(pk=request.pk, state="open").update(
            state="withdrawn", ended_at=timezone.now()
        )
        if not changed:
            raise WrongState("This request is not open any more.", todo="Reload the page.")
        record(by, "approval request withdrawn", f"campaign:{request.campaign}", {"bundle": request.bundle})


def bundle_as_seen(instance: Instance, subject: Subject, seen: str) -> Bundle:
    """Publish the campaign as it stands; WrongState unless that is the bundle somebody has seen (by its hash)."""
    made = publish(instance, campaign_record(subject.slug))
    if made.hash != seen:
        raise WrongState(
            f"{subject.slug} is now {made.hash[:12]}, and what was shown is {seen[:12]}.",
            todo=_("Look at the launch review again: it shows what has changed."),
            business=_("This campaign was edited since you opened the page, so nothing was approved or launched."),
        )
    return made


def why_not_approve(
    instance: Instance,
    subject: Subject,
    bundle: Bundle,
    person: Any,  # noqa: ANN401
    wrote: Collection[str] | None = None,
) -> str:
    """In words, why this person's yes would not count; empty when it would.

    Where policy wants somebody other than the author, everybody whose work would go out is one: *wrote*, or
    :func:`authors`.
    """
    rules = needed(instance, bundle)
    if not rules:
        return _("Policy asks for nobody's approval of this send.")
    theirs = [rule for rule in rules if any(one.id == person.username for one in rule.people)]
    barred = any(rule.not_author for rule in rules)
    if barred and person.username in (_authors_now(subject, bundle) if wrote is None else wrote):
        return _("You are one of its authors: policy wants somebody else's yes.")
    if not theirs:
        return _("Policy asks for: %s.") % "; ".join(" / ".join(rule.roles) or _("a second person") for rule in rules)
    if any(given.person == person.username for rule in rules for given in rule.given):
        return _("You have approved exactly this already.")
    return ""


def authors(subject: Subject, bundle: Bundle, last: Approved | None) -> set[str]:
    """User names of a bundle's authors, whose own yes is worth nothing where policy wants somebody else's. *last*: the last yes.

    Its owner; whoever asks for this yes; whoever edited its plan since the last one; and whoever wrote a version that it sends
    (the content of every variant, every audience it stands on), or one that came before it since the last yes.
    """
    found = {str(bundle.body["author"])}
    asked = ApprovalRequest.objects.filter(campaign=subject.slug, bundle=bundle.hash)
    found |= set(asked.values_list("asked_by__username", flat=True))
    since = last.at if last else None
    found |= audience_authors(bundle.body["audiences"], since=since)
    return found | _planners(subject, since) if subject.house else found


def _voices(instance: Instance, subject: Subject, bundle: Bundle) -> list[Any]:
    """Everybody here whose yes to this bundle would count, and who can be written to."""
    wrote = _authors_now(subject, bundle)
    asked = {person.id for rule in needed(instance, bundle) for person in rule.people}
    return [
        one
        for one in persons(asked)
        if one.email
        and may(one, APPROVE_CAMPAIGN, subject)
        and not why_not_approve(instance, subject, bundle, one, wrote)
    ]


def _authors_now(subject: Subject, bundle: Bundle) -> set[str]:
    return authors(subject, bundle, Approved.objects.filter(campaign=subject.slug).first())


def _planners(subject: Subject, since: datetime | None) -> set[str]:
    """Whoever edited the plan, and whoever wrote what its variants say."""
    versions = PlanVersion.objects.filter(campaign=subject.house)
    lately = versions.filter(at__gt=since) if since else versions
    found = set(lately.values_list("by__username", flat=True))
    arms = subject.house.plan.arms if subject.house else ()
    return found | content_authors([(arm.content, arm.version) for arm in arms], since=since)


def _is_approved(instance: Instance, bundle: Bundle) -> bool:
    try:
        require_approval(instance, bundle)
    except ApprovalNeeded:
        return False
    return True


def _grant(campaign: str, bundle: str) -> None:
    """The request is fulfilled; a yes that nobody had asked for counts as well."""
    now = timezone.now()
    ApprovalRequest.objects.filter(campaign=campaign, bundle=bundle, state="open").update(state="granted", ended_at=now)
    tell("campaign.approved", campaign=campaign, bundle=bundle)


def _end(request: ApprovalRequest, state: str) -> None:
    request.state, request.ended_at = state, timezone.now()
    request.save(update_fields=["state", "ended_at"])
