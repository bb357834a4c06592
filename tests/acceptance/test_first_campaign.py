"""A club's first campaign out of its own SQLite file: who agreed, and that check, dry run, preview and send say the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.acceptance.conftest import Demo

_PEOPLE = [
    (1, "ada@example.com", "Ada", "1990-02-28", 1, "2026-11-20 08:00:00"),
    (2, "bo@example.com", None, "1991-12-31", 0, "2026-11-21 09:30:00"),
    (3, "cy@example.com", "Cy", "2000-01-01", None, "2026-11-22T10:00:00"),
]
_CAMPAIGN = """\
title = "Hello"
owner = { name = "Lena Hoffmann", title = "Campaign Manager" }
feed = "members"
channel = "mail"
topic = "courses"
crash_policy = "never_twice"

[message]
subject = "{{ first_name }}, your courses"
from = { address = "news@example.com", name = "Club" }
postal_address = "Club, Berlin"

[audience]
all = []

[defaults]
first_name = "friend"
"""
_BODY = '<p>Hi {{ first_name }}</p><p><a href="{{ unsubscribe_url }}">Stop</a> {{ postal_address }}</p>\n'


@pytest.fixture
def club(tmp_path):
    """A club's own SQLite file, connected and reviewed by the suggestions, and a first campaign."""
    place = Demo(tmp_path / "club", None)
    place.root.mkdir()
    assert place.twain("init").code == 0
    with closing(sqlite3.connect(place.root / "club.db")) as con, con:
        con.execute("CREATE TABLE members(member_id integer primary key, email text, first_name text, birthday text,"
                    " consent integer, updated_at text)")  # fmt: skip
        con.executemany("INSERT INTO members VALUES (?, ?, ?, ?, ?, ?)", _PEOPLE)
    with (place.root / "twain.toml").open("a") as toml:
        toml.write('\n[sources.club]\nkind = "sqlite"\npath = "club.db"\n')
        toml.write('\n[channels.mail]\nkind = "smtp"\nhost = "127.0.0.1"\nport = 2525\n')
    campaign = place.root / "campaigns/hello"
    campaign.mkdir(parents=True)
    (campaign / "campaign.toml").write_text(_CAMPAIGN)
    (campaign / "body.html").write_text(_BODY)
    assert place.twain("connect", "club", "--owner", "Nora Kern, Data Engineer").code == 0
    said = place.twain("review", "members", "--accept").out
    assert "who agreed" not in said
    return place


@pytest.fixture
def silent(club):
    """The same, but nobody gave the field consent its role."""
    club.edit("feeds/members.odcs.yaml", "          - {property: twain.role, value: consent}\n", "")
    return club


def consents(club, *words):
    answer = club.twain("send", "hello", "--dry-run", "--json", *words).json
    return answer, [c for c in answer["checks"] if c["check"] == "consent"]


def test_zero_and_one_become_yes_and_no_and_whoever_did_not_agree_is_left_out(club):
    contract = (club.root / "feeds/members.odcs.yaml").read_text()
    assert "value: consent}" in contract
    assert contract.count("logicalType: boolean") == 1
    assert contract.count("logicalType: date\n") == 1  # the birthday, kept as text
    assert contract.count("logicalType: timestamp") == 1
    check = club.twain("check", "--json")
    assert check.code == 0, check.out
    assert [p for p in check.json["problems"] if p["code"] in ("T222", "T224", "T225")] == []
    answer, (found,) = consents(club)
    assert answer["audience"] == 1
    assert found["business"].startswith("2 of 3 people have not agreed")


def test_where_no_field_says_it_every_step_says_so_and_nothing_looks_agreed(silent):
    check = silent.twain("check", "--offline", "--json")
    (problem,) = [p for p in check.json["problems"] if p["code"] == "T224"]
    assert problem["severity"] == "warning"
    assert "consent" in problem["todo"]
    reviewed = " ".join(silent.twain("review", "members", "--accept").out.split())
    assert "No field of members says who agreed" in reviewed
    answer, (found,) = consents(silent)
    assert (found["level"], answer["audience"]) == ("warn", 3)
    assert "says who agreed" in found["business"]
    _, (of_one,) = consents(silent, "--to", "1")
    assert of_one["level"] == "warn"


@pytest.mark.parametrize(("basis", "level"), [("consent", "hold"), ("contract", "pass")])
def test_what_policy_declares_decides(silent, basis, level):
    with (silent.root / "policy.toml").open("a") as policy:
        policy.write(f'\n[[topic]]\nname = "courses"\ntitle = {{ en = "Courses" }}\nbasis = "{basis}"\n')
    codes = [p["code"] for p in silent.twain("check", "--offline", "--json").json["problems"]]
    answer, (found,) = consents(silent)
    assert found["level"] == level
    assert answer["ready"] is (level == "pass" and not answer["why"])
    assert ("T225" in codes) is (level == "hold")
    assert "T224" not in codes
    assert ("another lawful basis: contract" in found["business"]) is (level == "pass")


