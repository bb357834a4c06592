"""What a database says of our connections: how many, how long they have been open, and how long their query has run.

PostgreSQL shows every role its own sessions in ``pg_stat_activity`` (section 27.2.3 of its manual), from whichever machine; ours
carry our name. Other kinds cannot say, and answer None.
"""

from __future__ import annotations

from dataclasses import dataclass

from twain.errors import SourceLimit
from twain.feeds.slots import slot
from twain.settings import SourceSettings

_OURS = "twain look"
_SECONDS = 2
_ASK = """
SELECT application_name,
       EXTRACT(epoch FROM clock_timestamp() - backend_start)::float8,
       CASE WHEN state = 'active' THEN EXTRACT(epoch FROM clock_timestamp() - query_start)::float8 END
FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
  AND application_name LIKE 'twain %' AND application_name NOT IN ('twain look', 'twain ledger')
ORDER BY backend_start
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One session of ours, as the database tells: its name, seconds since it connected, and seconds its query has been running.

    *running* is None while the session waits for us.
    """

    application: str
    open: float
    running: float | None


def seen_by(settings: SourceSettings) -> tuple[Seen, ...] | None:
    """Ask the database itself, within two seconds and one of the connections that IT allows.

    None when it cannot say: another kind of database, no connection free, or no answer. Looking must never be what hurts.
    """
    url = settings.options.get("url", "")
    if settings.kind != "postgres" or not url:
        return None
    try:
        with slot(settings, 0.0, _OURS):
            return _ask(url)
    except SourceLimit:
        return None


def _ask(url: str) -> tuple[Seen, ...] | None:
    import psycopg  # noqa: PLC0415 — a driver that only this kind of database needs

    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=_SECONDS, application_name=_OURS) as asked:
            asked.execute(f"SET statement_timeout = {_SECONDS * 1000}")
            return tuple(Seen(*row) for row in asked.execute(_ASK))
    except psycopg.Error:
        return None
