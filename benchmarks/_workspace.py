"""The mail and the company that *pipeline*, *memory* and *faults* send with: one workspace, any size, in a folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

CAMPAIGN = "bench"
_WORDS = "Der schnelle braune Fuchs springt über den faulen Hund; the quick brown fox does as well. "

_TOML = """\
[workspace]
name = "bench"
[sources.shop]
kind = "duckdb"
path = "shop.duckdb"
memory = "6GB"
[channels.mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
connections = {connections}
[gateway]
base_url = "https://mail.example.com"
{control}
"""

_CAMPAIGN = """\
title = "Bench"
owner = { name = "Lena Hoffmann", title = "Campaign Manager" }
feed = "people"
channel = "mail"
[message]
subject = "{{ given_name }}, your orders from {{ city }}"
from = { address = "news@mail.example.com", name = "Nordlicht Outdoor" }
postal_address = "Nordlicht Outdoor, Hafenstr. 1, 20457 Hamburg"
[audience]
all = [ { field = "country", op = "ne", value = "none" } ]
[defaults]
given_name = "friend"
family_name = ""
city = "your city"
country = "-"
tier = "bronze"
points = 0
store = "our store"
product = "something"
note = ""
joined = "2020-01-01"
[related.orders]
relation = "orders"
fields = ["product", "total"]
order = "-total"
limit = 3
"""


def body_html() -> str:
    """About 10 KB of HTML with ten fields, a conditional, a loop and five tracked links."""
    links = "".join(f'<p><a href="https://shop.example.com/offer/{n}">Offer {n}</a> for you</p>\n' for n in range(4))
    filler = "".join(f'<p style="color:#333;font-size:14px">{_WORDS * 3}{n}</p>\n' for n in range(22))
    return f"""<html><body>
<h1>Hello {{{{ given_name }}}} {{{{ family_name }}}} of {{{{ city }}}}, {{{{ country }}}}</h1>
<p>Member since {{{{ joined }}}} with {{{{ points }}}} points at {{{{ store }}}}. {{{{ note }}}} {{{{ product }}}}</p>
{{% if tier == "gold" %}}<p><b>Gold thanks you.</b></p>{{% else %}}<p>Nearly gold: {{{{ tier }}}}.</p>{{% endif %}}
<table>{{% for order in orders %}}<tr><td>{{{{ order.product }}}}</td><td>{{{{ order.total }}}}</td></tr>{{% endfor %}}</table>
{links}{filler}<p><a href="https://shop.example.com/">Shop</a> <a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a><br>
{{{{ postal_address }}}}</p></body></html>"""


_COLUMNS = {
    "given_name": "string", "family_name": "string", "city": "string", "country": "string", "tier": "string",
    "points": "integer", "store": "string", "product": "string", "note": "string", "joined": "date",
}  # fmt: skip


def _contract(name: str, table: str, properties: list[dict[str, object]]) -> str:
    contract = {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": name,
        "name": name.title(),
        "version": "1.0.0",
        "status": "active",
        "description": {"purpose": "Made for measuring."},
        "schema": [
            {"name": name, "physicalName": table, "logicalType": "object", "businessName": name.title(),
             "description": "Made for measuring.", "properties": properties}
        ],
        "customProperties": [
            {"property": "twain.source", "value": "shop"},
            {"property": "twain.owner", "value": {"name": "Priya Nair", "title": "Senior DBA"}},
        ],
    }  # fmt: skip
    return json.dumps(contract, indent=1)


def _property(name: str, kind: str, *, role: str = "", **more: object) -> dict[str, object]:
    ours: list[dict[str, object]] = [
        {"property": "twain.reviewed", "value": {"by": "pnair", "on": "2026-01-01"}},
        {"property": "twain.rights", "value": ["filter", "personalise", "preview"]},
    ]
    if role:
        ours.append({"property": "twain.role", "value": role})
    return {"name": name, "physicalName": name, "logicalType": kind, "businessName": name.replace("_", " "),
            "description": name, "classification": "personal", "customProperties": ours, **more}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bench:
    """A ready workspace."""

    folder: Path
    people: int


def make(folder: Path, people: int, *, port: int, connections: int = 4, control: str = "") -> Bench:
    """Write workspace and database; the same people every time: 30 % of the text values are not ASCII."""
    for sub in ("feeds", f"campaigns/{CAMPAIGN}"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    (folder / "twain.toml").write_text(_TOML.format(port=port, connections=connections, control=control))
    (folder / f"campaigns/{CAMPAIGN}/campaign.toml").write_text(_CAMPAIGN)
    (folder / f"campaigns/{CAMPAIGN}/body.html").write_text(body_html())
    key = _property("id", "integer", role="key", primaryKey=True, required=True)
    fields = [key, _property("email", "string", role="email"), _property("consent", "boolean", role="consent")]
    fields += [_property(name, kind) for name, kind in _COLUMNS.items()]
    (folder / "feeds/people.odcs.yaml").write_text(_contract("people", "people", fields))
    foreign = _property("person_id", "integer", relationships=[{"type": "foreignKey", "to": "people.id"}])
    own = [_property("order_id", "integer", role="key", primaryKey=True), foreign]
    own += [_property("product", "string", required=True), _property("total", "number", required=True)]
    (folder / "feeds/orders.odcs.yaml").write_text(_contract("orders", "orders", own))
    _database(folder / "shop.duckdb", people)
    return Bench(folder, people)


def _database(path: Path, people: int) -> None:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path), config={"memory_limit": "2GB", "threads": 2}) as con:
        con.execute(
            """create table people as select i as id, 'person' || i || '@d' || (i % 500) || '.example.com' as email,
            true as consent, case when i % 10 < 3 then 'Jürgen' || i else 'Martin' || i end as given_name,
            case when i % 10 < 3 then 'Müßig' else 'Smith' end as family_name,
            case when i % 10 < 3 then 'Düsseldorf' else 'Berlin' end as city, 'Germany' as country,
            case when i % 3 = 0 then 'gold' else 'silver' end as tier, (i % 1000)::bigint as points,
            case when i % 10 < 3 then 'Köln Süd' else 'Berlin Mitte' end as store,
            case when i % 10 < 3 then 'Regenjacke für Größere' else 'rain jacket' end as product,
            case when i % 10 < 3 then 'Schöne Grüße – bis bald…' else 'See you soon' end as note,
            date '2015-01-01' + (i % 3000)::int as joined from range(?) t(i)""",
            [people],
        )
        con.execute(
            """create table orders as select i as order_id, (i // 3)::bigint as person_id,
            case when i % 10 < 3 then 'Wanderschuh für Frühjahr' else 'hiking boot' end as product,
            (19.9 + i % 90)::double as total from range(?) t(i)""",
            [people * 3],
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed as JSON, its exit code, and what it cost. Seconds; *source* is its child in the source database."""

    code: int
    json: dict[str, Any]
    wall: float
    own: float
    source: float


def twain(folder: Path, *words: str) -> Answer:
    """Run the command line with ``--json`` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks._metered", *words, "--json"]
    place = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=place, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - begun
    if not done.stdout.strip():
        raise RuntimeError(done.stderr[-2000:])
    cost = json.loads(done.stderr.strip().splitlines()[-1])
    return Answer(done.returncode, json.loads(done.stdout.strip().splitlines()[-1]), wall, cost["own"], cost["source"])


@contextmanager
def smtp_sink(*words: str) -> Iterator[int]:
    """Postfix's smtp-sink on a free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = subprocess.Popen(["/usr/sbin/smtp-sink", *user, *words, f"127.0.0.1:{port}", "500"])
    try:
        _await_port(port)
        yield port
    finally:
        sink.send_signal(signal.SIGTERM)
        sink.wait(10)


def _await_port(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on {port}")