def test_a_share_that_policy_asks_for_cannot_be_known(silent):
    silent.edit("policy.toml", "[checks]", "[checks]\nmin_consent = 0.5")
    problems = silent.twain("check", "--offline", "--json")
    assert problems.code == 2
    answer, (found,) = consents(silent)
    assert (found["level"], answer["ready"]) == ("hold", False)


def test_an_option_that_no_channel_has_is_found_without_connecting(club):
    club.edit("twain.toml", "\nport = 2525", "\nprot = 2525")
    (found,) = [p for p in club.twain("check", "--offline", "--json").json["problems"] if p["severity"] == "error"]
    text = (club.root / "twain.toml").read_text().splitlines()
    assert (found["code"], found["file"]) == ("T100", "twain.toml")
    assert text[found["line"] - 1] == "prot = 2525"
    assert found["todo"] == "Did you mean port?"


def test_what_check_refuses_in_the_words_neither_dry_run_nor_send_lets_go(club):
    club.edit("campaigns/hello/campaign.toml", '[defaults]\nfirst_name = "friend"\n', "")
    problems = [p for p in club.twain("check", "--offline", "--json").json["problems"] if p["severity"] == "error"]
    assert problems
    assert {p["code"] for p in problems} == {"T504"}
    dry = club.twain("send", "hello", "--dry-run", "--json")
    assert dry.code == 3
    assert problems[0]["what"] in dry.json["why"]
    assert problems[0]["todo"] in dry.json["why"]
    sent = club.twain("send", "hello")
    assert (sent.code, "T504" in sent.err) == (2, True)
    assert club.twain("runs", "--json").json["runs"] == []


def test_a_key_that_nobody_has_and_somebody_who_would_be_left_out(club):
    dry = club.twain("send", "hello", "--to", "77777", "--dry-run", "--json")
    assert (dry.code, "'77777'" in dry.json["why"]) == (3, True)
    assert "Would not get it: has not agreed." in club.twain("preview", "hello", "--to", "2").out
    assert "Would not get it" not in club.twain("preview", "hello", "--to", "1").out
    club.edit(
        "campaigns/hello/campaign.toml", "all = []", 'all = [{ field = "updated_at", op = "gt", value = "2026-11-21" }]'
    )
    (shown,) = club.twain("preview", "hello", "--to", "1", "--json").json["previews"]
    assert shown["left_out"] == "not in the audience"


def test_a_policy_that_cannot_be_read_is_a_finding_like_the_others(club):
    club.edit("policy.toml", "[checks]", "[cheks]\n[checks]")
    answer = club.twain("check", "--offline")
    assert answer.code == 2
    assert answer.out.startswith("error T100 policy.toml:")
    assert 'Did you mean "checks"?' in answer.out
    assert "1 error, 0 warnings" in answer.out


def test_a_query_in_the_contract_makes_a_truth_of_it_as_the_remedy_says(silent):
    silent.edit("feeds/members.odcs.yaml", "    physicalName: members\n", "")
    query = "SELECT *, consent = 1 AS agreed FROM members"
    source = "  - property: twain.source\n    value: club\n"
    silent.edit("feeds/members.odcs.yaml", source, f'{source}  - {{property: twain.query, value: "{query}"}}\n')
    role = "          - {property: twain.role, value: consent}\n"
    named = "      - name: consent\n"
    silent.edit("feeds/members.odcs.yaml", named, f"{named}        physicalName: agreed\n")
    text = (silent.root / "feeds/members.odcs.yaml").read_text()
    before, after = text.split(named)
    after = after.replace("        customProperties:\n", f"        customProperties:\n{role}", 1)
    (silent.root / "feeds/members.odcs.yaml").write_text(before + named + after)
    check = silent.twain("check", "--json")
    assert check.code == 0, check.out
    answer, (found,) = consents(silent)
    assert answer["audience"] == 1
    assert found["business"].startswith("2 of 3 people have not agreed")


def test_a_date_that_sqlite_cannot_read_holds_the_send(club):
    with closing(sqlite3.connect(club.root / "club.db")) as con, con:
        con.execute("UPDATE members SET birthday = '31.12.1991' WHERE member_id = 2")
    dry = club.twain("send", "hello", "--dry-run", "--json")
    assert dry.code == 3
    assert "“Birthday” of Members is not valid in 1 of 3 rows" in dry.json["why"]
    assert "written like 2026-01-31" in dry.json["why"]
