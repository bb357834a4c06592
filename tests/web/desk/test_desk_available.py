"""What the catalogue answered counts once its answer was used within ten working days, and the ask screen says so."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from twain_web.roles import Role
from twain_web.rooms.desk.looking import _is_of
from twain_web.rooms.desk.models import Request
from twain_web.rooms.desk.public import Available, already_available

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


def november(day, hour=9, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN)


@pytest.fixture
def taken(company, somebody):
    lena = somebody(Role.MARKETER)

    def take(used_at=None, since=None, state="deflected"):
        begun = since or november(2)
        return Request.objects.create(
            kind="new-field", outcome="x", probe="column", asker=lena, since=begun, state=state, used_at=used_at
        )

    return take


def test_ten_working_days_and_not_an_hour_more(taken):
    taken(november(2, 10))
    taken(november(16, 9))  # Monday to Monday, eighty working hours
    taken(november(16, 11))
    taken()
    taken(state="asked")
    taken(november(2, 10), since=datetime(2026, 1, 5, 9, tzinfo=BERLIN))
    assert already_available(until=november(3)) == Available(taken=4, used=2, open=1, unused=1)
    assert already_available(until=november(30)) == Available(taken=4, used=2, open=0, unused=2)
    assert already_available(since=november(3), until=november(30)).taken == 0


def test_the_ask_screen_says_how_many_really_served(taken, signed_in):
    client = signed_in(Role.MARKETER)
    assert "the catalogue answered" not in client.get("/requests/ask/").content.decode()
    now = datetime.now(BERLIN)
    taken(now, since=now)
    taken(since=now)
    page = client.get("/requests/ask/").content.decode()
    assert "the catalogue answered 2 questions like this; 1 of the answers" in page


def test_one_name_that_begins_another_is_not_the_same_person():
    assert _is_of("Anna Berg, Systems Administrator", "Anna Berg")
    assert _is_of("Anna Berg", "Anna Berg")
    assert not _is_of("Anna Bergmann, Buyer", "Anna Berg")
