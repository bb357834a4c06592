"""A mailbox opened by OAuth 2.0 (SASL XOAUTH2) instead of a password, with a token endpoint of this test's own."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.mail_servers import USER, Imap, Pop3, Store, serving
from twain.errors import ChannelError, ChannelUnavailable, ConfigError, TwainError
from twain.returns.mailboxes import open_mailbox, read_options
from twain.settings import load_settings

REFRESH, CLIENT_SECRET = "1//refresh-canary", "client-canary"


class Endpoint:
    """What it was asked, and what it answers: (status, headers, body)."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, json.dumps({"access_token": "ya29.good"}).encode())
        self.url = ""


@contextmanager
def token_endpoint():
    here = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            here.asked.append({key: values[0] for key, values in parse_qs(body).items()})
            status, headers, told = here.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_words):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_address[1]}/token"
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def endpoint():
    with token_endpoint() as made:
        yield made


def options(kind, port, endpoint, **more):
    raw = {"kind": kind, "host": "127.0.0.1", "port": port, "tls": "none", "username": USER, "token_url": endpoint.url,
           "client_id": "client", "refresh_token": REFRESH, **more}  # fmt: skip
    return read_options({key: value for key, value in raw.items() if value is not None}, Path())


SERVERS = [("imap", Imap), ("pop3", Pop3)]


@pytest.mark.parametrize(("kind", "server"), SERVERS)
def test_a_token_opens_it(kind, server, endpoint):
    store = Store(token="ya29.good")
    store.add(b"Subject: back\r\n\r\nhello\r\n")
    with serving(server, store) as port, open_mailbox(options(kind, port, endpoint)) as opened:
        (mail,) = opened.mails(frozenset())
    assert b"Subject: back" in mail.raw
    assert endpoint.asked == [{"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": "client"}]
    assert not any(line.lower().startswith(("login", "user", "pass")) for line in store.lines)


def test_a_client_that_signs_in_for_itself_shows_its_secret(endpoint):
    store = Store(token="ya29.good")
    more = {"refresh_token": None, "client_secret": CLIENT_SECRET, "scope": "https://outlook.office365.com/.default"}
    with serving(Imap, store) as port, open_mailbox(options("imap", port, endpoint, **more)):
        assert endpoint.asked[0]["grant_type"] == "client_credentials"
    assert endpoint.asked[0]["scope"] == "https://outlook.office365.com/.default"


@pytest.mark.parametrize(("kind", "server"), SERVERS)
def test_a_token_that_the_mailbox_refuses_is_said_and_not_shown(kind, server, endpoint):
    with serving(server, Store(token="another")) as port, pytest.raises(TwainError) as refused:
        open_mailbox(options(kind, port, endpoint)).__enter__()
    assert refused.value.shown_code == "T851"
    assert "ya29" not in str(refused.value)
    assert "refresh_token" in refused.value.todo


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            (400, {}, b'{"error": "invalid_grant", "error_description": "Token has been\\u001b[31m revoked."}'),
            "revoked",
        ),
        ((401, {}, b'{"error": "invalid_client"}'), "invalid_client"),
        ((200, {}, b"{}"), "no reason given"),
        ((200, {}, b"<html>"), "no reason given"),
        ((200, {}, b'{"access_token": "bad\\r\\nX: y"}'), "no reason given"),
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), "no reason given"),
    ],
)
def test_an_endpoint_that_says_no_is_quoted_without_our_secrets(answer, words, endpoint):
    endpoint.answer = answer
    with serving(Imap, Store(token="ya29.good")) as port, pytest.raises(ChannelError) as refused:
        open_mailbox(options("imap", port, endpoint, client_secret=CLIENT_SECRET)).__enter__()
    assert refused.value.shown_code == "T906"
    assert words in str(refused.value)
    assert "\x1b" not in str(refused.value)
    for secret in (REFRESH, CLIENT_SECRET):
        assert secret not in str(refused.value) + repr(options("imap", 1, endpoint, client_secret=CLIENT_SECRET))


def test_an_endpoint_that_is_gone_is_tried_again(endpoint):
    endpoint.url = "http://127.0.0.1:1/token"
    with serving(Imap, Store()) as port, pytest.raises(ChannelUnavailable) as gone:
        open_mailbox(options("imap", port, endpoint)).__enter__()
    assert gone.value.shown_code == "T937"


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"token_url": "http://tokens.example/"}, "token_url"),
        ({"token_url": None}, "token_url"),
        ({"client_id": None}, "client_id"),
        ({"refresh_token": None}, "refresh_token"),
    ],
)
def test_what_is_missing_is_named(more, key, endpoint):
    with pytest.raises(ConfigError, match=f"returns.bounces.{key}"):
        options("imap", 1, endpoint, **more)


@pytest.mark.parametrize("key", ["refresh_token", "client_secret"])
def test_a_secret_in_the_workspace_is_refused_by_name(key, tmp_path):
    (tmp_path / "twain.toml").write_text(f'[returns.bounces]\nkind = "imap"\n{key} = "canary"\n')
    with pytest.raises(ConfigError, match=f"returns.bounces.{key} holds a secret") as refused:
        load_settings(tmp_path)
    assert "canary" not in str(refused.value)


def test_a_secret_is_read_where_it_lies(tmp_path):
    (tmp_path / "token").write_text("from-a-file\n")
    (tmp_path / "twain.toml").write_text(
        '[returns.bounces]\nkind = "imap"\nrefresh_token_file = "token"\nclient_secret_env = "MAIL_CLIENT"\n'
    )
    found = load_settings(tmp_path, {"MAIL_CLIENT": "from-env", "USER": "tester"}).bounces
    assert (found["refresh_token"], found["client_secret"]) == ("from-a-file", "from-env")
