import http.client
import logging
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from html.parser import HTMLParser

import pytest

from twain.errors import LedgerUnavailable
from twain.ledger.bundles import make_bundle
from twain.ledger.stores import open_ledger
from twain.records import Run, RunState
from twain.returns import server as server_room
from twain.returns.events import Event, EventSpool, finished_files, read_events
from twain.returns.gateway import create_app, serve
from twain.returns.targets import location as to_location
from twain.returns.tokens import TokenMint
from twain.vault import KeyRing

MINT = TokenMint(KeyRing(1, {1: os.urandom(32)}))
ONE_CLICK = "List-Unsubscribe=One-Click"
RUN = "r8k2m"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def token(row=7):
    return MINT.stamps("r8k2m", 3, [row])[0][1].decode()


def address_hash(ref):
    return bytes([ref.row % 256]) * 32 if (ref.run_id, ref.shard) == ("r8k2m", 3) else None


class Broken:
    """A control store that is out of reach."""

    def suppress(self, entries):
        raise LedgerUnavailable("The control store is out of reach.")


@pytest.fixture
def ledger(tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as opened:
        yield opened


@pytest.fixture
def gateway(ledger):
    with serve(create_app(ledger, MINT, address_hash, now=lambda: 1000.0)) as server:
        yield server


def ask(server, method, path, body=None, headers=None):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def suppressed(ledger):
    return [(s.address_hash, s.reason, s.origin, s.at) for s in ledger.suppressions()]


class Page(HTMLParser):
    def __init__(self, body):
        super().__init__()
        self.tags, self.fields, self.language = [], {}, ""
        self.feed(body.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        said = dict(attrs)
        self.language = said.get("lang", self.language)
        if tag == "form":
            self.method, self.action = said.get("method"), said.get("action", "")
        if tag == "input":
            self.fields[said["name"]] = said["value"]


def test_looking_at_the_page_never_unsubscribes(gateway, ledger):
    for method in ("GET", "HEAD", "GET"):
        status, headers, body = ask(gateway, method, f"/u/{token()}")
        assert status == 200
        assert int(headers["Content-Length"]) > 500
        assert bool(body) == (method == "GET")
    assert suppressed(ledger) == []


def test_one_click_unsubscribes_and_is_durable_before_the_answer(gateway, tmp_path):
    status, _, body = ask(gateway, "POST", f"/u/{token()}", ONE_CLICK, FORM)
    assert status == 200
    assert b"unsubscribed" in body
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as somebody_else:
        assert suppressed(somebody_else) == [(bytes([7]) * 32, "unsubscribed", "one-click:r8k2m.3.7", 1000.0)]


def test_the_pages_own_button_is_the_same_click(gateway, ledger):
    _, _, body = ask(gateway, "GET", f"/u/{token(8)}")
    page = Page(body)
    assert (page.method, page.action) == ("post", "")
    form = "&".join(f"{name}={value}" for name, value in page.fields.items())
    assert ask(gateway, "POST", f"/u/{token(8)}", form, FORM)[0] == 200
    assert [s[0] for s in suppressed(ledger)] == [bytes([8]) * 32]


def test_a_multipart_form_is_the_same_click(gateway, ledger):
    body = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    assert ask(gateway, "POST", f"/u/{token()}", body, kind)[0] == 200
    assert len(suppressed(ledger)) == 1


def test_a_second_click_is_fine(gateway, ledger):
    for _ in range(3):
        assert ask(gateway, "POST", f"/u/{token()}", ONE_CLICK, FORM)[0] == 200
    assert len(suppressed(ledger)) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("", FORM, 400), ("List-Unsubscribe=No", FORM, 400), ("x=1", FORM, 400), ("&" * 3000, FORM, 400), ("\xff=\0", FORM, 400),
        ("--b\r\n\r\nOne-Click", {"Content-Type": "multipart/form-data; boundary=b"}, 400),
        ("x", {"Content-Type": "multipart/form-data"}, 400),
        (f"{ONE_CLICK}&{ONE_CLICK}", FORM, 400), ("a" * 5000, FORM, 413), ("a" * 60_000, FORM, 413),
        (ONE_CLICK, {**FORM, "Content-Length": "x"}, 400),
    ],
)  # fmt: skip
def test_another_post_is_refused_and_changes_nothing(gateway, ledger, body, headers, status):
    got, _, answer = ask(gateway, "POST", f"/u/{token()}", body.encode("latin-1"), headers)
    assert got == status
    assert b"could not be read" in answer
    assert suppressed(ledger) == []


