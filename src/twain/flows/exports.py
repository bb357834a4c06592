"""What other tools may have of a workspace, as files: the reviewed contracts (ODCS), and the campaigns as uses of tables (dbt).

The same workspace always gives the same bytes. A file that somebody else wrote is never written over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twain.errors import ConfigError, TwainError
from twain.feeds.contract import SUFFIX
from twain.feeds.plain import Plain, plain_contract
from twain.flows.connect import contract_file
from twain.flows.files import read_text
from twain.flows.instance import Instance

#: How a file begins that may be written over, because an export made it.
MADE_BY_US = "# Exported by Twain; made anew by each export, so change"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not exported, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Exported:
    """Texts by file name, and what stayed behind. *faults*: of those, what somebody has to correct first."""

    files: Mapping[str, str]
    left_out: Sequence[LeftOut] = ()
    faults: Sequence[LeftOut] = ()


def export_odcs(instance: Instance, feed: str = "") -> Exported:
    """Every feed of which something is reviewed (or *feed* alone) as a plain ODCS 3.2 file.

    One contract's error is among the faults and keeps no other back; with *feed* it is raised (ContractError, T973).
    """
    files: dict[str, str] = {}
    left_out: list[LeftOut] = []
    faults: list[LeftOut] = []
    paths = [contract_file(instance, feed)] if feed else sorted((instance.root / "feeds").glob(f"*{SUFFIX}"))
    for path in paths:
        name = path.name.removesuffix(SUFFIX)
        try:
            plain = _plain(instance, path)
        except TwainError as error:
            if feed:
                raise
            faults.append(LeftOut(name, f"{error.shown_code} {error.what}"))
            continue
        if plain is None:
            left_out.append(LeftOut(name, "None of its fields is reviewed."))
            continue
        files[path.name] = f"{MADE_BY_US} the contract itself.\n{plain.text}"
        left_out += [LeftOut(name, f"Left at home: {what}.") for what in plain.left_out]
    return Exported(files, left_out, faults)


def write_files(instance: Instance, folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write *files* into *folder*, which is made.

    Raises ConfigError: T974 where a file is no export's (then none is written), T975 for a place that cannot be written to.
    """
    targets = {folder / name: text for name, text in files.items()}
    for target in targets:
        _refuse_others(instance, target)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, text in targets.items():
            _write(target, text)
    except OSError as error:
        raise ConfigError(
            f"{error.filename or folder} cannot be written: {error.strerror}.",
            todo="Name a place that Twain's user may write to.",
            code="T975",
        ) from error
    return list(targets)


def _plain(instance: Instance, path: Path) -> Plain | None:
    name = path.name.removesuffix(SUFFIX)
    known = instance.workspace.feed(name)
    text = read_text(path, instance.root)
    return plain_contract(text, instance.workspace.feeds, f"feeds/{path.name}") if known.fields else None


def _refuse_others(instance: Instance, target: Path) -> None:
    inside = target.resolve().is_relative_to((instance.root / "feeds").resolve())
    if not inside and not (target.is_symlink() or target.exists()):
        return
    if inside or not _ours(target):
        raise ConfigError(
            f"{target} was not made by an export: nothing was written.",
            todo="Name another place, or move that file away.",
            code="T974",
        )


def _ours(target: Path) -> bool:
    if not target.is_file():
        return False
    with target.open("rb") as file:
        return file.read(len(MADE_BY_US)) == MADE_BY_US.encode()


def _write(target: Path, text: str) -> None:
    temporary = target.with_name(f".{target.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(target)
