"""Whose yes is worth nothing: everybody who wrote anything of what would go out, in any of its variants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.web.campaigns.conftest import Way, document
from twain.errors import Held
from twain_web.rooms.audiences.models import Audience, AudienceVersion
from twain_web.rooms.campaigns.plans import PlannedArm
from twain_web.rooms.campaigns.reads.review import review
from twain_web.rooms.content.actions import begin_draft, save_draft, save_version
from twain_web.rooms.content.models import Content
from twain_web.rooms.people.models import Person


@pytest.fixture
def writes() -> Callable[..., None]:
    """Somebody saves a new version of a content."""

    def write(by: Person, content: Content, subject: str = "Mine") -> None:
        draft = begin_draft(by=by, content=content)
        save_draft(by=by, content=content, document=document(subject), revision=draft.revision)
        save_version(by=by, content=content, over=content.versions.count())

    return write


def _content(way: Way) -> Content:
    return Content.objects.get(slug=way.campaign.plan.arms[0].content)


def _refused(way: Way, who: Person) -> None:
    with pytest.raises(Held, match="one of its authors"):
        way.approve(by=who)


def test_whoever_wrote_its_words_may_not_approve_them(way: Way, writes):
    writes(way.owner, _content(way))
    _refused(way, way.owner)


def test_whoever_wrote_the_version_before_may_not_either(way: Way, writes):
    writes(way.owner, _content(way))
    writes(way.marketer, _content(way), "Hers, on top of it")
    _refused(way, way.owner)


def test_a_variant_of_a_test_has_authors_too(way: Way, written, writes):
    other = written("The other subject")
    arms = (replace(way.campaign.plan.arms[0], share=0.5), PlannedArm("b", other.slug, share=0.5))
    way.edit(arms=arms)
    assert way.approve()
    writes(way.owner, other)
    _refused(way, way.owner)


def test_what_somebody_wrote_after_the_pinned_version_is_not_sent(way: Way, writes):
    way.edit(arms=(replace(way.campaign.plan.arms[0], version=1),))
    writes(way.owner, _content(way))
    assert way.approve()


def test_what_was_approved_long_ago_bars_nobody_but_who_wrote_what_is_sent(way: Way, somebody, writes):
    second = somebody("data_owner", username="second")
    writes(way.owner, _content(way), "Priya's")
    assert way.approve(by=second)
    _refused(way, way.owner)
    writes(way.marketer, _content(way), "Lena's")
    assert way.approve(by=way.owner)


def test_whoever_wrote_its_audience_is_an_author(way: Way):
    mine = Audience.objects.create(slug="priyas", name="Priya's", feed="customers", owner=way.owner)
    rule = {"audience": "gold-in-berlin"}
    mine.current = AudienceVersion.objects.create(audience=mine, number=1, rule=rule, author=way.owner)
    mine.save()
    way.edit(audience="priyas")
    _refused(way, way.owner)


def test_the_review_names_only_those_whose_yes_would_count(way: Way, writes):
    assert any(
        way.owner.full_name in voice.shown for rule in review(way.subject, way.marketer).rules for voice in rule.people
    )
    writes(way.owner, _content(way))
    shown = [voice.shown for rule in review(way.subject, way.marketer).rules for voice in rule.people]
    assert not any(way.owner.full_name in one for one in shown)
    assert "one of its authors" in review(way.subject, way.owner).refusal
