"""Mail that comes back, end to end: sent for real, returned by pipe, file and mailbox, obeyed, shown; killed in between."""

from __future__ import annotations

import io
import mailbox
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from email.parser import BytesHeaderParser
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from tests.acceptance.conftest import Demo
from tests.integration.test_smtp_tls import _make as make_certificate
from tests.mail_servers import PASSWORD, USER, Imap, Pop3, Store, serving
from tests.returned_mails import complaint, dsn, reply
from twain.demo.sink import start_sink
from twain.flows.instance import open_instance

BOUNCE_ADDRESS = "bounces@mail.nordlicht.example"


def append(demo, file, text):
    path = demo.root / file
    path.write_text(path.read_text() + text)


def heads(demo):
    """Return-Path, Message-ID and recipient of what the relay got, by Message-ID."""
    found = [BytesHeaderParser().parsebytes(path.read_bytes()) for path in demo.kept()]
    return [(h["Return-Path"].strip("<>"), h["Message-ID"], h["Delivered-To"]) for h in found]


def send(demo, people=8):
    answer = demo.twain("send", "summer-thanks", "--limit", str(people), "--json")
    assert answer.code == 0, answer.err + answer.out
    return answer.json["run"], heads(demo)[-people:]


def pipe(demo, raw, monkeypatch, *words):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    return demo.twain("bounces", "read", *words)


def suppressed(demo):
    with open_instance(demo.root) as instance:
        return {s.address_hash: s.reason for s in instance.ledger.suppressions()}


def hash_of(demo, address):
    with open_instance(demo.root) as instance:
        return instance.vault.address_hash(address.lower().encode())


@pytest.fixture(scope="module")
def sent_once(company, tmp_path_factory):
    """A workspace that has sent to eight people, and what the relay got: copied for each test."""
    root = tmp_path_factory.mktemp("bounces") / "demo"
    shutil.copytree(company, root)
    with start_sink(keep=100) as sink:
        made = Demo(root, sink)
        made.edit("twain.toml", "port = 2525", f"port = {sink.port}")
        run, sent = send(made)
    return root, run, sent


@pytest.fixture
def back(sent_once, demo):
    """A copy of it."""
    root, run, sent = sent_once
    shutil.rmtree(demo.root)
    shutil.copytree(root, demo.root)
    return SimpleNamespace(demo=demo, run=run, sent=sent)


@pytest.fixture
def verp(demo):
    demo.edit("twain.toml", "connections = 4", f'connections = 4\nbounce_address = "{BOUNCE_ADDRESS}"')
    return demo


@contextmanager
def mailbox_of(demo, server, store, monkeypatch, context=None, **more):
    monkeypatch.setenv("BOUNCE_PASSWORD", PASSWORD)
    with serving({"imap": Imap, "pop3": Pop3}[server], store, context) as port:
        lines = {
            "kind": server,
            "host": "127.0.0.1",
            "username": USER,
            "password_env": "BOUNCE_PASSWORD",
            "tls": "none",
            **more,
        }
        text = "".join(f'{name} = "{value}"\n' for name, value in lines.items()) + f"port = {port}\n"
        path = demo.root / "twain.toml"
        path.write_text(path.read_text().partition("\n[returns.bounces]")[0] + f"\n[returns.bounces]\n{text}")
        yield port


def test_a_bounce_to_the_messages_own_address_needs_nothing_of_the_message(verp, monkeypatch):
    run, sent = send(verp)
    sender, _, to = sent[0]
    assert sender.startswith("bounces+r")
    assert sender.endswith("@mail.nordlicht.example")
    assert len({s for s, _, _ in sent}) == len(sent)
    raw = dsn(
        "", bounce_to=sender.upper().replace("BOUNCES", "bounces"), to="somebody.else@forwarded.example", headers=False
    )
    assert pipe(verp, raw, monkeypatch).code == 0
    assert suppressed(verp) == {hash_of(verp, to): "hard bounce"}
    (row,) = verp.twain("bounces", "list", run, "--json").json["bounces"]
    assert (row["proof"], row["believed"], row["kind"], row["cause"]) == ("address", True, "bounce", "hard")


def test_by_message_id_where_no_bounce_address_is_set(back, monkeypatch):
    demo, sent = back.demo, back.sent
    sender, message_id, to = sent[0]
    assert "+" not in sender
    assert pipe(demo, dsn(message_id, to=to), monkeypatch, "--json").json["kinds"] == {"bounce:hard": 1}
    assert suppressed(demo) == {hash_of(demo, to): "hard bounce"}


