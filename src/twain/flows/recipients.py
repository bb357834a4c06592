"""What the recipients' pages may tell of a message, from this instance's bundles and its policy as it stands now."""

from __future__ import annotations

from pathlib import Path

from twain.errors import LedgerError, LedgerUnavailable, TwainError
from twain.flows.instance import Instance
from twain.flows.policy import Policy, read_policy
from twain.flows.viewing import Viewer
from twain.records import Sender
from twain.returns.facts import Consented, Sent
from twain.returns.tokens import TokenRef

_NO_SUCH_RUN = "T702"
_MOST_RUNS = 256


class Published:
    """``policy.toml`` as it is now: read again when the file changes; a broken one leaves the last good one in force."""

    def __init__(self, root: Path, policy: Policy) -> None:
        self._root, self._policy = root, policy
        self._stamp = self._look()

    def now(self) -> Policy:
        """The policy in force."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._policy = read_policy(self._root)
            except TwainError:
                return self._policy
        return self._policy

    def _look(self) -> tuple[int, int]:
        try:
            found = (self._root / "policy.toml").stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size


class InstanceFacts:
    """Implements ``returns.facts.Facts``. Used by one thread."""

    def __init__(self, instance: Instance, viewer: Viewer) -> None:
        self._instance, self._viewer = instance, viewer
        self._published = Published(instance.root, instance.workspace.policy)
        self._runs: dict[str, tuple[str, str, Sender, float]] = {}

    def sent(self, ref: TokenRef) -> Sent | None:
        """The send a token belongs to; None when the ledger does not know it."""
        try:
            channel, topic, sender, at = self._run(ref.run_id)
        except LedgerUnavailable:
            raise
        except LedgerError:
            return None
        told, settings = self._published.now().recipients, self._instance.settings
        return Sent(
            company=settings.name,
            channel=channel,
            sender=sender,
            topic=told.topic(topic),
            topics=told.topics,
            channels={name: told.channels.get(name, {}) for name in settings.channels},
            at=at,
            zone=settings.time_zone,
            language=told.language,
        )

    def title(self, ref: TokenRef) -> str:
        """The subject: as it was sent while the send goes on, later with the fallbacks that the campaign declares."""
        return self._viewer.subject(ref)

    def title_as_seen(self, ref: TokenRef) -> bool:
        """Whether the title is the one its reader saw: after the send, what was personal in it is gone."""
        return self._viewer.subject_as_seen(ref)

    def language(self, ref: TokenRef) -> str:
        """What the feed's language field said, while the audience is kept; empty afterwards."""
        return self._viewer.language(ref)

    def consent(self, ref: TokenRef, address_hash: bytes | None) -> Consented | None:
        """By our own forms' proof about this topic, the newest before the send; else by the feed's date, while it is kept."""
        _, topic, _, sent_at = self._run(ref.run_id)
        signups = self._instance.ledger.signups_of(address_hash) if address_hash is not None else []
        ours = [
            Consented(one.confirmed_at, "mail") if one.state == "confirmed" else Consented(one.at, "form")
            for one in signups
            if one.state in ("confirmed", "taken") and one.topic == topic
        ]
        before = [one for one in ours if one.at <= sent_at]
        if before:
            return max(before, key=lambda one: one.at)
        at = self._viewer.consent_at(ref)
        return None if at is None else Consented(at, "data")

    def _run(self, run_id: str) -> tuple[str, str, Sender, float]:
        """Channel, topic, sender and start of a run, which never change: read once."""
        found = self._runs.get(run_id)
        if found is None:
            run = self._instance.ledger.run(run_id)
            body = self._instance.ledger.bundle(run.bundle).body
            sender = Sender(**body.get("sender", {"address": ""}))
            found = run.channel, str(body.get("topic", "")), sender, run.started_at or run.created_at
            if len(self._runs) >= _MOST_RUNS:
                self._runs.pop(next(iter(self._runs)))
            self._runs[run_id] = found
        return found
