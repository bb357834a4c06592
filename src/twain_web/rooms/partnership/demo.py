"""What the demo's two teams have behind them: a night that somebody said thank you for, a status check, the next one planned."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.formats import date_format

from twain_web.rooms.partnership.actions.checking import Minutes, hold_check, plan_check
from twain_web.rooms.partnership.actions.thanking import say_thanks
from twain_web.rooms.partnership.models import StatusCheck, Thanks
from twain_web.rooms.partnership.occasions import Offer

_TUESDAY = 1
_NOTES = """The stock feed is late on the first of the month: the shop closes its books then. Priya puts it into the calendar.
Lena announces sends above 20 000 people when the idea is there, not when the text is."""
_ITEMS = (
    "Put the closing of the books into IT's calendar",
    "A short visit of Marketing to the machine room, with donuts",
)
_AGENDA = (
    ("thanks", "Thanks", 3, ("Priya Nair, Senior DBA: the night of the stock feed",)),
    ("goals", "Goals of both teams", 4, ("Audiences from live data, none from a file", "Customer data fresh within two hours")),
    ("load", "The next six weeks", 7, ("The first frost",)),
    ("late", "Late, on both sides", 4, ()),
    ("talk", "When did we last talk and nobody needed anything?", 1, ()),
    ("carried", "Carried over", 3, ()),
    ("survey", "How are we doing? The team survey", 3, ("Both teams have fewer than five people: talk about it instead.",)),
)  # fmt: skip


def enter_demo_partnership(*, marketing: str, lead: str, its: str, its_lead: str) -> None:
    """Enter it once, between these user names; nothing happens when there is anything. Nobody is mailed about the past."""
    if Thanks.objects.exists() or StatusCheck.objects.exists():
        return
    people = {one.username: one for one in get_user_model().objects.all()}
    held = _tuesday(timezone.localdate() - timedelta(days=14))
    night = _moment(held - timedelta(days=4), 23)
    when = date_format(night, "l j F, H:i")
    offer = Offer(
        "", its, "", (f"“Stock: not older than 2 hours” was mended on {when}, outside working hours.",), night
    )
    say_thanks(
        by=people[marketing], to=people[its], offer=offer, at=night + timedelta(hours=10), mailed=False,
        words="I had already written the apology to our customers. Thanks to you nobody had to read it.",
    )  # fmt: skip
    leads = {"marketing": people[lead], "it": people[its_lead]}
    check = plan_check(by=people[lead], begins_at=_moment(held, 10), at=night, mailed=False, **leads)
    parts = [_part(*part) for part in _AGENDA]
    minutes = Minutes(held, _NOTES, items=_ITEMS, talked_on=held - timedelta(days=6))
    hold_check(by=people[lead], check=check, minutes=minutes, agenda=parts, mailed=False)
    plan_check(by=people[its_lead], begins_at=_moment(held + timedelta(days=28), 10), mailed=False, **leads)


def _part(key: str, title: str, minutes: int, lines: tuple[str, ...]) -> dict[str, object]:
    told = [{"text": line, "url": ""} for line in lines]
    return {"key": key, "title": title, "minutes": minutes, "lines": told, "quiet": "" if lines else "Nothing."}


def _tuesday(day: date) -> date:
    return day - timedelta(days=(day.weekday() - _TUESDAY) % 7)


def _moment(day: date, hour: int) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))
