"""Signing in to a relay by a token (XOAUTH2, OAUTHBEARER): from the environment, a file, a command, or a token endpoint."""

from __future__ import annotations

import base64
import json
import os
import shlex
import socketserver
import sys
import threading
from contextlib import contextmanager

import pytest

from tests.integration.test_mailbox_oauth import token_endpoint
from twain.delivery.channels.smtp import SmtpChannel
from twain.delivery.channels.smtp_options import read_options
from twain.errors import ConfigError
from twain.oauth import Tokens, oauthbearer
from twain.records import Fate
from twain.settings import ChannelSettings, load_settings
from twain.testing.channel_suite import ListFeeder, envelopes

USER = "news@example.com"


class Relay:
    """What it offers, which token is right, what was shown to it; it takes every message of whoever is in."""

    def __init__(self, offers: str = "LOGIN XOAUTH2", good: str = "good") -> None:
        self.offers, self.good, self.no = offers, good, b"535 5.7.8 Username and Password not accepted"
        self.shown: list[tuple[str, str]] = []
        self.answered: list[bytes] = []
        self.taken = self.taken_unsigned = self.connections = 0
        self.port = 0


class _Session(socketserver.StreamRequestHandler):
    timeout = 20
    relay: Relay
    signed = False

    def say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def handle(self) -> None:
        self.relay.connections += 1
        self.say(b"220 relay.example")
        while line := self.rfile.readline(65_536):
            word = line[:4].upper()
            if word == b"EHLO":
                self.say(b"250-relay.example\r\n250 AUTH " + self.relay.offers.encode())
            elif word == b"AUTH":
                self.auth(line.split())
            elif word == b"DATA":
                self.data()
            elif word == b"QUIT":
                self.say(b"221 bye")
                return
            else:
                self.say(b"250 ok")

    def auth(self, words: list[bytes]) -> None:
        method, shown = words[1].decode(), base64.b64decode(words[2]).decode()
        self.relay.shown.append((method, shown))
        if f"\x01auth=Bearer {self.relay.good}\x01\x01" in shown:
            self.signed = True
            self.say(b"235 2.7.0 Accepted")
            return
        self.say(b"334 " + base64.b64encode(b'{"status": "400", "schemes": "Bearer"}'))
        self.relay.answered.append(self.rfile.readline(1000).rstrip(b"\r\n"))
        self.say(self.relay.no)

    def data(self) -> None:
        self.say(b"354 go on")
        while self.rfile.readline(65_536) != b".\r\n":
            pass
        self.relay.taken += 1
        self.relay.taken_unsigned += not self.signed
        self.say(b"250 taken")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def relaying(relay: Relay):
    made = type("Session", (_Session,), {"relay": relay})
    with _Server(("127.0.0.1", 0), made) as server:
        relay.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def relay():
    with relaying(Relay()) as made:
        yield made


def channel(relay, *, connections=1, **more):
    where = {"host": "127.0.0.1", "port": relay.port, "username": USER, "hostname": "us.example", **more}
    return SmtpChannel(ChannelSettings("relay", "smtp", where, connections=connections))


def codes(problems):
    return [problem.code for problem in problems]


# ---------------------------------------------------------------- what is shown


def test_xoauth2_is_as_google_and_microsoft_document_it(relay):
    assert channel(relay, token="good").test() == []
    assert relay.shown == [("XOAUTH2", f"user={USER}\x01auth=Bearer good\x01\x01")]


def test_oauthbearer_is_as_rfc_7628_has_it_and_preferred_where_it_is_offered(relay):
    relay.offers = "PLAIN XOAUTH2 OAUTHBEARER"
    assert channel(relay, token="good", username="a=b,c@example.com").test() == []
    shown = f"n,a=a=3Db=2Cc@example.com,\x01host=127.0.0.1\x01port={relay.port}\x01auth=Bearer good\x01\x01"
    assert relay.shown == [("OAUTHBEARER", shown)]


