"""The gateway awaited: answered when it is on the disk, many by one sync, and nobody by another's mishap."""

import asyncio
import os
import threading
from contextlib import closing

import pytest

from twain.errors import LedgerUnavailable
from twain.ledger.bundles import make_bundle
from twain.ledger.stores import open_ledger
from twain.records import Run, RunState
from twain.returns import awaiting
from twain.returns.awaiting import Awaiting, environ_of
from twain.returns.events import Event, EventSpool, finished_files, read_events
from twain.returns.gateway import create_app
from twain.returns.targets import LinkTables
from twain.returns.tokens import TokenMint
from twain.vault import KeyRing

RUN, TARGET = "r8k2m", "https://shop.example/a"
MINT = TokenMint(KeyRing(1, {1: os.urandom(32)}))
TOKENS = [token.decode() for _, token in MINT.stamps(RUN, 3, range(200))]
ONE_CLICK = b"List-Unsubscribe=One-Click"
FORM = ("content-type", "application/x-www-form-urlencoded")


class Request:
    """A request as RSGI hands it over, and what it was answered."""

    proto, scheme, client, query_string, authority = "http", "http", "198.51.100.7:4711", "", None

    def __init__(self, method, path, *headers, body=(), hangs=False):
        self.method, self.path, self._said, self._body, self._hangs = method, path, list(headers), body, hangs
        self.status, self.answered, self.body = 0, {}, None

    @property
    def headers(self):
        return self

    def items(self):
        length = [("content-length", str(sum(map(len, self._body))))] if self._body else []
        return [*self._said, *length]

    def get_all(self, key):
        return [value for name, value in self._said if name == key]

    async def __aiter__(self):
        for piece in self._body:
            if self._hangs:
                await asyncio.Event().wait()
            yield piece

    def response_empty(self, status, headers):
        assert not self.status, "answered twice"
        self.status, self.answered, self.body = status, dict(headers), b""

    def response_bytes(self, status, headers, body):
        self.response_empty(status, headers)
        self.body = body


class House:
    """A gateway's application and what it stands on."""

    def __init__(self, folder):
        self.url, self.folder = f"sqlite:///{folder / 'ledger.db'}", folder / "events"
        self.ledgers, self.tables = [], LinkTables()
        ledger = self.ledger()
        bundle = make_bundle("hello", {"campaign": "hello"})
        ledger.publish(bundle)
        ledger.create_run(Run(RUN, bundle.hash, "hello", RunState.PLANNED, "mail", "never_twice", "p", 0.0))
        ledger.remember_links(bundle.hash, {0: TARGET})
        self.begin("one")

    def begin(self, name):
        self.spool = EventSpool(self.folder, name)
        self.app = Awaiting(self.opened, self.spool, 4, proxies=1)

    def ledger(self):
        self.ledgers.append(open_ledger(self.url))
        return self.ledgers[-1]

    def opened(self):
        return create_app(
            self.ledger(), MINT, lambda ref: bytes([ref.row]) * 32,
            spool=self.spool, proxies=1, now=lambda: 1000.0, tables=self.tables,
        )  # fmt: skip

    def start(self, *requests):
        """As the server does: a task for each, by whatever makes the loop's tasks."""
        self.requests += requests
        for one in requests:
            asyncio.get_running_loop().create_task(self.app.__rsgi__(one, one))

    def asked(self, *requests, meanwhile=None):
        """All of them at once, in a loop of their own; *meanwhile* runs beside them."""

        async def serve():
            loop = asyncio.get_running_loop()
            self.app.__rsgi_init__(loop)
            await asyncio.sleep(0)
            self.requests = []
            self.start(*requests)
            if meanwhile is not None:
                await meanwhile()
            while not all(one.status for one in self.requests):
                await asyncio.sleep(0.001)
            self.app.__rsgi_del__(loop)

        asyncio.run(asyncio.wait_for(serve(), 30))
        return requests

    def kept(self):
        return [event for path in finished_files(self.folder) for event in read_events(path)]


@pytest.fixture
def house(tmp_path):
    one = House(tmp_path)
    yield one
    for ledger in one.ledgers:
        ledger.close()


