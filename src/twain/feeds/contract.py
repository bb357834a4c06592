"""A feed's contract: one ODCS 3.2 file, read strictly, compiled into a :class:`twain.records.Feed`.

The contract executes: it decides which fields exist (only reviewed ones), what may be done with each, how fresh and complete
the data must be, and how feeds belong together. Everything wrong in it is told at once, with file and line:

====  =====================================================================================
T201  not YAML, too large, nested too deeply          T202  YAML that no contract needs (tags, aliases, a key twice)
T203  against the ODCS 3.2 schema                     T204  an unknown key
T205  a ``twain.*`` property or a class is wrong      T206  not version 3.2, or not exactly one object
T207  a name that cannot be used                      T208  a reviewed field of a type that no message can use
T209  no key, or several                              T210  a messaging role that does not fit
T211  a quality rule that cannot be executed          T212  the latency
T213  a relation                                      T214  no source, no owner, or both table and query
T215  nothing is reviewed yet
====  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from twain.errors import ContractError, Place
from twain.feeds.document import MAX_SIZE, Document, parse
from twain.feeds.fields import custom_properties, read_fields, read_synonyms
from twain.feeds.freshness import read_freshness
from twain.feeds.live import compare_live
from twain.feeds.meaning import canonical_text, meaning_hash
from twain.feeds.names import is_identifier, is_printable
from twain.feeds.quality import read_quality
from twain.feeds.relations import declared, link
from twain.feeds.report import Report
from twain.feeds.validate import check_schemas, shown
from twain.records import Feed, Field, Owner, Problem, Role

__all__ = [
    "SUFFIX",
    "compare_live",
    "contract_text",
    "feeds_from_texts",
    "link",
    "load_feeds",
    "read_contract",
]

#: A feed's file is its name and this.
SUFFIX = ".odcs.yaml"
_API_VERSION = "v3.2.0"
_SCHEMA: tuple[str | int, ...] = ("schema", 0)


def read_contract(text: str, file: str) -> tuple[Feed | None, list[Problem]]:
    """Compile one contract. *file* is its path for messages, relative to the workspace.

    The feed is None when any problem is an error. Its relations are those it declares itself: see :func:`link`.
    """
    _, feed, problems = _compiled(text, file)
    return feed, list(problems)


def load_feeds(folder: Path, root: Path) -> tuple[dict[str, Feed], list[Problem]]:
    """Every ``*.odcs.yaml`` in *folder*, linked with each other. Places are relative to *root*.

    A contract with an error is left out; what is wrong with it is among the problems.
    """
    feeds: dict[str, Feed] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        feed, found = _load(path, root.resolve())
        problems += found
        twin = next((n for n in feeds if feed and n.casefold() == feed.name.casefold()), "")
        if feed is not None and twin:
            what = f"Two feeds are called {twin} and {feed.name}: case does not count."
            problems.append(Problem("error", "T207", what, "Give one of them another name.", feed.place))
        elif feed is not None:
            feeds[feed.name] = feed
    broken = {path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")} - feeds.keys()
    linked, unlinked = link(feeds, broken)
    return linked, problems + unlinked


def feeds_from_texts(texts: Mapping[str, str]) -> dict[str, Feed]:
    """The linked feeds of a bundle: name → contract text. Raises ContractError for the first error in any of them."""
    feeds: dict[str, Feed] = {}
    for name, text in texts.items():
        feed, problems = read_contract(text, f"{name}{SUFFIX}")
        _raise_first(problems)
        if feed is None or feed.name != name:
            raise ContractError(
                f"The contract kept as {shown(name)} is of another feed.", todo="Publish the bundle again."
            )
        feeds[name] = feed
    linked, problems = link(feeds)
    _raise_first(problems)
    return linked


def contract_text(text: str, file: str) -> str:
    """The canonical text of a sound contract, for a bundle: reviewed fields only, comments and layout gone.

    It reads back as the same feed with the same hash. Raises ContractError when the contract has an error.
    """
    document, _, problems = _compiled(text, file)
    _raise_first(problems)
    return canonical_text(document.data if document else {})


@lru_cache(maxsize=64)
def _compiled(text: str, file: str) -> tuple[Document | None, Feed | None, Sequence[Problem]]:
    """The same text is the same feed: a send reads each contract as a file, for its bundle and out of its bundle."""
    document, problems = parse(text, file)
    return (None, None, problems) if document is None else (document, *_read(document))


def _read(document: Document) -> tuple[Feed | None, list[Problem]]:
    problems = check_schemas(document)
    if problems:
        return None, problems
    report = Report(document)
    if not _is_one_feed(report):
        return None, report.problems
    feed = _compile(report)
    return (None if report.failed else replace(feed, contract_hash=meaning_hash(feed))), report.problems


def _raise_first(problems: Sequence[Problem]) -> None:
    for problem in problems:
        if problem.severity == "error":
            raise ContractError(
                problem.what, todo=problem.todo, place=problem.place, business=problem.business, code=problem.code
            )


def _load(path: Path, root: Path) -> tuple[Feed | None, list[Problem]]:
    name = _shown_path(path, root)
    try:
        _refuse_escape(path, root)
        if path.stat().st_size > 4 * MAX_SIZE:
            return None, [
                Problem("error", "T201", "The file is too large to be a contract.", "Split the feed.", Place(name))
            ]
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = f"The contract cannot be read ({type(error).__name__}: {getattr(error, 'strerror', None) or error.args[-1]})."
        return None, [Problem("error", "T201", what, "It must be a UTF-8 file inside the workspace.", Place(name))]
    feed, problems = read_contract(text, name)
    if feed is not None and path.name != f"{feed.name}{SUFFIX}":
        what = f"The feed is called {feed.name}, its file {shown(path.name)}."
        problems.append(Problem("error", "T207", what, f"Rename the file to {feed.name}{SUFFIX}.", feed.place))
        return None, problems
    return feed, problems


def _shown_path(path: Path, root: Path) -> str:
    name = (path.parent.resolve() / path.name).relative_to(root) if path.parent.resolve().is_relative_to(root) else path
    return "".join(c if c.isprintable() else "?" for c in name.as_posix())


def _refuse_escape(path: Path, root: Path) -> None:
    """A symbolic link out of the workspace would let a file name read anything."""
    if not path.resolve().is_relative_to(root):
        raise PermissionError(1, "it lies outside the workspace")


def _is_one_feed(report: Report) -> bool:
    data = report.document.data
    if data["apiVersion"] != _API_VERSION:
        report.error(
            ("apiVersion",), "T206", f"This is ODCS {data['apiVersion']}.", f"Write apiVersion: {_API_VERSION}."
        )
    objects = data.get("schema") or []
    if len(objects) != 1:
        what = f"A contract describes exactly one feed; here are {len(objects)} objects."
        report.error(("schema",), "T206", what, "Keep one object in schema, and one file for each feed.")
    elif not is_printable(str(objects[0].get("businessName", "-"))):
        what = "The feed's business name is empty or holds control characters."
        report.error((*_SCHEMA, "businessName"), "T207", what, "Write it as one line of plain text.")
    elif not is_identifier(objects[0]["name"]):
        what = f"{shown(objects[0]['name'])} cannot be the name of a feed."
        report.error(
            (*_SCHEMA, "name"), "T207", what, "Use letters, digits and _, at most 63; the table goes to physicalName."
        )
    return not report.failed


def _compile(report: Report) -> Feed:
    data: dict[str, Any] = report.document.data
    schema: dict[str, Any] = data["schema"][0]
    ours = custom_properties(data.get("customProperties"), (), report)
    fields = read_fields(schema.get("properties") or (), report)
    table, query = _where(schema, ours, report)
    name = str(schema["name"])
    return Feed(
        name=name,
        title=str(schema.get("businessName") or name),
        source=_source(ours, report),
        key=_key(fields, report),
        fields=fields,
        owner=_owner(ours, report),
        version=str(data["version"]),
        contract_hash="",
        table=table,
        query=query,
        description=_description(data, schema),
        synonyms=read_synonyms(schema, ours),
        relations=declared(name, schema, ours.get("twain.relations", {}), fields, report),
        freshness=read_freshness(
            data.get("slaProperties") or (), ours.get("twain.freshnessMode", "snapshot"), schema, fields, report
        ),
        quality=read_quality(schema.get("quality") or (), (*_SCHEMA, "quality"), "feed", set(fields), report),
        max_row_drift=float(ours["twain.maxRowDrift"]) if "twain.maxRowDrift" in ours else None,
        place=report.document.place(*_SCHEMA, "name"),
    )


def _where(schema: Mapping[str, Any], ours: Mapping[str, Any], report: Report) -> tuple[str, str]:
    query, table = str(ours.get("twain.query", "")), str(schema.get("physicalName", ""))
    if query and table:
        todo = "Remove physicalName, or twain.query."
        report.error((*_SCHEMA, "physicalName"), "T214", "The feed is both a table and a query.", todo)
    if "\0" in query or not is_printable(table or "-") or not all(table.split(".") if table else "-"):
        what = f"The table {shown(table)} or the query holds characters that no database takes."
        report.error((*_SCHEMA, "physicalName"), "T207", what, "Write it as the database does: table, or schema.table.")
    return ("", query) if query else (table or str(schema["name"]), "")


def _source(ours: Mapping[str, Any], report: Report) -> str:
    if "twain.source" not in ours:
        todo = "Add {property: twain.source, value: <a source of twain.toml>} to customProperties."
        report.error(("customProperties",), "T214", "The contract does not say in which source the feed is.", todo)
    return str(ours.get("twain.source", ""))


def _owner(ours: Mapping[str, Any], report: Report) -> Owner:
    owner = ours.get("twain.owner")
    if owner is None:
        report.warning(
            ("customProperties",),
            "T214",
            "Nobody is named who answers for this feed.",
            "Add {property: twain.owner, value: {name: …, title: …, email: …}} to customProperties.",
            "Nobody is named who answers for this data.",
        )
        return Owner("", "")
    return Owner(str(owner["name"]), str(owner["title"]), str(owner.get("email", "")))


def _key(fields: Mapping[str, Field], report: Report) -> str:
    properties = report.document.data["schema"][0].get("properties") or ()
    by_role = [f.name for f in fields.values() if f.role is Role.KEY]
    primary = [str(p["name"]) for p in properties if p.get("primaryKey")]
    keys = by_role if len(by_role) == 1 and len(primary) <= 1 else [n for n in primary if n in fields] or by_role
    if not fields:
        todo = "Review its fields with 'twain review', or write twain.reviewed by hand."
        report.warning(_SCHEMA, "T215", "No field is reviewed: nothing of this feed can be seen or used.", todo)
    elif len(keys) != 1 or len(primary) > 1:
        _tell_key(keys, any(f.role is Role.EMAIL for f in fields.values()), report)
        return ""
    return keys[0] if keys else ""


def _tell_key(keys: list[str], mailed: bool, report: Report) -> None:  # noqa: FBT001 — private, one caller
    what = f"The key consists of several fields ({', '.join(keys)})." if keys else "No reviewed field is the key."
    todo = "Review the key field, or mark one: primaryKey: true, or {property: twain.role, value: key}."
    if mailed:
        report.error(_SCHEMA, "T209", f"{what} People with an address must be told apart by one key.", todo)
    else:
        report.warning(
            _SCHEMA, "T209", f"{what} Its rows can be counted and shown, but nobody can be chosen by it.", todo
        )


def _description(data: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    return str(schema.get("description") or (data.get("description") or {}).get("purpose") or "")
