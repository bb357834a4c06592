"""Working hours as people write them."""

import pytest

from twain_web.rooms.people.hours import parse


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Mon-Fri 09:00-17:00", "Mon-Fri 09:00-17:00"),
        (" Tue – Thu 8:30–12:00 ", "Tue-Thu 08:30-12:00"),
        ("Sat 10:00-14:00", "Sat 10:00-14:00"),
        ("Sun-Thu 00:00-24:00", "Sun-Thu 00:00-24:00"),
    ],
)
def test_they_are_kept_in_one_form(written, kept):
    assert str(parse(written)) == kept
    assert str(parse(kept)) == kept


@pytest.mark.parametrize(
    "written",
    ["", "always", "Mon-Fri", "Mon-Fry 09:00-17:00", "Mon-Fri 17:00-09:00", "Mon 09:00-25:00", "Mon 9:61-10:00"],
)
def test_what_they_are_not_is_said(written):
    with pytest.raises(ValueError, match=r"Write working hours like|end after they begin|not a time of day"):
        parse(written)
