"""What recipients do on their own pages: the wish that is kept, and everything that must not be one."""

import io
import os
import re
import time
from contextlib import closing
from dataclasses import replace

import pytest

from twain.errors import LedgerUnavailable
from twain.ledger.stores import open_ledger
from twain.records import Sender, Suppression
from twain.returns.facts import Consented, Sent, Topic
from twain.returns.gateway import create_app
from twain.returns.recipients import PAUSE
from twain.returns.tokens import TokenMint, TokenRef
from twain.vault import KeyRing

MINT = TokenMint(KeyRing(1, {1: os.urandom(32)}))
RUN, NOW = "r8k2m", 1_767_225_600.0  # 2026-01-01, after every clock of ours says otherwise
OFFERS = Topic("offers", {"en": "Offers", "de": "Angebote"}, "consent", {"en": "Once a month."})
BIRTHDAY = Topic("birthday", {"en": "Birthdays"}, "legitimate_interest", one_click="topic")
SENT = Sent(
    "Nordlicht", "mail", Sender("news@n.example", "Nordlicht News", postal_address="Main Road 1"), OFFERS, (OFFERS, BIRTHDAY),
    {"mail": {}}, NOW, "Europe/Berlin",
)  # fmt: skip
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&"


class Known:
    """Facts as a test sets them."""

    def __init__(self, sent=SENT, title="Thank you", language="", agreed=None):
        self.told, self.called, self.speaks, self.agreed = sent, title, language, agreed
        self.exact = True

    def sent(self, ref):
        return self.told if ref.run_id == RUN else None

    def title(self, ref):
        return self.called

    def title_as_seen(self, ref):
        return self.exact

    def language(self, ref):
        return self.speaks

    def consent(self, ref, address_hash):
        return self.agreed if address_hash is not None else None


class Site:
    def __init__(self, ledger, facts):
        self.ledger, self.facts = ledger, facts
        self.app = create_app(ledger, MINT, address_hash, facts=facts, now=time.time)

    def ask(self, path, method="GET", form=None, query="", accept="", kind="application/x-www-form-urlencoded"):
        body, said = (form or "").encode(), {}
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "HTTP_ACCEPT_LANGUAGE": accept,
            "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
        }  # fmt: skip
        answer = b"".join(self.app(environ, lambda status, headers: said.update(status=status, headers=dict(headers))))
        return int(said["status"][:3]), answer.decode(), said["headers"]

    def wishes(self, row=7):
        return [
            (w.scope, w.until is None, w.own) for w in self.ledger.suppressions_of(address_hash(TokenRef(RUN, 3, row)))
        ]


def token(row=7, run=RUN):
    return MINT.stamps(run, 3, [row])[0][1].decode()


def address_hash(ref):
    return bytes([ref.row % 256]) * 32 if ref.run_id == RUN and ref.row < 200 else None


@pytest.fixture
def site(tmp_path):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        yield Site(ledger, Known())


def of(topic, **more):
    return replace(SENT, topic=topic, **more)


# ---------------------------------------------------------------- wishes


@pytest.mark.parametrize(
    ("topic", "form", "scope"),
    [
        (OFFERS, "", "channel:mail"), (BIRTHDAY, "", "topic:birthday"), (None, "", "channel:mail"),
        (OFFERS, "&leave=topic", "topic:offers"), (BIRTHDAY, "&leave=channel", "channel:mail"),
        (None, "&leave=topic", "channel:mail"), (OFFERS, "&leave=all", "channel:mail"), (OFFERS, "&leave=sms", "channel:mail"),
    ],
)  # fmt: skip
def test_one_click_stops_what_policy_says_and_the_confirm_page_offers_both(site, topic, form, scope):
    site.facts.told = of(topic)
    status, page, _ = site.ask(f"/u/{token()}", "POST", f"List-Unsubscribe=One-Click{form}")
    assert status == 200
    assert "You are unsubscribed" in page
    assert site.wishes() == [(scope, True, True)]


def test_the_confirm_page_has_a_button_for_each(site):
    page = site.ask(f"/u/{token()}")[1]
    assert re.findall(r"<button[^>]*>([^<]+)</button>", page) == ["Stop all of these e-mails", "Stop “Offers” only"]
    assert re.findall(r'name="leave" value="(\w+)"', page) == ["channel", "topic"]
    site.facts.told = of(None, channels={"mail": {"en": "e-mail"}, "sms": {}})
    assert re.findall(r"<button[^>]*>([^<]+)</button>", site.ask(f"/u/{token()}")[1]) == ["Stop everything by e-mail"]


