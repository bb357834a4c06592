"""The house's pages over a long past: time per page and queries, with 10 M deliveries, 1 M customers and 500 campaigns.

The house is opened as people open it (``twain up``) and asked over HTTP by somebody signed in; a page's time is from the request
to the answer's last byte. Queries are counted in a second process. A first count of an audience is asked through the flow, in a
process that has just started.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import _years
from benchmarks.report import Report

_HERE = Path(__file__).parent
CUSTOMERS, DELIVERIES, CAMPAIGNS = 1_000_000, 10_000_000, 500
_ASKED = 40
_COUNT = """
import sys, time
from pathlib import Path
from twain.flows.counting import count, find_rule
from twain.flows.instance import open_instance
with open_instance(Path(sys.argv[1])) as instance:
    begun = time.perf_counter()
    people = count(instance, find_rule(instance, "gold-in-berlin")).audience
    print(time.perf_counter() - begun, people)
"""


def run(options: argparse.Namespace) -> Report:
    """Build the past once, then ask every page *rounds* × 8 times, in turn."""
    customers, campaigns = int(CUSTOMERS * options.scale), max(int(CAMPAIGNS * options.scale), 2)
    deliveries = max(int(DELIVERIES * options.scale), 2 * _years.PER_SHARD)
    report = Report("pages")
    with tempfile.TemporaryDirectory(prefix="twain-pages-") as place:
        root = Path(place)
        begun = time.perf_counter()
        _years.build(root, customers, deliveries, campaigns)
        session = _python(root, "-m", "benchmarks._house_past", "fill", str(campaigns)).strip()
        report.figures |= {"customers": customers, "deliveries": deliveries, "campaigns": campaigns}
        report.figures["seconds to build that past"] = round(time.perf_counter() - begun, 1)
        pages = _pages(campaigns)
        with _house(root) as port:
            _wait_for_figures(port, session, pages)
            times = _ask(port, session, pages, max(options.rounds, 5) * _ASKED // 5)
        counted = json.loads(_python(root, "-m", "benchmarks._house_past", "queries", *pages))
        counts = [float(_python(root, "-c", _COUNT, str(root)).split()[0]) for _ in range(max(options.rounds, 5))]
    _enter(report, times, counted, counts)
    return report


def _pages(campaigns: int) -> list[str]:
    last = f"rpast{0:07}"
    return [
        "/",
        "/catalogue/",
        "/catalogue/feed/customers/",
        "/audiences/",
        "/audiences/audience-000/",
        "/audiences/audience-000/edit/",
        "/content/",
        "/campaigns/",
        f"/campaigns/of/campaign-{campaigns - 1:03}/",
        "/results/",
        f"/results/{last}/",
        "/customers/",
        "/customers/customers/17/",
        "/people/",
        "/audit/",
    ]


def _enter(report: Report, times: dict[str, list[float]], counted: dict[str, int], counts: list[float]) -> None:
    for page, taken in times.items():
        report.figures[f"{page}  p50 ms"] = round(statistics.median(taken) * 1e3, 1)
        report.figures[f"{page}  p95 ms"] = round(_p95(taken) * 1e3, 1)
        report.figures[f"{page}  queries"] = counted[page]
    report.figures["first audience count, s (median)"] = statistics.median(counts)
    report.at_most("slowest page's p95, ms", max(_p95(taken) for taken in times.values()) * 1e3, 150)
    report.at_most("most queries of a page", max(counted.values()), 25)
    report.at_most("first audience count, s", statistics.median(counts), 2.0)


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def _environment(root: Path) -> dict[str, str]:
    return {
        **os.environ,
        "TWAIN_ROOT": str(root),
        "PYTHONPATH": str(_HERE.parent),
        "DJANGO_SETTINGS_MODULE": "twain_web.settings",
    }


def _python(root: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], env=_environment(root), cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


@contextmanager
def _house(root: Path) -> Iterator[int]:
    """``twain up`` on a free port, ended by its own signal."""
    words = [sys.executable, "-m", "twain", "up", "--port", "0", "--json"]
    house = subprocess.Popen(words, cwd=root, env=_environment(root), stdout=subprocess.PIPE, text=True)
    try:
        assert house.stdout is not None
        yield int(json.loads(house.stdout.readline())["url"].rsplit(":", 1)[1].strip("/"))
    finally:
        house.terminate()
        house.wait(30)


def _wait_for_figures(port: int, session: str, pages: list[str]) -> None:
    """Until the house has read the past's figures by itself, as it does over night; every page is warm then, too."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(600):
        for page in pages:
            _get(client, session, page)
        if _get(client, session, "/results/") < 0.15:
            return
        time.sleep(0.5)
    raise RuntimeError("the house never came to rest")


def _ask(port: int, session: str, pages: list[str], rounds: int) -> dict[str, list[float]]:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times: dict[str, list[float]] = {page: [] for page in pages}
    for _ in range(rounds):
        for page in pages:
            times[page].append(_get(client, session, page))
    return times


def _get(client: http.client.HTTPConnection, session: str, page: str) -> float:
    begun = time.perf_counter()
    client.request("GET", page, headers={"Cookie": f"twain-session={session}", "Accept": "text/html"})
    answer = client.getresponse()
    answer.read()
    taken = time.perf_counter() - begun
    if answer.status != 200:
        raise RuntimeError(f"{page} answers {answer.status}")
    return taken
