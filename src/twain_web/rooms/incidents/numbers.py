"""How long it took, by feed and month: pure functions over records, for anybody to compute again. Nobody is named in it.

Hours are those of the clock on the wall, nights and weekends included: recipients wait through them, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median
from zoneinfo import ZoneInfo

from twain_web.rooms.incidents.reads.records import Incident


@dataclass(frozen=True, slots=True)
class Month:
    """One feed's failures that began in one month. Hours are medians; None where there is nothing to tell.

    *out_of_hours*: how many were mended outside IT's working time by somebody who was on it.
    """

    feed: str
    month: date
    failed: int
    acknowledged: int
    restored: int
    hours_to_acknowledge: float | None
    hours_to_restore: float | None
    out_of_hours: int


def by_feed_and_month(found: Iterable[Incident], zone: str) -> list[Month]:
    """The numbers of each feed and month (in *zone*, by when it failed), in order. Of what has no feed, the feed is empty."""
    grouped: dict[tuple[date, str], list[Incident]] = defaultdict(list)
    for one in found:
        grouped[one.opened_at.astimezone(ZoneInfo(zone)).date().replace(day=1), one.feed].append(one)
    return [_month(feed, month, failures) for (month, feed), failures in sorted(grouped.items())]


def hours(begin: datetime, end: datetime | None) -> float | None:
    """Hours between two moments, never less than none; None while the second has not come."""
    return None if end is None else max(0.0, (end - begin).total_seconds() / 3600)


def _month(feed: str, month: date, failures: Sequence[Incident]) -> Month:
    seen = [h for one in failures if (h := hours(one.opened_at, one.acknowledged_at)) is not None]
    mended = [h for one in failures if (h := hours(one.opened_at, one.restored_at)) is not None]
    return Month(
        feed, month, len(failures), len(seen), len(mended), median(seen) if seen else None,
        median(mended) if mended else None, sum(one.out_of_hours for one in failures),
    )  # fmt: skip
