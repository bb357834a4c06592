"""``freshness: at_send``: a window's rows are read again by key just before they go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twain.audiences.compile import compile_for_keys
from twain.flows.instance import Instance
from twain.flows.messages import RunMessages
from twain.flows.prepare import Prepared
from twain.records import Shard
from twain.snapshot.address import canonical

LEFT, CONSENT = "left", "consent"


class AtSend:
    """delivery's ``Refresh``: says who may not be mailed any more, and gives the others' messages their newest values.

    Each window is a read transaction of its own under the source's limits. Raises SourceError: the send is then held.
    """

    def __init__(self, instance: Instance, prepared: Prepared, messages: RunMessages) -> None:
        self._instance = instance
        self._prepared = prepared
        self._messages = messages

    def __call__(self, shard: Shard, rows: Sequence[int]) -> Mapping[int, str]:
        """Row → reason, for those who left the audience, changed their address, or withdrew consent."""
        opened = self._messages.opened(shard)
        keys = opened.keys(rows)
        now = self._read(keys)
        refused: dict[int, str] = {}
        for row, key in zip(rows, keys, strict=True):
            values = now.get(key)
            if values is None or not _same_address(values.get("address"), opened.address(row)):
                refused[row] = LEFT
            elif "consent" in values and values["consent"] is not True:
                refused[row] = CONSENT
            else:
                opened.update(row, values)
        return refused

    def _read(self, keys: Sequence[str]) -> dict[str, dict[str, object]]:
        prepared, body = self._prepared, self._prepared.bundle.body
        used = {column.name for column in prepared.audience.statement.columns}
        statement = compile_for_keys(
            body["audience"],
            keys,
            feed=prepared.feed,
            feeds=prepared.feeds,
            fields=[name for name in prepared.feed.fields if name in used],
            related=[column for column in prepared.related if column.name in used],
            dialect=self._instance.dialect(prepared.feed.source),
            today=self._instance.today(),
            audiences=body.get("audiences", {}),
            fragments=body.get("fragments", {}),
            local_dates=self._instance.local_dates(body),
        ).statement
        source = self._instance.source(prepared.feed.source)
        limits = self._instance.limits(prepared.feed.source)
        with source.session(self._instance.tag(prepared.bundle.campaign), limits) as session:
            found: list[dict[str, object]] = session.table(statement).to_pylist()
        return {str(row["key"]): row for row in found}


def _same_address(written: object, frozen: str) -> bool:
    found = canonical(written) if isinstance(written, str) else None
    return found is not None and not isinstance(found, str) and found.address == frozen
