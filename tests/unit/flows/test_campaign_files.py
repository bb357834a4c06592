"""Campaign and policy files: what is right is read, what is wrong is named with its line."""

from pathlib import Path

import pytest

from twain.errors import ConfigError
from twain.flows.campaigns import campaign_names, read_campaign
from twain.flows.policy import read_policy
from twain.flows.toml_places import key_lines

CAMPAIGN = """\
title = "Hello"
owner = { name = "Lena Hoffmann", title = "Campaign Manager" }
feed = "customers"
channel = "mail"
not_after = "12h"
holdout = 0.1
ceiling = 500

[message]
subject = "Hi {{ first_name }}"
from = { address = "news@example.com", name = "News" }
postal_address = "Street 1"

[audience]
all = [ { field = "country", op = "in", value = ["DE"] } ]

[defaults]
first_name = "friend"

[related.last_orders]
relation = "orders"
fields = ["total"]
order = "-ordered_at"
limit = 3

[[arms]]
name = "b"
share = 0.25
subject = "Other"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "campaigns" / "hello"
    folder.mkdir(parents=True)
    (folder / "campaign.toml").write_text(CAMPAIGN)
    (folder / "body.html").write_text("<p>Hi</p>")
    return tmp_path


def rewrite(root: Path, old: str, new: str) -> None:
    path = root / "campaigns" / "hello" / "campaign.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_campaign_is_read_whole(root):
    campaign = read_campaign(root, "hello")
    assert campaign_names(root) == ["hello"]
    assert campaign.not_after == 12 * 3600
    assert campaign.ceiling == 500
    assert [(a.name, a.share) for a in campaign.arms] == [("main", 0.75), ("b", 0.25)]
    assert [c.subject for c in campaign.contents] == ["Hi {{ first_name }}", "Other"]
    assert campaign.related[0].fields == ("total",)
    assert str(campaign.owner) == "Lena Hoffmann, Campaign Manager"
    assert campaign.crash_policy == "never_twice"
    assert str(campaign.place("message.subject")) == "campaigns/hello/campaign.toml:10"


def test_a_place_falls_back_to_the_table_that_is_there(root):
    assert read_campaign(root, "hello").place("audience.all.nowhere").line == 15


def test_a_text_part_beside_the_body_is_used(root):
    (root / "campaigns/hello/body.txt").write_text("plain")
    assert read_campaign(root, "hello").contents[0].text == "plain"


def test_an_audience_may_be_named(root):
    rewrite(root, '[audience]\nall = [ { field = "country", op = "in", value = ["DE"] } ]\n', "")
    rewrite(root, 'feed = "customers"', 'feed = "customers"\naudience = "gold"')
    assert read_campaign(root, "hello").audience == {"audience": "gold"}


@pytest.mark.parametrize(
    ("old", "new", "words", "line"),
    [
        ("holdout = 0.1", "holdout = 1.5", "not a share", 6),
        ("holdout = 0.1", "holdot = 0.1", "Unknown key 'holdot'", 6),
        ("ceiling = 500", "ceiling = 0", "not a number of people", 7),
        ("ceiling = 500", "ceiling = true", "not a number of people", 7),
        ('channel = "mail"', 'channel = ""', "'channel' is missing", 4),
        ('not_after = "12h"', 'not_after = "soon"', "not a duration", None),
        ("share = 0.25", "share = 1.25", "do not add up", 26),
        ('name = "b"', 'nam = "b"', "has no name", 26),
        ("fields =", "feilds =", "Unknown key 'related.last_orders.feilds'", 22),
        ("title = ", "title == ", "Not valid TOML", 1),
        ('owner = { name = "Lena Hoffmann", title = "Campaign Manager" }', "owner = {}", "no owner", 2),
        ("from = {", "form = {", "Unknown key 'message.form'", 11),
        ('subject = "Hi {{ first_name }}"', 'subject = ""', "no subject", 10),
        ("holdout = 0.1", 'local_time = "25:00"', "not a time", 6),
        ("holdout = 0.1", 'crash_policy = "maybe"', "is unknown", 6),
    ],
)
def test_what_is_wrong_is_named_with_its_line(root, old, new, words, line):
    rewrite(root, old, new)
    with pytest.raises(ConfigError, match=words) as caught:
        read_campaign(root, "hello")
    assert line is None or caught.value.place.line == line
    assert caught.value.todo


@pytest.mark.parametrize("name", ["../hello", "/etc", "hello/../../x", "", "Hello", "a\nb", "x" * 65])
def test_a_name_never_leaves_the_folder(root, name):
    with pytest.raises(ConfigError, match="not a campaign's name"):
        read_campaign(root, name)


@pytest.mark.parametrize("body", ["../../secret.html", "/etc/passwd", "body.exe"])
def test_a_body_never_leaves_the_folder(root, body):
    (root / "secret.html").write_text("secret")
    rewrite(root, "[message]", f'[message]\nbody = "{body}"')
    with pytest.raises(ConfigError, match="beside it"):
        read_campaign(root, "hello")


def test_a_body_is_not_followed_out_by_a_link(root):
    (root / "secret.html").write_text("secret")
    (root / "campaigns/hello/body.mjml").symlink_to(root / "secret.html")
    rewrite(root, "[message]", '[message]\nbody = "body.mjml"')
    with pytest.raises(ConfigError, match="beside it"):
        read_campaign(root, "hello")


def test_an_unknown_campaign_names_those_there_are(root):
    with pytest.raises(ConfigError) as caught:
        read_campaign(root, "other")
    assert "hello" in caught.value.todo


def test_policy_reads_people_rules_and_checks(tmp_path):
    (tmp_path / "policy.toml").write_text(
        '[people.pn]\nname = "Priya Nair"\ntitle = "Senior DBA"\nroles = ["data owner"]\n'
        '[[approval]]\nwhen = { ceiling_over = 100, topic = "offers" }\nroles = ["data owner"]\n'
        "[checks]\nmax_jump = 0.25\n"
    )
    policy = read_policy(tmp_path)
    assert str(policy.people["pn"]) == "Priya Nair, Senior DBA"
    assert policy.checks["max_jump"] == 0.25
    assert policy.checks["min_valid"] == 0.8
    assert policy.rules_for({"ceiling": 101, "topic": "offers"})
    assert policy.rules_for({"ceiling": None, "topic": "offers"})
    assert not policy.rules_for({"ceiling": 100, "topic": "offers"})
    assert not policy.rules_for({"ceiling": 101, "topic": "service"})


@pytest.mark.parametrize("text", ["[chekcs]\n", "[checks]\nmax = 1\n", "[[approval]]\nwhen = { size = 1 }\n", "= 1"])
def test_policy_refuses_what_it_does_not_know(tmp_path, text):
    (tmp_path / "policy.toml").write_text(text)
    with pytest.raises(ConfigError):
        read_policy(tmp_path)


def test_without_a_policy_nothing_needs_approval(tmp_path):
    assert read_policy(tmp_path).rules_for({"ceiling": None}) == []


def test_key_lines_know_tables_and_quoted_keys():
    lines = key_lines('a = 1\n[b."c"]  # here\n d-e = 2\n[[f]]\ng = 3\n')
    assert lines == {"a": 1, "b.c": 2, "b.c.d-e": 3, "f": 4, "f.g": 5, "f[0]": 4, "f[0].g": 5}


def test_each_table_of_an_array_has_lines_of_its_own():
    lines = key_lines("[[f]]\ng = 1\n[[f]]\ng = 2\n[f.h]\ni = 3\n[[other]]\ng = 4\n")
    assert [lines[key] for key in ("f[0].g", "f[1].g", "f.g", "f.h.i", "other[0].g")] == [2, 4, 4, 6, 8]
