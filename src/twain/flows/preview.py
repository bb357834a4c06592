"""The message as one person will get it, and as the most difficult people will; masked by the preview right."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from twain.audiences.compile import compile_audience, compile_sample
from twain.audiences.split import assign
from twain.content.program import preview as render_preview
from twain.errors import ConfigError
from twain.flows.campaigns import Campaign
from twain.flows.instance import Instance
from twain.flows.prepare import Prepared, prepare_here
from twain.flows.publish import make
from twain.records import Column, Field, Right
from twain.snapshot.address import canonical

MASK = "•••"


@dataclass(frozen=True, slots=True)
class Previewed:
    """One message as somebody would see it. *size* is the whole message in bytes.

    *left_out*: why whoever was asked for by key would not get it, as far as their row tells; empty otherwise.
    *odd*: what makes a person one of the extremes, "the longest First name"; empty where no extremes were asked for.
    """

    who: str
    arm: str
    subject: str
    html: str
    text: str
    headers: dict[str, str]
    size: int
    left_out: str = ""
    odd: str = ""


def preview(instance: Instance, campaign: str | Campaign, *, key: str = "", extremes: bool = False) -> list[Previewed]:
    """Previews for one key, for extreme rows, or for the first person of the audience. Raises ConfigError for no one.

    *campaign* is the name of one that is kept in files, or a campaign as it stands somewhere else.
    """
    record = instance.workspace.campaign(campaign) if isinstance(campaign, str) else campaign
    prepared, rows = read_people(instance, record, key=key, extremes=extremes)
    left_out = _left_out(instance, prepared, key) if key else ""
    odd = _oddities(prepared, rows) if extremes else [""] * len(rows)
    shown = (_shown(instance, prepared, row) for row in rows)
    return [replace(one, left_out=left_out, odd=why) for one, why in zip(shown, odd, strict=True)]


def read_people(
    instance: Instance, record: Campaign, *, key: str = "", extremes: bool = False
) -> tuple[Prepared, list[dict[str, Any]]]:
    """The campaign compiled, and the rows of those it is shown with, masked by the preview right; ConfigError for no one."""
    prepared = prepare_here(instance, make(instance, record))
    rows = _read(instance, prepared, key, extremes=extremes)
    if not rows:
        whom = f"with the key {key!r}" if key else "in the audience"
        raise ConfigError(f"There is nobody {whom}.", todo="Check the key, or: twain audience count " + record.name)
    return prepared, rows


def _read(instance: Instance, prepared: Prepared, key: str, *, extremes: bool) -> list[dict[str, Any]]:
    statement = _statement(instance, prepared, key, extremes=extremes)
    source = instance.source(prepared.feed.source)
    limits = instance.limits(prepared.feed.source, interactive=True)
    with source.session(instance.tag(prepared.bundle.campaign, "preview"), limits) as session:
        table: pa.Table = session.table(statement)
    rows: list[dict[str, Any]] = table.to_pylist()
    return [_masked(prepared, row) for row in rows]


def _left_out(instance: Instance, prepared: Prepared, key: str) -> str:
    """Why the person with this key would be left out: by the rule, the address or their consent. Empty when by none of them."""
    body, source = prepared.bundle.body, prepared.feed.source
    found = compile_audience(
        body["audience"],
        feed=prepared.feed,
        feeds=prepared.feeds,
        fields=[],
        dialect=instance.dialect(source),
        today=instance.today(),
        audiences=body.get("audiences", {}),
        fragments=body.get("fragments", {}),
        keys=[key],
        local_dates=instance.local_dates(body),
    )
    limits = instance.limits(source, interactive=True)
    with instance.source(source).session(instance.tag(prepared.bundle.campaign, "preview"), limits) as session:
        rows: list[dict[str, Any]] = session.table(found.statement).to_pylist()
    if not rows:
        return "not in the audience"
    if isinstance(canonical(rows[0].get("address")), str):
        return "no usable address"
    return "has not agreed" if "consent" in rows[0] and rows[0]["consent"] is not True else ""


def _statement(instance: Instance, prepared: Prepared, key: str, *, extremes: bool) -> Any:  # noqa: ANN401
    body = prepared.bundle.body
    used = _used(prepared)
    common: dict[str, Any] = {
        "feed": prepared.feed,
        "feeds": prepared.feeds,
        "fields": [name for name in prepared.feed.fields if name in used],
        "related": [c for c in prepared.related if c.name in used],
        "dialect": instance.dialect(prepared.feed.source),
        "today": instance.today(),
        "audiences": body.get("audiences", {}),
        "fragments": body.get("fragments", {}),
    }
    if key:
        # Anybody may be previewed, in the audience or not: the rule is left out.
        return compile_audience({"all": []}, keys=[key], **common).statement
    odd = [field.name for field in _seen(prepared)] if extremes else []
    return compile_sample(
        body["audience"], limit=12 if extremes else 1, extreme=odd, right=Right.PERSONALISE, **common
    ).statement


def _used(prepared: Prepared) -> set[str]:
    """The columns that the contents read."""
    return {name for program in prepared.programs for name in program.columns}


def _seen(prepared: Prepared) -> list[Field]:
    """The fields of the person that the content uses and a preview may show."""
    used = _used(prepared)
    return [f for n, f in prepared.feed.fields.items() if n in used and Right.PREVIEW in f.rights]


def _oddities(prepared: Prepared, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What makes each of these rows one of the extremes: they hold the audience's longest, shortest and missing values."""
    found: list[list[str]] = [[] for _ in rows]
    for field in _seen(prepared):
        values = [row.get(field.name) for row in rows]
        sizes = [len(value) if isinstance(value, str) else value for value in values]
        there = [size for size in sizes if size is not None]
        most, least = ("longest", "shortest") if field.type == "string" else ("highest", "lowest")
        for words, size in zip(found, sizes, strict=True):
            if size is None:
                words.append(f"no {field.business_name}")
            elif max(there) != min(there) and size in (max(there), min(there)):
                words.append(f"the {most if size == max(there) else least} {field.business_name}")
    return [", ".join(words) for words in found]