def changed(text):
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def test_every_wrong_token_and_every_other_path_gets_the_same_answer(gateway, ledger):
    foreign = MINT.stamps("other", 1, [1])[0][1].decode()
    paths = [
        "/", "/u", "/u/", "/u/x", f"/u/{changed(token())}", f"/u/{token()}/", f"/u/{token()}.1", f"/u/{token()}%00", "/u/../u/x",
        f"/U/{token()}", f"/x/u/{token()}", "/u/" + "A" * 36, "/u/" + "a" * 4000, "/favicon.ico", "/c/x",
        "/u/%0d%0aSet-Cookie:x=1", "/u/<script>alert(1)</script>".replace("<", "%3C").replace(">", "%3E"),
    ]  # fmt: skip
    answers = {ask(gateway, "GET", path)[2] for path in paths}
    answers |= {ask(gateway, "POST", path, ONE_CLICK, FORM)[2] for path in [*paths, f"/u/{foreign}"]}
    statuses = {ask(gateway, "POST", path, ONE_CLICK, FORM)[0] for path in paths}
    headers = [{k: v for k, v in ask(gateway, "GET", path)[1].items() if k != "Date"} for path in paths]
    assert len(answers) == 1
    assert statuses == {404}
    assert headers.count(headers[0]) == len(headers)
    assert "Location" not in headers[0]
    assert suppressed(ledger) == []


def test_a_hundred_thousand_guesses_change_nothing(ledger):
    """Straight to the application: the wire would only make it slower."""
    app = create_app(ledger, MINT, address_hash)
    start = token()[:-20]
    answers = set()
    for number in range(100_000):
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"/u/{start}{number:020d}",
            "CONTENT_LENGTH": "0",
            "wsgi.input": None,
        }
        (body,) = app(environ, lambda status, headers: answers.add((status, *headers)))
        answers.add(body)
    assert len(answers) == 2
    assert suppressed(ledger) == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post", "XYZ"])
def test_other_methods_are_not_allowed(gateway, ledger, method):
    status, headers, _ = ask(gateway, method, f"/u/{token()}", ONE_CLICK, FORM)
    assert (status, headers["Allow"]) == (405, "GET, HEAD, POST")
    assert suppressed(ledger) == []


def test_pages_are_locked_down_and_plain(gateway):
    _, headers, body = ask(gateway, "GET", f"/u/{token()}")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers
    page = Page(body)
    assert page.language == "en"
    assert {"title", "main", "h1", "button"} <= set(page.tags)
    assert not {"script", "img", "iframe", "link", "a"} & set(page.tags)
    assert len(body) < 3000


@pytest.mark.parametrize(
    ("accepted", "language", "word"),
    [("de-CH,de;q=0.9,en;q=0.8", "de", "Abbestellen"), ("fr", "fr", "Se désabonner"), ("es-MX", "es", "Darse de baja"),
     ("xx,EN-gb", "en", "Unsubscribe"), ("", "en", "Unsubscribe"), (";;;,,q=1", "en", "Unsubscribe")],
)  # fmt: skip
def test_recipients_read_their_own_language(gateway, accepted, language, word):
    _, _, body = ask(gateway, "GET", f"/u/{token()}", headers={"Accept-Language": accepted})
    assert Page(body).language == language
    assert word in body.decode()


def test_when_the_wish_cannot_be_saved_the_recipient_is_told(caplog):
    with serve(create_app(Broken(), MINT, address_hash)) as server:
        status, headers, body = ask(server, "POST", f"/u/{token()}", ONE_CLICK, FORM)
    assert (status, headers["Retry-After"]) == (503, "120")
    assert b"could not save" in body
    assert any(record.levelno == logging.ERROR for record in caplog.records)


