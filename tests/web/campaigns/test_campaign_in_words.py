"""What people get is shown to those who decide about it in people's words, not in the template's."""

from __future__ import annotations

import pytest

from tests.web.campaigns.conftest import Way
from twain_web.rooms.campaigns.plans import PlannedArm
from twain_web.rooms.campaigns.reads.review import review
from twain_web.rooms.content.documents import in_words


def test_the_launch_review_names_fields_by_their_business_names(way: Way, written):
    made = written("{{ first_name | default: 'friend' }}, your {{last_name|default: 'own'}} days")
    way.edit(arms=(PlannedArm(content=made.slug),))
    assert [arm["subject"] for arm in review(way.subject, way.owner).arms] == ["‹First name›, your ‹Family name› days"]


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("Spring is here", "Spring is here"),
        ("{{- first_name -}}!", "‹First name›!"),
        ("{{ unknown }}", "‹unknown›"),
        ("{% if gold %}Gold{% endif %} {{ first_name }}", "{% if gold %}Gold{% endif %} ‹First name›"),
        ("{{ orders.first.total }}", "{{ orders.first.total }}"),
        ("", ""),
    ],
)
def test_a_line_in_words(source, read):
    assert in_words(source, {"first_name": "First name"}) == read
