"""The demonstration from outside: one command builds, sends and accounts; the workspace it leaves is sound."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
PEOPLE = 600


def twain(*words: str, cwd: Path) -> subprocess.CompletedProcess:
    # no terminal, and little of this machine's environment
    environment = {"PATH": os.environ["PATH"], "TWAIN_PERSON": "lhoffmann", "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "twain", *words]
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def answer(*words: str, cwd: Path) -> dict:
    done = twain(*words, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("demo")
    report = answer("start", "--once", "--customers", str(PEOPLE), "--folder", str(folder), cwd=folder)
    return folder, report


def test_the_demo_sends_and_everyone_is_accounted_for(demo):
    _, report = demo
    assert report["state"] == "finished"
    assert report["matched"] == sum(report["excluded"].values()) + report["audience"]
    assert report["sent"] == report["audience"] > PEOPLE / 2
    assert report["uncertain"] == 0
    assert {"consent", "holdout"} <= set(report["excluded"])


def test_only_people_who_said_yes_were_asked(demo):
    folder, report = demo
    with duckdb.connect(str(folder / "data" / "shop.duckdb"), read_only=True) as db:
        (yes,) = db.execute("SELECT count(*) FROM customers WHERE newsletter_consent AND email IS NOT NULL").fetchone()
    assert report["audience"] <= yes < PEOPLE


def test_the_demos_workspace_passes_its_own_check(demo):
    folder, _ = demo
    done = twain("check", "--json", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["problems"] == []


def test_the_send_stands_in_the_books(demo):
    folder, report = demo
    done = twain("runs", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert report["run"] in done.stdout


def test_a_second_start_sends_again_and_builds_nothing(demo):
    folder, _ = demo
    before = (folder / "data" / "shop.duckdb").stat().st_mtime_ns
    report = answer("start", "--once", "--customers", str(PEOPLE), "--folder", str(folder), cwd=folder)
    assert report["state"] == "finished"
    assert (folder / "data" / "shop.duckdb").stat().st_mtime_ns == before


def test_demo_data_says_what_it_wrote(tmp_path):
    counts = answer("demo-data", "--customers", "70", "--to", "sqlite:shop.sqlite", cwd=tmp_path)
    assert counts["rows"]["customers"] == 70
    assert counts["rows"]["orders"] == 350
    assert (tmp_path / "shop.sqlite").is_file()


# ---------------------------------------------------------------- the two scripts


def without_python(tmp_path: Path) -> Path:
    """A clone's scripts, and a machine with a shell but no Python."""
    for name in ("start", "test", "tools", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        origin = ROOT / name
        (shutil.copytree if origin.is_dir() else shutil.copy2)(origin, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "env", "dirname", "cat", "sha256sum", "cut"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return tmp_path


@pytest.mark.parametrize("script", ["start", "test"])
def test_without_python_the_scripts_say_what_to_install(tmp_path, script):
    folder = without_python(tmp_path)
    done = subprocess.run(
        [str(folder / script)],
        cwd="/",
        env={"PATH": str(folder / "bin")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "apt-get install python3.11 python3.11-venv" in done.stderr
    assert done.stdout == ""
    assert not (folder / ".venv").exists()


def test_with_a_python_that_cannot_make_environments_they_say_so(tmp_path):
    folder = without_python(tmp_path)
    python = folder / "bin" / "python3.11"
    python.write_text('#!/usr/bin/env bash\ncase "$*" in *ensurepip*) exit 1;; esac\n', encoding="utf-8")
    python.chmod(0o755)
    done = subprocess.run(
        [str(folder / "start")],
        cwd="/",
        env={"PATH": str(folder / "bin")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "apt-get install python3.11-venv" in done.stderr


def test_the_build_server_runs_what_everybody_runs():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert 'exec ./test "$@"' in script
    assert all(os.access(ROOT / name, os.X_OK) for name in ("start", "test", ".ci/run"))
