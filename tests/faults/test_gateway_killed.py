"""A gateway killed under load has lost nothing that it answered, and a collector killed after it doubles nothing."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from twain.flows.events import collect
from twain.flows.instance import open_instance
from twain.ledger.bundles import make_bundle
from twain.records import Run, RunState

RUN, CLIENTS = "r0killed", 24
AGENT = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def tokens(tmp_path):
    """A workspace that knows one send; the tokens of its messages."""
    (tmp_path / "twain.toml").write_text('[workspace]\nname = "test"\n')
    with open_instance(tmp_path) as here:
        bundle = make_bundle("spring", {"campaign": "spring", "feed": "customers"})
        here.ledger.publish(bundle)
        here.ledger.create_run(
            Run(RUN, bundle.hash, "spring", RunState.PLANNED, "mail", "never_twice", "p", time.time())
        )
        here.ledger.remember_links(bundle.hash, {0: "https://shop.example/"})
        return [token.decode() for _, token in here.mint().stamps(RUN, 0, range(100_000))]


def answered_until_killed(root, tokens, seconds):
    """The rows whose click was answered 302 by a gateway that is killed in the middle."""
    words = [sys.executable, "-m", "twain", "gateway", "--port", "0", "--threads", "16", "--json"]
    with subprocess.Popen(words, cwd=root, stdout=subprocess.PIPE, text=True, start_new_session=True) as gateway:
        port = json.loads(gateway.stdout.readline())["port"]
        killing = threading.Timer(seconds, os.killpg, (gateway.pid, signal.SIGKILL))
        started = threading.Barrier(CLIENTS, action=killing.start, timeout=60)

        def click(first):
            rows = []
            try:
                with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as client:
                    for row in range(first, len(tokens), CLIENTS):
                        client.request("GET", f"/c/{tokens[row]}.0", headers=AGENT)
                        answer = client.getresponse()
                        answer.read()
                        assert answer.status == 302
                        rows.append(row)
                        if len(rows) == 1:
                            started.wait()
            except (OSError, http.client.HTTPException):
                started.abort()  # killed; nobody waits for whoever did not come
            return rows

        try:
            with ThreadPoolExecutor(CLIENTS) as clients:
                return [row for rows in clients.map(click, range(CLIENTS)) for row in rows]
        finally:
            killing.cancel()
            with suppress(ProcessLookupError):
                os.killpg(gateway.pid, signal.SIGKILL)


@pytest.mark.parametrize("seconds", [0.05, 0.4])
def test_every_click_that_was_answered_is_in_the_history_once(tokens, tmp_path, seconds):
    answered = answered_until_killed(tmp_path, tokens, seconds)
    assert len(answered) > CLIENTS
    with open_instance(tmp_path) as here:
        while collect(here, settle=0).files:
            pass
        rows = [row["row"] for row in here.history.events_since(0.0, [RUN])]
    assert set(answered) <= set(rows)
    assert len(rows) == len(set(rows))
    assert len(rows) <= len(answered) + CLIENTS  # the others were under way: kept, but not seen to be answered
