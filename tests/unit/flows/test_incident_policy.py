"""``[incidents]`` in ``policy.toml``: how held sends go on, and how soon somebody answers; a wrong word is told with its line."""

from __future__ import annotations

import pytest

from twain.errors import ConfigError
from twain.flows.capacity_files import hours_of_it
from twain.flows.policy import Incidents, read_policy


def _read(tmp_path, text):
    (tmp_path / "policy.toml").write_text(text)
    return read_policy(tmp_path).incidents


def test_without_a_word_sends_go_on_by_themselves_within_their_time(tmp_path):
    assert read_policy(tmp_path).incidents == Incidents("by itself", 2.0)
    assert _read(tmp_path, "[incidents]\n") == Incidents()


def test_both_words_are_read(tmp_path):
    assert _read(tmp_path, '[incidents]\nresume = "ask"\nrespond_within = "90m"\n') == Incidents("ask", 1.5)


@pytest.mark.parametrize("wrong", ['resume = "now"', "resume = true", 'respond_within = "soon"', 'resumes = "ask"'])
def test_a_wrong_word_is_told_with_its_line(tmp_path, wrong):
    with pytest.raises(ConfigError) as raised:
        _read(tmp_path, f"\n[incidents]\n{wrong}\n")
    if "resume =" in wrong:
        assert (raised.value.shown_code, raised.value.place.line) == ("T941", 3)


def test_the_hours_of_it_are_its_own_or_the_plain_ones(tmp_path):
    plain = hours_of_it(tmp_path, "Europe/Berlin")
    assert plain.hours[0].week == tuple((day, 540, 1020) for day in range(5))
    (tmp_path / "calendars").mkdir()
    own = tmp_path / "calendars" / "it.toml"
    own.write_text('[[hours]]\neffective_from = 2020-01-01\nweek = ["Mon-Thu 07:00-15:00"]\n')
    assert hours_of_it(tmp_path, "Europe/Berlin").hours[0].week[0] == (0, 420, 900)
    own.write_text("this is no calendar")
    assert hours_of_it(tmp_path, "Europe/Berlin") == plain
