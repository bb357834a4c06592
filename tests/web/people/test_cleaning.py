"""What is dead leaves after the time that for-its-evaluation.md states; what lives, or could still be asked for, stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from django.utils import timezone

from twain_web import cleaning, reconcile
from twain_web.models import OutboxRow, ReconcilerLease
from twain_web.roles import Role
from twain_web.rooms.campaigns import cleaning as of_campaigns
from twain_web.rooms.campaigns.models import Rehearsal
from twain_web.rooms.people import cleaning as of_people
from twain_web.rooms.people.models import ApiToken, AuditRow

PAGE = Path(__file__).parents[3] / "docs" / "for-its-evaluation.md"
MOMENT = timedelta(minutes=1)


def _token(person, name, *, revoked=None, expires=None):
    now = timezone.now()
    return ApiToken.objects.create(
        person=person, name=name, prefix=name, digest=b"", created_at=now, revoked_at=revoked,
        expires_at=expires or now + timedelta(days=1),
    )  # fmt: skip


def _session(person, key, expires):
    Session.objects.create(session_key=key, session_data="", expire_date=expires)
    UserSession.objects.create(user=person, session_key=key, ip="127.0.0.1", user_agent="", data={})


def test_sessions_that_are_over_leave_with_where_they_were(somebody):
    person, now = somebody(Role.MARKETER), timezone.now()
    _session(person, "over", now - MOMENT)
    _session(person, "open", now + timedelta(hours=1))
    cleaning.clean()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["open"]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == ["open"]


def test_whoever_is_signed_in_stays_signed_in(signed_in):
    client = signed_in(Role.MARKETER)
    cleaning.clean()
    assert client.get("/").status_code == 200


def test_tokens_leave_ninety_days_after_they_ended(somebody):
    person, now = somebody(Role.DATA_OWNER), timezone.now()
    long_ago, lately = now - of_people.TOKENS_KEPT - MOMENT, now - of_people.TOKENS_KEPT + MOMENT
    _token(person, "revoked1", revoked=long_ago)
    _token(person, "revoked2", revoked=lately)
    _token(person, "expired1", expires=long_ago)
    _token(person, "expired2", expires=lately)
    _token(person, "working")
    rows = AuditRow.objects.count()
    cleaning.clean()
    assert sorted(ApiToken.objects.values_list("prefix", flat=True)) == ["expired2", "revoked2", "working"]
    assert AuditRow.objects.count() == rows


def test_facts_leave_once_they_were_heard_and_never_before(db):
    now = timezone.now()
    for topic, delivered in (("old", now - cleaning.DELIVERED_KEPT - MOMENT), ("new", now), ("never", None)):
        row = OutboxRow.objects.create(topic=topic, delivered_at=delivered, attempts=10)
        OutboxRow.objects.filter(pk=row.pk).update(at=now - timedelta(days=400))
    cleaning.clean()
    assert sorted(OutboxRow.objects.values_list("topic", flat=True)) == ["never", "new"]


def test_trials_that_were_made_anew_leave_and_the_newest_of_each_bundle_stays(db):
    now = timezone.now()
    ages = {"a1": 40, "a2": 35, "a3": 31, "b1": 50, "c1": 40, "c2": 3}
    for name, days in ages.items():
        row = Rehearsal.objects.create(campaign="spring", bundle=name[0], kind="review", ready=True, why=name)
        Rehearsal.objects.filter(pk=row.pk).update(at=now - timedelta(days=days))
    cleaning.clean()
    assert sorted(Rehearsal.objects.filter(campaign="spring").values_list("why", flat=True)) == ["a3", "b1", "c2"]


def test_leases_of_the_dead_leave(db):
    now = timezone.now()
    for key, over in (("dead", cleaning.LEASES_KEPT + MOMENT), ("just over", MOMENT), ("alive", -MOMENT)):
        ReconcilerLease.objects.create(reconciler="launches", key=key, holder="x", expires_at=now - over)
    cleaning.clean()
    assert sorted(ReconcilerLease.objects.values_list("key", flat=True)) == ["alive", "just over"]


def test_a_kind_that_cannot_go_holds_up_no_other(db, monkeypatch, caplog):
    def stuck(_now):
        raise DatabaseError("locked")

    monkeypatch.setattr(cleaning, "DEAD", {"stuck things": stuck, **cleaning.DEAD})
    OutboxRow.objects.create(topic="old", delivered_at=timezone.now() - timedelta(days=31))
    gone = cleaning.clean()
    assert (gone["stuck things"], gone["delivered facts"]) == (0, 1)
    assert "stuck things" in caplog.text


def test_it_happens_by_itself_and_says_what_went(db, caplog):
    caplog.set_level("INFO", "twain.cleaning")
    OutboxRow.objects.create(topic="old", delivered_at=timezone.now() - timedelta(days=31))
    assert reconcile.step_now("cleaning", "house")
    assert "1 delivered facts" in caplog.text
    assert reconcile.REGISTRY["cleaning"].every == 3600.0


@pytest.mark.parametrize(
    ("table", "kept"),
    [("house_outboxrow", cleaning.DELIVERED_KEPT), ("house_outboxrow", cleaning.LEASES_KEPT),
     ("people_apitoken", of_people.TOKENS_KEPT), ("campaigns_room_rehearsal", of_campaigns.TRIALS_KEPT)],
)  # fmt: skip
def test_the_page_for_it_states_these_times(table, kept):
    row = next(
        line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|") and f"`{table}`" in line
    )
    assert f"{kept.days} day" in row
