"""A message in the browser: made again as it was sent, or with its declared fallbacks once the person's data is gone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from twain.content import mime
from twain.content.program import Preview, preview
from twain.errors import LedgerUnavailable, TwainError
from twain.flows.instance import Instance
from twain.flows.prepare import Prepared, prepare_here
from twain.records import Bundle, Run, Stamp
from twain.returns.tokens import TokenRef
from twain.returns.words import words
from twain.snapshot.spool import read_shard

_MOST_BUNDLES = 8
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_LINE = (
    '<p role="note" style="margin:0;padding:12px 16px;background:#fff8e1;color:#1c2321;'
    'font:15px/1.5 system-ui,sans-serif;text-align:center">{}</p>'
)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A message made again. *whole*: as it was sent; *plain_subject*: nothing of a person is in its subject anyhow."""

    preview: Preview
    whole: bool
    plain_subject: bool


class Viewer:
    """From a token to the page of its message. Used by one thread."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._mint = instance.mint()
        self._prepared: dict[str, Prepared] = {}

    def __call__(self, ref: TokenRef) -> bytes | None:
        """The HTML, without what counts opens; None when the send is not known or its message can't be made any more.

        While the send goes on, the page shows what the message shows. Afterwards names and addresses are gone from here, and the
        page shows the fallbacks that the campaign declares: nothing personal is kept for it.
        """
        shown = self._shown(ref)
        if shown is None:
            return None
        page = shown.preview.html if shown.whole else _with_line(shown.preview.html, self._words()["view_without"])
        return page.encode("utf-8", "replace")

    def subject(self, ref: TokenRef) -> str:
        """What the message was called, under the same rules; empty when it can't be made any more."""
        shown = self._shown(ref)
        return "" if shown is None else shown.preview.subject

    def subject_as_seen(self, ref: TokenRef) -> bool:
        """Whether :meth:`subject` is what the reader saw: their values are kept still, or none of them is in it."""
        shown = self._shown(ref)
        return shown is None or shown.whole or shown.plain_subject

    def language(self, ref: TokenRef) -> str:
        """What the feed's field with the role ``language`` says of the person, while their values are kept; else empty."""
        try:
            run = self._instance.ledger.run(ref.run_id)
            if not run.sealed_key:
                return ""
            return str(self._row(run, ref, self._compiled(run.bundle))[0].get("language") or "")
        except LedgerUnavailable:
            raise
        except TwainError:
            return ""

    def consent_at(self, ref: TokenRef) -> float | None:
        """Since when the person agrees (epoch seconds) by the feed's field with that role, while their values are kept."""
        try:
            run = self._instance.ledger.run(ref.run_id)
            value = self._row(run, ref, self._compiled(run.bundle))[0].get("consent_at") if run.sealed_key else None
        except LedgerUnavailable:
            raise
        except TwainError:
            return None
        zone = ZoneInfo(self._instance.settings.time_zone)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=zone)).timestamp()
        return datetime.combine(value, time(12), zone).timestamp() if isinstance(value, date) else None

    def _words(self) -> Mapping[str, Any]:
        return words(self._instance.workspace.policy.recipients.language)

    def _shown(self, ref: TokenRef) -> _Shown | None:
        try:
            run = self._instance.ledger.run(ref.run_id)
            prepared = self._compiled(run.bundle)
            row, arm = self._row(run, ref, prepared)
            program = prepared.programs[arm]
            filled = {name: row.get(name) for name in program.columns}
            made = preview(program, {**filled, "address": "you@example.invalid"}, self._stamp(ref))
            personal = set(program.columns) - {"address"}
            subject = str(prepared.bundle.body["arms"][arm].get("subject", ""))
            return _Shown(made, whole=bool(row) or not personal, plain_subject="{" not in subject)
        except TwainError:
            return None

    def _stamp(self, ref: TokenRef) -> Stamp:
        """The message's own token, so that its links lead where the message's lead."""
        token = self._mint.stamps(ref.run_id, ref.shard, [ref.row])[0][1]
        return Stamp(b"<view@localhost>", token, mime.date(self._instance.clock.now()))

    def _compiled(self, digest: str) -> Prepared:
        found = self._prepared.get(digest)
        if found is None:
            bundle = self._instance.ledger.bundle(digest)
            silent = Bundle(bundle.hash, bundle.campaign, {**bundle.body, "track_opens": False})
            found = prepare_here(self._instance, silent)
            if len(self._prepared) >= _MOST_BUNDLES:
                self._prepared.pop(next(iter(self._prepared)))
            self._prepared[digest] = found
        return found

    def _row(self, run: Run, ref: TokenRef, prepared: Prepared) -> tuple[dict[str, Any], int]:
        """The person's values as they were frozen, if they still are, and the arm."""
        if run.sealed_key:
            shard = next((s for s in self._instance.ledger.shards(run.id) if s.number == ref.shard), None)
            if shard is not None and ref.row < shard.rows:
                table = read_shard(shard, self._instance.vault.unseal(run.sealed_key, run.id)).slice(ref.row, 1)
                values: dict[str, Any] = table.to_pylist()[0]
                return values, int(values["arm"])
        sent = self._instance.history.message(*ref)
        names = [arm.name for arm in prepared.arms]
        arm = str(sent[0]["arm"]) if sent else names[0]
        return {}, names.index(arm) if arm in names else 0


def _with_line(page: str, text: str) -> str:
    """The page with a line of ours above all, which says what it is not."""
    line = _LINE.format(escape(text))
    found = _BODY.search(page)
    return line + page if found is None else page[: found.end()] + line + page[found.end() :]
