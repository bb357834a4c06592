"""F3 through a whole send: the control store's Postgres is killed in the middle, and comes back; the send goes on by itself."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path

import psutil
import pytest

from benchmarks._workspace import CAMPAIGN, make
from tests.conftest import _start
from twain.testing.relay import Relay

PEOPLE, PACE = 600, 120.0


@pytest.fixture
def server():
    folder = Path(tempfile.mkdtemp(prefix="twain-pg-"))
    folder.chmod(0o755)
    server = _start(folder / "data")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _kill(server):
    """As a crash would: no checkpoint, no good-bye."""
    postmaster = psutil.Process(server.get_pid())
    postmaster.send_signal(signal.SIGQUIT)
    postmaster.wait(timeout=30)


def test_claims_stop_while_it_is_gone_and_everybody_is_mailed_once_after(server, tmp_path):
    with Relay() as relay:
        bench = make(tmp_path, PEOPLE, port=relay.port, connections=2, control='[control]\nurl_env = "CONTROL_URL"')
        toml = tmp_path / "twain.toml"
        paced = f'connections = 2\nlimits = {{ "" = {{ per_second = {PACE} }} }}'
        toml.write_text(toml.read_text().replace("connections = 2", paced))
        environment = {**os.environ, "CONTROL_URL": server.get_uri()}
        send = subprocess.Popen([sys.executable, "-m", "twain", "send", CAMPAIGN, "--json"], cwd=bench.folder, env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
        try:
            assert relay.wait_for(150, 60)
            _kill(server)
            at_kill = len(relay.received)
            # Longer than a window at this pace lasts: whoever went on claiming would be far beyond one window.
            assert not threading.Event().wait(3.0)
            assert send.poll() is None, send.communicate()
            assert len(relay.received) <= at_kill + 2 * PACE
            still = len(relay.received)
            assert not threading.Event().wait(0.5)
            assert len(relay.received) == still < PEOPLE, "claims went on without a ledger"
            server.ensure_postgres_running()
            out, err = send.communicate(timeout=90)
        finally:
            send.kill()
            send.wait()
        books = json.loads(out.strip().splitlines()[-1])
        assert send.returncode == 0, err
        assert (books["state"], books["sent"], books["uncertain"]) == ("finished", PEOPLE, 0)
        assert Counter(relay.recipients().values()) == {1: PEOPLE}
