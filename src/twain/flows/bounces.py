"""Mail that comes back: read, booked once, followed, and written to the delivery history.

::

    mail ──read──▶ what it is, whose message (proved, or not) ──book──▶ ledger: the row, and whom to suppress, in one commit
                                                                   └──▶ only then is the mailbox told; later: history/bounces

A mail is known by its digest. Whatever dies in between, nothing is lost and nothing counted twice. Anybody can write a bounce:
only what carries a MAC of ours (bounce address, or Message-ID) has consequences; everything else is listed.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from twain.errors import ConfigError, LedgerError
from twain.flows.control import Unsubscriber
from twain.flows.instance import Instance
from twain.flows.policy import read_policy
from twain.flows.suppressing import hasher
from twain.ledger.rewriting import NOBODY
from twain.records import CameBack
from twain.returns.mail import Kind, Returned, read_returned
from twain.returns.mail_files import read_mails
from twain.returns.mail_parts import digest, without_addresses
from twain.returns.mailboxes import Mail, MailboxOptions, open_mailbox, read_options
from twain.returns.tokens import TokenRef
from twain.snapshot.spool import read_shard

_BATCH = 50
_FOR_PEOPLE = frozenset({Kind.REPLY, Kind.UNKNOWN})
_LOOKED_BACK = 30 * 86_400.0  # seconds: an address in a bounce is of one mailed lately, or of nobody we know
_MOST_KNOWN = 20_000
_NAMED_FOR = 90 * 86_400.0  # seconds


@dataclass(frozen=True, slots=True)
class Collected:
    """What one reading came to.

    *read* mails, of which *new* had not been booked before; *kinds* counts these; *unproved* of them had no consequences.
    *suppressed* addresses ceased to be mailed. *left*: the time was over before the mailbox was.
    """

    read: int = 0
    new: int = 0
    suppressed: int = 0
    unproved: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    left: bool = False


def collect(instance: Instance, *, most: int = 5_000, within_seconds: float = 60.0) -> Collected:
    """Read the mailbox of ``[returns.bounces]`` once, at most so many mails and for so long.

    Raises ConfigError when none is set, ChannelUnavailable (T850) or ChannelError (T851) when it cannot be read.
    """
    options = mailbox_options(instance)
    until, tally = time.monotonic() + within_seconds, _Tally()
    known, left = _Known(instance, options), False
    with open_mailbox(options) as mailbox:
        mails = islice(mailbox.mails(known.names), most)
        while batch := list(islice(mails, _BATCH)):
            kinds = tally.take(
                instance, [mail.raw for mail in batch], options.where(), believe=options.believe_recipients
            )
            kept = [mail.name for mail, kind in zip(batch, kinds, strict=True) if kind in _FOR_PEOPLE]
            mailbox.settle([mail.name for mail in batch if mail.name not in set(kept)], kept)
            known.remember(batch, kept)
            if time.monotonic() > until:
                left = True
                break
    file_returned(instance)
    return tally.collected(left=left)


def mailbox_options(instance: Instance) -> MailboxOptions:
    """The mailbox that ``twain.toml`` names. Raises ConfigError."""
    if not instance.settings.bounces:
        raise ConfigError(
            "No mailbox for bounces is set.",
            todo="Add [returns.bounces] to twain.toml: kind, host, username, password_env.",
        )
    return read_options(instance.settings.bounces, instance.root)


def take_mail(instance: Instance, raw: bytes, via: str) -> Collected:
    """One mail, as a pipe hands it over. When this returns it is on the disk."""
    tally = _Tally()
    tally.take(instance, [raw], via)
    return tally.collected()


def import_mails(instance: Instance, path: Path) -> Collected:
    """Every mail of a file or folder. Nothing there is changed. Raises ConfigError when it cannot be read."""
    tally = _Tally()
    try:
        mails = read_mails(path)
        while batch := list(islice(mails, _BATCH)):
            tally.take(instance, batch, f"import of {path.name}")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", todo="Name a mail, an mbox file, or a folder of mails."
        ) from error
    file_returned(instance)
    return tally.collected()


def file_returned(instance: Instance) -> int:
    """Write what is booked and not yet in the delivery history to it; returns how many mails.

    What is old enough names nobody in the control store after that: how long the history does is retention's to say.
    """
    count = 0
    for batch in instance.ledger.returned_batches():
        mails = instance.ledger.returned_batch(batch)
        instance.history.write_bounces(batch, mails)
        instance.ledger.returned_filed(batch)
        count += len(mails)
    kept = max(_NAMED_FOR, 2 * read_policy(instance.root).bounces.within_seconds)
    instance.ledger.returned_old(instance.clock.now() - kept)
    return count


class _Tally:
    """Books mails and counts what they were."""

    def __init__(self) -> None:
        self._read = self._new = self._suppressed = self._unproved = 0
        self._kinds: Counter[str] = Counter()

    def take(self, instance: Instance, raws: Sequence[bytes], via: str, *, believe: bool = False) -> list[Kind]:
        """Understand and book some mails, durably; returns what each is."""
        reader = _Reader(instance, via, believe=believe)
        told = [reader.read(raw) for raw in raws]
        once = list({mail.mail: mail for mail in told}.values())
        booked = instance.ledger.book_returned(once, read_policy(instance.root).bounces)
        self._read += len(raws)
        self._new += len(booked)
        self._suppressed += sum(mail.followed.startswith("suppressed:") for mail in booked)
        self._unproved += sum(not mail.believed for mail in booked)
        self._kinds.update(f"{m.kind}:{m.cause}" if m.kind == Kind.BOUNCE else m.kind for m in booked)
        return [Kind(mail.kind) for mail in told]

    def collected(self, *, left: bool = False) -> Collected:
        return Collected(
            self._read, self._new, self._suppressed, self._unproved, dict(sorted(self._kinds.items())), left
        )


class _Reader:
    """From a mail's bytes to what is booked."""

    def __init__(self, instance: Instance, via: str, *, believe: bool) -> None:
        self._instance, self._via, self._believe = instance, via, believe
        self._verify = instance.mint().verify_message_id
        self._hash_of: Callable[[str], bytes | None] = hasher(instance)

    def read(self, raw: bytes) -> CameBack:
        found = read_returned(raw, self._verify)
        proof, delivery = self._delivery(found)
        known = delivery.get("address_hash", NOBODY) != NOBODY  # else they were erased meanwhile
        believed = known and (proof != "recipient" or self._believe)
        return CameBack(
            mail=digest(raw),
            at=self._instance.clock.now(),
            via=self._via[:200],
            kind=str(found.kind),
            cause=str(found.cause or ""),
            status=found.status,
            words=_kept_words(found),
            feedback=found.feedback,
            proof=proof,
            believed=believed,
            **delivery,
        )

    def _delivery(self, found: Returned) -> tuple[str, dict[str, Any]]:
        """How it is known, and which message; nothing when no message of ours is meant, or nothing is left of it."""
        if found.message is not None:
            return str(found.proof), whereabouts(self._instance, found.message)
        if found.kind not in (Kind.BOUNCE, Kind.COMPLAINT):
            return "", {}
        since = self._instance.clock.now() - _LOOKED_BACK
        for address in found.addresses:
            hashed = self._hash_of(address)
            row = self._instance.history.last_to(hashed, since) if hashed else None
            if row is not None:
                return "recipient", _from_history(row)
        return "", {}


