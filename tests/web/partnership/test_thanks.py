"""Thanks: offered with the facts, said by a human, read by one person, passed on when they wish."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.signing import TimestampSigner
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from tests.house_workspace import ROOT
from twain.errors import ConfigError, WrongState
from twain.insight.credit import FeedRead
from twain.records import Owner
from twain_web.roles import Role
from twain_web.rooms.capacity.actions import make_plan, take_step
from twain_web.rooms.desk.actions import answers, noticing
from twain_web.rooms.desk.actions.asking import Wish, ask
from twain_web.rooms.incidents.public import Incident
from twain_web.rooms.insights.public import Credited
from twain_web.rooms.partnership import occasions
from twain_web.rooms.partnership.actions.thanking import forward_thanks, say_thanks
from twain_web.rooms.partnership.models import Letter, Thanks
from twain_web.rooms.partnership.occasions import Offer, offers_for
from twain_web.rooms.people.models import AuditRow

NOW = timezone.now()
A_NIGHT = Offer("incident:i1", "pnair", "Mended out of hours", ("“Orders” was mended at 22:40.",), NOW)
WORDS = "Without you nothing would have gone out on Friday."


@pytest.fixture
def one_night(monkeypatch):
    """The only thing that happened."""
    monkeypatch.setattr(occasions, "OFFERS", [lambda since: [A_NIGHT] if since < NOW else []])


def _links(message):
    return re.findall(r"^\S*/partnership/thanks/forward/\S+$", message.body, re.MULTILINE)


# ---------------------------------------------------------------- what is offered


def test_the_owner_of_a_feed_that_a_send_read_is_offered_with_what_came_of_it(people, monkeypatch):
    owner = Owner("Priya Nair", "Senior DBA", "Priya.Nair@nordlicht.example")
    reads = (
        FeedRead("orders", "Orders", owner, ("Total",), ("message",)),
        FeedRead("shop", "Shop", Owner("X", ""), (), ()),
    )
    send = Credited("abc123", "Summer", "lhoffmann", NOW, 41_000, 1_204, 88, "Orders", reads)
    monkeypatch.setattr(occasions, "credited", lambda _since: [send])
    ((offer, to),) = offers_for(people["lhoffmann"])
    assert (to.username, offer.url) == ("pnair", "/results/abc123/")
    assert offer.facts == (
        "Your feed Orders was read by “Summer”: 41\u202f000 sent, 1\u202f204 clicked, 88 × “Orders”.",
    )  # fmt: skip
    assert offers_for(people["pnair"]) == [], "nobody thanks themselves or their own team"


def test_a_promise_that_was_kept_is_offered_and_a_late_one_is_not(people, company):
    lena, priya, today = people["lhoffmann"], people["pnair"], timezone.localdate()
    kept, late = (
        ask(by=lena, wish=Wish("web-change", what, "Look-backs", target={"url": "https://a.example/", "text": "hut"}))
        for what in ("the hut page", "the lake page")
    )
    for one, day in ((kept, today + timedelta(days=3)), (late, today)):
        answers.promise(by=priya, request=one, day=day)
    noticing.observe(request=kept, words="It is there")
    noticing.observe(request=late, words="It is there")
    late.promises.model.objects.filter(request=late).exists()
    late.observed_at = timezone.now() + timedelta(days=2)
    late.save()
    found = offers_for(lena)
    assert [(offer.key, to.username) for offer, to in found] == [(f"promise:{kept.slug}", "pnair")]
    assert "it was promised for" in found[0][0].facts[0]


def test_a_night_s_repair_is_offered_and_one_by_day_is_not(people, monkeypatch):
    def spell(slug, out_of_hours):
        return Incident(slug, "orders", "freshness", "Priya Nair", "Senior DBA", NOW, NOW, NOW, NOW, out_of_hours,
                        "2 campaigns, 41 000 recipients", f"/incidents/{slug}/", title="Orders are 9 h old")  # fmt: skip

    monkeypatch.setattr(occasions, "incidents", lambda _since: [spell("i1", True), spell("i2", False)])
    ((offer, to),) = offers_for(people["mseidel"])
    assert (to.username, offer.url) == ("pnair", "/incidents/i1/")
    assert "outside working hours" in offer.facts[0]
    assert offer.facts[1] == "It held up: 2 campaigns, 41 000 recipients."


@pytest.fixture
def its_hours(company):
    """IT's calendar: its notice is counted in these hours."""
    file = ROOT / "calendars" / "it.toml"
    before = file.read_text() if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    file.write_text('[[hours]]\neffective_from = 2020-01-01\nweek = ["Mon-Fri 09:00-17:00"]\n')
    yield
    file.unlink() if before is None else file.write_text(before)