def test_the_example_of_rfc_7628_section_4_1():
    said = oauthbearer("user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", "server.example.com", 143)
    example = (
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhi"
        "SFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    assert base64.b64encode(said).decode() == example


def test_messages_go_over_connections_that_each_showed_the_token(relay):
    feeder = ListFeeder(envelopes(6))
    channel(relay, connections=2, token="good").deliver(feeder)
    assert {outcome.fate for outcome in feeder.answers.values()} == {Fate.SENT}
    assert (relay.taken, relay.taken_unsigned) == (6, 0)
    assert {shown for _, shown in relay.shown} == {f"user={USER}\x01auth=Bearer good\x01\x01"}


# ---------------------------------------------------------------- refused once


@pytest.mark.parametrize(("offers", "answer"), [("XOAUTH2", b""), ("OAUTHBEARER", b"AQ==")])
def test_a_token_that_ran_out_is_fetched_again_and_shown_once_more(relay, tmp_path, offers, answer):
    relay.offers, held = offers, tmp_path / "token"
    held.write_text("good\n")
    way = channel(relay, token_file=str(held))
    assert way.test() == []
    relay.good = "new"
    held.write_text("new\n")
    assert way.test() == []
    assert [shown.rpartition("Bearer ")[2].strip("\x01") for _, shown in relay.shown] == ["good", "good", "new"]
    assert relay.answered == [answer]
    assert relay.connections == 2


def test_refused_twice_it_is_said_without_the_token(relay, tmp_path):
    held = tmp_path / "token"
    held.write_text("canary-one")
    way = channel(relay, token_file=str(held))
    way.options.tokens.get()
    held.write_text("canary-two")
    (problem,) = way.test()
    assert (problem.code, len(relay.shown)) == ("T820", 2)
    assert "535 5.7.8" in problem.what
    assert "token" in problem.todo
    assert "canary" not in problem.what + problem.todo + repr(way.options)


def test_the_same_token_is_not_shown_twice(relay):
    assert codes(channel(relay, token="wrong").test()) == ["T820"]
    assert len(relay.shown) == 1


def test_a_relay_that_cannot_tell_just_now_is_asked_again_later_with_the_same_token(relay):
    relay.no = b"454 4.7.0 Temporary authentication failure"
    (problem,) = channel(relay, token="good-later").test()
    assert problem.code == "T810"
    assert len(relay.shown) == 1


def test_one_fetches_for_all_who_were_refused():
    fetched = []
    barrier = threading.Barrier(8)

    def fetch():
        fetched.append(len(fetched))
        return f"token-{len(fetched)}"

    tokens = Tokens(fetch)
    first = tokens.get()

    def refused():
        barrier.wait()
        tokens.get(first)

    threads = [threading.Thread(target=refused) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (first, tokens.get(), len(fetched)) == ("token-1", "token-2", 2)


def test_what_could_not_be_fetched_leaves_nothing_behind():
    answers = iter([None, "good"])

    def fetch():
        found = next(answers)
        if found is None:
            raise OSError
        return found

    tokens = Tokens(fetch)
    with pytest.raises(OSError):  # noqa: PT011 — any
        tokens.get()
    assert tokens.get() == "good"


# ---------------------------------------------------------------- where it comes from


def test_a_command_of_the_environment_prints_it(relay, tmp_path):
    count = tmp_path / "count"
    program = f"open({str(count)!r}, 'a').write('x'); print('good')"
    way = channel(relay, token_command=shlex.join([sys.executable, "-S", "-c", program]))
    assert way.test() == []
    assert way.test() == []
    assert count.read_text() == "x"


@pytest.mark.parametrize(
    "command",
    ["/nowhere/at/all", shlex.join([sys.executable, "-S", "-c", "raise SystemExit(3)"]), "'unclosed",
     shlex.join([sys.executable, "-S", "-c", "print('two canary words')"]), shlex.join([sys.executable, "-S", "-c", ""])],
)  # fmt: skip
def test_a_command_that_gives_none_is_said_without_what_it_said(relay, command):
    (problem,) = channel(relay, token_command=command).test()
    assert problem.code == "T938"
    assert "canary" not in problem.what
    assert relay.shown == []


def test_no_shell_reads_the_command(relay, tmp_path):
    touched = tmp_path / "touched"
    (problem,) = channel(relay, token_command=f"/bin/echo good; /usr/bin/touch {touched}").test()
    assert problem.code == "T938"
    assert not touched.exists()


@pytest.mark.parametrize("held", [None, "", "two words", "x\r\nMAIL FROM:<a@b>", "ü", "x" * 20_000])
def test_a_file_without_a_token_shows_nothing_to_the_relay(relay, tmp_path, held):
    path = tmp_path / "token"
    if held is not None:
        path.write_text(held, encoding="utf-8")
    (problem,) = channel(relay, token_file=str(path)).test()
    assert problem.code == "T938"
    assert relay.shown == []


def test_a_token_endpoint_is_asked_once_for_all_connections(relay):
    with token_endpoint() as endpoint:
        endpoint.answer = (200, {}, json.dumps({"access_token": "good"}).encode())
        more = {"token_url": endpoint.url, "client_id": "client", "refresh_token": "1//canary"}
        feeder = ListFeeder(envelopes(4))
        channel(relay, connections=2, **more).deliver(feeder)
        assert {outcome.fate for outcome in feeder.answers.values()} == {Fate.SENT}
        assert endpoint.asked == [{"grant_type": "refresh_token", "refresh_token": "1//canary", "client_id": "client"}]


@pytest.mark.parametrize(("status", "code"), [(400, "T906"), (503, "T937")])
def test_a_token_endpoint_that_says_no_ends_it_and_one_that_is_out_of_order_does_not(relay, status, code):
    with token_endpoint() as endpoint:
        endpoint.answer = (status, {}, b'{"error": "invalid_grant"}')
        more = {"token_url": endpoint.url, "client_id": "client", "refresh_token": "1//canary"}
        (problem,) = channel(relay, **more).test()
    assert problem.code == code
    assert "canary" not in problem.what
    assert code != "T906" or "[channels.relay]" in problem.todo


# ---------------------------------------------------------------- what twain.toml may say


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"token": "t", "password": "p"}, "beside a token"),
        ({"token": "t", "username": ""}, "is missing beside the token"),
        ({"token": "t", "token_file": "f"}, "two places"),
        ({"token": "t", "auth": "plain"}, "does not fit"),
        ({"password": "p", "auth": "xoauth2"}, "does not fit"),
        ({"token_url": "https://a.example/token"}, "client_id is missing"),
        ({"token_url": "http://a.example/token", "client_id": "c", "client_secret": "s"}, "no https address"),
        ({"token": "t", "username": "a\x01auth=Bearer x"}, "control characters"),
        ({"token": "t", "host": "relay.invalid", "tls": "none"}, "in the clear"),
    ],
)
def test_half_a_sign_in_is_refused(more, words):
    where = {"host": "127.0.0.1", "port": 2525, "username": USER, **more}
    with pytest.raises(ConfigError, match=words) as refused:
        read_options(ChannelSettings("relay", "smtp", where))
    assert "channels.relay" in refused.value.what


