"""The audit's chain: whatever is done to it afterwards, shows (a row changed, taken out, put in, the end cut off)."""

from __future__ import annotations

import csv
import io

import pytest
from django.db.models import F

from twain_web.roles import Role
from twain_web.rooms.people.audit import FIRST, record, verify
from twain_web.rooms.people.models import AuditRow


@pytest.fixture
def chain(db):
    """Ten rows."""
    for number in range(10):
        record("lhoffmann", "campaign launched", f"campaign:{number}", {"people": number, "share": 0.25})
    return AuditRow.objects.order_by("number")


def test_an_untouched_chain_is_whole(chain):
    found = verify()
    assert (found.rows, found.broken_at) == (10, None)
    assert found.head == chain.last().mac
    assert verify(chain[4].mac).broken_at is None


def test_an_empty_chain_is_whole(db):
    assert verify().head == FIRST


@pytest.mark.parametrize(
    "change",
    [
        {"person": "somebody-else"},
        {"verb": "campaign looked at"},
        {"thing": "campaign:99"},
        {"detail": {"people": 3, "share": 0.5}},
        {"address": "192.0.2.1"},
        {"mac": "0" * 64},
    ],
)
def test_a_changed_row_shows(chain, change):
    AuditRow.objects.filter(number=4).update(**change)
    found = verify()
    assert (found.broken_at, found.rows) == (4, 3)
    assert "row 4" in found.why


def test_a_changed_time_shows(chain):
    row = chain.get(number=6)
    AuditRow.objects.filter(number=6).update(at=row.at.replace(microsecond=(row.at.microsecond + 1) % 1_000_000))
    assert verify().broken_at == 6


def test_a_removed_row_shows(chain):
    AuditRow.objects.filter(number=5).delete()
    found = verify()
    assert found.broken_at == 5
    assert "missing" in found.why


def test_a_removed_row_shows_when_the_others_close_up(chain):
    AuditRow.objects.filter(number=5).delete()
    for row in AuditRow.objects.filter(number__gt=5).order_by("number"):
        AuditRow.objects.filter(pk=row.pk).update(number=F("number") - 1)
    assert verify().broken_at == 5


def test_an_inserted_row_shows(chain):
    kept = chain.get(number=4)
    for row in AuditRow.objects.filter(number__gte=4).order_by("-number"):
        AuditRow.objects.filter(pk=row.pk).update(number=F("number") + 1)
    AuditRow.objects.create(number=4, at=kept.at, person="ghost", verb="approved", thing="campaign:3", mac=kept.mac)
    assert verify().broken_at == 4


def test_rows_that_changed_places_show(chain):
    AuditRow.objects.filter(number=3).update(number=99)
    AuditRow.objects.filter(number=4).update(number=3)
    AuditRow.objects.filter(number=99).update(number=4)
    assert verify().broken_at == 3


def test_a_cut_end_shows_to_whoever_kept_the_head(chain):
    head = chain.last().mac
    AuditRow.objects.filter(number__gt=7).delete()
    assert verify().broken_at is None
    found = verify(head)
    assert found.broken_at == 8
    assert "cut off" in found.why


def test_nothing_in_a_row_can_pretend_to_be_another(db):
    """Log injection (Superset CVE-2021-42250): one event, one line, in every field."""
    evil = "x\n2026-01-01 twain approved\r\u2028\x1b[31m\x9b"
    record(evil, "signed in", evil, {"name": evil, "more": [evil, {evil: evil}]}, address="::1")
    row = AuditRow.objects.get()
    texts = [row.person, row.thing, row.detail["name"], row.detail["more"][0], *row.detail["more"][1]]
    assert all(text.isprintable() for text in texts)
    assert r"\n2026-01-01" in row.detail["name"]
    assert verify().broken_at is None


def test_a_long_detail_is_cut_and_still_verifies(db):
    record("lhoffmann", "noted", "x" * 999, {"text": "y" * 50_000})
    row = AuditRow.objects.get()
    assert len(row.thing) == 200
    assert len(str(row.detail)) < 4_000
    assert verify().broken_at is None


def test_the_export_holds_every_row_and_no_formula(signed_in):
    record("=cmd|' /C calc'!A1", "+noted", "@SUM(1)", {"=1+1": "-2"}, address="\t=3")
    answer = signed_in(Role.AUDITOR).get("/audit/export.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0][:4] == ["number", "at", "person", "verb"]
    found = next(row for row in rows if "cmd" in row[2])
    assert not [cell for row in rows for cell in row if cell.lstrip()[:1] in ("=", "+", "@", "-")]
    assert found[2].startswith("'=")
    assert AuditRow.objects.first().verb == "audit exported"


def test_the_filters(signed_in):
    record("pnair", "feed reviewed", "feed:orders")
    record("jweber", "feed reviewed", "feed:customers")
    client = signed_in(Role.DATA_OWNER)
    page = client.get("/audit/", {"person": "pnair"}).content.decode()
    assert "feed:orders" in page
    assert "feed:customers" not in page
    nothing = client.get("/audit/", {"since": "2001-01-01", "until": "2001-01-02"}).content.decode()
    assert "Nothing found" in nothing
    assert "feed:customers" in client.get("/audit/", {"thing": "feed:c", "verb": "feed reviewed"}).content.decode()


def test_the_walk_says_what_it_found(chain, signed_in):
    client = signed_in(Role.AUDITOR)
    assert "unbroken" in client.get("/audit/walk/").content.decode()
    AuditRow.objects.filter(number=2).update(person="nobody")
    assert "row 2 does not say what it said" in client.get("/audit/walk/").content.decode()
