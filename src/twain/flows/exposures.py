"""The campaigns as dbt exposures: what a change in dbt's models would reach, seen by the people who make that change.

dbt's properties (docs.getdbt.com/reference/exposure-properties): a *name* of letters, digits and _, a *type*, an *owner* by
name or e-mail; *depends_on* holds ``ref('model')`` and ``source('name', 'table')``. A feed's table belongs to dbt's source of
the same name as in twain.toml; where dbt knows it otherwise, the contract says so: ``{property: dependsOn, vendor: dbt, value:
"ref('customers')"}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from twain.errors import ContractError, TwainError
from twain.feeds.contract import SUFFIX
from twain.feeds.plain import dbt_nodes
from twain.feeds.plain_yaml import plain_yaml
from twain.flows.campaigns import Campaign
from twain.flows.catalogue import campaign_reading
from twain.flows.exports import MADE_BY_US, Exported, LeftOut
from twain.flows.files import read_text
from twain.flows.instance import Instance
from twain.records import Feed, Owner, RunState

_NODE = re.compile(r"(?:ref|source)\('[^'\"{}\\\n]+'(?:, ?'[^'\"{}\\\n]+')?\)")
_NAMED = re.compile(r"[^'\"{}\\\n]+")
_JINJA = re.compile(r"\{(?=[{%#])")
_Node = str


def export_exposures(instance: Instance, file: str) -> Exported:
    """One exposure for each campaign of the files, in one YAML text called *file*; one that ``twain check`` refuses is a fault.

    Raises ContractError T976 for a contract whose ``dependsOn`` is no ``ref(…)`` or ``source(…)``.
    """
    exposures: list[dict[str, Any]] = []
    faults: list[LeftOut] = []
    for name in instance.workspace.campaigns():
        reading = campaign_reading(instance, name)
        wrong = next((p for p in reading.problems if p.severity == "error"), None)
        if wrong is not None:
            faults.append(LeftOut(name, f"{wrong.code} {wrong.what}"))
            continue
        taken = {str(one["name"]) for one in exposures}
        exposures.append(_exposure(instance, instance.workspace.campaign(name), reading.reads, taken))
    text = plain_yaml({"version": 2, "exposures": exposures})
    return Exported({file: f"{MADE_BY_US} the campaigns' files.\n{text}"}, faults=faults)


def _exposure(
    instance: Instance, campaign: Campaign, reads: frozenset[tuple[str, str]], taken: set[str]
) -> dict[str, Any]:
    feeds = _feeds(instance, campaign, reads)
    fields = sorted(f"{feed}.{field}" for feed, field in reads if feed in feeds)
    url = instance.settings.base_url
    return {
        "name": _name(campaign.name, taken),
        "label": _words(campaign.title),
        "type": "application",
        "maturity": _maturity(instance, campaign),
        **({"url": url} if url.startswith("https://") else {}),
        "description": _words(_description(campaign, fields)),
        "depends_on": sorted({node for feed in feeds.values() for node in _nodes(instance, feed)}),
        "owner": _owner(instance, campaign.owner),
    }


def _feeds(instance: Instance, campaign: Campaign, reads: frozenset[tuple[str, str]]) -> dict[str, Feed]:
    """What it reads of the company's own: for whom, with which words, and what counts as its success."""
    named = {campaign.feed, *(feed for feed, _ in reads)} | (
        {campaign.conversion.feed} if campaign.conversion else set()
    )
    return {name: instance.workspace.feeds[name] for name in sorted(named) if name in instance.workspace.feeds}


def _name(campaign: str, taken: set[str]) -> str:
    """``twain_`` and its name in dbt's letters. Two campaigns that differ by - and _ alone get numbers, in the order of names."""
    plain = f"twain_{campaign.replace('-', '_')}"
    numbered = (f"{plain}_{number}" for number in range(2, len(taken) + 3))
    return plain if plain not in taken else next(name for name in numbered if name not in taken)


def _maturity(instance: Instance, campaign: Campaign) -> str:
    """High once it was sent to its whole audience, medium while it has a date, else low."""
    if any(run.state is RunState.FINISHED and not run.scope for run in instance.ledger.runs(campaign=campaign.name)):
        return "high"
    return "medium" if campaign.send_at else "low"


def _description(campaign: Campaign, fields: Sequence[str]) -> str:
    planned = f" Planned for {campaign.send_at}." if campaign.send_at else ""
    return (
        f"A campaign that Twain sends by {campaign.channel} to {campaign.feed}.{planned} It reads {', '.join(fields)}."
    )


def _owner(instance: Instance, owner: Owner) -> dict[str, str]:
    """By name and e-mail, this from policy's people where the campaign does not say it."""
    known = (p.email for p in instance.workspace.policy.people.values() if p.name == owner.name and p.email)
    email = owner.email or next(known, "")
    return {"name": _words(owner.name), **({"email": _words(email)} if email else {})}


def _words(text: str) -> str:
    """Dbt renders Jinja in every property, with the environment in reach: text of ours must not open any."""
    return _JINJA.sub("{ ", text)


def _nodes(instance: Instance, feed: Feed) -> Iterator[_Node]:
    path = instance.root / "feeds" / f"{feed.name}{SUFFIX}"
    said = dbt_nodes(read_text(path, instance.root), f"feeds/{path.name}")
    if said is None:
        yield from (_source(feed, table) for table in _tables(instance, feed))
        return
    for node in said:
        if not (isinstance(node, str) and _NODE.fullmatch(node)):
            raise _no_node(feed, "What it says of itself in dbt (dependsOn)")
        yield node


def _source(feed: Feed, table: str) -> _Node:
    if not (_NAMED.fullmatch(feed.source) and _NAMED.fullmatch(table)):
        raise _no_node(feed, "The name of its source or table")
    return f"source('{feed.source}', '{table}')"


def _no_node(feed: Feed, what: str) -> TwainError:
    return ContractError(
        f"Feed {feed.name}: {what} cannot stand in dbt's depends_on.",
        todo="Write {property: dependsOn, vendor: dbt, value: \"ref('model')\"} or source('name', 'table'), or a list of them.",
        place=feed.place,
        code="T976",
    )


def _tables(instance: Instance, feed: Feed) -> list[str]:
    """The table's own name, without its schema: dbt knows that of the source. A query's tables, as far as it can be read."""
    if feed.table:
        return [feed.table.rpartition(".")[2]]
    try:
        tree = sqlglot.parse_one(feed.query, read=instance.dialect(feed.source))
    except SqlglotError:
        return []
    shadowed = {cte.alias for cte in tree.find_all(exp.CTE)}
    return sorted({t.name for t in tree.find_all(exp.Table) if t.name and (t.db or t.name not in shadowed)})
