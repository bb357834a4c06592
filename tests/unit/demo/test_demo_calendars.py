"""The demo's calendars: alive on whatever day it opens, never old, and never over what somebody has written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from twain.calendars.business import holidays_of
from twain.calendars.parts import Span
from twain.demo.calendars import write_calendars
from twain.flows.capacity_files import read_capacity

NAMES = ["calendars/it.toml", "calendars/marketing.toml", "capacity.toml"]


@pytest.mark.parametrize("today", [date(2026, 11, 23), date(2027, 1, 1), date(2028, 2, 29), date(2031, 12, 31)])
def test_whatever_day_it_opens_something_lies_ahead_and_no_send_is_forbidden(tmp_path, today):
    assert write_calendars(tmp_path, today) == NAMES
    capacity = read_capacity(tmp_path, "Europe/Berlin")
    its, marketings = capacity.calendars
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    ahead = [one for one in its.freezes if one.span.ends > now]
    assert min(one.span.begins for one in ahead) < now + timedelta(days=90)
    assert {one.kind for one in ahead if one.span.begins < now + timedelta(days=366)} == {"hard", "soft"}
    assert any(now < one.span.begins < now + timedelta(days=62) for one in its.maintenance)
    for calendar in (its, marketings):
        assert len(holidays_of(calendar, today, today + timedelta(days=366))) > 8
    names = [{name for _day, name in holidays_of(c, date(2026, 1, 1), date(2026, 12, 31))} for c in (its, marketings)]
    assert names[0] != names[1], "two countries"
    assert capacity.limit("website:shop", int(now.timestamp() // 3600)) == 5000
    year = Span(now, now + timedelta(days=366))
    assert capacity.barred(year, {"channel:mail", "source:shop", "website:shop"}) == ""


def test_the_next_start_renews_what_is_ours_and_leaves_what_is_theirs(tmp_path):
    write_calendars(tmp_path, date(2026, 11, 23))
    assert write_calendars(tmp_path, date(2026, 12, 24)) == []
    assert write_calendars(tmp_path, date(2027, 1, 2)) == ["calendars/it.toml"]
    own = tmp_path / "calendars" / "it.toml"
    own.write_text('title = "Our own"\n')
    (tmp_path / "capacity.toml").write_text("")
    assert write_calendars(tmp_path, date(2029, 1, 2)) == []
    assert (own.read_text(), (tmp_path / "capacity.toml").read_text()) == ('title = "Our own"\n', "")
