"""How long ago something was, as pages tell it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(0), "less than a minute"),
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(seconds=-5), "less than a minute"),  # another process's clock
        (timedelta(seconds=90), "1\xa0minute"),
        (timedelta(hours=2, minutes=5), "2\xa0hours, 5\xa0minutes"),
        (timedelta(days=3), "3\xa0days"),
    ],
)
def test_how_long_ago_is_never_zero(ago, told):
    when = timezone.now() - ago
    shown = Template("{{ when|since }}/{{ seconds|since }}/{{ nothing|since }}")
    assert shown.render(Context({"when": when, "seconds": when.timestamp(), "nothing": None})) == f"{told}/{told}/"
