"""Everything that changes something in this room. All of it is audited."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from twain.errors import ConfigError, TwainError
from twain.flows.repository import Pulled, Repository, Revision
from twain.records import Owner, Problem
from twain_web import engine
from twain_web.outbox import tell
from twain_web.rooms.feeds import reviews
from twain_web.rooms.feeds.models import FieldReview, WorkspaceState
from twain_web.rooms.people.public import Named, record

# ---------------------------------------------------------------- reviews


def decide_field(*, by: Any, named: Named, feed: str, field: str, decision: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Keep one decision of a review. Raises ContractError when the contract would be wrong with it."""
    reviews.try_decision(feed, field, decision, named)
    with transaction.atomic():
        review = _review(by, feed)
        review.decisions = {**review.decisions, field: dict(decision)}
        review.branch = ""
        review.save()
        record(by, "field decided", f"feed:{feed}.{field}", {"rights": decision["rights"], "role": decision["role"]})


def accept_suggestions(*, by: Any, named: Named, feed: str) -> int:  # noqa: ANN401
    """Decide every field that waits as it is suggested; returns how many. A type that no message can use is left out."""
    with transaction.atomic():
        review = _review(by, feed)
        waiting = [step.draft for step in reviews.walk(feed, review).waiting if step.draft.usable]
        review.decisions = {**review.decisions, **{draft.name: reviews.suggestion(draft) for draft in waiting}}
        reviews.result(reviews.walk(feed, review), named)
        review.branch = ""
        review.save()
        record(by, "suggestions accepted", f"feed:{feed}", {"fields": [draft.name for draft in waiting]})
    return len(waiting)


def name_feed_owner(*, by: Any, feed: str, owner: Owner) -> None:  # noqa: ANN401
    """Say in a review who answers for the feed."""
    reviews.try_owner(feed, owner)
    with transaction.atomic():
        review = _review(by, feed)
        review.decisions = {
            **review.decisions,
            reviews.OWNER: {"name": owner.name, "title": owner.title, "email": owner.email},
        }
        review.branch = ""
        review.save()
        record(by, "owner named", f"feed:{feed}", {"owner": str(owner)})


def discard_review(*, by: Any, feed: str) -> None:  # noqa: ANN401
    """Forget what was decided and not yet given to git."""
    with transaction.atomic():
        FieldReview.objects.filter(feed=feed, person=by).delete()
        record(by, "review discarded", f"feed:{feed}")


def put_review_on_branch(*, by: Any, named: Named, feed: str) -> tuple[str, Revision]:  # noqa: ANN401
    """Commit a review's result on a branch of its own; the checkout, its index and IT's main line stay as they are.

    Raises ConfigError when the workspace is no git checkout, or the contract has changes here that nobody committed.
    """
    review = _review(by, feed)
    walked = reviews.walk(feed, review)
    found = reviews.result(walked, named)
    repository = _repository()
    if repository.text(walked.path) != found.before:
        raise ConfigError(
            f"{walked.path} has changes here that nobody has committed.",
            todo="Commit them first, or download the patch instead.",
        )
    branch = f"twain/review-{walked.feed}-{timezone.localtime():%Y%m%d-%H%M%S}"
    author = Owner(named.full_name, named.title, named.email)
    words = f"Review {walked.feed}: {', '.join(s.draft.name for s in walked.decided) or 'its owner'}"
    made = repository.put_on_branch(branch, {walked.path: found.after}, words[:200], author)
    record(by, "review put on a branch", f"feed:{feed}", {"branch": branch, "commit": made.hash})
    FieldReview.objects.filter(pk=review.pk).update(branch=branch)
    if engine.workspace().settings.push_branches:
        repository.push(branch)
    return branch, made


def _review(by: Any, feed: str) -> FieldReview:  # noqa: ANN401
    return FieldReview.objects.get_or_create(feed=feed, person=by)[0]


# ---------------------------------------------------------------- the workspace


def ask_for_pull(*, by: object, address: str = "") -> None:
    """Have the workspace pulled, by every house that has it, as soon as its reconciler comes round: in a few seconds."""
    with transaction.atomic():
        workspace_state()
        if WorkspaceState.objects.filter(wanted_at=None).update(wanted_at=timezone.now()):
            record(by, "pull asked for", "workspace", address=address)


def pull_workspace(*, by: object) -> None:
    """Pull the workspace now. A revision with a new error is not let in; what is wrong with it is kept for the page."""
    state = workspace_state()
    before = (state.revision, state.refused)
    state.wanted_at, state.pulled_at = None, timezone.now()
    try:
        pulled = _repository().pull()
    except TwainError as error:
        state.trouble = error.what[:400]
        state.save()
        return
    state.trouble, state.revision, state.refused = "", pulled.after, pulled.refused
    state.problems = [plain_problem(problem) for problem in pulled.problems]
    with transaction.atomic():
        state.save()
        _tell_pulled(by, pulled, before)


def plain_problem(problem: Problem) -> dict[str, object]:
    """A finding as JSON keeps it."""
    place = problem.place
    return {
        "severity": problem.severity,
        "code": problem.code,
        "what": problem.what,
        "todo": problem.todo,
        "file": place.file if place else "",
        "line": place.line if place else None,
    }


def _tell_pulled(by: object, pulled: Pulled, before: tuple[str, str]) -> None:
    if pulled.after != pulled.before:
        record(by, "workspace pulled", "workspace", {"from": pulled.before, "to": pulled.after})
        tell("workspace.pulled", before=pulled.before, after=pulled.after)
    if pulled.refused and pulled.refused != before[1]:
        record(by, "revision refused", "workspace", {"revision": pulled.refused, "problems": len(pulled.problems)})
        tell("workspace.refused", revision=pulled.refused, why=[p.what for p in pulled.problems][:5])


def workspace_state() -> WorkspaceState:
    """Where this house's own checkout stands."""
    return WorkspaceState.objects.get_or_create(place=this_place())[0]


def this_place() -> str:
    """This machine's folder of the workspace, as a short name."""
    return hashlib.sha256(f"{socket.gethostname()}:{settings.TWAIN.root}".encode()).hexdigest()[:32]


def _repository() -> Repository:
    repository = Repository.at(engine.workspace().root)
    if repository is None:
        raise ConfigError(
            "The workspace is no git checkout.", todo="Clone IT's repository there, or download the patch instead."
        )
    return repository