def test_whom_a_mail_bounced_for_gets_no_next_one_and_both_commands_show_it(demo, monkeypatch):
    run, sent = send(demo)
    (_, bounced, to), (_, complained, _), (_, answered, _) = sent[:3]
    for raw in (dsn(bounced, to=to), complaint(complained), reply(answered), reply(answered, automatic=True, salt="2")):
        assert pipe(demo, raw, monkeypatch).code == 0
    shown = demo.twain("run", run)
    assert "1 came back hard" in shown.out
    assert demo.twain("run", run, "--json").json["returned"] == {
        "auto_reply": 1,
        "bounce:hard": 1,
        "complaint": 1,
        "reply": 1,
    }
    traced = demo.twain("trace", bounced)
    assert "came back" in traced.out
    assert "5.1.1" in traced.out
    assert to not in traced.out
    _, later = send(demo, 8)
    assert to not in {address for _, _, address in later}
    assert set(suppressed(demo).values()) == {"hard bounce", "complaint"}


@pytest.mark.parametrize("how", ["no message of ours", "a changed MAC", "another row", "only an address"])
def test_a_forged_bounce_suppresses_nobody_and_is_listed(verp, monkeypatch, how):
    _, sent = send(verp)
    sender, message_id, to = sent[0]
    row, mac = message_id.split("@")[0].rsplit(".", 2)[-2:]
    forged = {
        "no message of ours": dsn("<r1abc.0.1.00112233445566778899@mail.example.com>", to=to),
        "a changed MAC": dsn(message_id.replace(mac, mac[::-1]), bounce_to=sender.replace(mac, "0" * 20), to=to),
        "another row": dsn(message_id.replace(f".{row}.", f".{int(row) + 1}."), to=to),
        "only an address": dsn("", headers=False, to=to),
    }[how]
    assert pipe(verp, forged, monkeypatch).code == 0
    assert suppressed(verp) == {}
    (listed,) = verp.twain("bounces", "list", "--unproved", "--json").json["bounces"]
    assert (listed["believed"], listed["kind"]) == (False, "bounce")
    assert listed["followed"] == ""
    assert to not in verp.twain("bounces", "list", "--unproved").out


def test_it_may_be_told_to_believe_an_address_that_was_mailed_lately(back, monkeypatch):
    demo, sent = back.demo, back.sent
    to = sent[0][2]
    store = Store()
    store.add(dsn("", headers=False, to=to))
    store.add(dsn("", headers=False, to="nobody.we.know@example.org", salt="2"))
    with mailbox_of(demo, "imap", store, monkeypatch):
        append(demo, "twain.toml", "believe_recipients = true\n")
        done = demo.twain("bounces", "collect", "--json").json
    assert (done["new"], done["suppressed"], done["unproved"]) == (2, 1, 1)
    assert suppressed(demo) == {hash_of(demo, to): "hard bounce"}


def test_three_soft_bounces_of_different_sends_are_enough(demo, monkeypatch):
    append(demo, "policy.toml", '\n[bounces]\nsoft = 2\nwithin = "7d"\n')
    full = {"status": "5.2.2", "words": "552 5.2.2 Mailbox full"}
    _, first = send(demo, 600)
    to = first[0][2]
    for number in range(3):  # the same send again and again counts once
        assert pipe(demo, dsn(first[0][1], to=to, salt=f"a{number}", **full), monkeypatch).code == 0
    assert suppressed(demo) == {}
    _, second = send(demo, 600)
    again = next(message_id for _, message_id, address in second if address == to)
    assert pipe(demo, dsn(again, to=to, salt="b", **full), monkeypatch).code == 0
    assert suppressed(demo) == {hash_of(demo, to): "soft bounces"}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("5.7.1", "550 5.7.1 Client host blocked using Spamhaus"),
        ("4.7.0", "421 4.7.0 slow down, rate limit"),
        ("5.7.26", "550 5.7.26 DMARC"),
    ],
)
def test_what_is_not_the_persons_fault_suppresses_nobody(back, monkeypatch, status, words):
    demo, run, sent = back.demo, back.run, back.sent
    for number, (_, message_id, to) in enumerate(sent[:4]):
        assert pipe(demo, dsn(message_id, to=to, status=status, words=words, salt=str(number)), monkeypatch).code == 0
    assert suppressed(demo) == {}
    (kind,) = demo.twain("run", run, "--json").json["returned"]
    assert kind in ("bounce:block", "bounce:throttle")


