"""What checks found, kept in the delivery history: so that quality has a past, and a held send its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twain.errors import LedgerUnavailable
from twain.flows.instance import Instance
from twain.ledger.verdicts import Checked
from twain.records import Feed, Run, Verdict


def keep_verdicts(
    instance: Instance, verdicts: Sequence[Verdict], feeds: Mapping[str, Feed], *, run: Run | None = None
) -> None:
    """Write one round of checks into the history, for *run* or for nobody's send. Raises LedgerUnavailable (T711).

    A send that could not write down why it may go does not go: what it sends could not be written down either.
    """
    if not verdicts:
        return
    contracts = {name: (feed.version, feed.contract_hash) for name, feed in feeds.items()}
    whose = (run.id, run.campaign) if run else ("", "")
    try:
        instance.history.write_checks(Checked(verdicts, instance.clock.now(), *whose, contracts))
    except OSError as error:
        raise LedgerUnavailable(
            f"The checks cannot be written into the delivery history ({error.strerror}).",
            todo=f"Make room in {instance.settings.history}, and see that Twain may write there.",
            business="The delivery history has no room: nothing is sent until IT has seen to it.",
            code="T711",
        ) from error
