"""Intakes whose writes fail become incidents too: one per intake, closed when something was written there again.

Who waits is nobody's business here: numbers, the intake's name and the error's code are all that is told.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from twain.flows.intake_faults import FailingIntake, failing_intakes, last_failed
from twain.records import Owner
from twain_web import engine
from twain_web.rooms.incidents import letters
from twain_web.rooms.incidents.actions import closing, opening
from twain_web.rooms.incidents.failures import Failure
from twain_web.rooms.incidents.models import Incident
from twain_web.rooms.people.public import named, person_at

KIND = "intake"
_FAILING, _KNOWN_FOR = "incidents:failing-intakes", 20  # seconds: every row on its way is passed


def place() -> str:
    """It changes when an intake begins to fail, and when one that fails has taken something. Cheap while none fails."""
    failed, known = last_failed(engine.ledger(), timezone.now().timestamp()), _open()
    if not failed and not known:
        return ""
    failing = [one.name for one in cache.get_or_set(_FAILING, _look, _KNOWN_FOR) or ()] if failed else []
    tried = {one.intake: one.written_at for one in engine.ledger().intake_tries()}
    return repr((sorted(failing), sorted((one.check_name, tried.get(one.check_name)) for one in known)))


def notice() -> None:
    """Open what fails, tell its owner at once; close what was written since."""
    for one in _look():
        opened = opening.failed(_failure(one))
        if opened is not None:
            letters.send_now(opened)
    for incident in _open():
        _close_if_written(incident)


def look(incident: Incident) -> None:
    """Whether something was written there since it failed: nobody's entry is written to find out."""
    if not _close_if_written(incident):
        still = _("Nothing was written there since. When it is mended, have the entries tried again under Leads.")
        closing.note_look(incident, timezone.now(), still=still)


def _close_if_written(incident: Incident) -> bool:
    tried = next((one for one in engine.ledger().intake_tries() if one.intake == incident.check_name), None)
    if tried is not None and tried.written_at > max(tried.failed_at, incident.failed_at.timestamp()):
        return closing.restore(incident, _moment(tried.written_at), _("It takes entries again: one was written."))
    if any(one.intake == incident.check_name for one in engine.ledger().unwritten()):
        return False
    return closing.restore(incident, timezone.now(), _("Nothing waits for it any more."))


def _look() -> list[FailingIntake]:
    return failing_intakes(engine.instance())


def _open() -> list[Incident]:
    return list(Incident.objects.filter(kind=KIND, restored_at=None))


def _failure(one: FailingIntake) -> Failure:
    return Failure(
        f"{KIND}:{one.name}", KIND, "", one.name, "", _("Entries of forms cannot be written to %s") % one.name, _business(one),
        _technical(one), _owner(one.owner), _moment(one.failed_at),
    )  # fmt: skip


def _business(one: FailingIntake) -> str:
    number = one.dead + one.waiting
    waits = ngettext(
        "%(n)d entry waits safely with us: the system that takes them does not.",
        "%(n)d entries wait safely with us: the system that takes them does not.",
        number,
    )
    said = [waits % {"n": number}]
    if one.wishes:
        told = ngettext(
            "%(n)d of them is somebody's yes or no to our mails, which that system does not know yet.",
            "%(n)d of them are people's yes or no to our mails, which that system does not know yet.",
            one.wishes,
        )
        said.append(told % {"n": one.wishes})
    return " ".join(said)


def _technical(one: FailingIntake) -> str:
    kind = f", {one.kind}" if one.kind else ""
    found = f"{one.code}; {one.dead} given up, {one.waiting} waiting"
    return f"[intakes.{one.name}]{kind}: {found}. twain leads list; twain leads retry"


def _owner(written: str) -> Owner:
    """Whom ``twain.toml`` names: by policy's id, a user name or an address; else somebody of IT is asked."""
    if not written:
        return Owner("", "", "")
    by_policy = engine.workspace().policy.people.get(written)
    known = person_at(written if "@" in written else by_policy.email if by_policy else "") or named(written)
    if known.email:
        return Owner(known.full_name, known.title, known.email)
    return Owner(by_policy.name, by_policy.title, by_policy.email) if by_policy else Owner(written, "", "")


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
