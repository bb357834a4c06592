"""The number of feeds that nothing uses follows what is made within a day."""

from __future__ import annotations

import pytest

from twain_web.rooms.feeds.public import Use, feeds
from twain_web.rooms.partnership.numbers import keeping
from twain_web.rooms.partnership.numbers.models import CatalogueDay


@pytest.mark.django_db
def test_a_feed_that_comes_into_use_at_noon_is_not_unused_in_the_evening(company, monkeypatch):
    monkeypatch.setattr(keeping, "titles", list)
    monkeypatch.setattr(keeping, "uses_of", lambda _name: [])
    keeping.keep()
    assert CatalogueDay.objects.get().unused == len(feeds()) > 1
    monkeypatch.undo()
    monkeypatch.setattr(keeping, "uses_of", lambda name: [Use("campaign", "Boots")] if name == "orders" else [])
    built_on = {one.feed for one in keeping.titles()}
    keeping.keep()
    assert CatalogueDay.objects.get().unused == len({card.name for card in feeds()} - built_on - {"orders"})
    assert "customers" in built_on
    assert keeping._due() != []
