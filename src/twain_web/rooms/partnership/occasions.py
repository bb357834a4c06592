"""Occasions for thanks: what happened, told as facts. Twain offers; only a human thanks, in their own words.

``OFFERS`` is the seam: a function from the moment to look back to, to the offers it knows of since then. An offer goes to whoever
is on the other side of the person it names; nothing is offered twice to whoever has taken it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from twain_web.rooms.capacity.public import noticed
from twain_web.rooms.desk.public import given
from twain_web.rooms.incidents.public import incidents
from twain_web.rooms.insights.public import Credited, credited
from twain_web.rooms.partnership.models import Thanks
from twain_web.rooms.partnership.sides import side_of

#: How long something is offered; a thank-you that comes later is a human's own idea.
OFFERED_FOR = timedelta(days=30)
_MOST = 12
_MOST_FACTS = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to thank for. *to*: user name; *key* stays the same; *facts*: whole sentences; *url*: where they can be seen."""

    key: str
    to: str
    what: str
    facts: tuple[str, ...]
    at: datetime
    url: str = ""


def offers_for(person: Any, now: datetime | None = None) -> list[tuple[Offer, Any]]:  # noqa: ANN401 — a Person
    """What this person may thank somebody of the other side for, the newest first, with that somebody."""
    side = side_of(person)
    if side is None:
        return []
    taken = set(Thanks.objects.filter(by=person).values_list("occasion", flat=True))
    people = get_user_model().objects.filter(is_active=True).select_related("team").prefetch_related("roles_held")
    by_name = {one.username: one for one in people}
    found = [
        (offer, by_name[offer.to])
        for offer in offers((now or timezone.now()) - OFFERED_FOR)
        if offer.to in by_name and side_of(by_name[offer.to]) is side.other and offer.key not in taken
    ]
    return found[:_MOST]


def offers(since: datetime) -> list[Offer]:
    """Everything that happened since a moment, whoever may thank for it; the newest first."""
    return sorted((offer for source in OFFERS for offer in source(since)), key=lambda one: one.at, reverse=True)


def offer_by_key(person: Any, key: str) -> tuple[Offer, Any] | None:  # noqa: ANN401
    """One of this person's offers; None when it is over, taken up or never was."""
    return next((found for found in offers_for(person) if found[0].key == key), None)


# ---------------------------------------------------------------- where they come from


def _sends(since: datetime) -> Iterator[Offer]:
    """After a send: the owners of the feeds that it read."""
    owners = _by_address()
    for one in credited(since):
        facts: dict[str, list[str]] = {}
        for read in one.reads:
            owner = owners.get(read.owner.email.lower())
            if owner and one.sent:
                facts.setdefault(owner, []).append(_read_by(read.title, one))
        for owner, lines in facts.items():
            what = _("The results of “%s”") % one.name
            yield Offer(f"send:{one.run_id}:{owner}", owner, what, tuple(lines[:_MOST_FACTS]), one.began_at,
                        reverse("insights:result", args=[one.run_id]))  # fmt: skip


def _read_by(feed: str, one: Credited) -> str:
    counts = [_("%s sent") % _many(one.sent)]
    counts += [_("%s clicked") % _many(one.clicked)] if one.clicked else []
    counts += [f"{_many(one.converted)} × “{one.success}”"] if one.success and one.converted else []
    return _("Your feed %(feed)s was read by “%(mail)s”: %(counts)s.") % {
        "feed": feed, "mail": one.name, "counts": ", ".join(counts),
    }  # fmt: skip


def _promises(since: datetime) -> Iterator[Offer]:
    """A date that was kept; a feed that was built."""
    for one in given(timezone.localdate(since)):
        if one.there_at is not None and one.there_at >= since and (one.kept or one.probe == "feed"):
            words = {"what": one.outcome, "day": _day(one.day), "there": _day(timezone.localdate(one.there_at))}
            told = _("“%(what)s” was there on %(there)s; it was promised for %(day)s.") if one.kept else _(
                "“%(what)s” is there since %(there)s: a feed more that everybody can use.")  # fmt: skip
            title = _("A new feed is there") if one.probe == "feed" else _("A promise was kept")
            yield Offer(f"promise:{one.slug}", one.by, title, (told % words,), one.there_at, one.url)


def _nights(since: datetime) -> Iterator[Offer]:
    """An incident that was mended outside working hours."""
    people = {one.full_name: one.username for one in get_user_model().objects.filter(is_active=True)}
    for one in incidents(since):
        if one.out_of_hours and one.restored_at is not None and one.owner_name in people:
            when = date_format(timezone.localtime(one.restored_at), "l j F, H:i")
            words = {"what": one.title or one.check, "when": when}
            facts = [_("“%(what)s” was mended on %(when)s, outside working hours.") % words]
            facts += [_("It held up: %s.") % one.impact.rstrip(".")] if one.impact else []
            key = f"incident:{one.slug}:{one.opened_at:%Y%m%d%H%M}"
            yield Offer(key, people[one.owner_name], _("Mended out of hours"), tuple(facts), one.restored_at, one.url)


def _notices(since: datetime) -> Iterator[Offer]:
    """A plan that IT was told of early."""
    for one in noticed(since):
        words = {"plan": one.title, "given": round(one.given), "needed": round(one.needed)}
        told = _("You told us of “%(plan)s” %(given)s working hours ahead; we need %(needed)s.") % words
        yield Offer(f"notice:{one.pk}", one.owner, _("Notice was given early"), (told,), one.announced_at, one.url)


OFFERS: list[Callable[[datetime], Iterable[Offer]]] = [_sends, _promises, _nights, _notices]


def _by_address() -> dict[str, str]:
    people = get_user_model().objects.filter(is_active=True).exclude(email="")
    return {email.lower(): name for email, name in people.values_list("email", "username")}


def _many(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def _day(day: Any) -> str:  # noqa: ANN401 — a date
    return date_format(day, "j F")