def test_leaving_and_coming_back(site):
    here = f"/p/{token()}"
    steps = [
        ("do=leave&scope=topic:offers", [("topic:offers", True, True)]),
        ("do=leave&scope=topic:birthday", [("topic:offers", True, True), ("topic:birthday", True, True)]),
        ("do=join&scope=topic:offers", [("topic:birthday", True, True)]),
        ("do=pause", [("all", False, True), ("topic:birthday", True, True)]),
        ("do=resume", [("topic:birthday", True, True)]),
        ("do=leave&scope=all", [("all", True, True), ("topic:birthday", True, True)]),
        ("do=pause", [("all", True, True), ("topic:birthday", True, True)]),  # a pause is no way back
        ("do=resume", [("topic:birthday", True, True)]),
    ]
    for form, left in steps:
        status, page, _ = site.ask(here, "POST", form)
        assert (status, site.wishes()) == (200, left)
        assert "Saved." in page
    assert "Saved." not in site.ask(here)[1]


def test_a_pause_lasts_thirty_days_and_says_until_when(site):
    page = site.ask(f"/p/{token()}", "POST", "do=pause")[1]
    (wish,) = site.ledger.suppressions()
    assert wish.until - wish.at == PAUSE == 30 * 86_400
    assert re.search(r"until \d{1,2} [A-Z][a-z]+ 20\d\d\.", page)
    assert "Pause for 30 days" not in page
    assert "You get this" not in page
    assert site.ask(f"/u/{token()}")[1].count("<button") == 2  # a break is no farewell: they may still leave


def test_after_all_is_stopped_one_topic_comes_again_and_nothing_else(site):
    site.ask(f"/p/{token()}", "POST", "do=leave&scope=all")
    page = site.ask(f"/p/{token()}")[1]
    assert page.count("You do not get this while everything is stopped") == 2
    assert ">Stop<" not in page
    assert re.findall(r'aria-label="([^"]+)"', page)[:2] == ["Get “Offers” again", "Get “Birthdays” again"]
    page = site.ask(f"/p/{token()}", "POST", "do=join&scope=topic:offers")[1]
    assert site.wishes() == [("topic:birthday", True, True)]
    assert page.count("You get this") == 1


@pytest.mark.parametrize(
    ("before", "join", "after"),
    [
        ("all", "topic:offers", {"channel:sms", "topic:birthday"}),
        ("channel:mail", "topic:offers", {"topic:birthday"}),
        ("all", "channel:sms", {"channel:mail"}),
    ],
)
def test_coming_back_is_as_narrow_as_what_was_asked_for(tmp_path, before, join, after):
    with closing(open_ledger(f"sqlite:///{tmp_path / 'l.db'}")) as ledger:
        site = Site(ledger, Known(replace(SENT, channels={"mail": {}, "sms": {}})))
        site.ask(f"/p/{token()}", "POST", f"do=leave&scope={before}")
        site.ask(f"/p/{token()}", "POST", f"do=join&scope={join}")
        assert {scope for scope, _, _ in site.wishes()} == after


def test_a_pause_ends_for_one_topic_alone(site):
    site.ask(f"/p/{token()}", "POST", "do=pause")
    site.ask(f"/p/{token()}", "POST", "do=join&scope=topic:offers")
    assert site.wishes() == [("topic:birthday", False, True)]


def test_who_has_left_is_not_asked_again(site):
    site.ask(f"/u/{token()}", "POST", "List-Unsubscribe=One-Click")
    page = site.ask(f"/u/{token()}")[1]
    assert "You are unsubscribed already" in page
    assert "<button" not in page
    assert page.count("Choose what you get") == 1
    assert site.ask(f"/u/{token()}", "POST", "List-Unsubscribe=One-Click")[0] == 200  # the one click works as ever


def test_a_title_without_what_was_personal_says_so(site):
    line = "this is its title without what was personal"
    assert line not in site.ask(f"/w/{token()}")[1]
    site.facts.exact = False
    assert line in site.ask(f"/w/{token()}")[1]


def test_the_page_says_what_each_topic_is(site):
    site.ask(f"/p/{token()}", "POST", "do=leave&scope=topic:offers")
    page = site.ask(f"/p/{token()}")[1]
    rows = re.findall(r"<li><div>(.*?)</div><form", page)
    assert ["You do not get this" in row for row in rows] == [True, False]
    assert re.findall(r'aria-label="([^"]+)"', page)[:2] == ["Get “Offers” again", "Stop “Birthdays”"]


def test_after_one_click_the_way_back_is_one_button(site):
    site.ask(f"/u/{token()}", "POST", "List-Unsubscribe=One-Click")
    assert "You get nothing from us at the moment." in site.ask(f"/p/{token()}")[1]
    site.ask(f"/p/{token()}", "POST", "do=resume")
    assert site.wishes() == []


