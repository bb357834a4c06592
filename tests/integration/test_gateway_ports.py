"""A gateway that cannot listen says so: what is taken, by whom it can be had, what to do. Never a bare OSError."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from twain.demo.start import copy_workspace


def _gateway(root: Path, *words: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "twain", "gateway", "--json", *words],
        cwd=root, env={**os.environ, "TWAIN_ROOT": str(root)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)["error"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    copy_workspace(tmp_path)
    return tmp_path


def test_a_port_that_is_taken_is_said(root):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = _gateway(root, "--port", str(port))
    assert error["what"] == f"Port {port} on 127.0.0.1 is taken by another program."
    assert "--port" in error["todo"]


def test_an_address_of_another_machine_is_said(root):
    assert _gateway(root, "--host", "192.0.2.1")["what"] == "192.0.2.1 is no address of this machine."


def test_a_name_that_is_no_address_is_said(root):
    assert "cannot be listened on" in _gateway(root, "--host", "nowhere.invalid")["what"]
