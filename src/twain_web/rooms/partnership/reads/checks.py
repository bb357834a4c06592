"""The agenda of a status check, made from what happened; and what the checks so far come to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from twain_web.rooms.capacity.public import Week, weeks
from twain_web.rooms.desk.public import given, unanswered
from twain_web.rooms.partnership.meetings import Carried, Met, carried_over, held_on_time
from twain_web.rooms.partnership.models import Item, Side, StatusCheck, Thanks
from twain_web.rooms.partnership.occasions import offers
from twain_web.rooms.partnership.quarters import quarter_of
from twain_web.rooms.partnership.reads.surveys import published, small_sides
from twain_web.rooms.people.public import goals, named

_MOST = 6
_FIRST_LOOK = timedelta(days=30)
_EVERY = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an agenda; *url* is where to look, or empty."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the agenda, with its minutes. Without lines, *quiet* says so."""

    key: str
    title: str
    minutes: int
    lines: tuple[Line, ...]
    quiet: str = ""

    def as_json(self) -> dict[str, object]:
        """As it is kept once it was held."""
        lines = [{"text": one.text, "url": one.url} for one in self.lines]
        return {"key": self.key, "title": self.title, "minutes": self.minutes, "lines": lines, "quiet": self.quiet}


def ahead() -> StatusCheck | None:
    """The one that is planned."""
    return checks().filter(held_on=None).order_by("begins_at").first()


def checks() -> QuerySet[StatusCheck]:
    """All of them, the newest first, with their people."""
    return StatusCheck.objects.select_related("marketing", "it")


def agenda(check: StatusCheck | None, now: datetime | None = None) -> list[Part]:
    """Twenty-five minutes: of a check that was held as it was kept, of the next one as it stands now. Thanks before asks."""
    if check is not None and check.held_on is not None:
        return [_kept(part) for part in check.agenda]
    moment = now or timezone.now()
    today = timezone.localdate(moment)
    since = _last_held()
    return [
        Part("thanks", _("Thanks"), 3, tuple(_thanks(since, moment)), _("Nothing was noticed since. Is there something?")),
        Part("goals", _("Goals of both teams"), 4, tuple(_goals()), _("No goals are written down for this quarter.")),
        Part("load", _("The next six weeks"), 7, tuple(_load(today)), _("Nothing is planned for the next six weeks.")),
        Part("late", _("Late, on both sides"), 4, tuple(_late(since, moment)), _("Nobody owes anybody anything.")),
        Part("talk", _("When did we last talk and nobody needed anything?"), 1, tuple(_talked()),
             _("Not that anybody noted. Perhaps over lunch?")),
        Part("carried", _("Carried over"), 3, tuple(Line(one.text) for one in open_items()), _("Nothing is left over.")),
        Part("survey", _("How are we doing? The team survey"), 3, tuple(_survey(today)), ""),
    ]  # fmt: skip


def open_items() -> list[Item]:
    """What earlier checks left open, the oldest first."""
    return list(Item.objects.filter(settled_in=None).select_related("raised_in"))


def next_time(now: datetime) -> datetime:
    """What a form proposes: four weeks after the last one, on a working day, at the same hour; never in the past."""
    last = checks().exclude(held_on=None).first()
    begins = last.begins_at if last else timezone.localtime(now).replace(hour=10, minute=0, second=0, microsecond=0)
    while begins <= now or (last is not None and begins <= last.begins_at):
        begins += _EVERY if last is not None else timedelta(days=1)
    return begins + timedelta(days={5: 2, 6: 1}.get(timezone.localtime(begins).weekday(), 0))


def on_time(today: date) -> tuple[int, int]:
    """How many were held by the day they were first planned for, and of how many."""
    met = StatusCheck.objects.values_list("planned_for", "held_on")
    return held_on_time([Met(planned, held) for planned, held in met], today)


def left_over() -> int:
    """How many items the last check carried over."""
    held = list(StatusCheck.objects.exclude(held_on=None).values_list("held_on", flat=True))
    rows = Item.objects.values_list("raised_in__held_on", "settled_in__held_on")
    return carried_over([Carried(raised, settled) for raised, settled in rows], held)


