"""What happens by itself: failed checks become incidents, their checks are made again, who does not answer is stood in for.

Most of what is noticed the flow knows already: rehearsals of launches and the house's own looks at feeds. Only when those say
nothing is a check made from here, spaced out, under the source's interactive limits and in the hours in which IT gives reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from twain.errors import TwainError
from twain.flows.catalogue import look_at_all, look_at_newest
from twain.records import Feed, Verdict
from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.campaigns.public import trials, try_campaign
from twain_web.rooms.incidents import failures, hours, intakes
from twain_web.rooms.incidents.actions import closing
from twain_web.rooms.incidents.models import Incident
from twain_web.rooms.integrations.public import domain_levels, want_a_look
from twain_web.rooms.people.public import stand_in

# ---------------------------------------------------------------- does it still fail?


def looks_due() -> list[str]:
    """Open incidents that want a look now."""
    found = Incident.objects.filter(restored_at=None, look_at__lte=timezone.now()).order_by("look_at")
    return [str(pk) for pk in found.values_list("pk", flat=True)]


@reconciler("incidents.look", every=1.0, due=looks_due, hands=2)
def look(key: str) -> None:
    """Make the check of one incident again, and do what follows from what it says."""
    incident = Incident.objects.filter(pk=int(key), restored_at=None).first()
    if incident is None:
        return
    try:
        _LOOKS[incident.kind](incident)
    except TwainError as error:
        closing.note_look(incident, timezone.now(), unknown=error.business)


def _look_at_feed(incident: Incident) -> None:
    feed = _feed(incident)
    if feed is None:
        closing.restore(
            incident, timezone.now(), _("The feed is no longer in the workspace: nothing is checked any more.")
        )
        return
    seen = look_at_all(engine.instance(), feed)
    judge(incident, datetime.fromtimestamp(seen.at, UTC), [_plain(one) for one in seen.verdicts])


def _look_at_audience(incident: Incident) -> None:
    tried = try_campaign(_campaign(incident))
    judge(incident, tried.at, tried.verdicts)


def _look_at_source(incident: Incident) -> None:
    feed = _feed(incident)
    if feed is None:
        closing.restore(
            incident, timezone.now(), _("The feed is no longer in the workspace: nothing is read any more.")
        )
        return
    look_at_newest(engine.instance(), feed)
    closing.restore(incident, timezone.now(), _("The database answers again."))


def _look_at_domain(incident: Incident) -> None:
    level, at = domain_levels().get(incident.check_name, ("hold", None))
    if at is None or at <= (incident.looked_at or incident.failed_at):
        want_a_look(incident.check_name)
    elif level != "hold":
        closing.restore(incident, at, _("Every authoritative server answers right again."))
        return
    closing.note_look(incident, timezone.now(), still=_("The last probe still finds what is wrong."))


_LOOKS = {
    "feed": _look_at_feed, "audience": _look_at_audience, "source": _look_at_source, "domain": _look_at_domain,
    intakes.KIND: intakes.look,
}  # fmt: skip


def judge(incident: Incident, at: datetime, verdicts: Sequence[Mapping[str, Any]]) -> None:
    """Close the incident if these verdicts, reached at *at*, show that its check passes; else note what they say."""
    if at <= incident.failed_at:
        return
    campaign = _campaign(incident)
    if failures.passes(verdicts, kind=incident.kind, feed=incident.feed, key=incident.key, campaign=campaign):
        passing = next((v for v in verdicts if v["check"] == incident.check_name and v["feed"] == _of(incident)), None)
        words = str(passing["business"]) if passing else _("The check is no longer asked for.")
        closing.restore(incident, at, _("Seen to pass: %s") % words, str(passing["technical"]) if passing else "")
        return
    still = [str(v["business"]) for v in verdicts if v["level"] == "hold" and v["check"] == incident.check_name]
    closing.note_look(incident, at, still=" ".join(still) or _("Another check has to pass first."))


def judge_by_trials() -> None:
    """What launches' own rehearsals show: the cheapest look of all, for it was made anyway."""
    found = trials()
    for incident in Incident.objects.filter(restored_at=None, kind__in=("feed", "audience")):
        for trial in sorted((t for t in found if _tells_of(t, incident)), key=lambda t: t.at, reverse=True)[:1]:
            campaign = _campaign(incident)
            if trial.at > incident.failed_at and failures.passes(
                trial.verdicts, kind=incident.kind, feed=incident.feed, key=incident.key, campaign=campaign
            ):
                judge(incident, trial.at, trial.verdicts)


def _tells_of(trial: Any, incident: Incident) -> bool:  # noqa: ANN401 — a Trial
    if incident.kind == "audience":
        return bool(trial.campaign == _campaign(incident))
    return any(verdict["feed"] == incident.feed for verdict in trial.verdicts)


def _campaign(incident: Incident) -> str:
    return incident.key.split(":")[1] if incident.kind == "audience" else ""


def _of(incident: Incident) -> str:
    return incident.feed if incident.kind == "feed" else ""


def _feed(incident: Incident) -> Feed | None:
    return engine.workspace().feeds.get(incident.feed)


def _plain(one: Verdict) -> dict[str, Any]:
    return {"check": one.check, "level": str(one.level), "feed": one.feed, "field": one.field, "business": one.business,
            "technical": one.technical}  # fmt: skip


# ---------------------------------------------------------------- who answers?


def escalations_due() -> list[str]:
    """Incidents that nobody has seen in the agreed time, and that somebody else can be asked about."""
    waiting = Incident.objects.filter(restored_at=None, acknowledged_at=None, told_at__isnull=False, escalated__lt=2)
    found = waiting.select_related("owner__delegate", "owner__team__bridge")
    return [str(one.pk) for one in found if _is_late(one) and _next(one) is not None]


@reconciler("incidents.escalate", every=60.0, due=escalations_due)
def escalate(key: str) -> None:
    """Ask the next person by name: the delegate, then the bridge person of the team."""
    one = Incident.objects.select_related("owner__delegate", "owner__team__bridge").filter(pk=int(key)).first()
    to = _next(one) if one is not None and _is_late(one) else None
    if one is not None and to is not None:
        closing.escalate(one, to)


def _next(incident: Incident) -> Any:  # noqa: ANN401 — a Person, or None when all have been asked
    """The owner's delegate, then the bridge person of the owner's team; nobody is asked twice."""
    to = stand_in(incident.owner, incident.escalated)
    return None if to is None or to.pk == incident.asked_id else to


def _is_late(incident: Incident) -> bool:
    asked = incident.events.filter(verb="escalate", at__gte=incident.opened_at).last()
    since = asked.at if asked is not None else incident.told_at
    return since is not None and hours.late(since, timezone.now())
