"""What this room does by itself, and the one thing people do here that leaves a trace: unmasking."""

from __future__ import annotations

from twain.errors import ConfigError
from twain.flows.customer import Customer, look_up
from twain_web import engine
from twain_web.access import refuse_unless
from twain_web.reconcile import reconciler
from twain_web.rooms.insights import reads
from twain_web.rooms.insights.permissions import UNMASK_CUSTOMER
from twain_web.rooms.people.public import record

_SHORTEST_REASON = 10


@reconciler("figures", every=15.0, due=reads.stale)
def keep_figures(run_id: str) -> None:
    """Read a finished send's figures once, so that its page opens at once."""
    here = engine.instance()
    reads.figures(here, here.ledger.run(run_id))


def _history_is_scattered() -> list[str]:
    return ["deliveries"] if len(engine.instance().history.files()) > reads.MOST_FILES else []


@reconciler("history", every=900.0, due=_history_is_scattered)
def compact_history(_table: str) -> None:
    """Merge the many small files of past sends, so that one customer's history is found in one place."""
    engine.instance().history.compact()


def unmask(*, by: object, feed: str, key: str, reason: str) -> Customer:
    """Show somebody's masked fields: needs the right and a reason, and the audit has the row before the data is shown."""
    refuse_unless(by, UNMASK_CUSTOMER)
    if len(reason.strip()) < _SHORTEST_REASON:
        raise ConfigError(
            "Unmasking needs a reason that somebody else can follow.", todo="Say in a sentence what you need it for."
        )
    here = engine.instance(by)
    record(by, "customer unmasked", f"customer:{feed}:{key}", {"reason": reason.strip()[:500]})
    return look_up(here, here.workspace.feed(feed), key, reveal=True)