# ---------------------------------------------------------------- parts


def _thanks(since: datetime, now: datetime) -> Iterator[Line]:
    """What there is to thank for, in both directions; words that somebody passed on are theirs, and read by whom they chose."""
    for offer in offers(max(since, now - _FIRST_LOOK))[:_MOST]:
        yield Line(f"{named(offer.to).shown}: {offer.facts[0]}", offer.url)


def _goals() -> Iterator[Line]:
    for team in goals():
        for goal in team.goals:
            yield Line(f"{team.team}: {goal}")


def _load(today: date) -> Iterator[Line]:
    for week in weeks(today):
        if week.plans or week.closed or week.fullest:
            yield Line(_week(week))


def _week(week: Week) -> str:
    words = [_("Week of %s") % date_format(week.begins, "j F")]
    if week.plans:
        people = f"{week.people:,}".replace(",", "\u202f")
        words.append(_("%(plans)s (%(people)s people)") % {"plans": ", ".join(week.plans[:_MOST]), "people": people})
    if week.fullest:
        words.append(_("fullest hour booked to %d %%") % round(week.fullest * 100))
    return ": ".join([words[0], "; ".join([*words[1:], *week.closed[:_MOST]])])


def _late(since: datetime, now: datetime) -> Iterator[Line]:
    """Late promises of IT; what waits for Marketing past the agreed time."""
    today = timezone.localdate(now)
    for one in [one for one in given(timezone.localdate(since)) if one.late(today)][:_MOST]:
        words = {"it": one.by_shown, "what": one.outcome, "day": date_format(one.day, "j F")}
        yield Line(_("IT: “%(what)s” was promised for %(day)s by %(it)s.") % words, one.url)
    for waiting in unanswered(now)[:_MOST]:
        words = {
            "who": waiting.who,
            "what": waiting.outcome,
            "day": date_format(timezone.localdate(waiting.since), "j F"),
        }
        yield Line(_("Marketing: “%(what)s” waits for an answer of %(who)s since %(day)s.") % words, waiting.url)


def _talked() -> Iterator[Line]:
    """The last time that is known: noted in a check, or a thank-you; which ones is nobody's business."""
    noted = StatusCheck.objects.exclude(talked_on=None).order_by("-talked_on").first()
    thanked = Thanks.objects.first()
    days = [(noted.talked_on, _("noted in a status check"))] if noted else []
    days += [(timezone.localdate(thanked.at), _("somebody said thank you"))] if thanked else []
    for day, how in sorted(days, reverse=True)[:1]:
        yield Line(f"{date_format(day, 'l j F')}: {how}")


def _survey(today: date) -> Iterator[Line]:
    small = small_sides()
    for side in small:
        yield Line(_("%s has fewer than five people: talk about it instead.") % side.label)
    if len(small) < len(Side):
        yield Line(_("Two questions, once a quarter; this is %s. Everybody answers alone.") % quarter_of(today))
    for one in published(today, quarters=1):
        words = {"quarter": one.quarter, "side": one.side.label, "share": share_shown(one.told.share, one.told.bound)}
        yield Line(_("%(quarter)s: %(share)s of %(side)s said above average or better.") % words)
        yield from (Line(f"– {text}") for text in one.texts[:_MOST])


def share_shown(share: float, bound: str) -> str:
    """A share as it may be told: 60 %, or 60 % or more."""
    words = {"at least": _("%s or more"), "at most": _("%s or less")}.get(bound, "%s")
    return words % f"{share * 100:.0f} %"


def minutes_shown(minutes: int) -> str:
    """3 minutes."""
    return ngettext("%d minute", "%d minutes", minutes) % minutes


def _last_held() -> datetime:
    """When they last met; the beginning of time before the first."""
    last = checks().exclude(held_on=None).first()
    return last.begins_at if last else timezone.now() - _FIRST_LOOK


def _kept(part: dict[str, Any]) -> Part:
    lines = tuple(Line(str(one["text"]), str(one["url"])) for one in part["lines"])
    return Part(part["key"], part["title"], part["minutes"], lines, part["quiet"])
