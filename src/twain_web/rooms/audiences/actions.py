"""Everything that changes audiences: keyword-only, audited, and judged by the parser before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from twain.errors import ConfigError, RuleError, WrongState
from twain.flows.counting import mailable_feeds
from twain_web import engine
from twain_web.outbox import tell
from twain_web.rooms.audiences import reads
from twain_web.rooms.audiences.builder.edits import Edited
from twain_web.rooms.audiences.builder.ground import Ground
from twain_web.rooms.audiences.builder.tree import Tree
from twain_web.rooms.audiences.models import Audience, AudienceDraft, AudienceVersion, Count
from twain_web.rooms.people.public import record

#: Words that are addresses of pages here.
_TAKEN = frozenset({"new", "overlap", "counts"})
_MOST_UNDO = 60
_EVERYBODY: Tree = {"all": []}


def create_audience(*, by: Any, name: str, feed: str, folder: str = "", description: str = "") -> Audience:  # noqa: ANN401
    """Begin an audience. Nobody else sees it until it is saved for the first time."""
    name = _named(name)
    if feed not in {one.name for one in mailable_feeds(engine.workspace())}:
        raise ConfigError(f"An audience cannot stand on {feed[:60]!r}.", todo="Choose a feed with e-mail addresses.")
    taken = {*_TAKEN, *engine.workspace().audiences}
    with transaction.atomic():
        one = Audience.objects.create(
            slug=_free_slug(name, taken), name=name, feed=feed, folder=_folder(folder), owner=by,
            description=description[:2000],
        )  # fmt: skip
        record(by, "audience begun", _thing(one), {"name": name, "feed": feed})
    return one


def describe_audience(*, by: Any, audience: Audience, name: str, folder: str, description: str) -> None:  # noqa: ANN401
    """Change what is written about an audience; its rule and its address stay."""
    changed = {"name": _named(name), "folder": _folder(folder), "description": description[:2000]}
    with transaction.atomic():
        Audience.objects.filter(pk=audience.pk).update(**changed, updated_at=timezone.now())
        record(by, "audience described", _thing(audience), {"name": changed["name"], "folder": changed["folder"]})


def edit_draft(*, by: Any, audience: Audience) -> AudienceDraft:  # noqa: ANN401
    """The person's draft of this audience: the one there is, or a new one from the current version."""
    found = AudienceDraft.objects.filter(audience=audience, person=by).first()
    if found is not None:
        return found
    current = audience.current
    begun = {"tree": current.rule if current else _EVERYBODY, "base": current.number if current else 0}
    try:
        with transaction.atomic():
            return AudienceDraft.objects.create(audience=audience, person=by, **begun)
    except IntegrityError:  # a second tab was quicker
        return AudienceDraft.objects.get(audience=audience, person=by)


def change_draft(*, draft: AudienceDraft, tree: Tree, ground: Ground) -> None:
    """Keep an edited tree, after the parser has judged it. Raises RuleError; the draft is then as it was."""
    ground.judge(tree)
    if tree == draft.tree:
        return
    _turn(draft, tree, undo=[*draft.undo, draft.tree][-_MOST_UNDO:], redo=[])


def undo(*, draft: AudienceDraft) -> None:
    """One step back; at the beginning nothing happens."""
    if draft.undo:
        _turn(draft, draft.undo[-1], undo=draft.undo[:-1], redo=[*draft.redo, draft.tree])


def redo(*, draft: AudienceDraft) -> None:
    """One step forward again."""
    if draft.redo:
        _turn(draft, draft.redo[-1], undo=[*draft.undo, draft.tree], redo=draft.redo[:-1])


def _turn(draft: AudienceDraft, tree: Tree, *, undo: list[Tree], redo: list[Tree]) -> None:
    """The next state of a draft, unless another tab has been quicker: then WrongState and nothing happens."""
    kept = {"tree": tree, "undo": undo, "redo": redo, "revision": draft.revision + 1, "updated_at": timezone.now()}
    if not AudienceDraft.objects.filter(pk=draft.pk, revision=draft.revision).update(**kept):
        raise stale()
    draft.refresh_from_db()


def stale() -> WrongState:
    """The error of a page that shows an older state of the draft."""
    return WrongState(
        "This rule has been changed in another window.",
        todo="The page shows it as it is now. Make your change again.",
    )


