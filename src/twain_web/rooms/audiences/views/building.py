"""The visual builder: the page, and the one endpoint to which every edit goes with its place in the tree."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from twain.errors import ConfigError, RuleError, TwainError, WrongState
from twain_web.access import needs
from twain_web.rooms.audiences import actions, counts, reads
from twain_web.rooms.audiences.builder import edits
from twain_web.rooms.audiences.builder import picker as picking
from twain_web.rooms.audiences.builder.cards import Card, Cards
from twain_web.rooms.audiences.builder.ground import Ground
from twain_web.rooms.audiences.builder.leaves import Posted, changed, new_leaf
from twain_web.rooms.audiences.builder.tree import Path, Tree, at, is_group, leaf_kind, nowhere, read_path, shown_path
from twain_web.rooms.audiences.models import Audience, AudienceDraft, Count
from twain_web.rooms.audiences.permissions import EDIT_AUDIENCE
from twain_web.rooms.audiences.views import panels

_STEPS = {"undo": actions.undo, "redo": actions.redo}


@needs(EDIT_AUDIENCE, get=reads.own)
def edit(request: HttpRequest, audience: Audience) -> HttpResponse:
    """The builder with the person's draft. The first count comes with the first edit: its process is loaded meanwhile."""
    draft = actions.edit_draft(by=request.user, audience=audience)
    counts.get_ready(audience.feed)
    return render(request, "audiences/edit.html", _page(request, audience, draft))


@needs(EDIT_AUDIENCE, get=reads.own)
@require_POST
def change(request: HttpRequest, audience: Audience) -> HttpResponse:
    """One edit. Answers with the tree, or, when only a value changed, with what stands around it."""
    try:
        return _changed(request, audience)
    except TwainError as error:  # what the rule stands on has changed: the page stays, and says so
        answer = render(request, "audiences/said.html", {"said": error, "answers": True}, status=422)
        answer["HX-Reswap"] = "none"
        return answer


def _changed(request: HttpRequest, audience: Audience) -> HttpResponse:
    draft = actions.edit_draft(by=request.user, audience=audience)
    over = reads.ground_of(audience, request.user)
    before, said, focus = draft.tree, None, None
    try:
        if request.POST.get("revision") != str(draft.revision):
            raise actions.stale()
        focus = _edited(request, draft, over)
    except (RuleError, WrongState) as error:
        said = error
    context = _page(request, audience, draft) | {
        "said": said,
        "focus": focus,
        "answers": True,
        "pressed": _pressed(request),
    }
    answer = render(request, "audiences/edited.html", context, status=_status(said))
    if isinstance(said, RuleError) or (said is None and _same_shape(over, before, draft.tree, request)):
        answer = render(request, "audiences/edited.html", context | {"around": True}, status=_status(said))
        answer["HX-Reswap"] = "none"
    return answer


def _pressed(request: HttpRequest) -> str:
    """The button that keeps the focus, when it was one that can be pressed again."""
    asked = request.POST.get("do", "")
    return asked if asked in ("up", "down") else ""


def _status(said: Exception | None) -> int:
    return 200 if said is None else 409 if isinstance(said, WrongState) else 422


def _edited(request: HttpRequest, draft: AudienceDraft, over: Ground) -> str | None:
    """Do what is asked; returns the place where the focus goes, or None where it may stay."""
    asked = request.POST.get("do", "")
    if asked in _STEPS:
        _STEPS[asked](draft=draft)
        return None
    place = actions.kept(draft=draft, edited=applied(dict(request.POST.lists()), draft.tree, over), ground=over)
    return None if asked in ("change", "group", "replace") else place


def applied(posted: Posted, tree: Tree, over: Ground) -> edits.Edited:
    """The tree after one edit, not judged yet, and the place where the eye goes. Raises RuleError."""
    asked = _one(posted, "do")
    path = read_path(_one(posted, "path"))
    if asked == "replace":
        return over.adopted(_read_json(_one(posted, "rule"))), ()
    if asked in edits.BY_PLACE:
        return edits.BY_PLACE[asked](tree, path)
    kind, name, of = (_one(posted, key) for key in ("kind", "name", "of"))
    feed = over.feed_at(tree, path)
    match asked:
        case "add":
            return edits.add(tree, path, new_leaf(kind, name, of, feed, over))
        case "swap":
            return edits.put(tree, path, new_leaf(kind, name, of, feed, over))
        case "group":
            return edits.regroup(tree, path, kind)
        case "change":
            return edits.put(tree, path, changed(_leaf_at(tree, path), posted, feed, over))
    raise RuleError("That is no edit of a rule.", todo="Reload the page and try again.")


def _leaf_at(tree: Tree, path: Path) -> Tree:
    node = at(tree, path)
    if is_group(node):
        raise nowhere(shown_path(path))
    return node


def _one(posted: Posted, name: str) -> str:
    found = posted.get(name, ())
    return found[0] if found else ""


