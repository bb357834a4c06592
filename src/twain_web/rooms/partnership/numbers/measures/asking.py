"""What was asked of IT: answered by the catalogue, promised, clarified, and how long a sender domain took."""

from __future__ import annotations

from datetime import datetime

from twain_web.rooms.desk.public import RequestRecord
from twain_web.rooms.partnership.numbers.periods import Period
from twain_web.rooms.partnership.numbers.points import NONE, Point, mean, middle, share
from twain_web.rooms.partnership.numbers.records import Records

#: Ten working days of eight hours: what was found in the catalogue counts when it was used within them.
USED_WITHIN = 80.0


def there_at(one: RequestRecord) -> datetime | None:
    """When what was asked for was there for the first time: seen by the automatic check, or by whoever asked."""
    return next((at for at, verb, _state in one.moves if verb in ("observe", "confirm")), None)


def already_available(records: Records, period: Period) -> Point:
    """Questions that the catalogue answered, and whose answer was used within ten working days; of all it answered."""
    taken = [one for one in records.requests if one.state == "deflected" and period.has(one.since)]
    used = [one for one in taken if one.used_at and records.hours(one.since, one.used_at) <= USED_WITHIN]
    asked = any(period.has(one.made_at) for one in records.requests)
    return Point(float(len(used)), len(taken)) if asked else NONE


def asks_per_ten(records: Records, period: Period) -> Point:
    """What IT was asked for, for each ten campaigns that were sent."""
    asked = sum(period.has(one.asked_at) for one in records.requests)
    campaigns = {one.campaign for one in records.sends if period.has(one.began_at)}
    return Point(10 * asked / len(campaigns), asked) if campaigns else NONE


def promises_kept(records: Records, period: Period) -> Point:
    """Of what came in a period and had been promised: the share that was there by the first day that IT gave."""
    return share([days <= 0 for days in _days_late(records, period)])


def promised_vs_actual(records: Records, period: Period) -> Point:
    """Days between the first day that IT gave and the day it was there; fewer than none: earlier."""
    return middle(_days_late(records, period))


def _days_late(records: Records, period: Period) -> list[int]:
    return [
        (records.day(there) - one.promises[0][1]).days
        for one in records.requests
        if one.promises and (there := there_at(one)) and period.has(there)
    ]


def clarifying(records: Records, period: Period) -> Point:
    """Questions that IT had to ask back, for each request that came in a period."""
    come = [one for one in records.requests if period.has(there_at(one))]
    return mean([sum(verb == "question" for _at, verb, _state in one.moves) for one in come])


def domain_hours(records: Records, period: Period) -> Point:
    """Hours from asking for a sender domain until every authoritative server answered right."""
    come = [(one.asked_at, there_at(one)) for one in records.requests if one.probe == "dns"]
    return middle([
        (there - asked).total_seconds() / 3600 for asked, there in come if asked and there and period.has(there)
    ])  # fmt: skip