def whereabouts(instance: Instance, ref: TokenRef) -> dict[str, Any]:
    """Which message it was, from the history or, while its send goes on, from the spool; {} when nothing is left of it."""
    rows = instance.history.message(ref.run_id, ref.shard, ref.row)
    return _from_history(rows[0]) if rows else _from_spool(instance, ref)


def _from_history(row: Mapping[str, Any]) -> dict[str, Any]:
    moment = row["at"]
    return {
        "run_id": row["run_id"],
        "shard": row["shard"],
        "row": row["row"],
        "campaign": row["campaign"],
        "feed": row["feed"],
        "recipient": row["key"],
        "address_hash": bytes(row["address_hash"]),
        "sent_at": moment.timestamp() if isinstance(moment, datetime) else float(moment),
    }


def _from_spool(instance: Instance, ref: TokenRef) -> dict[str, Any]:
    hashed = Unsubscriber(instance)(ref)
    if hashed is None:
        return {}
    run = instance.ledger.run(ref.run_id)
    shard = next(s for s in instance.ledger.shards(run.id) if s.number == ref.shard)
    try:
        key = read_shard(shard, instance.vault.unseal(run.sealed_key, run.id)).column("key")[ref.row].as_py()
    except LedgerError:  # it has just gone into the history
        rows = instance.history.message(ref.run_id, ref.shard, ref.row)
        return _from_history(rows[0]) if rows else {}
    feed = str(instance.ledger.bundle(run.bundle).body.get("feed", ""))
    return {
        "run_id": run.id,
        "shard": ref.shard,
        "row": ref.row,
        "campaign": run.campaign,
        "feed": feed,
        "recipient": str(key),
        "address_hash": hashed,
        "sent_at": run.started_at or run.created_at,
    }


def _kept_words(found: Returned) -> str:
    """The relay's words without addresses. What a person wrote is not ours to keep, not even its subject."""
    if found.kind in (Kind.REPLY, Kind.AUTO_REPLY, Kind.UNKNOWN):
        return ""
    return without_addresses(found.words)


class _Known:
    """Names of mails that stay in a mailbox which has no marks (POP3), so that they are not fetched again and again.

    Only to save time: without it they are read again, and known by their digests.
    """

    def __init__(self, instance: Instance, options: MailboxOptions) -> None:
        self._file = instance.settings.state / "bounces.json" if options.kind == "pop3" else None
        self._where = options.where()
        self.names: frozenset[str] = self._load()

    def remember(self, batch: Iterable[Mail], kept: Iterable[str]) -> None:
        """These have been read and stay."""
        if self._file is None or not (stay := {mail.name for mail in batch} & set(kept)):
            return
        self.names |= stay
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps({self._where: sorted(self.names)[:_MOST_KNOWN]}), encoding="utf-8")
        draft.replace(self._file)

    def _load(self) -> frozenset[str]:
        if self._file is None or not self._file.is_file():
            return frozenset()
        try:
            return frozenset(json.loads(self._file.read_text(encoding="utf-8")).get(self._where, ()))
        except (ValueError, AttributeError, TypeError):
            return frozenset()


def said_of(mail: CameBack) -> str:
    """One line for people about a mail that came back."""
    what = " ".join(filter(None, (mail.cause, mail.kind.replace("_", " "), mail.status, mail.feedback)))
    return " · ".join(filter(None, (what, mail.words, mail.followed)))
