"""Forms as visitors and attackers meet them: real pages, real mails through a relay, a real ledger."""

import email
import email.policy
import io
import re
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from twain.demo.sink import start_sink
from twain.demo.start import copy_workspace
from twain.errors import Held
from twain.flows import forgetting
from twain.flows.confirming import check_forms, mail_confirmations
from twain.flows.instance import open_instance
from twain.flows.production import require_production, waive_old_list
from twain.flows.signing_up import FormDesk, confirmation_mint
from twain.flows.suppressing import hasher, import_suppressions
from twain.ledger.bundles import make_bundle
from twain.ledger.stores import open_ledger
from twain.records import Suppression
from twain.returns.forms import form_handlers
from twain.testing.ledger_steps import HandClock
from twain.testing.relay import Relay

ANNA = {"email": "Anna@example.com", "first_name": "Anna", "consent": "yes", "lang": "en"}
ORIGIN = "https://www.nordlicht.example"
WEEK = 7 * 86_400.0


@pytest.fixture(scope="module")
def relay():
    with start_sink(keep=60) as sink:
        yield sink


@pytest.fixture
def root(tmp_path, relay):
    folder = tmp_path / "workspace"
    copy_workspace(folder)
    edit(folder / "twain.toml", "port = 2525", f"port = {relay.port}")
    edit(folder / "forms/newsletter.toml", "# origins", "origins")
    return folder


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def instance(root, clock):
    with opened(root, clock) as made:
        yield made


@contextmanager
def opened(root, clock):
    """The instance, and its ledger, by a clock that tests move."""
    with (
        open_instance(root, clock=clock) as made,
        closing(open_ledger(made.settings.control_url, clock=clock)) as ledger,
    ):
        yield replace(made, ledger=ledger)


def edit(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def ask(instance, path, data=None, **more):
    handlers = form_handlers(FormDesk(instance), confirmation_mint(instance), 0, instance.settings.base_url)
    body = data if isinstance(data, bytes) else urlencode(data or {}).encode()
    environ = {
        "REQUEST_METHOD": "GET" if data is None else "POST",
        "PATH_INFO": path,
        "REMOTE_ADDR": "198.51.100.7",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **more,
    }
    return handlers[path[:3]](environ, path[3:])


def of(instance, address="anna@example.com"):
    return instance.ledger.signups_of(hasher(instance)(address))


def mails(relay, address):
    """What the relay took for one address; it writes its files a moment after its yes."""
    pause, deadline = threading.Event(), time.monotonic() + 20
    while len(list(relay.folder.glob("*.eml"))) < relay.counts().messages and time.monotonic() < deadline:
        pause.wait(0.02)
    files = sorted(relay.folder.glob("*.eml"))
    read = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]
    return [mail for mail in read if mail["To"] == address]


def link_of(instance, address="anna@example.com"):
    return f"/j/{confirmation_mint(instance).token(of(instance, address)[-1].id)}"


class Page(HTMLParser):
    def __init__(self, answer):
        super().__init__()
        self.labels, self.inputs, self.tags = set(), {}, []
        self.feed(answer.body.decode())

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        self.tags.append(tag)
        if tag == "label":
            self.labels.add(said["for"])
        if tag in ("input", "textarea", "select") and said.get("type") != "hidden":
            self.inputs[said["id"]] = said


def test_the_way_of_a_signup_from_form_to_proof(instance, relay, clock):
    assert ask(instance, "/f/newsletter", ANNA).status == "200 OK"
    (kept,) = of(instance)
    assert b"Anna" not in kept.sealed
    assert mail_confirmations(instance) == 1
    assert mail_confirmations(instance) == 0
    (mail,) = mails(relay, "Anna@example.com")
    path = re.search(r"(/j/[\w-]+)", mail.get_body(("plain",)).get_content())[1]
    assert mail["Subject"] == "Please confirm: news from Nordlicht Outdoor"
    assert path in mail.get_body(("html",)).get_content()
    clock.pass_by(60)
    for _ in range(3):  # a gateway that opens every link
        assert ask(instance, path).status == "200 OK"
    assert of(instance)[0].state == "pending"
    assert ask(instance, path, {"confirm": "no"}).status.startswith("400")
    for _ in range(2):
        assert b"You are signed up" in ask(instance, path, {"confirm": "yes"}).body
    (proof,) = forgetting.known(instance, "anna@example.com")["signups"]
    assert (proof["state"], proof["consent_version"], proof["asked_from"]) == (
        "confirmed",
        "2026-11",
        "198.51.100.0/24",
    )
    assert proof["confirmed_at"] - proof["asked_at"] == 60
    assert len(proof["consent_hash"]) == 64
    assert of(instance)[0].sealed == b""
    forgetting.forget(instance, "anna@example.com")
    assert of(instance) == []