def test_logs_hold_one_clean_line_per_request_and_no_token(gateway, caplog):
    with caplog.at_level(logging.INFO, "twain.gateway"):
        ask(gateway, "GET", "/u/%0d%0aroot%20logged%20in%1b[31m")
        ask(gateway, "GET", f"/u/{token()}")
        ask(gateway, "GET", "/%E2%80%A8x")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert not any(ord(c) < 32 or ord(c) in (0x7F, 0x85, 0x2028) for line in lines for c in line)
    assert not any(token() in line for line in lines)
    assert lines[0].startswith("GET ")
    assert lines[0].endswith(" 404")


def test_many_recipients_at_once(gateway, ledger):
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda row: ask(gateway, "POST", f"/u/{token(row)}", ONE_CLICK, FORM)[0], range(100)))
    assert statuses == [200] * 100
    assert len(suppressed(ledger)) == 100


def test_half_a_request_holds_nobody_up(gateway):
    """Slow and broken clients keep their own thread only, and nonsense gets an answer or a closed door."""
    half = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(8)]
    try:
        for connection in half:
            connection.sendall(b"POST /u/x HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
        with closing(socket.create_connection(("127.0.0.1", gateway.port))) as nonsense:
            nonsense.sendall(b"\x16\x03\x01 not http\r\n\r\n")
            assert b"400" in nonsense.recv(4096)
        assert ask(gateway, "GET", f"/u/{token()}")[0] == 200
    finally:
        for connection in half:
            connection.close()


def test_beyond_its_room_the_server_closes_the_door_at_once(ledger, monkeypatch):
    monkeypatch.setattr(server_room, "THREADS", 1)
    monkeypatch.setattr(server_room, "_WAITING", 0)
    with ExitStack() as open_ones:
        server = open_ones.enter_context(serve(create_app(ledger, MINT, address_hash)))
        slow = open_ones.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)))
        slow.sendall(b"GET /u/x HTTP/1.1\r\n")
        late = open_ones.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), timeout=20)))
        assert late.recv(10) == b""
        slow.sendall(b"\r\n")
        assert slow.recv(4096).startswith(b"HTTP/1.0 404")


def test_two_gateways_keep_apart(ledger):
    app = create_app(ledger, MINT, address_hash)
    with serve(app) as one, serve(app) as other:
        assert one.port != other.port
        assert ask(one, "GET", f"/u/{token()}")[0] == ask(other, "GET", f"/u/{token()}")[0] == 200


# ---------------------------------------------------------------- links


@pytest.fixture
def linked(ledger, gateway):
    """A gateway whose ledger knows the run of ``token()`` and its bundle's links."""
    bundle = make_bundle("hello", {"campaign": "hello"})
    ledger.publish(bundle)
    ledger.create_run(Run(RUN, bundle.hash, "hello", RunState.PLANNED, "mail", "never_twice", "p", 0.0))
    targets = {
        0: "https://shop.example/a?b=1&c=%C3%BC",
        1: "javascript:alert(1)",
        2: "https://x.example/\r\nSet-Cookie: a=b",
    }
    ledger.remember_links(bundle.hash, targets)
    return gateway


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_leads_to_its_target(linked, method):
    status, headers, _ = ask(linked, method, f"/c/{token()}.0")
    assert (status, headers["Location"]) == (302, "https://shop.example/a?b=1&c=%C3%BC")


@pytest.mark.parametrize("number", ["1", "2", "3", "99999", "-1", "x", "", "0.0", "0/../1"])
def test_no_other_target_is_ever_followed(linked, number):
    status, headers, _ = ask(linked, "GET", f"/c/{token()}.{number}")
    assert status == 404
    assert "Location" not in headers


def test_a_tampered_link_leads_nowhere(linked):
    good = token()
    for place in range(len(good)):
        bad = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        status, headers, _ = ask(linked, "GET", f"/c/{bad}.0")
        assert status == 404
        assert "Location" not in headers