def _read_json(text: str) -> Any:  # noqa: ANN401 — any JSON value
    try:
        found = json.loads(text[: 1 << 20])
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise RuleError(
            f"This is not JSON{where}.", todo="Paste a rule as “Take it elsewhere” gives it, or write one by the guide."
        ) from error
    return found["rule"] if isinstance(found, dict) and isinstance(found.get("rule"), dict) else found


def _same_shape(over: Ground, before: Tree, after: Tree, request: HttpRequest) -> bool:
    """Whether a value alone has changed: the inputs on the page then stay as they are, and the cursor in them."""
    if request.POST.get("do") != "change":
        return False
    return _shape(Cards(over, {}).draw(before)) == _shape(Cards(over, {}).draw(after))


def _shape(card: Card) -> tuple[Any, ...]:
    inputs = tuple((one.kind, one.label, len(one.choices)) for one in card.inputs)
    asks = tuple(card.extra.get(key) for key in ("asks", "span", "once"))
    return (card.kind, card.title, inputs, asks, tuple(_shape(one) for one in card.inside))


def _page(request: HttpRequest, audience: Audience, draft: AudienceDraft) -> dict[str, Any]:
    over = reads.ground_of(audience, request.user)
    gaps, refusal = over.gaps(draft.tree), over.refusal(draft.tree)
    return {
        "audience": audience,
        "draft": draft,
        "root": Cards(over, gaps).draw(draft.tree),
        "refusal": refusal,
        "words": [] if refusal else reads.words(over, draft.tree, request.user),
        "feeds": panels.feeds(over, draft.tree),
        "changed": audience.current is None or audience.current.rule != draft.tree,
        "meanwhile": audience.current if audience.current and audience.current.number != draft.base else None,
        "rule": json.dumps(draft.tree, indent=2, ensure_ascii=False),
        "waiting": panels.draft_count(audience, request.user, refusal),
    }


@needs(EDIT_AUDIENCE, get=reads.own)
def picker(request: HttpRequest, audience: Audience) -> HttpResponse:
    """What a condition at this place may be about, narrowed by the words typed."""
    draft = actions.edit_draft(by=request.user, audience=audience)
    over = reads.ground_of(audience, request.user)
    path, query = read_path(request.GET.get("path", "")), request.GET.get("q", "")[:100]
    node = at(draft.tree, path)
    swap = not is_group(node)
    feed = over.feed_at(draft.tree, path)
    only = swap and leaf_kind(node) == "field"
    shelves = picking.shelves(over, feed, query, root=feed is over.feed, only_fields=only)
    context = {"audience": audience, "shelves": shelves, "path": shown_path(path), "query": query, "feed": feed}
    template = "audiences/picker_list.html" if "q" in request.GET else "audiences/picker.html"
    return render(request, template, context | {"do": "swap" if swap else "add"})


@needs(EDIT_AUDIENCE, get=reads.own)
def draft_sql(request: HttpRequest, audience: Audience) -> HttpResponse:
    """The draft's statement, for IT."""
    draft = actions.edit_draft(by=request.user, audience=audience)
    over = reads.ground_of(audience, request.user)
    refusal = over.refusal(draft.tree)
    text = "" if refusal else reads.sql(over, draft.tree, request.user)
    return render(request, "audiences/sql.html", {"sql": text, "refusal": refusal})


@needs(EDIT_AUDIENCE, get=reads.own)
@require_POST
def save(request: HttpRequest, audience: Audience) -> HttpResponse:
    """Save the draft as the next version, and count it in full when asked to."""
    draft = actions.edit_draft(by=request.user, audience=audience)
    over = reads.ground_of(audience, request.user)
    on_top = request.POST.get("on_top") == str(audience.current.number if audience.current else 0)
    base = audience.current.number if on_top and audience.current else draft.base
    try:
        if request.POST.get("revision") != str(draft.revision):
            raise actions.stale()
        made = actions.save_version(
            by=request.user,
            audience=audience,
            tree=draft.tree,
            ground=over,
            base=base,
            note=request.POST.get("note", ""),
        )
    except (RuleError, WrongState, ConfigError) as error:
        context = _page(request, audience, draft) | {"said": error}
        return render(request, "audiences/edit.html", context, status=_status(error))
    actions.close_draft(draft=draft)
    if request.POST.get("full"):
        counts.start(
            by=request.user, kind=Count.FULL, audience=audience.slug, feed=audience.feed, trees={"audience": made.rule}
        )
    messages.success(request, _("Saved as version %(number)d.") % {"number": made.number})
    return redirect("audiences:one", slug=audience.slug)


@needs(EDIT_AUDIENCE, get=reads.own)
@require_POST
def discard(request: HttpRequest, audience: Audience) -> HttpResponse:
    """Throw the draft away."""
    saved = audience.current_id is not None
    actions.discard_draft(by=request.user, audience=audience)
    messages.success(request, _("The draft is gone."))
    return redirect("audiences:one", slug=audience.slug) if saved else redirect("audiences:list")