def test_what_is_not_their_own_they_cannot_take_back(site):
    """A bounce, a complaint, an erasure: whoever has the link of one message must not be able to lift it."""
    who = address_hash(TokenRef(RUN, 3, 7))
    site.ledger.suppress(
        [Suppression(who, "complaint", "fbl", NOW), Suppression(who, "x", "us", NOW, scope="topic:offers")]
    )
    page = site.ask(f"/p/{token()}")[1]
    assert "news@n.example" in page
    assert "Stopped by us" in page
    assert "complaint" not in page
    for form in ("do=resume", "do=join&scope=topic:offers", "do=join&scope=all"):
        site.ask(f"/p/{token()}", "POST", form)
    assert site.wishes() == [("all", True, False), ("topic:offers", True, False)]


def test_replayed_wishes_change_nothing_more(site):
    for _ in range(3):
        assert site.ask(f"/p/{token()}", "POST", "do=leave&scope=topic:offers")[0] == 200
    assert len(list(site.ledger.suppressions())) == 1


# ---------------------------------------------------------------- attacks


def test_looking_never_changes_anything(site):
    """Security scanners open every link, and some ask with HEAD first; forms in the address are nothing."""
    for kind in "upwv":
        for method in ("GET", "HEAD"):
            for query in ("", "do=leave&scope=all", "List-Unsubscribe=One-Click", "do=pause"):
                status, page, headers = site.ask(f"/{kind}/{token()}", method, query=query)
                assert status == (404 if kind == "v" else 200)
                assert bool(page) == (method == "GET")
                assert "Set-Cookie" not in headers
                assert "Location" not in headers
    assert list(site.ledger.suppressions()) == []


@pytest.mark.parametrize(
    "form",
    [
        "", "do=", "do=leave", "do=leave&scope=", "do=leave&scope=topic:", "do=leave&scope=topic:secret",
        "do=leave&scope=channel:sms", "do=leave&scope=ALL", "do=join&scope=all",
        "do=LEAVE&scope=all", "do=leave&do=leave&scope=all",
        "do=leave&scope=all&scope=all",
        "do=erase&scope=all", "List-Unsubscribe=One-Click", "do=leave&scope=all%00", "&" * 2000, "do=leave&scope=" + "a" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_button_of_ours_is_refused(site, form):
    status, page, _ = site.ask(f"/p/{token()}", "POST", form)
    assert status in (400, 413)
    assert "could not be read" in page
    assert site.wishes() == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "post"])
def test_other_methods_change_nothing(site, method):
    assert site.ask(f"/p/{token()}", method, "do=leave&scope=all")[0] == 405
    assert site.ask(f"/w/{token()}", method, "do=leave&scope=all")[0] == 404
    assert site.wishes() == []


@pytest.mark.parametrize("kind", ["u", "p", "w"])
def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(site, kind):
    """Unknown send, unknown row, forged, cut, another ring's: nothing tells which messages there are."""
    good = token()
    foreign = TokenMint(KeyRing(1, {1: os.urandom(32)})).stamps(RUN, 3, [7])[0][1].decode()
    wrong = [
        "",
        "x",
        good[:-1],
        good + "A",
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        foreign,
        "A" * 36,
        f"{good}.1",
        f"{good}/",
    ]
    if kind != "u":
        wrong.append(token(run="other"))
    if kind == "p":
        wrong.append(token(row=201))
    answers = {site.ask(f"/{kind}/{one}")[:2] for one in wrong}
    answers |= {
        site.ask(f"/{kind}/{one}", "POST", "do=leave&scope=all&List-Unsubscribe=One-Click")[:2] for one in wrong
    }
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert list(site.ledger.suppressions()) == []


def test_a_token_moves_its_own_message_only(site):
    for form in ("do=leave&scope=all", "do=leave&scope=all&token=" + token(8), "do=leave&scope=all&row=8"):
        site.ask(f"/p/{token(7)}", "POST", form, query=f"token={token(8)}")
    assert site.wishes(8) == []
    assert site.wishes(7) == [("all", True, True)]


def test_nothing_in_titles_subjects_or_names_is_markup(site):
    evil = Topic("offers", {"en": XSS}, "consent", {"en": XSS})
    site.facts.told = Sent(
        XSS,
        "mail",
        Sender("a@n.example", XSS, reply_to=XSS, postal_address=XSS),
        evil,
        (evil,),
        {"mail": {"en": XSS}, "sms": {"en": XSS}},
        NOW,
    )
    site.facts.called = XSS
    who = address_hash(TokenRef(RUN, 3, 9))
    site.ledger.suppress([Suppression(who, XSS, XSS, NOW)])
    pages = [site.ask(f"/{kind}/{token(row)}", query=f"lang={XSS}")[1] for kind in "upw" for row in (7, 9)]
    pages.append(site.ask(f"/u/{token()}", "POST", "List-Unsubscribe=One-Click&leave=topic")[1])
    for page in pages:
        assert "<script" not in page
        assert "<img" not in page
        assert "onerror=alert(2)>" not in page.replace("&gt;", "")
        assert not re.search(r'="[^"]*"[^\s>/][^>]*onerror', page)