def test_a_target_cannot_be_given_from_outside(linked):
    for path in ("/c/?url=https://evil.example", f"/c/{token()}.0?to=https://evil.example", "/c/https://evil.example"):
        status, headers, _ = ask(linked, "GET", path)
        assert "evil" not in headers.get("Location", "")
        assert status in (302, 404)


def test_a_link_is_not_posted_to(linked):
    assert ask(linked, "POST", f"/c/{token()}.0", ONE_CLICK, FORM)[0] == 404


def test_a_link_of_a_run_that_is_gone_leads_nowhere(gateway):
    assert ask(gateway, "GET", f"/c/{token()}.0")[0] == 404


# ---------------------------------------------------------------- events

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


@pytest.fixture
def counting(ledger, linked, tmp_path):
    """A gateway that keeps events, and those it has kept."""
    folder = tmp_path / "events"
    spool = EventSpool(folder, "gateway")
    view = lambda ref: f"<p>Row {ref.row}</p>".encode() if ref.row < 50 else None  # noqa: E731 — one use
    app = create_app(ledger, MINT, address_hash, spool=spool, view=view, proxies=1, now=lambda: 1000.0)

    def kept():
        spool.rotate()
        return [event for path in finished_files(folder) for event in read_events(path)]

    with serve(app) as server, closing(spool):
        yield server, kept


def test_clicks_opens_and_views_are_on_the_disk_when_they_are_answered(counting):
    server, kept = counting
    said = {"User-Agent": PHONE, "X-Forwarded-For": "203.0.113.9, 198.51.100.77", "Sec-Purpose": "prefetch"}
    paths = [f"/c/{token()}.0", f"/o/{token(8)}", f"/v/{token(9)}"]
    assert [ask(server, "GET", path, headers=said)[0] for path in paths] == [302, 200, 200]
    common = {"agent": PHONE, "network": "198.51.100.0/24", "signs": "prefetch"}
    assert kept() == [
        Event(RUN, 3, 7, "click", 1000.0, 0, **common),
        Event(RUN, 3, 8, "open", 1000.0, -1, **common),
        Event(RUN, 3, 9, "view", 1000.0, -1, **common),
    ]


def test_looking_ahead_with_head_counts_for_nothing_and_has_no_body(counting):
    server, kept = counting
    for path in (f"/c/{token()}.0", f"/o/{token()}", f"/v/{token()}"):
        seen, told = ask(server, "HEAD", path), ask(server, "GET", path)
        assert (seen[0], seen[2]) == (told[0], b"")
        assert {k: v for k, v in seen[1].items() if k != "Date"} == {k: v for k, v in told[1].items() if k != "Date"}
    assert [event.kind for event in kept()] == ["click", "open", "view"]


