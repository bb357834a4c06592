"""What IT reads before it lets us in is true: grants, ports, tables, numbers, the way out, the list of parts."""

import contextlib
import dataclasses
import io
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from django.apps import apps
from django.conf import settings as house

from tests.unit.docs.test_docs import ROOT, example, text_of
from tools import sbom
from twain.demo.start import copy_workspace
from twain.feeds.grants import grants
from twain.flows import account
from twain.flows.workspace import load_workspace
from twain.ledger.lake import Lake
from twain.ledger.manifest import Entry, Manifest
from twain.settings import ChannelSettings, SourceSettings
from twain_web.rooms.audiences import counts
from twain_web.rooms.people import tokens

PAGE = "for-its-evaluation.md"


def section(title: str) -> str:
    return text_of(PAGE).split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("| ") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_the_grants_are_those_that_the_contracts_give(tmp_path):
    copy_workspace(tmp_path)
    feeds = load_workspace(tmp_path).feeds
    wanted = "\n".join(
        f"-- {feed.name}: {feed.owner}\n" + "\n".join(grants(feed, "twain", "postgres", feeds.values()))
        for feed in feeds.values()
    )
    assert " ".join(example(PAGE, "grants").split()) == " ".join(wanted.split())


# ---------------------------------------------------------------- ports


@contextlib.contextmanager
def opened(root: Path, *more: str):
    """``twain up`` as people start it, until it answers; ended as they end it."""
    command = [sys.executable, "-m", "twain", "up", "--port", "0", "--json", *more]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running, json.loads(running.stdout.readline())
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(40)


def listening(process: int) -> set[tuple[str, int]]:
    family = [psutil.Process(process), *psutil.Process(process).children(recursive=True)]
    return {
        (socket.laddr.ip, socket.laddr.port)
        for one in family
        for socket in one.net_connections("inet")
        if socket.status == psutil.CONN_LISTEN
    }


def test_the_house_listens_where_the_page_says_and_nowhere_else(tmp_path):
    copy_workspace(tmp_path)
    with opened(tmp_path) as (running, told):
        port = int(told["url"].rpartition(":")[2])
        assert listening(running.pid) == {("127.0.0.1", port)}
        with urllib.request.urlopen(f"{told['url']}/health/live", timeout=20) as answer:
            assert answer.status == 200
    assert [row[1].partition(",")[0] for row in rows("Ports")[1:]] == [
        "127.0.0.1:8024", "127.0.0.1:2525", "127.0.0.1:8026",
    ]  # fmt: skip
    up = (ROOT / "src/twain_web/commands.py").read_text()
    assert "= 8024" in up
    assert "port = 2525" in (ROOT / "src/twain/demo/workspace/twain.toml").read_text()
    assert "inbox_port: int = 8026" in (ROOT / "src/twain/demo/start.py").read_text()


# ---------------------------------------------------------------- numbers


def default(kind: type, name: str) -> object:
    return next(field.default for field in dataclasses.fields(kind) if field.name == name)


def test_the_load_is_that_of_the_settings():
    told = {line: value for _, value, line in rows("Load on your databases")[1:]}
    assert told["`max_connections`"] == str(default(SourceSettings, "max_connections"))
    assert told["`timeout`"] == f"{default(SourceSettings, 'timeout_seconds'):.0f} s"
    assert told["`interactive_timeout`"] == f"{default(SourceSettings, 'interactive_timeout_seconds'):.0f} s"
    assert told["`memory`"] == f"{default(SourceSettings, 'memory_mb')} MB"
    for name in ("max_rows", "max_cost", "hours"):
        assert default(SourceSettings, name) is None
    assert f"{default(ChannelSettings, 'connections')} connections a channel" in section("Load on your databases")


def test_how_long_things_are_kept_is_what_the_code_does():
    text = section("What is stored")
    assert f"{account._PRUNE_AFTER / 86_400:.0f} days after the send ended" in text
    assert f"{house.SESSION_COOKIE_AGE // 3600} hours" in text
    assert f"{tokens.LONGEST_DAYS} days at most" in text
    assert "newest eight" in text
    assert counts._KEPT == 8


