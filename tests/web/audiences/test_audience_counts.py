"""Counts for people who wait: the numbers of a send, one at a time for each person, ended when superseded, within IT's limits."""

from __future__ import annotations

import time

import pytest
from django.conf import settings

from tests.house_workspace import ROOT
from twain.flows import counting
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.audiences import counts
from twain_web.rooms.audiences.models import Audience, Count

pytestmark = [pytest.mark.usefixtures("company"), pytest.mark.django_db(transaction=True)]

GOLD = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
#: Hours: every order with every other and every other.
SLOW = """SELECT a.customer_id FROM orders a CROSS JOIN orders b CROSS JOIN orders c
WHERE length(a.status || b.status || c.status) = 1"""


@pytest.fixture
def slow():
    """A rule on a list of IT's that takes long."""
    path = ROOT / "fragments" / "takes-long.sql"
    path.write_text(SLOW)
    yield {"all": [{"fragment": "takes-long"}]}
    path.unlink()


def ended(count, seconds=30.0):
    """The count when it is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        count.refresh_from_db()
        if count.state != Count.RUNNING:
            return count
    raise AssertionError(f"Still {count.state} after {seconds} s.")


def begun(person, tree, kind=Count.EDITING):
    return counts.start(by=person, kind=kind, audience="some", feed="customers", trees={"audience": tree})


def test_the_count_is_the_funnel_of_a_send(somebody):
    count = ended(begun(somebody(Role.MARKETER), GOLD))
    instance = engine.instance("test")
    funnel = counting.count(instance, counting.Rule("x", GOLD, instance.workspace.feed("customers")))
    found = count.result["found"]["audience"]
    assert count.state == Count.DONE
    assert (found["matched"], found["audience"], found["excluded"]) == (
        funnel.matched,
        funnel.audience,
        dict(funnel.excluded),
    )
    assert found["cost"] is None  # DuckDB's estimates are not worth trusting
    assert found["matched"] == found["audience"] + sum(found["excluded"].values()) > 0


def test_a_newer_count_ends_the_one_before_and_frees_the_database(somebody, slow):
    person = somebody(Role.MARKETER)
    first = begun(person, slow)
    began = time.monotonic()
    second = begun(person, GOLD)
    assert ended(second).state == Count.DONE
    assert ended(first).state == Count.SUPERSEDED
    assert first.result == {}
    assert time.monotonic() - began < settings.TWAIN.sources["shop"].interactive_timeout_seconds + 5
    assert not Count.objects.filter(state=Count.RUNNING).exists()


def test_somebody_else_s_count_goes_on(somebody):
    mine = begun(somebody(Role.MARKETER), GOLD)
    theirs = begun(somebody(Role.DATA_OWNER), GOLD)
    assert ended(mine).state == ended(theirs).state == Count.DONE


def test_the_limit_s_refusal_says_what_to_do(signed_in, somebody, slow):
    person = somebody(Role.MARKETER)
    count = ended(begun(person, slow))
    assert count.state == Count.REFUSED
    assert count.result["code"] == "T321"
    Audience.objects.create(slug="some", name="Some", feed="customers", owner=person)
    page = signed_in(Role.MARKETER).get(f"/audiences/counts/{count.pk}/").content.decode()
    assert "takes longer than IT allows for counts while people wait: 5 s" in page
    assert "Save and count in full" in page


def test_a_full_count_has_a_send_s_limit_and_can_be_stopped(signed_in, somebody, slow):
    count = begun(somebody(Role.MARKETER), slow, Count.FULL)
    time_left = time.monotonic() + settings.TWAIN.sources["shop"].interactive_timeout_seconds + 1.5
    while time.monotonic() < time_left:
        count.refresh_from_db()
        assert count.state == Count.RUNNING, count.result
    signed_in(Role.MARKETER).post(f"/audiences/counts/{count.pk}/")
    assert ended(count).state == Count.SUPERSEDED


def test_a_count_whose_house_has_gone_is_lost(somebody):
    count = Count.objects.create(person=somebody(Role.MARKETER), kind=Count.EDITING, feed="customers", trees={})
    old = count.beat_at - counts._LOST_AFTER * 2
    Count.objects.filter(pk=count.pk).update(beat_at=old)
    count.refresh_from_db()
    assert counts.looked_at(count).state == Count.LOST


def test_the_overlap_is_that_of_the_rules(signed_in, somebody):
    client = signed_in(Role.MARKETER)
    client.post("/audiences/overlap/", {"audience": ["active-customers", "gold-in-berlin"]})
    count = ended(Count.objects.get(kind=Count.OVERLAP))
    instance = engine.instance("test")
    feed = instance.workspace.feed("customers")
    both = {"all": [{"audience": "active-customers"}, {"audience": "gold-in-berlin"}]}
    expected = counting.count(instance, counting.Rule("x", both, feed)).audience
    page = client.get(f"/audiences/counts/{count.pk}/").content.decode()
    assert count.state == Count.DONE
    assert count.result["found"]['["active-customers", "gold-in-berlin"]']["audience"] == expected
    assert "Active customers + Gold customers in Berlin" in page


def test_the_sample_shows_only_what_may_be_previewed(signed_in, somebody):
    client = signed_in(Role.DATA_OWNER)
    page = client.post("/audiences/gold-in-berlin/sample/").content.decode()
    assert "City" in page
    for hidden in ("E-mail address", "Date of birth", "Telephone", "@"):
        assert hidden not in page