@pytest.mark.parametrize("kind", ["maildir", "mbox", "folder", "one mail"])
def test_files_are_read_once_and_left_as_they_are(back, tmp_path, kind):
    demo, sent = back.demo, back.sent
    mails = [dsn(m, to=to, salt=str(n)) for n, (_, m, to) in enumerate(sent[:3])]
    place = tmp_path / "mails"
    if kind == "maildir":
        box = mailbox.Maildir(place)
        for raw in mails:
            box.add(raw)
    elif kind == "mbox":
        box = mailbox.mbox(place)
        for raw in mails:
            box.add(raw + b"From the desk of nobody\n")
        box.close()
    else:
        place.mkdir()
        for number, raw in enumerate(mails):
            (place / f"{number}.eml").write_bytes(raw)
        if kind == "one mail":
            place, mails = place / "0.eml", mails[:1]
    before = {p: p.read_bytes() for p in [place, *place.rglob("*")] if p.is_file()}
    assert demo.twain("bounces", "import", str(place), "--json").json["new"] == len(mails)
    again = demo.twain("bounces", "import", str(place), "--json").json
    assert (again["read"], again["new"]) == (len(mails), 0)
    assert {p: p.read_bytes() for p in [place, *place.rglob("*")] if p.is_file()} == before
    assert len(suppressed(demo)) == len(mails)


@pytest.mark.parametrize("capabilities", [("UIDPLUS", "MOVE"), ("UIDPLUS",), ()])
@pytest.mark.parametrize("after", ["move", "flag", "delete"])
def test_imap(back, monkeypatch, capabilities, after):
    demo, sent = back.demo, back.sent
    store = Store(capabilities=capabilities)
    bounces = [dsn(m, to=to, salt=str(n)) for n, (_, m, to) in enumerate(sent[:3])]
    person = reply(sent[4][1])
    for raw in (*bounces, person):
        store.add(raw)
    with mailbox_of(demo, "imap", store, monkeypatch, after=after):
        done = demo.twain("bounces", "collect", "--json")
        assert done.json["kinds"] == {"bounce:hard": 3, "reply": 1}
        asked = len(store.lines)
        assert demo.twain("bounces", "collect", "--json").json["read"] == 0
        assert not [line for line in store.lines[asked:] if "FETCH" in line]
    if after == "flag":
        assert len(store.raws()) == 4
    else:
        assert store.raws() == []
        assert store.raws("Twain replies") == [person]
        assert store.raws("Twain done") == (bounces if after == "move" else [])
    assert len(suppressed(demo)) == 3


@pytest.mark.parametrize("server", ["imap", "pop3"])
def test_certificates_are_verified(back, tmp_path, monkeypatch, server):
    ours, theirs = (
        make_certificate(tmp_path, "localhost", "127.0.0.1"),
        make_certificate(tmp_path, "elsewhere.test", "192.0.2.1"),
    )
    store = Store()
    store.add(dsn(back.sent[0][1], to=back.sent[0][2]))
    for certificate, code in ((theirs, 7), (ours, 0)):
        more = {"tls": "tls", "ca_file": str(ours.path)}
        with mailbox_of(back.demo, server, store, monkeypatch, context=certificate.context, **more):
            assert back.demo.twain("bounces", "collect").code == code
        assert len(suppressed(back.demo)) == (code == 0)


def test_pop3_deletes_bounces_and_leaves_people_their_mail(back, monkeypatch):
    demo, sent = back.demo, back.sent
    store = Store()
    person = reply(sent[4][1], text=".a line with a dot\n" + "x" * 5_000)
    for raw in (dsn(sent[0][1], to=sent[0][2]), person, dsn(sent[1][1], to=sent[1][2]) + b"y" * 600_000):
        store.add(raw)
    with mailbox_of(demo, "pop3", store, monkeypatch):
        assert demo.twain("bounces", "collect", "--json").json["kinds"] == {"bounce:hard": 2, "reply": 1}
        asked = len(store.lines)
        assert demo.twain("bounces", "collect", "--json").json["read"] == 0
    assert not [line for line in store.lines[asked:] if line.startswith(("RETR", "TOP"))]
    assert store.raws() == [person]
    assert len(suppressed(demo)) == 2


def test_a_maildir_is_collected_too(back, tmp_path):
    demo, sent = back.demo, back.sent
    box = mailbox.Maildir(tmp_path / "box")
    box.add(dsn(sent[0][1], to=sent[0][2]))
    box.add(reply(sent[1][1]))
    (tmp_path / "box" / "new" / "link").symlink_to("/etc/passwd")
    append(demo, "twain.toml", f'\n[returns.bounces]\nkind = "maildir"\npath = "{tmp_path / "box"}"\n')
    assert demo.twain("bounces", "collect", "--json").json["kinds"] == {"bounce:hard": 1, "reply": 1}
    flags = sorted(path.name.partition(":2,")[2] for path in (tmp_path / "box" / "cur").iterdir())
    assert flags == ["F", "S"]
    assert demo.twain("bounces", "collect", "--json").json["read"] == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from twain.flows import bounces
from twain.demo.sink import start_sink
from twain.flows.instance import open_instance
from twain.ledger.lake import Lake
from twain.ledger.stored import StoredLedger
from twain.returns import mailboxes

def dies(owner, method, when):
    real = getattr(owner, method)
    def once(*args, **named):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        real(*args, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, method, once)

