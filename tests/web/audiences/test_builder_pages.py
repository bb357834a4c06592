"""The builder by its endpoints: every edit of the four-condition task, kept, undone, saved."""

from __future__ import annotations

import pytest

from twain_web.roles import Role
from twain_web.rooms.audiences.models import Audience, AudienceDraft

pytestmark = pytest.mark.usefixtures("company")


@pytest.fixture
def builder(signed_in):
    """``post(do=…, path=…)`` to one new audience's draft, with the right revision."""
    client = signed_in(Role.MARKETER)
    client.post("/audiences/new/", {"name": "Gold in Berlin, loyal", "feed": "customers"})
    audience = Audience.objects.get(name="Gold in Berlin, loyal")

    def post(**asked):
        draft = AudienceDraft.objects.filter(audience=audience).first()
        revision = draft.revision if draft else 0
        return client.post(f"/audiences/{audience.slug}/edit/change/", {"revision": revision, **asked})

    post.client, post.audience = client, audience
    post.tree = lambda: AudienceDraft.objects.get(audience=audience).tree
    return post


def build_the_task(builder):
    builder(do="add", path="", kind="field", name="tier")
    builder(do="change", path="0", op="in", value="gold")
    builder(do="add", path="", kind="field", name="city")
    builder(do="change", path="1", op="eq", value="Berlin")
    builder(do="add", path="", kind="related", name="orders")
    builder(do="change", path="2", amount="at_least", least="2", span="year")
    builder(do="add", path="", kind="history", name="mailed")


def test_the_task_is_built_step_by_step(builder):
    build_the_task(builder)
    year = builder.tree()["all"][2]["within"]["from"]
    assert builder.tree() == {
        "all": [
            {"field": "tier", "op": "in", "value": ["gold"]},
            {"field": "city", "op": "eq", "value": "Berlin"},
            {"related": "orders", "at_least": 2, "within": {"field": "ordered_at", "from": year}},
            {"not": {"history": "mailed", "within_days": 14}},
        ]
    }
    assert year.endswith("-01-01")


def test_the_page_says_it_in_plain_words(builder):
    build_the_task(builder)
    page = builder.client.get(f"/audiences/{builder.audience.slug}/edit/").content.decode()
    assert "City is “Berlin”" in page
    assert "there are at least 2 Orders" in page


def test_a_saved_draft_is_a_version_and_everybody_sees_it(builder, signed_in):
    build_the_task(builder)
    revision = AudienceDraft.objects.get(audience=builder.audience).revision
    answer = builder.client.post(
        f"/audiences/{builder.audience.slug}/edit/save/", {"revision": revision, "note": "first"}
    )
    assert answer.status_code == 302
    builder.audience.refresh_from_db()
    assert builder.audience.current.number == 1
    assert not AudienceDraft.objects.filter(audience=builder.audience).exists()
    page = signed_in(Role.AUDITOR).get(f"/audiences/{builder.audience.slug}/")
    assert page.status_code == 200
    assert "City is “Berlin”" in page.content.decode()
