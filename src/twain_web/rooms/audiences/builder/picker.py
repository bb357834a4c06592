"""What a condition may be about, found by business word, synonym or column: only fields with the right to filter are here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from twain.records import Feed, Field
from twain_web.rooms.audiences.builder.ground import Ground, dated, usable


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing to choose: *kind*, *name* and, for a field of a related feed, the relation *of*, as the edit takes them."""

    kind: str
    name: str
    words: str
    of: str = ""
    meaning: str = ""
    found_by: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Offers that belong together: a feed's fields, or what is about messages and lists."""

    title: str
    offers: tuple[Offer, ...]


def shelves(ground: Ground, feed: Feed, query: str, *, root: bool, only_fields: bool = False) -> list[Shelf]:
    """What can be chosen over *feed*, narrowed by *query*. *root*: not inside a related feed's conditions."""
    found = [Shelf(feed.title, tuple(_fields(feed)))]
    if not only_fields:
        found += [Shelf(_("%(feed)s: anniversaries") % {"feed": feed.title}, tuple(_anniversaries(feed)))]
        found += list(_related(ground, feed))
        if root:
            found += [Shelf(_("Messages, audiences and lists"), tuple(_ours(ground)))]
        found += [Shelf(_("Structure"), (Offer("group", "", _("A group of conditions (either … or)")),))]
    words = query.casefold().split()
    kept = (Shelf(one.title, tuple(o for o in one.offers if _matches(o, one.title, words))) for one in found)
    return [shelf for shelf in kept if shelf.offers]


def _matches(offer: Offer, shelf: str, words: list[str]) -> bool:
    text = f"{offer.words} {offer.found_by} {shelf} {offer.meaning}".casefold()
    return all(word in text for word in words)


def _searched(f: Field) -> str:
    return " ".join((f.name, f.column, *f.synonyms))


def _fields(feed: Feed, of: str = "") -> Iterator[Offer]:
    for f in usable(feed):
        yield Offer("field", f.name, f.business_name, of, f.description, _searched(f))


def _anniversaries(feed: Feed) -> Iterator[Offer]:
    for f in dated(feed):
        words = _("The day of %(field)s comes round") % {"field": f.business_name}
        yield Offer("anniversary", f.name, words, "", f.description, f"{_searched(f)} birthday anniversary on this day")


def _related(ground: Ground, feed: Feed) -> Iterator[Shelf]:
    for name, relation in feed.relations.items():
        other = ground.feeds.get(relation.feed)
        if other is None:
            continue
        words = _("Number of %(feed)s") % {"feed": other.title}
        whole = Offer("related", name, words, "", other.description, " ".join((other.name, *other.synonyms)))
        yield Shelf(_("%(feed)s (related)") % {"feed": other.title}, (whole, *_fields(other, name)))


def _ours(ground: Ground) -> Iterator[Offer]:
    meaning = _("What the delivery history says of them.")
    yield Offer(
        "history", "mailed", _("Was mailed, or was not"), "", meaning, "sent message contacted frequency history"
    )
    yield Offer("history", "clicked", _("Clicked, or did not"), "", meaning, "click reaction engaged history")
    yield Offer("history", "failed", _("A message failed, or did not"), "", meaning, "bounce undeliverable history")
    for name in sorted(ground.audiences):
        if name != ground.slug:
            words = _("In the audience “%(name)s”") % {"name": ground.titles.get(name, name)}
            yield Offer("audience", name, words, "", "", f"{name} segment list")
    for name in sorted(ground.fragments):
        yield Offer("fragment", name, _("On IT's list “%(name)s”") % {"name": name}, "", "", "sql fragment list")
