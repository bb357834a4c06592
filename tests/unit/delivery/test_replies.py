"""What relays' replies mean, and lanes, limits and backoff."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.delivery.channels import open_channel, openers
from twain.delivery.channels.smtp_door import has_clean_lines, is_clean_address
from twain.delivery.channels.smtp_replies import blames_sender, clean, read_reply
from twain.delivery.pace import Backoff, Lanes, Slowness, pace_of, read_limits
from twain.errors import ConfigError
from twain.records import Fate, LanePace
from twain.settings import ChannelSettings


@pytest.mark.parametrize(
    ("line", "fate", "reason"),
    [
        (b"250 2.0.0 Ok: queued as 4F2A", Fate.SENT, ""),
        (b"550 5.1.1 <x@y>: unknown", Fate.FAILED, "unknown_user"),
        (b"550-5.1.1 gone", Fate.FAILED, "unknown_user"),
        (b"550 5.7.1 Blocked", Fate.FAILED, "blocked"),
        (b"554 5.7.26 Not authenticated", Fate.FAILED, "blocked"),
        (b"552 5.3.4 Message too big", Fate.FAILED, "too_large"),
        (b"552 5.2.2 Over quota", Fate.FAILED, "mailbox_full"),
        (b"556 No such domain", Fate.FAILED, "unknown_domain"),
        (b"550 No", Fate.FAILED, "refused"),
        (b"421 4.7.0 Slow down", Fate.DEFERRED, "throttled"),
        (b"421 Closing", Fate.DEFERRED, "throttled"),
        (b"450 4.7.1 Rate limited", Fate.DEFERRED, "throttled"),
        (b"451 4.7.650 Rate", Fate.DEFERRED, "throttled"),
        (b"450 4.7.1 Greylisted", Fate.DEFERRED, "greylisted"),
        (b"452 4.2.2 Full", Fate.DEFERRED, "mailbox_full"),
        (b"451 Trouble", Fate.DEFERRED, "deferred"),
        (b"4xx nonsense", Fate.DEFERRED, "deferred"),
        (b"", Fate.DEFERRED, "deferred"),
    ],
)
def test_each_class_of_reply(line: bytes, fate: Fate, reason: str) -> None:
    outcome = read_reply(line, 1.0)
    assert (outcome.fate, outcome.reason) == (fate, reason)


@given(st.binary(max_size=1000))
def test_whatever_a_relay_says_is_one_clean_line(said: bytes) -> None:
    shown = clean(said)
    assert len(shown) <= 200
    assert shown == "" or shown.isprintable()
    assert read_reply(said, 0.0).fate in {Fate.SENT, Fate.FAILED, Fate.DEFERRED}


def test_only_a_refusal_that_all_would_get_blames_the_sender() -> None:
    assert blames_sender(b"550 5.7.1 Sender refused")
    assert blames_sender(b"530 5.7.0 Authenticate first")
    assert not blames_sender(b"552 5.3.4 Too big")
    assert not blames_sender(b"451 4.3.0 Later")


@given(st.binary(max_size=60))
def test_a_clean_address_can_end_no_command(address: bytes) -> None:
    assert is_clean_address(address) == (bool(address) and not any(b in b"<>\x7f" or b <= 0x20 for b in address))


@given(st.lists(st.sampled_from([b"a", b"\r", b"\n", b".", b"\r\n", b"\r\n.", b" "]), max_size=12).map(b"".join))
def test_clean_lines_are_just_those_that_pass_unharmed(body: bytes) -> None:
    lines = body.split(b"\r\n")
    harmless = lines[-1] == b"" and all(not line.startswith(b".") and not {10, 13} & set(line) for line in lines)
    assert has_clean_lines(body) == (harmless and bool(body))


@pytest.mark.parametrize(
    ("address", "lane"),
    [
        ("a@gmail.com", "gmail"),
        ("a@GoogleMail.com", "gmail"),
        ("a@hotmail.co.uk", "outlook"),
        ("a@yahoo.com.br", "yahoo"),
        ("a@aol.com", "yahoo"),
        ("a@web.de", "gmx"),
        ("a@t-online.de", "t-online"),
        ("a@icloud.com", "icloud"),
        ("a@live.mycompany.example", "*"),
        ("a@yahoo.consulting-group.example", "*"),
        ("a@corp.example", "corp"),
        ("a@own.example", "own.example"),
        ("no-at-all", "*"),
    ],
)
def test_lanes(address: str, lane: str) -> None:
    assert Lanes({"corp": ["corp.example"]}, ["own.example", "gmail", "*"]).of(address) == lane


def test_limits_are_checked_and_found() -> None:
    paces = read_limits({"gmail": {"per_second": 5}, "*": {"per_hour": 100.0}, "": {}}, "post")
    assert pace_of(paces, "gmail") == LanePace(5, None)
    assert pace_of(paces, "yahoo") == LanePace(None, 100)
    for wrong in ({"per_day": 1}, {"per_second": 0}, {"per_hour": True}, {"per_second": "5"}):
        with pytest.raises(ConfigError):
            read_limits({"*": wrong}, "post")  # type: ignore[dict-item]


@given(st.integers(0, 200), st.floats(1, 600), st.floats(1.0, 4.0))
def test_backoff_never_waits_longer_than_its_most_and_gives_up_in_the_end(n: int, first: float, factor: float) -> None:
    backoff = Backoff(first=first, factor=factor, most=3600, max_age=36_000)
    wait = backoff.retry_in(n)
    assert wait is None or 0 < wait <= 3600 * 1.2
    assert backoff.retry_in(100_000) is None


def test_slowness_halves_at_most_once_a_second_and_heals() -> None:
    slow = Slowness()
    assert slow.throttled(10.0)
    assert not slow.throttled(10.5)
    assert slow.throttled(11.0)
    assert slow.factor == 0.25
    assert not slow.heal(11.5)
    now = 11.0
    while slow.factor < 1.0:
        now += slow.heal_every
        assert slow.heal(now)
    assert now < 60


def test_kinds_are_found_by_folder_and_unknown_ones_refused() -> None:
    assert {"smtp", "memory"} <= set(openers())
    assert not any("_" in kind for kind in openers())
    assert open_channel(ChannelSettings("m", "memory", {})).kind == "memory"
    with pytest.raises(ConfigError, match="memory, smtp"):
        open_channel(ChannelSettings("m", "pigeon", {}))


def test_a_third_partys_kind_comes_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("pigeon", "twain.delivery.channels.memory:open_channel", "twain.channels")
    monkeypatch.setattr("twain.delivery.channels.entry_points", lambda group: [point])
    assert open_channel(ChannelSettings("m", "pigeon", {})).name == "m"
