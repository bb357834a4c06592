"""How a workspace's files follow a field's new name: one unified diff over all of them, or one that keeps the old name.

Whether a diff mends is not believed but tried: the changed files are read as a workspace of their own, and checked.
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from twain.errors import TwainError
from twain.feeds.lineage import Break
from twain.feeds.renames import dotted, keep_name, redotted
from twain.flows.check import check_campaign
from twain.flows.files import read_text
from twain.flows.instance import Instance
from twain.flows.mentions import Mention
from twain.flows.workspace import Workspace, load_workspace
from twain.records import Feed, Field

_Renames = Mapping[tuple[str, str], Field]


@dataclass(frozen=True, slots=True)
class Mending:
    """Two ways out of a rename, each a diff for ``git apply`` in the workspace's folder (empty where there is none).

    *rename* writes the new name into every file that uses it; *keep* leaves the campaigns alone: the contract keeps the old
    name over the new column. *mends* and *keeps* are the broken campaigns that check without an error after it.
    """

    rename: str = ""
    keep: str = ""
    mends: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()


def mend(
    instance: Instance,
    broken: Sequence[Break],
    texts: Mapping[str, str],
    mentions: Iterable[Mention],
    old: Mapping[str, Feed],
) -> Mending:
    """The two diffs for the fields of *broken* that live on under another name. *texts* are the files as they lie here."""
    renamed = {(b.feed, b.field): b.renamed for b in broken if b.renamed is not None}
    fitting = {at: now for at, now in renamed.items() if now.type == old[at[0]].fields[at[1]].type}
    if not fitting:
        return Mending()
    campaigns = sorted({b.use.name for b in broken if b.use.kind == "campaign"})
    follow = _following(texts, mentions, fitting)
    kept = _keeping(texts, fitting, old)
    return Mending(
        unified(texts, follow),
        unified(texts, kept),
        _mended(instance, texts, follow, campaigns),
        _mended(instance, texts, kept, campaigns),
    )


def _following(texts: Mapping[str, str], mentions: Iterable[Mention], renamed: _Renames) -> dict[str, str]:
    """The files that change, with the new names in them."""
    edits: dict[str, set[tuple[int, int, str]]] = {}
    for mention in mentions:
        now = renamed.get((mention.feed, mention.name))
        if now is not None and not mention.relation:
            edits.setdefault(mention.file, set()).add((mention.start, mention.end, now.name))
    for file, text in texts.items():
        for (feed, name), now in renamed.items() if file.startswith("feeds/") else ():
            for start, end in dotted(text, feed, name):
                edits.setdefault(file, set()).add((start, end, now.name))
    return {file: _edited(texts[file], found) for file, found in edits.items()}


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    for start, end, name in sorted(edits, reverse=True):
        text = text[:start] + name + text[end:]
    return text


def _keeping(texts: Mapping[str, str], renamed: _Renames, old: Mapping[str, Feed]) -> dict[str, str]:
    """The contracts that change, from the last line up, so that each place still holds when its turn comes."""
    changed: dict[str, str] = {}
    for (feed, name), now in sorted(
        renamed.items(), key=lambda item: -(item[1].place.line or 0 if item[1].place else 0)
    ):
        file = now.place.file if now.place else ""
        if file in texts:
            before = changed.get(file, texts[file])
            after = keep_name(before, old[feed].fields[name], now)
            if after != before:
                changed |= {file: after} | _pointing_back(texts, changed, file, (feed, now.name, name))
    return changed


def _pointing_back(
    texts: Mapping[str, str], changed: Mapping[str, str], own: str, names: tuple[str, str, str]
) -> dict[str, str]:
    """The other contracts that name the field already as it would have been called."""
    feed, now, was = names
    others = {f: changed.get(f, text) for f, text in texts.items() if f.startswith("feeds/") and f != own}
    again = {f: redotted(text, feed, now, was) for f, text in others.items()}
    return {f: text for f, text in again.items() if text != others[f]}


def _mended(
    instance: Instance, texts: Mapping[str, str], changed: Mapping[str, str], campaigns: Sequence[str]
) -> tuple[str, ...]:
    """Which of *campaigns* check without an error once the files are *changed*: tried on a copy of the workspace's texts."""
    if not changed:
        return ()
    with tempfile.TemporaryDirectory(prefix="twain-mend-") as folder:
        workspace = _changed(instance, texts, changed, Path(folder))
        if workspace is None or any(p.severity == "error" for p in workspace.problems):
            return ()
        tried = replace(instance, workspace=workspace)
        return tuple(n for n in campaigns if not _errors(tried, n))


def _changed(
    instance: Instance, texts: Mapping[str, str], changed: Mapping[str, str], folder: Path
) -> Workspace | None:
    """The workspace as it would be, in *folder*; contracts that stay as they are need not be read once more."""
    contracts = any(file.startswith("feeds/") for file in changed)
    settings = {name: instance.root / name for name in ("twain.toml", "policy.toml")}
    beside = {name: read_text(path, instance.root) for name, path in settings.items() if path.exists()}
    for file, text in {**texts, **changed, **beside}.items():
        if contracts or not file.startswith("feeds/"):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(text.encode("utf-8"))
    try:
        workspace = load_workspace(folder)
    except TwainError:
        return None
    kept = instance.workspace
    return workspace if contracts else replace(workspace, feeds=kept.feeds, problems=kept.problems)


def _errors(instance: Instance, campaign: str) -> bool:
    return any(problem.severity == "error" for problem in check_campaign(instance, campaign))


def unified(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """One diff over all files of *after* that differ, as ``git apply`` takes it: line ends kept, a missing last one told."""
    return "".join(line for file in sorted(after) for line in _diff(file, before[file], after[file]))


def _diff(file: str, before: str, after: str) -> Iterator[str]:
    for line in difflib.unified_diff(_lines(before), _lines(after), f"a/{file}", f"b/{file}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Lines as git has them: ended by LF and by nothing else."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + (
        [text.rsplit("\n", 1)[-1]] if not text.endswith("\n") else []
    )
