"""When a campaign is planned to go: what may be written, and which moment comes next."""

import tomllib
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from twain.errors import ConfigError
from twain.flows.campaigns import read_campaign
from twain.flows.schedule import parse_schedule, spoken

BERLIN = ZoneInfo("Europe/Berlin")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("said", "now", "following"),
    [
        ("2026-12-04T09:00", "2026-12-04T08:59", "2026-12-04T09:00"),
        ("2026-12-04 09:00:30", "2026-12-04T09:00", "2026-12-04T09:00:30"),
        ("2026-12-04T09:00", "2026-12-04T09:00", None),
        (tomllib.loads("x = 2026-12-04T09:00:00")["x"], "2026-12-01T00:00", "2026-12-04T09:00"),
        ("Friday 09:00", "2026-11-22T12:00", "2026-11-27T09:00"),
        ("friday  09:00", "2026-11-27T08:59:59", "2026-11-27T09:00"),
        ("Friday 09:00", "2026-11-27T09:00", "2026-12-04T09:00"),
        ("Sunday 23:59", "2026-12-31T12:00", "2027-01-03T23:59"),
        ("Sunday 09:00", "2026-10-24T12:00", "2026-10-25T09:00"),  # the night the clocks go back
        ("Monday 02:30", "2027-03-27T12:00", "2027-03-29T02:30"),
    ],
)
def test_the_next_time(said, now, following):
    found = parse_schedule(said).following(at(now))
    assert found == (at(following) if following else None)


@pytest.mark.parametrize(
    "said",
    ["", "soon", "Fri 09:00", "Friday", "Friday 24:00", "Friday 9:00", "2026-02-30T09:00", "2026-12-04", "2026-12-04T09:00Z",
     "2026-12-04T09:00+01:00", "09:00", 9, True, None, datetime(2026, 12, 4, 9, tzinfo=BERLIN), "Friday 09:00\nMonday 09:00"],
)  # fmt: skip
def test_what_is_no_time(said):
    assert parse_schedule(said) is None


def test_how_people_read_it():
    assert spoken(at("2026-12-04T09:05")) == "Friday 4 December 2026, 09:05 (Europe/Berlin)"


CAMPAIGN = """\
owner = {{ name = "Lena Hoffmann" }}
feed = "customers"
channel = "mail"
{send_at}
[message]
subject = "Hello"
from = {{ address = "a@example.com" }}
[audience]
all = []
"""


def campaign(tmp_path, send_at):
    folder = tmp_path / "campaigns" / "spring"
    folder.mkdir(parents=True)
    (folder / "campaign.toml").write_text(CAMPAIGN.format(send_at=send_at))
    (folder / "body.html").write_text("<p>Hello</p>")
    return read_campaign(tmp_path, "spring")


@pytest.mark.parametrize("said", ['"Friday 09:00"', '"2026-12-04T09:00"', "2026-12-04T09:00:00"])
def test_a_campaign_states_it(tmp_path, said):
    now = at("2026-12-01T12:00")
    assert campaign(tmp_path, f"send_at = {said}").send_at.following(now) == at("2026-12-04T09:00")


def test_a_campaign_need_not(tmp_path):
    assert campaign(tmp_path, "").send_at is None


@pytest.mark.parametrize("said", ['"next week"', "2026-12-04T09:00:00+01:00", "2026-12-04", "9", "[]"])
def test_anything_else_is_refused_with_its_line(tmp_path, said):
    with pytest.raises(ConfigError, match="neither a date and time nor a weekday") as refused:
        campaign(tmp_path, f"send_at = {said}")
    assert (refused.value.place.file, refused.value.place.line) == ("campaigns/spring/campaign.toml", 4)
    assert "Friday 09:00" in refused.value.todo