def test_pages_load_nothing_run_nothing_and_lead_nowhere_else(site):
    for kind in "upw":
        _, page, headers = site.ask(f"/{kind}/{token()}")
        assert not re.search(r"<(script|img|iframe|link|object|embed)\b", page)
        assert all(
            re.fullmatch(r"(\.\./[a-z]/[\w-]+)?(\?lang=[a-z]{2})?", href)
            for href in re.findall(r'href="([^"]*)"', page)
        )
        assert " action=" not in page
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "@" not in token()
        assert len(page) < 12_000


def test_nothing_is_told_that_policy_does_not_publish(site):
    site.facts.told = of(None)
    page = site.ask(f"/w/{token()}")[1]
    assert "The sender has not named a topic." in page
    assert RUN not in page
    assert "consent" not in page


def test_headers_of_any_length_are_read_in_no_time(site):
    """X18: what a client sends is cut before it is looked at."""
    hostile = [
        ",".join(["xx-" * 5] * 9000),
        ";" * 60_000,
        "de;q=" + "9" * 60_000,
        "lang=" * 20_000,
        "&" * 60_000,
        "%" * 60_000,
    ]
    started = time.perf_counter()
    for text in hostile:
        assert site.ask(f"/p/{token()}", accept=text, query=text)[0] == 200
    assert time.perf_counter() - started < 0.1 * len(hostile) * 3


def test_while_nothing_can_be_kept_nobody_is_told_that_it_was(site, caplog):
    class Gone:
        def suppress(self, entries):
            raise LedgerUnavailable("out of reach")

    site.app = create_app(Gone(), MINT, address_hash, facts=site.facts)
    status, page, headers = site.ask(f"/p/{token()}", "POST", "do=leave&scope=all")
    assert (status, headers["Retry-After"]) == (503, "120")
    assert "could not save" in page
    assert "out of reach" in caplog.text


# ---------------------------------------------------------------- why, and in which language


def test_why_says_what_is_published(site):
    page = site.ask(f"/w/{token()}")[1]
    told = ["“Thank you”, sent on 1 January 2026", "Offers", "Once a month.", "You agreed to get messages of this kind.",
            "Nordlicht News", "news@n.example", "Main Road 1"]  # fmt: skip
    assert all(text in page for text in told)
    site.facts.called = ""
    assert "Sent on 1 January 2026" in site.ask(f"/w/{token()}")[1]


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("mail", "confirmed it from your mailbox on 1 January 2026"),
        ("form", "in a form of ours on 1 January 2026"),
        ("data", "By our customer records you have agreed since 1 January 2026"),
    ],
)
def test_why_says_since_when_and_how_somebody_agreed(site, how, told):
    site.facts.agreed = Consented(NOW, how)
    assert told in site.ask(f"/w/{token()}")[1]
    assert told not in site.ask(f"/w/{token(220)}")[1]  # nobody knows any more whose it was
    site.facts.told = replace(SENT, topic=BIRTHDAY)  # its basis is another one: what was agreed to is beside the point
    assert told not in site.ask(f"/w/{token()}")[1]


@pytest.mark.parametrize(
    ("own", "query", "accept", "language"),
    [
        ("", "", "", "en"), ("", "", "de-AT,en;q=0.5", "de"), ("fr", "", "de", "fr"), ("FR_ca", "", "de", "fr"),
        ("fr", "lang=es", "de", "es"), ("xx", "", "es", "es"), ("fr", "lang=xx", "de", "fr"), ("", "lang=../../etc", "", "en"),
        ("", "lang=de&lang=fr", "", "de"),
    ],
)  # fmt: skip
def test_the_language_chosen_then_their_own_then_the_browsers(site, own, query, accept, language):
    site.facts.speaks = own
    page = site.ask(f"/p/{token()}", query=query, accept=accept)[1]
    assert page.startswith(f'<!doctype html><html lang="{language}">')
    assert f'<a href="?lang={language}" lang="{language}" hreflang="{language}" aria-current="true">' in page


def test_the_workspaces_language_comes_last(site):
    site.facts.told = replace(SENT, language="de")
    assert 'lang="de"' in site.ask(f"/p/{token()}", accept="ja")[1][:40]
    assert "Angebote" in site.ask(f"/p/{token()}", accept="fr")[1]


def test_a_language_that_was_chosen_stays(site):
    page = site.ask(f"/p/{token()}", query="lang=es")[1]
    assert f'href="../u/{token()}?lang=es"' in page
    assert f'href="../v/{token()}"' in page
