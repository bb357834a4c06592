"""How ``twain check --against`` shows what a change breaks: whose it is, when it goes, and the patch, last and ready for git."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from twain.cli.output import clean, say
from twain.feeds.lineage import Break, Use
from twain.flows.against import Change
from twain.flows.schedule import spoken


def change_json(change: Change) -> Mapping[str, Any]:
    """All of it for programs. *patch* renames in the files that use a field; *keep_patch* keeps the names instead."""
    mending = change.mending
    return {
        "broken": [_broken(b) for b in change.broken],
        "patch": mending.rename,
        "mends": mending.mends,
        "keep_patch": mending.keep,
        "keeps": mending.keeps,
    }


def show_change(change: Change, *, keep_names: bool) -> None:
    """Who and when; then one patch, the last thing said: ``twain check --against main | git apply`` takes it as it is."""
    if not change.broken:
        return
    say("What this change breaks, the soonest first:", "bold")
    for use in {(b.use.kind, b.use.name): b.use for b in change.broken}.values():
        goes = f"goes {spoken(use.when)}" if use.when else "no time is set"
        say(f"  {use.name} ({use.kind}): {use.owner}; {goes}; {_lost(change, use)}")
    _show_patch(change, keep_names=keep_names)


def _show_patch(change: Change, *, keep_names: bool) -> None:
    mending = change.mending
    patch, mended = (mending.keep, mending.keeps) if keep_names else (mending.rename, mending.mends)
    if not patch:
        say("No patch can be proposed: nothing was merely renamed." if not mending.keep else _OTHER_WAY)
        return
    if any(line != clean(line).replace("\\t", "\t") for line in patch.splitlines()):
        say("The patch holds characters that a terminal would act on; take it from --json.")
        return
    what = "keeps the old names in the contracts" if keep_names else "writes the new names into the files that use them"
    left = sorted({b.use.name for b in change.broken if b.use.kind == "campaign"} - set(mended))
    say(f"This patch {what}; git apply takes it." + (f" Not mended by it: {', '.join(left)}." if left else ""))
    if not keep_names and mending.keep:
        say(_OTHER_WAY, "dim")
    sys.stdout.write(patch)


_OTHER_WAY = "To leave the campaigns as they are and keep the old names in the contracts: --keep-names."


def _lost(change: Change, use: Use) -> str:
    lost = (
        f"{b.feed}.{b.field}".rstrip(".") + (f" is now {b.renamed.name}" if b.renamed else "")
        for b in change.broken
        if (b.use.kind, b.use.name) == (use.kind, use.name)
    )
    return ", ".join(dict.fromkeys(lost))


def _broken(b: Break) -> Mapping[str, Any]:
    place = b.problem.place
    return {
        "kind": b.use.kind,
        "name": b.use.name,
        "owner": b.use.owner,
        "sends_at": b.use.when,
        "feed": b.feed,
        "field": b.field,
        "renamed_to": b.renamed.name if b.renamed else None,
        "code": b.problem.code,
        "what": b.problem.what,
        "business": b.problem.business,
        "todo": b.problem.todo,
        "file": place.file if place else None,
        "line": place.line if place else None,
    }
