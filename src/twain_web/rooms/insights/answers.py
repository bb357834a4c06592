"""What came back of sends, kept: pages show what was read last and say when; a reconciler reads anew what has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from django.utils import timezone

from twain.errors import TwainError
from twain.flows.answers import answers_stamp, files_of, responses_of, stamps
from twain.flows.credit import reads_of
from twain.flows.instance import Instance
from twain.insight.credit import FeedRead
from twain.insight.responses import Responses, from_json
from twain.records import Bundle, Owner, Run
from twain_web import engine
from twain_web.rooms.insights.models import SendAnswers
from twain_web.rooms.insights.reads import BEGUN

_NEWEST = 500  # sends among which those that were never read are looked for
_STANDING = frozenset({"sent", "failed", "bounce", "bounce:hard", "bounce:soft", "complaint"})


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back of one send as it was read *read_at*; *reads* is empty where its bundle can't be compiled any more."""

    run_id: str
    campaign: str
    domain: str
    began_at: datetime
    responses: Responses
    reads: tuple[FeedRead, ...]
    read_at: datetime


def answers(instance: Instance, run: Run) -> Answered:
    """What came back of a send: as kept, however old; read now when it never was."""
    kept = SendAnswers.objects.filter(run_id=run.id).first()
    return _answered(kept or keep(instance, run))


def answered(run_ids: Iterable[str]) -> dict[str, Answered]:
    """What is kept of these sends, in one query."""
    return {one.run_id: _answered(one) for one in SendAnswers.objects.filter(run_id__in=list(run_ids))}


def standing_since(moment: datetime) -> list[tuple[str, Mapping[str, Mapping[str, int]]]]:
    """Of every send that began since then: the sender's domain, and what it came to by provider; one small query."""
    found = SendAnswers.objects.filter(began_at__gte=moment).order_by("-began_at")
    return list(found.values_list("domain", "standing"))


def keep(instance: Instance, run: Run) -> SendAnswers:
    """Read what came back of a send now, and keep it."""
    bundle = instance.ledger.bundle(run.bundle)
    responses = responses_of(instance, run)
    found = {
        "stamp": responses.stamp,
        "campaign": run.campaign,
        "domain": str(bundle.body["sender"]["address"]).rpartition("@")[2].lower(),
        "began_at": datetime.fromtimestamp(run.started_at or run.created_at, UTC),
        "answers": responses.as_json(),
        "standing": _standing(responses),
        "reads": [asdict(read) for read in _reads(instance, bundle)],
        "read_at": timezone.now(),
    }
    return SendAnswers.objects.update_or_create(run_id=run.id, defaults=found)[0]


def changed() -> list[str]:
    """Sends of which something has come back since it was last read: those never read, newest first; then the longest unread.

    While people click, the newest are always among them: in another order the others would never have their turn.
    """
    here = engine.instance()
    now = stamps(here)
    told = {run_id: (stamp, at) for run_id, stamp, at in SendAnswers.objects.values_list("run_id", "stamp", "read_at")}
    runs = (run.id for run in here.ledger.runs(limit=_NEWEST, states=BEGUN) if not run.scope.startswith("to:"))
    empty = answers_stamp(files_of(here, ""))
    again = [run_id for run_id, (stamp, _at) in told.items() if stamp != now.get(run_id, empty)]
    return [*(run_id for run_id in runs if run_id not in told), *sorted(again, key=lambda run_id: told[run_id][1])]


def _standing(responses: Responses) -> dict[str, dict[str, int]]:
    """By provider; of all of them together what came back, also where a provider is not known yet."""
    found: dict[str, dict[str, int]] = {"": {}}
    for line in responses.lines:
        if line.kind in _STANDING and line.by in ("whole", "lane"):
            found.setdefault(line.name if line.by == "lane" else "", {})[line.kind] = line.messages
    for kind in ("sent", "failed"):
        found[""][kind] = sum(kinds.get(kind, 0) for lane, kinds in found.items() if lane)
    return found


def _reads(instance: Instance, bundle: Bundle) -> list[FeedRead]:
    try:
        return reads_of(instance, bundle)
    except (
        TwainError
    ):  # an old bundle that today's contracts or databases don't know any more: nobody is credited wrongly
        return []


def _answered(kept: SendAnswers) -> Answered:
    reads = tuple(
        FeedRead(**{**read, "owner": Owner(**read["owner"]), "fields": tuple(read["fields"]), "by": tuple(read["by"])})
        for read in kept.reads
    )
    return Answered(
        kept.run_id, kept.campaign, kept.domain, kept.began_at, from_json(kept.answers), reads, kept.read_at
    )
