"""Signups by form go on by themselves: the mail that asks for confirmation, the lead, the consent written back."""

from __future__ import annotations

from twain.flows.confirming import mail_confirmations
from twain.flows.intake import deliver_outgoing
from twain.flows.write_back import gather_wishes
from twain_web import engine
from twain_web.reconcile import reconciler

_MAILS, _WISHES = "mails", "wishes"


def _due() -> list[str]:
    ledger = engine.instance().ledger
    return [_MAILS] if ledger.signups_to_mail(limit=1) else []


def _told_to_it() -> list[str]:
    return [_WISHES] if engine.instance().settings.write_back else []


def _unwritten() -> list[str]:
    return list(engine.ledger().outgoing_due(limit=1))


@reconciler("confirmations", every=1.0, due=_due, hands=1)
def ask_for_confirmation(_mails: str) -> None:
    """Send what waits; a relay that is out of reach is asked again later."""
    mail_confirmations(engine.instance())


@reconciler("wishes", every=5.0, due=_told_to_it, hands=1)
def gather(_wishes: str) -> None:
    """Gather the wishes that IT's system does not know yet."""
    gather_wishes(engine.instance())


@reconciler("leads", every=5.0, due=_unwritten, hands=2)
def write_leads(intake: str) -> None:
    """Write what is due to one of IT's intakes: one that is slow holds up no other."""
    deliver_outgoing(engine.instance(), intake)


@reconciler("signups", every=3600.0, due=lambda: ["waiting"])
def end_waiting(_waiting: str) -> None:
    """End what nobody confirmed within its week."""
    engine.instance().ledger.expire_signups()