@pytest.mark.usefixtures("its_hours")
def test_notice_that_came_early_is_offered_to_it(people):
    lena = people["lhoffmann"]
    early, short = (
        make_plan(by=lena, title=title, purpose="", channel="mail", people=100, begins_at=NOW + timedelta(days=days))
        for title, days in (("Autumn", 40), ("Tomorrow", 1))
    )
    for plan in (early, short):
        take_step(by=lena, plan=plan, verb="announce")
    ((offer, to),) = offers_for(people["pnair"])
    assert (offer.key, to.username) == (f"notice:{early.pk}", "lhoffmann")
    assert "“Autumn”" in offer.facts[0]
    assert offers_for(lena) == []


def test_nothing_is_offered_to_whoever_only_looks_on_or_after_thirty_days(people, one_night):
    assert offers_for(people["tklein"]) == []
    assert len(offers_for(people["lhoffmann"])) == 1
    assert offers_for(people["lhoffmann"], NOW + timedelta(days=31)) == []


# ---------------------------------------------------------------- saying it


@pytest.mark.usefixtures("one_night")
def test_a_human_s_sentence_with_the_facts_goes_to_the_person_as_they_are_named(people, posted, signed_in):
    lena = signed_in(username="lhoffmann")
    page = lena.get("/partnership/thanks/").content.decode()
    assert "Priya Nair, Senior DBA" in page
    assert posted() == [], "an offer sends nothing"
    form = lena.get("/partnership/thanks/new/?about=incident:i1").content.decode()
    assert "“Orders” was mended at 22:40." in form
    assert re.search(r"<textarea[^>]*>\s*</textarea>", form), "the sentence is empty"
    assert lena.post("/partnership/thanks/new/?about=incident:i1", {"words": "  "}).status_code == 422
    assert lena.post("/partnership/thanks/new/?about=incident:i1", {"words": WORDS}).status_code == 302
    (mail,) = posted()
    assert mail.to == ['"Priya Nair, Senior DBA" <priya.nair@nordlicht.example>']
    assert mail.reply_to == ["lena.hoffmann@nordlicht.example"]
    assert mail.subject == "Thank you, from Lena Hoffmann, Campaign Manager"
    for words in (WORDS, "“Orders” was mended at 22:40.", "Only you have got this", "Anna Berg, Systems Administrator"):
        assert words in mail.body
    assert posted() == []


@pytest.mark.usefixtures("one_night")
def test_once_said_it_is_not_offered_again_and_not_said_twice(people, signed_in):
    lena, priya = people["lhoffmann"], people["pnair"]
    say_thanks(by=lena, to=priya, words=WORDS, offer=A_NIGHT)
    assert offers_for(lena) == []
    assert len(offers_for(people["mseidel"])) == 1, "somebody else may thank for the same"
    with pytest.raises(WrongState) as refused:
        say_thanks(by=lena, to=priya, words="Again", offer=A_NIGHT)
    assert refused.value.shown_code == "T951"
    assert signed_in(username="lhoffmann").get("/partnership/thanks/new/?about=incident:i1").status_code == 302
    for _ in range(2):
        say_thanks(by=lena, to=priya, words="In my own words")
    assert Thanks.objects.count() == 3


@pytest.mark.parametrize(
    ("by", "to"), [("lhoffmann", "mseidel"), ("pnair", "aberg"), ("tklein", "lhoffmann"), ("mseidel", "tklein")]
)
def test_thanks_go_across_between_people_of_the_two_teams(people, by, to):
    with pytest.raises(ConfigError) as refused:
        say_thanks(by=people[by], to=people[to], words=WORDS)
    assert refused.value.shown_code == "T950"


@pytest.mark.parametrize("words", ["", " \n ", "x" * 601, "a\x1b[2Jb"])
def test_no_words_no_thanks(people, words):
    with pytest.raises(ConfigError):
        say_thanks(by=people["pnair"], to=people["lhoffmann"], words=words)
    assert Thanks.objects.count() == 0


def test_what_was_said_is_never_rewritten(people):
    said = say_thanks(by=people["pnair"], to=people["lhoffmann"], words=WORDS)
    said.words = "Never mind"
    with pytest.raises(WrongState):
        said.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        Thanks.objects.filter(pk=said.pk).update(words="Never mind")
    assert Thanks.objects.get().words == WORDS


# ---------------------------------------------------------------- who reads it


def test_only_the_two_read_it_and_the_audit_has_no_words(people, signed_in):
    say_thanks(by=people["lhoffmann"], to=people["pnair"], words=WORDS)
    seen = {name: WORDS in signed_in(username=name).get("/partnership/thanks/").content.decode() for name in people}
    assert seen == {"lhoffmann": True, "pnair": True, "mseidel": False, "aberg": False, "tklein": False}
    row = AuditRow.objects.get(verb="thanks said")
    assert (row.person, row.thing) == ("lhoffmann", "person:pnair")
    assert WORDS not in str(row.detail)


