"""The documentation tells the truth: files it names exist, examples read, errors and commands are all there."""

import ast
import dataclasses
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from twain.cli.app import app
from twain.delivery.channels.memory import MemoryChannel
from twain.errors import TwainError
from twain.feeds.contract import read_contract
from twain.flows.campaigns import read_campaign
from twain.flows.policy import read_policy
from twain.records import Fate
from twain.returns.mailboxes import read_options
from twain.returns.verp import checked_address
from twain.settings import load_settings
from twain.testing.channel_suite import ListFeeder, envelopes

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
FENCE = re.compile(r"^```(\w+) ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`((?:src|tests|docs|benchmarks)/[\w./-]+)`")
CODE = re.compile(r"\bT\d{3}\b")
EXAMPLES = [(p, *m.groups()) for p in PAGES for m in FENCE.finditer(p.read_text(encoding="utf-8"))]


def shown(value: object) -> str:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else ""


def example(page: str, kind: str) -> str:
    return next(text for path, _, what, text in EXAMPLES if path.name == page and what == kind)


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_each_file_that_is_named_exists(page):
    text = page.read_text(encoding="utf-8")
    assert [name for name in PATH.findall(text) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_each_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [to for to in links if "://" not in to and not (page.parent / to).exists()] == []


def test_the_life_of_a_message_passes_every_stage():
    named = PATH.findall(text_of("life-of-a-message.md"))
    rooms = {Path(name).parts[2] for name in named if name.startswith("src/twain/") and len(Path(name).parts) > 3}
    assert {"feeds", "audiences", "snapshot", "content", "delivery", "ledger", "returns", "flows"} <= rooms
    assert len(set(named)) > 40


def test_every_package_stands_in_the_architecture():
    there = {p.name for p in (ROOT / "src" / "twain").iterdir() if (p / "__init__.py").exists()}
    assert [room for room in sorted(there) if f"`{room}`" not in text_of("architecture.md")] == []


def test_what_we_defend_against_names_every_test_of_faults_and_attacks():
    text = text_of("hostile-and-faults.md")
    there = [path.name for path in (ROOT / "tests" / "faults").glob("test_*.py")]
    assert len(there) > 8
    assert [name for name in there if f"`tests/faults/{name}`" not in text] == []


# ---------------------------------------------------------------- errors


def codes_in_source() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"T\d{3}", node.value):
                found.add(node.value)
    return found


def test_every_error_is_explained_and_none_that_is_gone():
    explained = re.findall(r"^\| (T\d{3}) \|", text_of("errors.md"), re.MULTILINE)
    assert len(explained) == len(set(explained))
    assert codes_in_source() - set(explained) == set()
    assert set(explained) - codes_in_source() == set()


def test_every_explanation_says_what_to_do():
    rows = re.findall(r"^\| T\d{3} \|(.*)\|(.*)\|$", text_of("errors.md").replace("\\|", "/"), re.MULTILINE)
    assert len(rows) > 80
    assert all(len(what.strip()) > 10 and len(todo.strip()) > 5 for what, todo in rows)


def all_errors(kind: type[TwainError] = TwainError) -> list[type[TwainError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in all_errors(child))]


def test_the_exit_codes_are_those_of_the_errors():
    table = set(re.findall(r"^\| (\d+) \|", text_of("cli.md"), re.MULTILINE))
    assert {str(error.exit_code) for error in all_errors()} <= table
    assert {"0", "4", "130"} <= table


# ---------------------------------------------------------------- the command line


def commands(group=None, prefix: str = "") -> dict[str, object]:
    group = group or get_command(app)
    found: dict[str, object] = {}
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        found |= commands(command, f"{prefix}{name} ") if inner else {f"{prefix}{name}": command}
    return found


def options(command) -> set[str]:
    return {word for parameter in command.params for word in parameter.opts} | {"--help"}


def wrong_with(words: list[str]) -> str:
    """What is wrong with a ``twain …`` line, or nothing."""
    known = commands()
    name = next((n for n in (" ".join(words[:2]), words[0]) if n in known), "")
    if not name:
        return f"there is no command {words[0]!r}"
    unknown = [w for w in words if w.startswith("--") and w.partition("=")[0] not in options(known[name])]
    return f"{name} has no {unknown[0]}" if unknown else ""


def test_every_command_is_documented():
    text = text_of("cli.md")
    for name in commands():
        group, _, inner = name.partition(" ")
        assert f"twain {group}" in text, name
        assert not inner or re.search(rf"twain {group} .*\b{inner}\b", text), name


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_command_that_is_shown_exists(page):
    text = page.read_text(encoding="utf-8")
    lines = [line for _, kind, _, body in EXAMPLES if _ == page and kind == "bash" for line in body.splitlines()]
    quoted = re.findall(r"`(twain [^`]*)`", text)
    for line in [*lines, *quoted]:
        words = [
            w for w in shlex.split(line.replace("../.venv/bin/", ""), comments=True) if not w.startswith(("<", "["))
        ]
        if words[:1] == ["twain"] and len(words) > 1 and not words[1].startswith("-"):
            assert wrong_with(words[1:]) == "", line


