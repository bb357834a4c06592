"""``[[warm_up]]`` as IT writes it, and what it means for a send in plain words."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from twain.errors import ConfigError
from twain.flows import warming
from twain.flows.policy import read_policy
from twain.flows.warm_ups import ramps_for
from twain.flows.warming import LiveRamps, warming_of
from twain.ledger.stores import open_ledger
from twain.records import Bundle, Window
from twain.testing.ledger_steps import FREE, HandClock, leased, sending

ZONE = "Europe/Berlin"
GROWS = '[[warm_up]]\ndomain = "news.example"\nstart = 500\ngrowth = 1.5\nuntil = 2000\n'
STEPS = '[[warm_up]]\nchannel = "mail"\nsteps = [20, 30, 30]\nbegins = 2026-12-01\n'


def policy(tmp_path, text):
    (tmp_path / "policy.toml").write_text(text)
    return read_policy(tmp_path)


def test_a_ramp_is_written_as_growth_or_as_steps(tmp_path):
    grows, steps = policy(tmp_path, GROWS + STEPS).warm_ups
    assert (grows.name, grows.row, grows.numbers, grows.begins) == (
        "news.example",
        "@news.example",
        (500, 750, 1125, 1687),
        0,
    )
    assert (steps.row, steps.numbers, steps.begins) == ("mail", (20, 30, 30), date(2026, 12, 1).toordinal())


def test_it_holds_for_the_senders_own_domain_and_the_channel(tmp_path):
    both = policy(tmp_path, GROWS + STEPS).warm_ups

    def names(channel, address):
        return [ramp.name for ramp in ramps_for(both, channel, address, ZONE)]

    assert names("mail", "hello@NEWS.example") == ["news.example", "mail"]
    assert names("post", "hello@news.example") == ["news.example"]
    assert names("post", "hello@shop.news.example") == []
    assert {ramp.zone for ramp in ramps_for(both, "mail", "", ZONE)} == {ZONE}


@pytest.mark.parametrize(
    ("wrong", "says", "code", "line"),
    [
        (GROWS.replace("growth", "grows"), "Unknown key", "T882", 7),
        (GROWS.replace('domain = "news.example"', ""), "one domain or one channel", "T882", 4),
        (GROWS + 'channel = "mail"\n', "one domain or one channel", "T882", 4),
        (GROWS + "steps = [1, 2]\n", "start, growth and until", "T882", 4),
        (GROWS.replace("growth = 1.5\n", ""), "start, growth and until", "T882", 4),
        (GROWS.replace("start = 500", "start = 0"), "no number of messages", "T883", 6),
        (GROWS.replace("1.5", "1"), "above 1", "T883", 7),
        (GROWS.replace("2000", "400"), "no ramp of at most", "T883", 8),
        (GROWS.replace("1.5", "1.0001").replace("2000", "9000"), "no ramp of at most", "T883", 8),
        (GROWS.replace("news.example", "hello@news.example"), "is no domain", "T883", 5),
        ('[[warm_up]]\nchannel = "x"\nsteps = [3, 2]\n', "is no ramp", "T883", 6),
        ('[[warm_up]]\nchannel = "x"\nsteps = []\n', "is no ramp", "T883", 6),
        ('[[warm_up]]\nchannel = "x"\nsteps = [5]\nbegins = "soon"\n', "is no day", "T883", 7),
        ('[[warm_up]]\nchannel = "first"\nsteps = [5]\n', "warmed up twice", "T882", 4),
    ],
)
def test_what_is_wrong_is_told_with_its_own_line(tmp_path, wrong, says, code, line):
    first = '[[warm_up]]\nchannel = "first"\nsteps = [1]\n'
    with pytest.raises(ConfigError) as told:
        policy(tmp_path, first + wrong)
    assert says in told.value.what
    assert (told.value.shown_code, told.value.place.file, told.value.place.line) == (code, "policy.toml", line)


def test_a_file_that_is_being_written_changes_nothing(tmp_path):
    file = tmp_path / "policy.toml"
    settings = SimpleNamespace(root=tmp_path, time_zone=ZONE)
    known = policy(tmp_path, GROWS)
    live = LiveRamps(
        SimpleNamespace(settings=settings, workspace=SimpleNamespace(policy=known)), "mail", "a@news.example"
    )

    def numbers():
        return [ramp.numbers for ramp in live()]

    as_it_was = [(500, 750, 1125, 1687)]
    assert [numbers(), numbers()] == [as_it_was] * 2
    file.write_text("")  # as it is for a moment, between its beginning and its first byte
    assert numbers() == as_it_was
    file.write_text('[[warm_up]]\nchannel = "mail"\nsteps = [')
    assert [numbers(), numbers()] == [as_it_was] * 2
    file.write_text(STEPS)
    assert [numbers(), numbers()] == [as_it_was, [(20, 30, 30)]]
    file.write_text("")  # and left so: there is no ramp any more
    assert [numbers(), numbers()] == [[(20, 30, 30)], []]


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A house on a Monday at 12:00 in Berlin, whose channel manages one message a second."""
    clock = HandClock()
    clock.wall = datetime(2026, 11, 30, 12, tzinfo=ZoneInfo(ZONE)).timestamp()
    monkeypatch.setattr(warming, "estimate", lambda *_given: SimpleNamespace(rate=1.0))
    with closing(open_ledger("memory://", clock=clock)) as ledger:
        yield SimpleNamespace(
            ledger=ledger,
            clock=clock,
            workspace=SimpleNamespace(policy=policy(tmp_path, GROWS)),
            settings=SimpleNamespace(time_zone=ZONE),
            today=lambda: datetime.fromtimestamp(clock.now(), ZoneInfo(ZONE)).date(),
        )


