import csv
import io

import pytest

from twain.insight.rollup import from_json, roll_up
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.insights import reads
from twain_web.rooms.insights.models import SendFigures


@pytest.fixture
def known(sent, db):
    return reads.figures(engine.instance(), sent)


def test_figures_agree_with_the_ledger(sent, known):
    tally = engine.instance().ledger.tally(sent.id)
    assert known.audience == tally.audience == 300
    assert [known.total(f) for f in ("sent", "failed", "uncertain")] == [tally.sent, tally.failed, tally.uncertain]
    assert sum(people["sent"] for people in known.by_arm().values()) == tally.sent
    assert sum(people["sent"] for _, people in known.by_hour()) == tally.sent
    assert sum(people["sent"] for people in known.by_lane().values()) == tally.sent


def test_figures_are_read_once(sent, known, monkeypatch):
    monkeypatch.setattr(reads, "roll_up", lambda *_: pytest.fail("read again"))
    assert reads.figures(engine.instance(), sent) == known


def test_figures_are_read_again_when_the_history_has_changed(sent, known):
    SendFigures.objects.filter(run_id=sent.id).update(stamp="before")
    assert reads.figures(engine.instance(), sent) == known
    assert SendFigures.objects.get(run_id=sent.id).stamp == known.stamp


def test_a_rollup_survives_json(known):
    assert from_json(known.as_json()) == known


def test_without_files_there_are_no_figures():
    assert roll_up("r0", []).audience == 0


def test_every_bar_of_the_funnel_is_somebody(sent, known):
    steps = reads.funnel(engine.instance(), sent, known)
    by_kind = {kind: sum(s.people for s in steps if s.kind == kind) for kind in ("excluded", "lost", "sent")}
    matched, audience = (s.people for s in steps if s.kind == "head")
    assert matched - by_kind["excluded"] == audience
    assert audience - by_kind["lost"] == by_kind["sent"]


def test_the_list_and_the_page(signed_in, sent, django_assert_max_num_queries):
    client = signed_in(Role.MARKETER)
    with django_assert_max_num_queries(25):
        assert sent.id.encode() in client.get("/results/").content
    with django_assert_max_num_queries(25):
        page = client.get(f"/results/{sent.id}/")
    assert page.status_code == 200
    assert b"From matched to sent" in page.content


def test_a_send_nobody_knows_is_not_found(signed_in):
    assert signed_in(Role.MARKETER).get("/results/r0000000none/").status_code == 404


def test_the_chart_has_the_same_people(signed_in, sent, known):
    hours = signed_in(Role.MARKETER).get(f"/results/{sent.id}/hours.json").json()["hours"]
    assert sum(hour["sent"] for hour in hours) == known.total("sent")


def test_who_was_missed_as_csv(signed_in, sent, known):
    answer = signed_in(Role.MARKETER).get(f"/results/{sent.id}/missed.csv")
    lines = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert lines[0] == ["key", "what", "why", "the relay said"]
    assert len(lines) - 1 == known.audience - known.total("sent")


def test_an_auditor_reads_and_exports_nothing(signed_in, sent):
    client = signed_in(Role.AUDITOR)
    assert client.get(f"/results/{sent.id}/").status_code == 200
    assert client.get(f"/results/{sent.id}/missed.csv").status_code == 403