def test_a_command_that_is_gone_would_be_noticed():
    assert wrong_with(["send", "spring", "--dry-run"]) == ""
    assert wrong_with(["audience", "count", "spring"]) == ""
    assert wrong_with(["launch", "spring"])
    assert wrong_with(["send", "spring", "--at-once"])


# ---------------------------------------------------------------- examples


def test_every_example_can_be_read():
    for page, kind, _, text in EXAMPLES:
        if kind == "toml":
            assert tomllib.loads(text), shown(page)
        if kind == "json":
            assert json.loads(text), shown(page)
        if kind == "python":
            assert ast.parse(text), shown(page)


def campaign_from(tmp_path: Path, toml: str):
    folder = tmp_path / "campaigns" / "spring"
    folder.mkdir(parents=True)
    (folder / "campaign.toml").write_text(toml, encoding="utf-8")
    (folder / "body.html").write_text("<p>{{ first_name }}</p>", encoding="utf-8")
    return read_campaign(tmp_path, "spring")


def test_marketings_example_is_a_campaign(tmp_path):
    campaign = campaign_from(tmp_path, example("guide-for-marketing.md", "campaign"))
    assert campaign.holdout == 0.05
    assert campaign.related[0].relation == "orders"


def test_marketings_second_version_joins_it(tmp_path):
    both = example("guide-for-marketing.md", "campaign") + example("guide-for-marketing.md", "arms")
    assert [arm.name for arm in campaign_from(tmp_path, both).arms] == ["main", "short"]


def test_its_settings_are_read(tmp_path):
    (tmp_path / "twain.toml").write_text(example("runbook-for-it.md", "settings"), encoding="utf-8")
    secrets = {
        "CRM_URL": "postgresql://x",
        "RELAY_PASSWORD": "x",
        "BOUNCES_PASSWORD": "x",
        "LEDGER_URL": "postgresql://y",
    }
    settings = load_settings(tmp_path, secrets)
    assert settings.sources["crm"].hours == ("20:00", "06:00")
    mail = settings.channels["mail"]
    assert [key.selector for key in mail.dkim] == ["twain2026", "twain2026e"]
    assert MemoryChannel(dataclasses.replace(mail, dkim=())).paces()["mail.example"].per_hour == 50_000
    assert settings.domains["mail.nordlicht.example"].addresses == ("192.0.2.10", "2001:db8::/126")
    assert read_options(settings.bounces, tmp_path).where() == "imap://bounces@mail.nordlicht.example:993"
    assert checked_address(mail.bounce_address, "here").startswith("bounces@")
    assert settings.dns.servers == (("10.0.0.53", 53), ("2001:db8::53", 53))


def test_its_policy_is_read(tmp_path):
    (tmp_path / "policy.toml").write_text(example("runbook-for-it.md", "policy"), encoding="utf-8")
    policy = read_policy(tmp_path)
    assert policy.rules_for({"ceiling": 10_001})
    assert policy.checks["min_valid"] == 0.9
    assert (policy.bounces.times, policy.bounces.within_seconds) == (3, 7 * 86_400.0)


def test_its_contract_has_nothing_wrong():
    feed, problems = read_contract(example("runbook-for-it.md", "contract"), "feeds/customers.odcs.yaml")
    assert problems == []
    assert feed is not None
    assert feed.freshness.max_age_seconds == 26 * 3600


def test_the_example_of_a_channel_delivers(tmp_path):
    made: dict = {"__name__": "folder"}
    exec(compile(example("add-a-channel.md", "channel"), "folder.py", "exec"), made)  # our own page
    settings = load_settings_with_folder(tmp_path)
    channel, feeder = made["open_channel"](settings), ListFeeder(envelopes(3))
    channel.deliver(feeder)
    assert feeder.fates() == {Fate.SENT: 3}
    assert feeder.ticks > 0
    assert len(list(tmp_path.glob("*.eml"))) == 3
    assert channel.test() == []


def load_settings_with_folder(folder: Path):
    toml = f'[channels.archive]\nkind = "folder"\npath = "{folder}"\n'
    (folder / "twain.toml").write_text(toml, encoding="utf-8")
    return load_settings(folder, {}).channels["archive"]


# ---------------------------------------------------------------- decisions, words


def test_decisions_are_numbered_without_a_gap_and_say_why():
    assert [path.name[:3] for path in DECISIONS] == [f"{n:03d}" for n in range(1, len(DECISIONS) + 1)]
    for path in DECISIONS:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:3]}: ")
        assert [h for h in ("## Why", "## What we do", "## Evidence", "## What follows") if h not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_pages_are_for_readers(page):
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# ")
    # In quotes it is the name of a problem's cure in JSON, and no note to ourselves.
    assert not re.search(r'(?<!")\b(TO' r"DO|FIX" r'ME|TBD|lorem)\b(?!")', text, re.IGNORECASE)
    assert max(len(line) for line in text.splitlines() if not line.startswith("|")) <= 145
