"""Automatic checks against real things: PostgreSQL's privileges, authoritative DNS servers, a web server."""

from __future__ import annotations

import http.server
import threading
import time
from contextlib import contextmanager
from typing import ClassVar

import psycopg
import pytest

from tests.conftest import make_reader
from tests.house_workspace import ROOT
from tests.loopback_dns import good_world, loopback_dns
from twain.errors import ConfigError
from twain.flows.instance import open_instance
from twain.flows.request_types import load_request_types
from twain_web.rooms.desk.probes import page, probe

DOMAIN = "mail.nordlicht.test"


@pytest.fixture
def workspace(tmp_path):
    """An instance of its own, with these lines in its twain.toml."""

    @contextmanager
    def opened(toml: str):
        (tmp_path / "twain.toml").write_text(f'[workspace]\nname = "probes"\n{toml}')
        with open_instance(tmp_path) as instance:
            yield instance

    return opened


def test_a_grant_is_seen_in_the_database_itself(workspace, postgres_database, monkeypatch):
    with psycopg.connect(postgres_database, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA crm")
        owner.execute("CREATE TABLE crm.repairs (id int PRIMARY KEY, note text)")
        owner.execute("CREATE TABLE public.visits (id int)")
        url = make_reader(owner, postgres_database)
        reader = psycopg.conninfo.conninfo_to_dict(url)["user"]
        target = {"source": "shop", "table": "crm.repairs"}
        monkeypatch.setenv("PROBED", url)
        with workspace('[sources.shop]\nkind = "postgres"\nurl_env = "PROBED"\n') as instance:
            look = probe("grant").observe
            assert look(instance, target, None).there is False
            owner.execute(f"GRANT USAGE ON SCHEMA crm TO {reader}")
            assert look(instance, target, None).there is False
            owner.execute(f"GRANT SELECT (id) ON crm.repairs TO {reader}")
            seen = look(instance, target, None)
            assert (seen.there, seen.technical) == (True, "shop: SELECT on crm.repairs (id)")
            owner.execute(f"REVOKE SELECT (id) ON crm.repairs FROM {reader}")
            assert look(instance, target, None).there is False
            for table in (
                "(SELECT 1)",
                "(DELETE FROM crm.repairs RETURNING id)",
                "public.visits; DROP TABLE public.visits",
            ):
                assert look(instance, target | {"table": table}, None).there is not True
            assert owner.execute("SELECT count(*) FROM public.visits").fetchone() == (0,)


def test_a_domain_is_right_only_when_every_server_says_so(workspace):
    with loopback_dns() as made:
        world = good_world(made)
        toml = (
            f'[dns]\nservers = ["127.0.0.1:{world.port}"]\nport = {world.port}\ntimeout = "300ms"\n'
            f'[domains."{DOMAIN}"]\naddresses = ["192.0.2.10"]\nincludes = ["_spf.nordlicht.test"]\n'
        )
        with workspace(toml) as instance:
            look = probe("dns").observe
            assert look(instance, {"domain": f"{DOMAIN.upper()}."}, None).there is True
            world.differs["127.0.0.3"] = {(DOMAIN, "TXT"): ['"v=spf1 -all"']}
            seen = look(instance, {"domain": DOMAIN}, None)
            assert (seen.there, "SPF" in seen.words, "ns3.servers.test" in seen.technical) == (False, True, True)
            unknown = look(instance, {"domain": "elsewhere.test"}, None)
            assert (unknown.there, unknown.asked) == (False, False)


class _Site(http.server.BaseHTTPRequestHandler):
    pages: ClassVar[dict[str, tuple[int, str]]] = {}
    hosts: ClassVar[list[str]] = []

    def do_GET(self):
        self.hosts.append(self.headers["Host"])
        status, text = self.pages.get(self.path, (404, "nothing"))
        self.send_response(status)
        self.send_header("Location", "/winter")
        self.send_header("Content-Type", "text/html; charset=zip")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    _Site.pages, _Site.hosts = {}, []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_page_is_there_when_it_shows_the_words(workspace, site):
    target = {"url": f"{site}/winter", "text": "Warm boots & more"}
    with workspace("") as instance:
        look = probe("page").observe
        assert look(instance, target, None).there is False
        _Site.pages["/winter"] = (200, "<h1>Soon</h1><script>'Warm boots &amp; more'</script>")
        assert look(instance, target, None).there is False
        _Site.pages["/winter"] = (302, "Warm boots &amp; more")
        assert look(instance, target, None).there is False, "a redirect is not followed, nor believed"
        _Site.pages["/winter"] = (200, "<h1>Warm <b>boots</b>\n &amp; more</h1>")
        assert look(instance, target, None).there is True
    assert set(_Site.hosts) == {site.removeprefix("http://")}


def test_a_page_that_is_made_to_hold_us_up_is_read_once_and_quickly(workspace, site):
    began = time.process_time()
    with workspace("") as instance:
        for page_text in (
            "<script " * 120_000,
            "<script>" * 120_000 + "boots",
            "<" * 900_000,
            "<style></style>" * 60_000,
        ):
            _Site.pages["/slow"] = (200, page_text)
            assert probe("page").observe(instance, {"url": f"{site}/slow", "text": "boots"}, None).there is False
        _Site.pages["/slow"] = (200, "<script>var a = 1 < 2</script><STYLE>p{}</STYLE>Warm boots<script>boots")
        assert probe("page").observe(instance, {"url": f"{site}/slow", "text": "Warm boots"}, None).there is True
    assert time.process_time() - began < 5


def test_a_page_that_does_not_answer_is_neither_there_nor_lost(workspace):
    with workspace("") as instance:
        assert probe("page").observe(instance, {"url": "http://127.0.0.1:1/", "text": "x"}, None).there is None


INSIDE = (
    "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://10.1.2.3/", "http://192.168.0.1/",
    "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://2130706433/", "http://0x7f.1/",
    "http://0.0.0.0/", "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/", "http://localhost/", "file:///etc/passwd",
    "gopher://example.com/", "http://user:pass@example.com/", "http://", "http://exa mple.com/", "http://a\nb/",
)  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
def test_in_production_nothing_inside_is_asked(url):
    with pytest.raises(ConfigError) as caught:
        page.checked(url, (), production=True)
    assert caught.value.shown_code == "T929"


def test_it_may_list_hosts_inside_and_before_production_nothing_leaves_this_machine():
    assert page.checked("http://127.0.0.1:8080/x", ("127.0.0.1:8080",), production=True)[1] == "127.0.0.1"
    with pytest.raises(ConfigError):
        page.checked("http://127.0.0.1:8081/x", ("127.0.0.1:8080",), production=True)
    with pytest.raises(ConfigError):
        page.checked("http://192.0.2.1/", (), production=False)


def test_the_demos_types_are_those_that_were_promised():
    types, problems = load_request_types(ROOT)
    assert problems == []
    assert set(types) == {
        "new-field", "new-feed", "access", "sender-domain", "lead-route", "web-change", "integration", "capacity",
        "vendor-review",
    }  # fmt: skip
