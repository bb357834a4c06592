"""What is approved covers when: another ``send_at`` is another bundle, the same time in other words is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from twain.demo.start import copy_workspace, ensure_data
from twain.errors import ApprovalNeeded
from twain.flows.instance import open_instance
from twain.flows.publish import approve, publish, require_approval
from twain.records import Bundle

CAMPAIGN = Path("campaigns/summer-thanks/campaign.toml")


@pytest.fixture
def at(tmp_path: Path) -> Callable[[str], Bundle]:
    """The bundle of a campaign whose file says this of its time."""
    copy_workspace(tmp_path)
    ensure_data(tmp_path, 50, 1)
    file = tmp_path / CAMPAIGN
    plain = "".join(
        line for line in file.read_text().splitlines(keepends=True) if not line.startswith(("send_at", "ceiling"))
    )

    def made(said: str) -> Bundle:
        file.write_text(f"{said}\nceiling = 200000\n{plain}")  # above what policy lets Marketing send on its own
        with open_instance(tmp_path) as instance:
            return publish(instance, instance.workspace.campaign("summer-thanks"))

    return made


def test_another_time_is_another_bundle(at):
    friday, monday, once, never = (
        at(said)
        for said in ('send_at = "Friday 09:00"', 'send_at = "Monday 09:00"', "send_at = 2030-12-04T09:00:00", "")
    )
    assert len({friday.hash, monday.hash, once.hash, never.hash}) == 4
    assert friday.body["send_at"] == "Friday 09:00"
    assert once.body["send_at"] == "2030-12-04T09:00:00"
    assert "send_at" not in never.body


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ('send_at = "Friday 09:00"', 'send_at = "friday  09:00"  # early enough'),
        ("send_at = 2030-12-04T09:00:00", 'send_at = "2030-12-04 09:00"'),
    ],
)
def test_the_same_time_in_other_words_is_the_same_bundle(at, one, same):
    assert at(one).hash == at(same).hash


def test_a_yes_to_one_time_is_none_to_another(at, tmp_path, monkeypatch):
    first = at('send_at = "Friday 09:00"')
    monkeypatch.setenv("TWAIN_PERSON", "pnair")
    with open_instance(tmp_path) as instance:
        approve(instance, first)
        require_approval(instance, first)
    other = at('send_at = "Friday 10:00"')
    with open_instance(tmp_path) as instance, pytest.raises(ApprovalNeeded):
        require_approval(instance, other)