def test_what_is_answered_is_complete_private_and_never_cached(counting):
    server, _ = counting
    for path in (f"/c/{token()}.0", f"/o/{token()}", f"/v/{token()}"):
        _, headers, body = ask(server, "GET", path)
        assert headers["Content-Length"] == str(len(body))
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in headers
    assert ask(server, "GET", f"/o/{token()}")[2].startswith(b"GIF89a")
    policy = ask(server, "GET", f"/v/{token()}")[1]["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script" not in policy


@pytest.mark.parametrize("path", ["/o/", "/v/", "/c/"])
def test_a_wrong_token_is_answered_as_ever_and_keeps_nothing(counting, path):
    server, kept = counting
    unknown = ask(server, "GET", "/u/x")
    more = ".0" if path == "/c/" else ""
    for wrong in (changed(token()), "x", "", token() + "x"):
        status, headers, body = ask(server, "GET", path + wrong + more)
        assert (status, body) == (404, unknown[2])
        assert headers.keys() == unknown[1].keys()
    assert ask(server, "POST", path + token() + more, ONE_CLICK, FORM)[0] == 404
    assert kept() == []


def test_a_message_that_cannot_be_shown_any_more_is_unknown(counting):
    server, kept = counting
    assert ask(server, "GET", f"/v/{token(60)}")[0] == 404
    assert kept() == []


def test_the_link_that_nobody_can_see_is_noted_and_leads_nowhere(counting):
    server, kept = counting
    status, headers, _ = ask(server, "GET", f"/c/{token()}.999999")
    assert status == 404
    assert "Location" not in headers
    assert [(event.kind, event.link) for event in kept()] == [("canary", -1)]


def test_an_unsubscription_is_obeyed_first_and_counted_then(counting, ledger):
    server, kept = counting
    assert ask(server, "POST", f"/u/{token()}", ONE_CLICK, FORM)[0] == 200
    assert len(suppressed(ledger)) == 1
    assert [event.kind for event in kept()] == ["unsubscribe"]


def test_with_a_full_disk_nothing_is_answered_that_is_not_kept_but_people_still_get_off(counting, ledger, monkeypatch):
    server, kept = counting
    with monkeypatch.context() as full:
        full.setattr("twain.returns.events.os.fdatasync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
        for path in (f"/c/{token()}.0", f"/o/{token()}", f"/v/{token()}"):
            status, headers, _ = ask(server, "GET", path)
            assert (status, headers["Retry-After"]) == (503, "120")
            assert "Location" not in headers
        assert ask(server, "POST", f"/u/{token()}", ONE_CLICK, FORM)[0] == 200
    assert len(suppressed(ledger)) == 1
    assert ask(server, "GET", f"/c/{token()}.0")[0] == 302
    assert [event.kind for event in kept()][-1] == "click"


# ---------------------------------------------------------------- targets made from data


def test_a_signed_target_is_followed_and_counted(counting):
    server, kept = counting
    target = "https://shop.example/p/17?name=J%C3%BCrgen"
    status, headers, _ = ask(server, "GET", f"/c/{token()}{MINT.link_signer()(token(), 0, target)}")
    assert (status, headers["Location"]) == (302, target)
    assert [(event.kind, event.link) for event in kept()] == [("click", 0)]


@pytest.mark.parametrize("target", ["javascript:alert(1)", "//evil.example/", "https://", "https://x.example/\r\nSet-Cookie: a=b",
                                    "data:text/html,x", "ftp://x.example/", "https://x@müller.example/"])  # fmt: skip
def test_even_a_signed_target_must_be_a_web_address(counting, target):
    server, kept = counting
    status, headers, _ = ask(server, "GET", f"/c/{token()}{MINT.link_signer()(token(), 0, target)}")
    assert status == 404
    assert "Location" not in headers
    assert kept() == []


def test_a_signed_target_that_was_tampered_with_leads_nowhere(counting):
    """X5: unsigned or tampered → 404 without Location."""
    server, kept = counting
    good = f"{token()}{MINT.link_signer()(token(), 0, 'https://shop.example/p/17')}"
    evil = MINT.link_signer()(token(8), 0, "https://evil.example/").split(".")
    parts = good.split(".")
    wrong = [
        ".".join([parts[0], parts[1], evil[2], parts[3]]), ".".join([parts[0], *evil[1:]]), ".".join([*parts[:3], "A" * 16]),
        ".".join(parts[:3]), ".".join([parts[0], "9", *parts[2:]]), good + "A", good[:-1],
    ]  # fmt: skip
    for link in wrong:
        status, headers, _ = ask(server, "GET", f"/c/{link}")
        assert status == 404
        assert "evil" not in headers.get("Location", "")
    assert kept() == []


@pytest.mark.parametrize(
    ("target", "location"),
    [
        (
            "https://müller.example/größe?farbe=grün#maß",
            "https://xn--mller-kva.example/gr%C3%B6%C3%9Fe?farbe=gr%C3%BCn#ma%C3%9F",
        ),
        ("https://shop.example/a b", "https://shop.example/a%20b"),
        ("HTTPS://shop.example/%7Ex", "HTTPS://shop.example/%7Ex"),
    ],
)
def test_a_target_in_any_language_becomes_a_location(target, location):
    assert to_location(target) == location
