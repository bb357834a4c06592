"""How long a silent worker keeps its batch is IT's to say: read, bounded, and obeyed by a send."""

import sqlite3
from contextlib import closing

import pytest

from twain.errors import ConfigError
from twain.flows.instance import open_instance
from twain.flows.send import send
from twain.flows.watch import Nobody
from twain.ledger.clock import SystemClock
from twain.settings import load_settings


def lease_of(folder, toml):
    (folder / "twain.toml").write_text(toml)
    return load_settings(folder, {}).lease_seconds


@pytest.mark.parametrize(
    ("toml", "seconds"),
    [("", 30.0), ("[delivery]\n", 30.0), ('[delivery]\nlease = "5s"', 5.0), ("[delivery]\nlease = 90", 90.0),
     ('[delivery]\nlease = "10m"', 600.0)],
)  # fmt: skip
def test_it_is_read(tmp_path, toml, seconds):
    assert lease_of(tmp_path, toml) == seconds


@pytest.mark.parametrize(
    ("toml", "said"),
    [('lease = "4s"', "too short"), ('lease = "11m"', "too long"), ('lease = "soon"', "no duration|not a duration"),
     ('check_again = "1s"', "too short"), ('check_again = "2h"', "too long"), ("lease = -1", "too short"),
     ("lease = true", "not a duration"), ('leese = "30s"', "unknown key 'leese'")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(tmp_path, toml, said):
    with pytest.raises(ConfigError, match=said) as refused:
        lease_of(tmp_path, f"[delivery]\n{toml}")
    assert refused.value.todo


class LooksAtLeases(Nobody):
    """While a send goes on: how long the leases in the control store still run."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.left = []

    def sent(self, tally):
        with closing(sqlite3.connect(self.ledger)) as store:
            rows = store.execute("select expires_at from shards where expires_at is not null").fetchall()
        self.left += [row[0] - SystemClock().boottime() for row in rows]


def test_a_send_leases_for_so_long(demo):
    demo.edit("twain.toml", "connections = 4", 'connections = 4\nlimits = { "" = { per_second = 200 } }')
    with (demo.root / "twain.toml").open("a") as toml:
        toml.write('\n[delivery]\nlease = "7m"\n')
    watch = LooksAtLeases(demo.root / ".twain/ledger.db")
    with open_instance(demo.root) as instance:
        assert send(instance, "summer-thanks", watch=watch).accounted_for
    assert watch.left
    assert 360 < max(watch.left) <= 420