@pytest.fixture
def known(house):
    """The same, where a first click has read the send's links."""
    house.tables.put(RUN, {0: TARGET})
    return house


def clicks(number):
    return [Request("GET", f"/c/{token}.0") for token in TOKENS[:number]]


class SlowDisk:
    """Syncs that wait until they are let go; counted."""

    def __init__(self, monkeypatch):
        self.count, self.go, self._real = 0, threading.Event(), os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self)

    def __call__(self, file):
        self.count += 1
        assert self.go.wait(20)
        self._real(file)


def test_nobody_is_answered_before_the_disk_has_it_and_many_share_a_sync(known, monkeypatch):
    disk, requests = SlowDisk(monkeypatch), clicks(150)

    async def meanwhile():
        while not disk.count:
            await asyncio.sleep(0)
        assert [one.status for one in requests] == [0] * 150
        disk.go.set()

    known.asked(*requests, meanwhile=meanwhile)
    assert {(one.status, one.answered["Location"], one.body) for one in requests} == {(302, TARGET, b"")}
    assert sorted(event.row for event in known.kept()) == list(range(150))
    assert disk.count <= 2


def test_what_comes_while_the_disk_is_busy_goes_together_next(known, monkeypatch):
    disk, later = SlowDisk(monkeypatch), clicks(40)

    async def meanwhile():
        while not disk.count:
            await asyncio.sleep(0)
        known.start(*later)
        disk.go.set()

    known.asked(Request("GET", f"/o/{TOKENS[100]}"), meanwhile=meanwhile)
    assert {one.status for one in later} == {302}
    assert len(known.kept()) == 41
    assert disk.count == 2


def test_a_full_disk_asks_everybody_to_try_again_and_the_next_are_served(known, monkeypatch):
    real, requests = os.write, [*clicks(20), Request("GET", f"/o/{TOKENS[30]}")]
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[: len(data) // 2]))
    again = clicks(3)

    async def meanwhile():
        while not all(one.status for one in requests):
            await asyncio.sleep(0.001)
        monkeypatch.setattr(os, "write", real)
        known.start(*again)

    known.asked(*requests, meanwhile=meanwhile)
    assert {(one.status, one.answered["Retry-After"]) for one in requests} == {(503, "120")}
    assert b"again" in requests[0].body
    assert [one.status for one in again] == [302] * 3
    assert sorted(event.row for event in known.kept()) == [0, 1, 2]


def test_whoever_goes_away_takes_nobody_along_and_is_counted(known):
    class Gone(Request):
        def response_empty(self, status, headers):
            super().response_empty(status, headers)
            raise RuntimeError("the client has gone")

    requests = [
        *clicks(2),
        Gone("GET", f"/c/{TOKENS[2]}.0"),
        *(Request("GET", f"/c/{TOKENS[row]}.0") for row in (3, 4)),
    ]
    told = []

    async def meanwhile():
        asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(str(what["exception"])))

    known.asked(*requests, meanwhile=meanwhile)
    assert [one.status for one in requests] == [302] * 5
    assert told == ["the client has gone"]
    assert len(known.kept()) == 5


def test_a_click_that_the_server_gives_up_is_kept_all_the_same(known, monkeypatch):
    disk, given_up = SlowDisk(monkeypatch), Request("GET", f"/c/{TOKENS[9]}.0")

    async def meanwhile():
        known.requests.append(given_up)
        begun = asyncio.get_running_loop().create_task(known.app.__rsgi__(given_up, given_up))
        assert begun.cancel() is False
        disk.go.set()

    known.asked(*clicks(1), meanwhile=meanwhile)
    assert sorted(event.row for event in known.kept()) == [0, 9]


def test_the_first_click_asks_the_ledger_and_the_next_ones_memory(house, monkeypatch):
    first, again = clicks(2)
    house.asked(first)
    assert first.status == 302
    house.begin("two")
    monkeypatch.setattr("twain.returns.gateway.Gateway.answer", None)  # nobody asks it
    house.asked(again)
    assert again.status == 302
    assert [event.row for event in house.kept()] == [0, 1]


