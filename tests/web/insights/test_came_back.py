"""What came back of a send, on its pages: counted, told with what it is sure of, and never more than that."""

import re
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from twain.flows.answers import rates_of, responses_of
from twain.flows.conversions import last_count
from twain.flows.heat import bare_mail, heat_map
from twain.insight.rates import rate
from twain.ledger.happened import EVENTS
from twain.records import CameBack
from twain_web import engine
from twain_web.reconcile import REGISTRY
from twain_web.roles import Role
from twain_web.rooms.insights import answers, deliverability, telling
from twain_web.rooms.insights.models import SendAnswers

CLICKS = {0: 30, 2: 10}  # link → people
KINDS = (("bounce", "hard"), ("bounce", "soft"), ("complaint", ""))


@pytest.fixture(scope="session")
def back(sent):
    """Of the send: forty clicks by people and five by machines, one complaint, two bounces."""
    here = engine.instance()
    (file, *_) = here.history.files("deliveries", sent.id)
    people = [row for row in pq.read_table(file).to_pylist() if row["arm"] == "main" and row["fate"] == "sent"]
    rows = []
    for link, clicks in CLICKS.items():
        for machine, number in ((False, clicks), (True, 5 if link == 0 else 0)):
            rows += [_event(people.pop(), link, machine) for _ in range(number)]
    here.history.write_events("came-back", pa.Table.from_pylist(rows, EVENTS))
    mails = [_mail(people.pop(), n, *kind) for n, kind in enumerate(KINDS)]
    here.history.write_bounces(77, mails)
    engine.close()
    return sent


def _event(to, link, machine):
    same = {name: to[name] for name in ("run_id", "shard", "row", "campaign", "feed", "key", "arm")}
    at = int(to["at"].timestamp() * 1000) + 60_000
    return {
        **same,
        "id": f"b{to['row']}",
        "kind": "click",
        "link": link,
        "machine": machine,
        "why": "",
        "client": "",
        "at": at,
    }


def _came_back(here, run, kind, cause):
    """Of how many messages, as the history has it: other stories of this house may have had one come back, too."""
    rows = [row for file in here.history.files("bounces", run.id) for row in pq.read_table(file).to_pylist()]
    found = (row for row in rows if (row["run_id"], row["kind"], row["cause"]) == (run.id, kind, cause))
    return len({(row["shard"], row["row"]) for row in found})


def _mail(to, number, kind, cause):
    where = {name: to[name] for name in ("run_id", "shard", "row", "campaign", "feed")}
    return CameBack(bytes([number]) * 32, to["at"].timestamp() + 90, "imap", kind, cause, believed=True, **where)


@pytest.fixture
def here(back, db):
    return engine.instance("tester")


def test_the_page_tells_what_came_back(signed_in, back, django_assert_max_num_queries):
    client = signed_in(Role.MARKETER)
    client.get(f"/results/{back.id}/")
    with django_assert_max_num_queries(25):
        page = client.get(f"/results/{back.id}/").content.decode()
    assert "What came back" in page
    clicked = telling.told(_rates())[1]
    assert (clicked.people, clicked.machines) == (40, 5)
    assert f"{clicked.rate.share * 100:.2f} %" in page
    assert "machines did so to 5 messages" in page
    assert "Something new in “Orders” within 7 days of the send." in page


def _rates():
    here = engine.instance()
    run = next(run for run in here.ledger.runs(campaign="summer-thanks") if run.scope == "limit:300")
    return rates_of(responses_of(here, run), _sent(here, run))


def _sent(here, run):
    """Of three hundred; one or another may have asked out in an earlier story of this house."""
    sent = here.ledger.tally(run.id).sent
    assert 295 <= sent <= 300
    return sent


def test_nothing_is_claimed_about_opens(here, back):
    opened = telling.told(_rates())[2]
    assert opened.rate is None
    assert "no measure" in opened.means


def test_conversions_are_counted_by_themselves(here, back, signed_in):
    reconciler = REGISTRY["conversions"]
    here.ledger.remember_check(
        f"conversion:{back.id}", {"at": 0.0, "people": 0.0, "times": 0.0, "value": 0.0, "closes": 0.0}
    )
    assert back.id in list(reconciler.due())
    reconciler.step(back.id)
    assert back.id not in list(reconciler.due())
    page = signed_in(Role.MARKETER).get(f"/results/{back.id}/").content.decode()
    assert "Counted in the company's database" in page.replace("&#x27;", "'")
    held = pq.read_table(here.history.files("holdouts", back.id)[0])
    assert 0 < held.num_rows <= back.funnel.excluded["holdout"]
    compared = last_count(here, back).compared
    (delivered,) = (pq.read_table(file) for file in here.history.files("deliveries", back.id))
    still_known = sum(
        1 for key in delivered["key"].to_pylist() if key
    )  # a story of this house may have forgotten somebody
    assert still_known > 290
    assert (compared.meant.whole, compared.held.whole) == (still_known, held.num_rows)
    assert "Held out, they got nothing" in page


