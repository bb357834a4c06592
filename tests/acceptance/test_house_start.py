"""``twain start`` sends the main campaign and then opens the house with that send in the results; without Django until then."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest

PEOPLE = 200


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """The demonstration as people start it, on a port that nobody has: its process and the lines it printed."""
    folder = tmp_path_factory.mktemp("started")
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "twain", "start", "--customers", str(PEOPLE), "--folder", "demo", "--port", "0"],
        cwd=folder, env={**environment, "COLUMNS": "400"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C closes it" in line:
            break
    yield process, "".join(said)
    process.send_signal(signal.SIGINT)
    process.wait(40)
    process.stdout.close()


def test_it_says_where_the_house_is_and_who_may_come_in(started):
    process, said = started
    assert process.poll() is None, said
    assert re.search(r"The house is open: http://127\.0\.0\.1:\d+", said)
    for name in ("lhoffmann (Lena Hoffmann, Campaign Manager)", "pnair (Priya Nair, Senior DBA)"):
        assert name in said
    assert len(re.findall(r"password: [a-z-]+", said)) == 2


def test_the_send_is_in_the_results(started):
    _, said = started
    url = re.search(r"The house is open: (\S+)", said)[1]
    password = re.search(r"Customer relations: .*password: (\S+)", said)[1]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    form = browser.open(f"{url}/account/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    words = {"csrfmiddlewaretoken": token, "login": "lhoffmann", "password": password}
    browser.open(f"{url}/account/login/", urllib.parse.urlencode(words).encode()).close()
    assert "Summer thank-you" in browser.open(f"{url}/results/").read().decode()


def test_the_command_line_does_not_load_django():
    code = "import sys; from twain.cli.app import app; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