def test_an_unsubscription_is_in_the_ledger_when_it_is_answered(house):
    said = [FORM, ("x-forwarded-for", "198.51.100.7")]
    (one,) = house.asked(Request("POST", f"/u/{TOKENS[7]}", *said, body=[ONE_CLICK[:9], ONE_CLICK[9:]]))
    assert one.status == 200
    assert b"unsubscribed" in one.body
    with closing(open_ledger(house.url)) as somebody_else:
        assert [(s.address_hash, s.reason) for s in somebody_else.suppressions()] == [(bytes([7]) * 32, "unsubscribed")]
    assert [(event.kind, event.network) for event in house.kept()] == [("unsubscribe", "198.51.100.0/24")]


def test_without_the_ledger_whoever_wants_off_is_asked_to_come_back(house, monkeypatch):
    def out_of_reach(*_):
        raise LedgerUnavailable("The control store is out of reach.")

    monkeypatch.setattr(type(house.ledgers[0]), "suppress", out_of_reach)
    (one,) = house.asked(Request("POST", f"/u/{TOKENS[7]}", FORM, body=[ONE_CLICK]))
    assert (one.status, one.answered["Retry-After"]) == (503, "120")


@pytest.mark.parametrize("path", ["/c/{}.0", "/o/{}", "/u/{}", "/v/{}"])
def test_a_wrong_token_is_answered_as_any_other_address(known, path):
    wrong = path.format("B" + TOKENS[0][1:])
    unknown, nowhere = known.asked(Request("GET", wrong), Request("GET", "/"))
    assert (unknown.status, unknown.answered, unknown.body) == (404, nowhere.answered, nowhere.body)
    assert known.kept() == []


def test_head_looks_has_no_body_and_counts_for_nothing(known):
    heads = [Request("HEAD", path) for path in (f"/c/{TOKENS[0]}.0", f"/o/{TOKENS[0]}", f"/u/{TOKENS[0]}")]
    known.asked(*heads)
    assert [(one.status, one.body) for one in heads] == [(302, b""), (200, b""), (200, b"")]
    assert heads[1].answered["Content-Length"] == "43"
    assert known.kept() == []


def test_the_link_that_nobody_can_see_is_kept_and_leads_nowhere(house):
    (one,) = house.asked(Request("GET", f"/c/{TOKENS[0]}.999999"))
    assert one.status == 404
    assert [event.kind for event in house.kept()] == ["canary"]


def test_a_click_says_where_from_by_what_our_own_proxy_wrote(known):
    said = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.77"), ("x_forwarded_for", "10.0.0.1")]
    known.asked(Request("GET", f"/c/{TOKENS[4]}.0", ("user-agent", "Phone"), ("sec-purpose", "prefetch"), *said))
    assert known.kept() == [Event(RUN, 3, 4, "click", 1000.0, 0, "Phone", "192.0.2.0/24", "prefetch")]


def test_the_environ_is_that_of_wsgi():
    request = Request("POST", "/f/x", FORM, ("accept-language", "de"), ("x_evil", "1"), body=[b"a=b"])
    request.authority, request.client, request.query_string = "mail.example", "[2001:db8::1]:99", "lang=de"
    assert environ_of(request) == {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/f/x", "QUERY_STRING": "lang=de", "REMOTE_ADDR": "2001:db8::1",
        "CONTENT_TYPE": FORM[1], "CONTENT_LENGTH": "3", "HTTP_ACCEPT_LANGUAGE": "de", "HTTP_HOST": "mail.example",
    }  # fmt: skip


def test_a_body_that_does_not_come_is_not_waited_for(house, monkeypatch):
    monkeypatch.setattr(awaiting, "_PATIENCE", 0.05)
    (one,) = house.asked(Request("POST", f"/u/{TOKENS[7]}", FORM, body=[ONE_CLICK], hangs=True))
    assert one.status == 408
    assert house.kept() == []


def test_a_body_without_an_end_is_cut_off(house):
    read = []

    class Endless(Request):
        async def __aiter__(self):
            while True:
                read.append(1)
                yield bytes(65_536)

    (one,) = house.asked(Endless("POST", f"/u/{TOKENS[7]}", FORM, ("content-length", "999999999")))
    assert one.status == 413
    assert len(read) == 4