def _masked(prepared: Prepared, row: dict[str, Any]) -> dict[str, Any]:
    columns = {column.name: column for column in prepared.audience.statement.columns if column.name != "key"}
    return {name: _mask(prepared, columns.get(name), value) for name, value in row.items()}


def _mask(prepared: Prepared, column: Column | None, value: Any) -> Any:  # noqa: ANN401 — a value of any field
    if column is None or value is None:
        return value
    if column.type == "rows":
        items = {item.name: item for item in column.items}
        rows = [{n: _mask(prepared, items.get(n), v) for n, v in row.items()} for row in json.loads(value)]
        return json.dumps(rows, ensure_ascii=False)
    feed = prepared.feeds.get(column.feed)
    field = feed.fields.get(column.field) if feed else None
    if field is None or Right.PREVIEW in field.rights:
        return value
    return MASK if column.type == "string" else None


def _shown(instance: Instance, prepared: Prepared, row: dict[str, Any]) -> Previewed:
    arm = _arm(instance, prepared, row)
    shown = render_preview(prepared.programs[arm], {**row, "address": "preview@example.com"})
    return Previewed(
        who=f"{prepared.feed.fields[prepared.feed.key].business_name} {row['key']}",
        arm=prepared.arms[arm].name,
        subject=shown.subject,
        html=shown.html,
        text=shown.text,
        headers=dict(shown.headers),
        size=shown.size,
    )


def _arm(instance: Instance, prepared: Prepared, row: dict[str, Any]) -> int:
    found = canonical(row.get("address"))
    if isinstance(found, str):
        return 0
    digest = instance.vault.address_hash(found.compared.encode())
    return max(0, assign(digest, prepared.bundle.campaign, 0.0, prepared.arms))