def save_version(
    *,
    by: Any,  # noqa: ANN401
    audience: Audience,
    tree: Mapping[str, Any],
    ground: Ground,
    base: int,
    note: str = "",
) -> AudienceVersion:
    """Keep a rule as the next version, which everything that uses the audience reads from then on.

    Raises RuleError when it cannot be counted, WrongState when somebody else saved after version *base*.
    """
    refusal = ground.refusal(dict(tree))
    if refusal:
        raise RuleError(refusal, todo="Correct it, then save again.")
    with transaction.atomic():
        last = Audience.objects.select_for_update().select_related("current__author").get(pk=audience.pk).current
        number = last.number if last else 0
        if number != base and last is not None:
            raise WrongState(
                f"{last.author} saved version {number} of this audience meanwhile.",
                todo="Look at what changed; then save on top of it, or discard your draft.",
            )
        version = AudienceVersion.objects.create(
            audience=audience, number=number + 1, rule=tree, author=by, note=note[:200]
        )
        Audience.objects.filter(pk=audience.pk).update(current=version, updated_at=timezone.now())
        _adopt_count(by=by, version=version)
        record(by, "audience saved", _thing(audience), {"version": version.number, "note": note[:200]})
        tell("audience.saved", slug=audience.slug, version=version.number, by=by.username)
    audience.refresh_from_db()
    return version


def _adopt_count(*, by: Any, version: AudienceVersion) -> None:  # noqa: ANN401
    """What was counted while editing is the count of the version, when it was of this very rule."""
    counted = Count.objects.filter(
        person=by, audience=version.audience.slug, kind=Count.EDITING, state=Count.DONE
    ).first()
    if counted is not None and counted.trees == {"audience": version.rule}:
        Count.objects.filter(pk=counted.pk).update(kind=Count.SAVED)


def discard_draft(*, by: Any, audience: Audience) -> None:  # noqa: ANN401
    """Throw a person's draft away; an audience that was never saved goes with it."""
    with transaction.atomic():
        AudienceDraft.objects.filter(audience=audience, person=by).delete()
        if audience.current_id is None and audience.owner_id == by.pk:
            record(by, "audience discarded", _thing(audience))
            audience.delete()


def close_draft(*, draft: AudienceDraft) -> None:
    """The draft has become a version."""
    draft.delete()


def restore_version(*, by: Any, version: AudienceVersion, ground: Ground) -> AudienceVersion:  # noqa: ANN401
    """Save an old version's rule again, as the newest."""
    audience = version.audience
    base = audience.current.number if audience.current else 0
    note = f"Version {version.number} again"
    return save_version(by=by, audience=audience, tree=version.rule, ground=ground, base=base, note=note)


def duplicate_audience(*, by: Any, slug: str) -> Audience:  # noqa: ANN401
    """A copy to edit, of the house's own or of one in the files. Its rule waits in a draft, in the builder's form."""
    origin = reads.card(slug)
    with transaction.atomic():
        one = create_audience(
            by=by, name=f"{origin.name[:100]} (copy)", feed=origin.feed, folder=origin.folder,
            description=origin.description,
        )  # fmt: skip
        tree = reads.ground_of(one, by).adopted(origin.rule)
        AudienceDraft.objects.create(audience=one, person=by, tree=tree)
    return one


def archive_audience(*, by: Any, audience: Audience) -> None:  # noqa: ANN401
    """Take an audience out of use. Refused while anything needs it."""
    used = reads.uses(audience.slug)
    if used:
        names = ", ".join(f"{use.kind} “{use.name}”" for use in used[:5])
        raise WrongState(f"“{audience.name}” is in use: {names}.", todo="Take it out there first, then archive it.")
    with transaction.atomic():
        Audience.objects.filter(pk=audience.pk).update(archived_at=timezone.now())
        record(by, "audience archived", _thing(audience))


def unarchive_audience(*, by: Any, audience: Audience) -> None:  # noqa: ANN401
    """Take it into use again, if its rule still stands: what it names may have gone meanwhile. Raises RuleError."""
    refusal = reads.ground_of(audience, by).refusal(dict(audience.current.rule)) if audience.current else ""
    if refusal:
        raise RuleError(refusal, todo="Make a copy of an older version, or of another audience.")
    with transaction.atomic():
        Audience.objects.filter(pk=audience.pk).update(archived_at=None, updated_at=timezone.now())
        record(by, "audience taken out of the archive", _thing(audience))


def kept(*, draft: AudienceDraft, edited: Edited, ground: Ground) -> str:
    """Keep an edit; returns the place where the focus goes, as text."""
    tree, path = edited
    change_draft(draft=draft, tree=tree, ground=ground)
    return ".".join(map(str, path))


def _named(name: str) -> str:
    plain = " ".join("".join(c for c in name if c.isprintable()).split())[:120]
    if not plain:
        raise ConfigError("An audience needs a name.", todo="Say whom it holds, such as “Gold customers in Berlin”.")
    return plain


def _folder(folder: str) -> str:
    return " ".join("".join(c for c in folder if c.isprintable()).split())[:80]


def _free_slug(name: str, taken: set[str]) -> str:
    plain = name.casefold().translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}))
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "audience"
    known = {*taken, *Audience.objects.filter(slug__startswith=stem).values_list("slug", flat=True)}
    return next(s for n in range(1, len(known) + 2) if (s := stem if n == 1 else f"{stem}-{n}") not in known)


def _thing(audience: Audience) -> str:
    return f"audience:{audience.slug}"