dies({"ledger": StoredLedger, "mailbox": getattr(mailboxes, sys.argv[2]), "history": Lake}[sys.argv[3]], sys.argv[4], sys.argv[5])
with open_instance(Path(sys.argv[1])) as instance:
    bounces.collect(instance)
"""


STEPS = [("ledger", "book_returned"), ("mailbox", "settle"), ("mailbox", "__exit__")]
FILING = [("history", "write_bounces"), ("ledger", "returned_filed")]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "where", "method"),
    [("imap", *step) for step in STEPS + FILING] + [("pop3", *step) for step in STEPS],
)
def test_killed_anywhere_nothing_is_lost_or_counted_twice(back, monkeypatch, kind, where, method, when):
    demo, run, sent = back.demo, back.run, back.sent
    store = Store()
    for number, (_, message_id, to) in enumerate(sent[:5]):
        store.add(dsn(message_id, to=to, salt=str(number)))
    with mailbox_of(demo, kind, store, monkeypatch):
        command = [sys.executable, "-c", KILLED, str(demo.root), kind.capitalize(), where, method, when]
        process = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(Path.cwd() / "src")}, timeout=60, check=False
        )
        assert process.returncode == -signal.SIGKILL
        assert demo.twain("bounces", "collect", "--json").code == 0
    assert store.raws() == []
    assert demo.twain("run", run, "--json").json["returned"] == {"bounce:hard": 5}
    assert len(demo.twain("bounces", "list", "--json").json["bounces"]) == 5
    assert len(suppressed(demo)) == 5
    with open_instance(demo.root) as instance:
        instance.history.compact()
        files = [str(path) for path in instance.history.files("bounces")]
        rows = duckdb.execute("select count(*), count(distinct row) from read_parquet(?)", [files]).fetchone()
    assert rows == (5, 5)


def test_the_history_has_it_and_no_address(back, monkeypatch):
    demo, sent = back.demo, back.sent
    to = sent[0][2]
    store = Store()
    store.add(dsn(sent[0][1], to=to, words=f"550 5.1.1 <{to}> User unknown"))
    with mailbox_of(demo, "imap", store, monkeypatch):
        assert demo.twain("bounces", "collect").code == 0
    with open_instance(demo.root) as instance:
        (file,) = instance.history.files("bounces")
        raw = file.read_bytes()
        row = duckdb.execute(
            "select kind, cause, status, words, followed, campaign from read_parquet(?)", [str(file)]
        ).fetchone()
        assert instance.history.damaged() == []
    assert row == (
        "bounce",
        "hard",
        "5.1.1",
        "smtp; 550 5.1.1 <…> User unknown",
        "suppressed: hard bounce",
        "summer-thanks",
    )
    assert to.encode() not in raw


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_wrong_password_is_told_without_it(demo, monkeypatch, kind):
    with mailbox_of(demo, kind, Store(), monkeypatch):
        monkeypatch.setenv("BOUNCE_PASSWORD", "canary-1234")
        answer = demo.twain("bounces", "collect")
    assert answer.code == 7
    assert "T851" in answer.err
    assert "canary-1234" not in answer.err + answer.out


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ({"tls": "none", "host": "mail.example.com"}, "in the clear"),
        ({"after": "shred"}, "shred"),
        ({"kind": "pop3", "after": "flag"}, "POP3 knows no folders"),
        ({"colour": "red"}, "colour"),
        ({"host": ""}, "host is missing"),
        ({"done_folder": 'a\\"b'}, "folder"),
    ],
)
def test_wrong_settings_are_named(demo, monkeypatch, lines, told):
    with mailbox_of(demo, "imap", Store(), monkeypatch, **lines):
        answer = demo.twain("bounces", "collect")
    assert answer.code == 2
    assert told in " ".join(answer.err.split())


def test_without_a_mailbox_it_says_what_to_add(demo):
    answer = demo.twain("bounces", "collect")
    assert answer.code == 2
    assert "[returns.bounces]" in answer.err


def test_a_pipe_is_asked_to_come_again_while_the_control_store_is_out_of_reach(demo, monkeypatch):
    append(demo, "twain.toml", '\n[control]\nurl_env = "CONTROL"\n')
    monkeypatch.setenv("CONTROL", "postgresql://nobody@127.0.0.1:9/none")
    assert pipe(demo, dsn("<x@y>"), monkeypatch).code == 75


def test_a_bounce_address_that_cannot_be_is_refused_before_anything_is_sent(demo):
    demo.edit("twain.toml", "connections = 4", 'connections = 4\nbounce_address = "a+b@mail.example.com"')
    answer = demo.twain("send", "summer-thanks", "--limit", "1")
    assert answer.code == 2
    assert "bounce_address" in answer.err
    assert demo.messages() == 0
