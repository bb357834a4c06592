"""A recipient's wishes, from the footer of a real mail to the sends that obey them; on the command line too."""

import csv
import email
import email.policy
import io
import re
from contextlib import closing, contextmanager

import pytest

from twain.flows.gateway import open_spool, recipients_app
from twain.flows.instance import open_instance


@contextmanager
def recipients(demo):
    """What a recipient's browser does."""
    with open_instance(demo.root) as here, closing(open_spool(here.settings)) as spool:
        app = recipients_app(here, spool)

        def ask(path, form=None, accept="en"):
            body, said = (form or "").encode(), {}
            environ = {
                "REQUEST_METHOD": "GET" if form is None else "POST", "PATH_INFO": path, "HTTP_ACCEPT_LANGUAGE": accept,
                "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": io.BytesIO(body),
            }  # fmt: skip
            page = b"".join(app(environ, lambda status, headers: said.update(status=status)))
            return int(said["status"][:3]), page.decode()

        yield ask


def mail_of(demo):
    """The last mail that the relay took, as soon as it has written it out."""
    return email.message_from_bytes(demo.kept()[-1].read_bytes(), policy=email.policy.default)


def somebody(demo):
    """The key of a customer whom the campaign reaches."""
    answer = demo.twain("send", "summer-thanks", "--limit", "1", "--json")
    assert answer.code == 0, answer.err
    with open_instance(demo.root) as here:
        return here.history.message(answer.json["run"], 1, 0)[0]["key"]


def test_a_topic_left_is_obeyed_by_the_next_send_about_it_and_by_no_other(demo):
    key = somebody(demo)
    page = mail_of(demo).get_body(("html",)).get_content()
    ways = {kind: re.search(rf'href="http[^"]*(/{kind}/[\w-]+)"', page)[1] for kind in "pwvu"}

    def sent(topic="offers"):
        demo.edit("campaigns/summer-thanks/campaign.toml", 'topic = "offers"', f'topic = "{topic}"')
        books = demo.twain("send", "summer-thanks", "--to", str(key), "--json").json
        demo.edit("campaigns/summer-thanks/campaign.toml", f'topic = "{topic}"', 'topic = "offers"')
        return books["sent"], sum(books["suppressed"].values())

    with recipients(demo) as ask:
        assert all(ask(way)[0] == 200 for way in ways.values())
        assert "News and offers" in ask(ways["w"])[1]
        assert "Neues und Angebote" in ask(ways["p"], accept="ja")[1]
        ask(ways["p"], "do=leave&scope=topic:offers")
        assert (sent(), sent("birthday")) == ((0, 1), (1, 0))
        ask(ways["p"], "do=pause")
        ask(ways["p"], "do=resume")
        ask(ways["p"], "do=join&scope=topic:offers")
        ask(ways["u"], "List-Unsubscribe=One-Click")
    known = demo.twain("person", str(key), "--json").json
    assert [(e["scope"], e["own_wish"]) for e in known["suppressed"]] == [("channel:mail", True)]
    assert "channel:mail" in demo.twain("person", str(key)).out
    assert demo.twain("forget", str(key), "--yes").code == 0
    rows = list(csv.DictReader(io.StringIO(demo.twain("suppress", "export").out)))
    assert [(row["scope"], row["own"], row["reason"]) for row in rows] == [("all", "", "erased")]


def test_scopes_on_the_command_line_and_through_a_file(demo, tmp_path):
    add = ("suppress", "add", "a@example.com", "--scope")
    assert demo.twain(*add, "topic:offers").code == 0
    assert demo.twain(*add, "all", "--days", "30").code == 0
    assert demo.twain(*add, "channel:mail").code == 0
    for wrong in ("everything", "topic:", "topic:a:b", "channel:a\nb"):
        refused = demo.twain(*add, wrong)
        assert refused.code == 2
        assert "T861" in refused.err
    with open_instance(demo.root) as here:
        before = [(s.address_hash, s.scope, s.reason, s.own) for s in here.ledger.suppressions()]
        ends = [s.until for s in here.ledger.suppressions()]
        (digest,) = {s.address_hash for s in here.ledger.suppressions()}
        file = tmp_path / "all.csv"
        assert demo.twain("suppress", "export", str(file)).code == 0
        here.ledger.unsuppress(digest, "test")
    text = file.read_text() + f"{digest.hex()},x,y,2026-01-01,topic:=cmd,,\n{digest.hex()},x,y,2026-01-01,some,,\n"
    file.write_text(text + f"{digest.hex()},x,y,2026-01-01,topic:b,never,\n")
    answer = demo.twain("suppress", "import", str(file), "--json")
    assert (answer.code, [p["code"] for p in answer.json["problems"]]) == (2, ["T862", "T135"])
    with open_instance(demo.root) as here:
        again = list(here.ledger.suppressions())
    assert [(s.address_hash, s.scope, s.reason, s.own) for s in again][:3] == before
    assert [s.until and round(s.until) for s in again][:3] == [end and pytest.approx(end, abs=1) for end in ends]
    out = demo.twain("suppress", "export").out
    assert "topic:=cmd" in out