def test_a_round_of_mails_goes_over_one_connection(root, clock):
    names = [f"round{n}@example.com" for n in range(9)]
    with Relay() as relay:
        toml = root / "twain.toml"
        toml.write_text(re.sub(r"^port = \d+", f"port = {relay.port}", toml.read_text(), count=1, flags=re.MULTILINE))
        relay.script.refuse(b"round3@example.com", b"450 4.2.1 later", times=1)
        relay.script.refuse(b"round5@example.com", b"550 5.1.1 nobody")
        with opened(root, clock) as instance:
            for name in names:
                ask(instance, "/f/newsletter", {**ANNA, "email": name})
            assert mail_confirmations(instance) == 7
            assert relay.connections == 1
            kept = {name: of(instance, name)[0] for name in names}
            left = [one for one in kept.values() if not one.mailed_at]
            assert sorted(one.mail_due > clock.now() for one in left) == [True, True]
            assert {one.mail_problem[:3] for one in left} == {"450", "550"}
            assert mail_confirmations(instance) == 0
            clock.pass_by(120)  # the one who was put off is asked again, the one who is refused is not
            assert mail_confirmations(instance) == 1


def test_whoever_is_known_hears_what_everybody_hears(instance, clock):
    first = ask(instance, "/f/newsletter", ANNA)
    ask(instance, link_of(instance), {"confirm": "yes"})
    instance.ledger.suppress([Suppression(hasher(instance)("ben@example.com"), "complaint", "relay", clock.now())])
    for address in ("anna@example.com", "ben@example.com", "new@example.com"):
        again = ask(instance, "/f/newsletter", {**ANNA, "email": address})
        assert (again.status, again.body) == (first.status, first.body)


def test_nobody_who_complained_is_mailed_and_who_unsubscribed_may_come_back(instance, relay, clock):
    ben, cleo = (hasher(instance)(f"{name}@example.com") for name in ("ben", "cleo"))
    instance.ledger.suppress([
        Suppression(ben, "complaint", "relay", clock.now()),
        Suppression(cleo, "unsubscribed", "one-click:r1.0.1", clock.now(), own=True),
    ])  # fmt: skip
    for name in ("ben", "cleo"):
        ask(instance, "/f/newsletter", {**ANNA, "email": f"{name}@example.com"})
    assert mail_confirmations(instance) == 1
    assert mails(relay, "ben@example.com") == []
    assert instance.ledger.suppression(cleo) is not None
    ask(instance, link_of(instance, "cleo@example.com"), {"confirm": "yes"})
    assert instance.ledger.suppression(cleo) is None
    assert instance.ledger.suppression(ben) is not None


def test_a_mailbox_is_not_bombed(instance, relay, clock):
    for _ in range(12):
        clock.pass_by(100)
        ask(instance, "/f/newsletter", {**ANNA, "email": "dora@example.com"})
        mail_confirmations(instance)
    assert len(mails(relay, "dora@example.com")) == 1
    assert len(of(instance, "dora@example.com")) == 1
    clock.pass_by(3600)
    ask(instance, "/f/newsletter", {**ANNA, "email": "dora@example.com"})
    mail_confirmations(instance)
    assert len(mails(relay, "dora@example.com")) == 2


def test_a_network_that_floods_is_told_to_wait(instance):
    said = [ask(instance, "/f/newsletter", {**ANNA, "email": f"{n}@example.com"}).status[:3] for n in range(62)]
    assert said == ["200"] * 60 + ["429"] * 2
    elsewhere = ask(instance, "/f/newsletter", ANNA, REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status == "200 OK"


def test_a_link_is_good_for_a_week(instance, clock):
    ask(instance, "/f/newsletter", ANNA)
    path = link_of(instance)
    clock.pass_by(WEEK + 1)
    assert ask(instance, path).status.startswith("410")
    assert ask(instance, path, {"confirm": "yes"}).status.startswith("410")
    mail_confirmations(instance)
    assert (of(instance)[0].state, of(instance)[0].sealed) == ("expired", b"")


def test_no_link_can_be_guessed_and_each_guess_hears_the_same(instance):
    ask(instance, "/f/newsletter", ANNA)
    path = link_of(instance)
    for n in range(3, len(path)):
        other = path[:n] + ("A" if path[n] != "A" else "B") + path[n + 1 :]
        assert ask(instance, other, {"confirm": "yes"}) is None
    assert ask(instance, "/j/", {"confirm": "yes"}) is None
    assert of(instance)[0].state == "pending"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"email": ""}, "422"),
        ({"email": "anna@example.com\r\nBcc: ben@example.com"}, "422"),
        ({"email": "anna@example.com, ben@example.com"}, "422"),
        ({"email": "a" * 300 + "@example.com"}, "422"),
        ({"first_name": "x" * 61}, "422"),
        ({"consent": ""}, "422"),
        ({"website": "https://spam.example"}, "200"),
    ],
)
def test_what_is_wrong_is_not_kept(instance, change, status):
    answer = ask(instance, "/f/newsletter", {**ANNA, **change})
    assert answer.status.startswith(status)
    assert of(instance) == []


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b"x" * 40_000, {}, "413"),
        (b"email=%ff", {}, "400"),
        (b"&".join(b"a=1" for _ in range(99)), {}, "400"),
        (b"{}", {"CONTENT_TYPE": "application/json"}, "415"),
        (b"", {"CONTENT_LENGTH": "many"}, "400"),
        (urlencode(ANNA).encode(), {"HTTP_ORIGIN": "https://evil.example"}, "403"),
        (urlencode(ANNA).encode(), {"HTTP_ORIGIN": ORIGIN}, "200"),
        (urlencode(ANNA).encode(), {"HTTP_ORIGIN": "null"}, "200"),
    ],
)
def test_what_cannot_be_a_form_is_refused(instance, body, more, status):
    assert ask(instance, "/f/newsletter", body, **more).status.startswith(status)