def test_the_relay_offers_none_of_them(relay):
    relay.offers = "PLAIN LOGIN"
    (problem,) = channel(relay, token="good").test()
    assert problem.code == "T822"
    assert "OAUTHBEARER or XOAUTH2" in problem.todo


def settings(folder, line, **env):
    text = f'[workspace]\nname = "x"\n[channels.mail]\nkind = "smtp"\nhost = "127.0.0.1"\nusername = "{USER}"\n{line}\n'
    (folder / "twain.toml").write_text(text)
    return load_settings(folder, {**os.environ, **env}).channels["mail"]


def test_references_lie_outside_the_workspace_and_a_literal_is_refused(tmp_path):
    for line in ('token = "ya29"', 'token_command = "rm -r /"', 'refresh_token = "1//"'):
        with pytest.raises(ConfigError):
            settings(tmp_path, line)
    assert settings(tmp_path, 'token_env = "MAIL_TOKEN"', MAIL_TOKEN="good").options["token"] == "good"
    command = settings(tmp_path, 'token_command_env = "MAIL_COMMAND"', MAIL_COMMAND="gcloud print")
    assert command.options["token_command"] == "gcloud print"
    late = settings(tmp_path, 'token_file = "later/token"')
    assert late.options["token_file"] == str(tmp_path / "later/token")
    assert read_options(late).tokens is not None