def test_whose_data_it_read(here, back, signed_in):
    page = signed_in(Role.DATA_OWNER).get(f"/results/{back.id}/").content.decode()
    part = page[page.index("Read by this mail") : page.index("What happened")]
    assert "Priya Nair, Senior DBA" in part
    assert "Jonas Weber, Data Engineer" in part
    assert sum(map(float, re.findall(r"([\d.]+) %</td>", part))) == pytest.approx(100)
    assert sum(int(n) for n in re.findall(r'%</td><td class="number">(\d+)</td>', part)) == 40


def test_answers_are_read_anew_only_when_something_has_come_back(here, back):
    while due := list(answers.changed()):  # some at a time, and other stories of this house have sent too
        for run_id in due:
            answers.keep(here, here.ledger.run(run_id))
        assert not set(due) & set(answers.changed())
    SendAnswers.objects.filter(run_id=back.id).update(stamp="before")
    assert answers.changed() == [back.id]


def test_what_was_never_read_comes_first_then_what_was_not_read_for_longest(here, back, monkeypatch):
    first, second, third = f"{back.id}a", f"{back.id}b", f"{back.id}c"
    newest_first = [replace(back, id=one) for one in (third, second, first, back.id)]
    monkeypatch.setattr(answers.engine, "instance", lambda: replace(here, ledger=_Runs(newest_first)))
    now, kept = timezone.now(), answers.keep(here, back)
    for one, minutes in ((third, 1), (first, 3)):
        SendAnswers.objects.create(
            run_id=one, stamp="before", began_at=now, domain="", campaign="", answers={}, reads=[]
        )
        SendAnswers.objects.filter(run_id=one).update(read_at=now - timedelta(minutes=minutes))
    assert answers.changed() == [second, first, third]
    SendAnswers.objects.filter(run_id__in=(first, third)).delete()
    assert kept.run_id == back.id


class _Runs:
    def __init__(self, runs):
        self._runs = runs

    def runs(self, **_told):
        return self._runs


def test_the_heat_map_shows_each_link_and_leads_nowhere(here, back):
    responses = answers.answers(here, back).responses
    shown = heat_map(bare_mail(here, back.bundle, "main"), responses, 150)
    assert {link.number: link.rate.part for link in shown.links if link.rate.part} == CLICKS
    assert sum(link.share for link in shown.links) == pytest.approx(1)
    assert next(link.machines for link in shown.links if link.number == 0) == 5
    assert "75 %" in shown.html
    assert not re.search(r"<(?:a|area)\b[^>]*\shref", shown.html, re.IGNORECASE)
    assert "<script" not in shown.html.lower()


def test_the_mail_stands_in_a_sandbox(signed_in, back):
    client = signed_in(Role.MARKETER)
    page = client.get(f"/results/{back.id}/mail/", {"variant": "main"}).content.decode()
    assert re.search(r'<iframe class="insights-mail" sandbox src="/results/[^"]+/mail/frame/\?variant=main"', page)
    assert "Every link" in page
    frame = client.get(f"/results/{back.id}/mail/frame/", {"variant": "main"})
    assert "default-src 'none'" in frame["Content-Security-Policy"]
    assert frame["Content-Security-Policy"].endswith("sandbox")
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert client.get(f"/results/{back.id}/mail/", {"variant": "<script>"}).status_code == 422


def test_from_send_to_send(signed_in, back):
    client = signed_in(Role.MARKETER)
    client.get(f"/results/{back.id}/")
    assert b"From send to send" in client.get("/results/of/summer-thanks/").content
    known = client.get("/results/of/summer-thanks/rates.json").json()
    (clicked, *_) = known["series"]
    assert all(
        low <= seen <= high for low, seen, high in zip(clicked["low"], clicked["values"], clicked["high"], strict=True)
    )
    assert client.get("/results/of/nobody-knows-it/").status_code == 404


def test_the_chart_has_what_the_table_has(signed_in, back):
    known = signed_in(Role.MARKETER).get(f"/results/{back.id}/came-back.json").json()
    assert sum(known["series"][0]["values"]) == 40
    assert len(known["at"]) == len(known["series"][0]["values"])


def test_deliverability_against_what_providers_ask_for(signed_in, back, here):
    client = signed_in(Role.DATA_OWNER)
    assert b"Nothing was sent in the last thirty days" in client.get("/deliverability/").content
    client.get(f"/results/{back.id}/")
    page = client.get("/deliverability/").content.decode()
    assert "mail.nordlicht.example" in page
    assert "too many" in page  # one complaint of three hundred is 0.33 %
    assert "No mailbox for bounces is set" in page
    mailed = _sent(here, back)
    ((domain,), providers, sends) = deliverability.standings()
    hard, soft, complained = (_came_back(here, back, *kind) for kind in KINDS)
    assert min(hard, soft, complained) >= 1
    assert (domain.sent, domain.hard, domain.soft, domain.bounced.part, domain.complaints.part) == (
        mailed, hard, soft, hard + soft, complained
    )  # fmt: skip
    assert (sum(one.sent for one in providers), sends) == (mailed, 1)
    SendAnswers.objects.update(began_at=timezone.now() - timedelta(days=31))
    assert deliverability.standings() == ([], [], 0)


@pytest.mark.parametrize(("part", "of", "level"), [(0, 0, ""), (0, 100, "good"), (1, 1000, "watch"), (3, 1000, "bad")])
def test_complaints_are_judged_by_the_published_thresholds(part, of, level):
    assert telling.level(rate(part, of)) == level