def test_answers_are_shown_as_they_are_and_never_run(instance):
    answer = ask(instance, "/f/newsletter", {**ANNA, "email": '"><script>alert(1)</script>', "first_name": "{{7*7}}"})
    assert b"<script" not in answer.body
    assert b"{{7*7}}" in answer.body
    headers = dict(answer.headers)
    assert f"frame-ancestors {ORIGIN}" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_every_input_has_its_label_and_errors_lead_to_them(instance):
    page = Page(ask(instance, "/f/newsletter", {"lang": "de"}))
    assert set(page.inputs) == page.labels == {"f-email", "f-first_name", "f-consent", "f-website"}
    assert "script" not in page.tags
    assert page.inputs["f-email"]["aria-invalid"] == "true"
    german = ask(instance, "/f/newsletter", HTTP_ACCEPT_LANGUAGE="pt, de;q=0.8, en;q=0.5").body.decode()
    assert '<html lang="de">' in german
    assert "Neues von Nordlicht Outdoor" in german
    assert ask(instance, "/f/../twain") is None
    assert ask(instance, "/f/nothing") is None


def test_a_signup_that_the_relay_refuses_waits_and_is_seen(root, clock):
    path = root / "twain.toml"
    path.write_text(
        re.sub(r"^port = \d+", 'port = 1\ngive_up_after = "1s"', path.read_text(), count=1, flags=re.MULTILINE)
    )
    with opened(root, clock) as instance:
        ask(instance, "/f/newsletter", ANNA)
        assert mail_confirmations(instance) == 0
        (kept,) = of(instance)
        assert (kept.mailed_at, kept.mail_tries) == (0.0, 1)
        assert kept.mail_problem.startswith("T8")
        assert kept.mail_due > clock.now()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('type = "email"', 'type = "mail"', 16),
        ("required = true", "required = false", None),
        ('version = "2026-11"', 'version = ""', 7),
        ('channel = "mail"', 'channel = "fax"', 11),
        ('thanks = "You', 'thanx = "You', None),
        ('title = "News', 'title = "{{ first_name }} News', None),
        (f'origins = ["{ORIGIN}"]', 'origins = ["https://*"]', 5),
        ("[fields.first_name]", "[fields.website]", None),
    ],
)
def test_what_is_wrong_in_a_form_is_told_with_its_place(root, old, new, line):
    edit(root / "forms/newsletter.toml", old, new)
    with open_instance(root) as instance:
        problems = check_forms(instance)
    assert {problem.code for problem in problems} == {"T870"}
    assert all(problem.place.file == "forms/newsletter.toml" and problem.todo for problem in problems)
    assert line is None or problems[0].place.line == line


def test_the_first_send_that_leaves_waits_for_the_old_list_or_a_name(root, tmp_path):
    edit(root / "twain.toml", 'host = "127.0.0.1"', 'host = "relay.example.com"')
    edit(root / "twain.toml", "enabled = false", "enabled = true")
    path = root / "twain.toml"
    path.write_text(re.sub(r'base_url = "[^"]+"', 'base_url = "https://mail.nordlicht.example"', path.read_text()))
    bundle = make_bundle("summer", {"channel": "mail", "sender": {"postal_address": "Berlin"}})
    with open_instance(root) as instance:
        with pytest.raises(Held, match="the provider before us") as held:
            require_production(instance, bundle)
        assert "twain suppress import" in held.value.todo
        waive_old_list(instance, "There was no provider before.")
        require_production(instance, bundle)
        assert instance.ledger.old_list().kind == "waived"
        (tmp_path / "old.csv").write_text("address\nben@example.com\n")
        import_suppressions(instance, tmp_path / "old.csv", "imported")
        assert (instance.ledger.old_list().kind, instance.ledger.old_list().why) == ("imported", "old.csv")