BUNDLE = Bundle("0" * 64, "spring", {"channel": "mail", "sender": {"address": "hello@news.example"}})


def test_a_small_send_goes_today(house):
    told = warming_of(house, BUNDLE, 300)
    assert (told.days, told.today, told.late) == (1, 500, 0)
    assert "500 a day (day 1 of 4); no limit from Fri 4 Dec on" in told.words
    assert "300 can go today." in told.words


def test_a_large_one_is_spread_and_says_when_it_is_over(house):
    told = warming_of(house, BUNDLE, 1500, not_after=house.clock.now() + 86_400)
    assert (told.days, told.late) == (3, 250)
    assert datetime.fromtimestamp(told.finish, ZoneInfo(ZONE)).isoformat()[:16] == "2026-12-02T00:04"
    assert "500 can go today, the rest on the days after; 1\u202f500 finish about Wednesday 2 Dec 00:04." in told.words
    assert "250 of them would not be reached" in told.words


def test_quiet_hours_begin_the_next_day_later_and_what_has_gone_is_told(house):
    night = {"from": 0, "to": 8 * 60, "weekdays": list(range(7)), "holidays": []}
    quiet = replace(BUNDLE, body={**BUNDLE.body, "quiet_hours": [night]})
    sending(house.ledger, (600,))
    ramp = ramps_for(house.workspace.policy.warm_ups, "mail", "hello@news.example", ZONE)
    window = house.ledger.claim(leased(house.ledger), limit=500, pace=FREE, channel_pace=FREE, warming=ramp)
    assert isinstance(window, Window)
    told = warming_of(house, quiet, 600)
    assert datetime.fromtimestamp(told.finish, ZoneInfo(ZONE)).isoformat()[:16] == "2026-12-01T08:10"
    assert "500 of them gone" in told.words
    assert "What may go today has gone" in told.words


def test_whoever_is_not_warmed_up_hears_nothing(house):
    assert warming_of(house, replace(BUNDLE, body={**BUNDLE.body, "sender": {"address": "a@other.example"}}), 9) is None