# ---------------------------------------------------------------- what is stored


def named() -> set[str]:
    return {name for row in rows("What is stored") for name in re.findall(r"`([a-z0-9_]+)`", row[0])} - {"secret"}


def test_every_table_of_the_house_is_there_and_none_that_is_gone():
    ours = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    ours |= {"django_migrations", house.CACHES["default"]["LOCATION"]}
    ledger = "\n".join(path.read_text() for path in (ROOT / "src/twain/ledger/migrations").glob("*.sql"))
    theirs = set(re.findall(r"^create table (\w+)", ledger, re.MULTILINE))
    assert len(ours) > 30
    assert len(theirs) > 12
    assert (ours | theirs) - named() == set()
    assert named() - ours - theirs == set()


def test_every_table_of_the_history_is_there():
    tables = {path.name.partition(".")[0] for path in (ROOT / "src/twain/ledger").glob("*.odcs.yaml")}
    written = set(re.findall(r"`history/(\w+)/`", section("What is stored")))
    assert written == {"deliveries", "events", "bounces", "checks", "conversions", "holdouts"} <= tables


# ---------------------------------------------------------------- the way out


def test_the_history_is_read_without_us(tmp_path, monkeypatch):
    history = tmp_path / ".twain" / "history"
    history.mkdir(parents=True)
    for name, fates in (("old", ["sent"]), ("new", ["sent", "failed"]), ("untold", ["sent"] * 9)):
        table = pa.table({"campaign": ["spring"] * len(fates), "fate": fates})
        pa.parquet.write_table(table, history / f"{name}.parquet")
    for name, gone in (("old", []), ("new", ["old.parquet"])):
        entry = Entry("deliveries", f"{name}.parquet", "", 2, "2026-11", 0.0, 0.0, ("customers",))
        assert Manifest(history).change([entry], gone, time.time())
    assert [path.name for path in Lake(history).files("deliveries")] == ["new.parquet"]
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example(PAGE, "exit"), "exit.py", "exec"), {})  # our own page
    assert printed.getvalue().strip() == "[('spring', 'failed', 1), ('spring', 'sent', 1)]"


# ---------------------------------------------------------------- what it is made of


@pytest.fixture(scope="module")
def bill() -> dict:
    made = subprocess.run([sys.executable, "-m", "tools.sbom"], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(made.stdout)


def test_the_bill_names_every_locked_package_with_its_hashes(bill):
    lock = (ROOT / "requirements.lock").read_text()
    pinned = set(re.findall(r"^([A-Za-z0-9][\w.-]*)==(\S+)", lock, re.MULTILINE))
    assert len(pinned) > 40
    listed = {(c["name"], c["version"]) for c in bill["components"] if c["purl"].startswith("pkg:pypi/")}
    assert listed == pinned
    written = {
        told["content"]
        for component in bill["components"]
        for reference in component.get("externalReferences", [])
        for told in reference["hashes"]
    }
    assert written == set(re.findall(r"sha256:([0-9a-f]{64})", lock))


def test_the_bill_names_what_the_house_carries(bill):
    carried = json.loads(sbom.VENDORED.read_text())["assets"]
    listed = {(c["name"], c["version"]) for c in bill["components"] if c["purl"].startswith("pkg:npm/")}
    assert {(asset["name"], asset["version"]) for asset in carried} <= listed
    assert {inner["name"] for asset in carried for inner in asset.get("within", [])} <= {name for name, _ in listed}


def test_the_bill_is_cyclonedx_and_each_part_has_a_licence(bill):
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", bill["serialNumber"])
    references = [component["bom-ref"] for component in bill["components"]]
    assert len(references) == len(set(references))
    here = [c for c in bill["components"] if "properties" not in c]
    assert [c["name"] for c in here if not c.get("licenses")] == []


def test_the_same_lock_gives_the_same_bill():
    lock, vendored = sbom.LOCK.read_text(), json.loads(sbom.VENDORED.read_text())
    assert sbom.document(lock, vendored) == sbom.document(lock, vendored)