def test_nobody_is_counted_anywhere(people, signed_in):
    for n in range(7):
        say_thanks(by=people["lhoffmann"], to=people["pnair"], words=f"Thank you for day {n}")
    for name in people:
        shown = re.sub(
            r"<[^>]+>|\d+ (?:January|\w+) \d{4}",
            " ",
            signed_in(username=name).get("/partnership/thanks/").content.decode(),
        )
        assert not re.search(r"\b7\b(?! *–)", shown.partition("Skip to")[2].replace("day 7", "")), name


# ---------------------------------------------------------------- passing it on


def test_the_receiver_passes_it_on_by_the_mail_s_link_which_asks_once_more(people, posted):
    say_thanks(by=people["lhoffmann"], to=people["pnair"], words=WORDS, offer=A_NIGHT)
    (mail,) = posted()
    (link,) = _links(mail)
    visitor = Client()
    for _ in range(2):  # a scanner follows links; nothing happens
        page = visitor.get(link).content.decode()
        assert visitor.head(link).status_code == 200
    assert "Nothing is sent before you press" in page
    assert re.search(r'<option value="aberg" selected>Anna Berg, Systems Administrator', page)
    assert "lhoffmann" not in page
    assert posted() == []
    assert "Anna Berg" in visitor.post(link, {"to": "aberg"}).content.decode()
    (passed,) = posted()
    assert passed.to == ['"Anna Berg, Systems Administrator" <anna.berg@nordlicht.example>']
    assert WORDS in passed.body
    assert "Priya Nair, Senior DBA passes this thank-you on to you" in passed.body
    assert _links(passed) == [], "it is passed on once, by the person it was said to"
    assert visitor.post(link, {"to": "aberg"}).status_code == 409
    assert posted() == []


def test_names_with_line_ends_begin_no_header_and_keep_no_letter_from_going(people, posted):
    for name in ("lhoffmann", "pnair", "aberg"):
        people[name].preferred_form = f"{name}\r\nBcc: x@example.com\u2028<b>"
        people[name].save()
    given = say_thanks(by=people["lhoffmann"], to=people["pnair"], words=f"{WORDS} <script>alert(1)</script>")
    forward_thanks(thanks=given, to=people["aberg"])
    for mail in posted():
        assert "Bcc" not in mail.message()
        assert len(mail.recipients()) == 1
        assert "\n" not in mail.subject
        assert mail.message().get_content_type() == "text/plain", "markup in it is words"
    assert not Letter.objects.exclude(send_at=None).exists()


def test_a_link_is_good_for_its_person_for_two_weeks_and_only_whole(people, posted, signed_in):
    say_thanks(by=people["lhoffmann"], to=people["pnair"], words=WORDS)
    (link,) = _links(posted()[0])
    assert signed_in(username="lhoffmann").post(link, {"to": "aberg"}).status_code == 409
    for forged in (link[:-3] + "AA/", link.replace("forward/", "forward/x"), "/partnership/thanks/forward/nonsense/"):
        assert Client().post(forged, {"to": "aberg"}).status_code == 409
    signed = TimestampSigner(salt="something else").sign("x")
    assert Client().get(f"/partnership/thanks/forward/{signed}/").status_code == 409
    assert Client().post(link, {"to": "lhoffmann"}).status_code == 422, "only within one's own team"
    Letter.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(link, {"to": "aberg"}).status_code == 409
    assert posted() == []


def test_signed_in_the_receiver_passes_it_on_too_and_nobody_else(people, posted, signed_in):
    said = say_thanks(by=people["lhoffmann"], to=people["pnair"], words=WORDS)
    posted()
    url = f"/partnership/thanks/{said.pk}/pass-on/"
    for name in ("lhoffmann", "aberg", "mseidel"):
        assert signed_in(username=name).post(url, {"to": "aberg"}).status_code == 404
    assert signed_in(username="tklein").post(url, {"to": "aberg"}).status_code == 403
    priya = signed_in(username="pnair")
    assert priya.post(url, {"to": "aberg"}).status_code == 302
    assert len(posted()) == 1
    assert WORDS in signed_in(username="aberg").get("/partnership/thanks/").content.decode()
    assert priya.post(url, {"to": "aberg"}).status_code == 409
    with pytest.raises(WrongState):
        forward_thanks(thanks=Thanks.objects.get(), to=people["aberg"])


def test_an_auditor_says_nothing(people, signed_in):
    tom = signed_in(username="tklein")
    assert tom.get("/partnership/thanks/").status_code == 200
    assert tom.get("/partnership/thanks/new/").status_code == 403
    assert tom.post("/partnership/thanks/new/", {"to": "pnair", "words": WORDS}).status_code == 403
    assert Role.AUDITOR in people["tklein"].role_names
