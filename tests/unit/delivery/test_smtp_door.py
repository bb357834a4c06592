"""The door of a relay: what a message is announced as, and that it remembers no sender."""

from __future__ import annotations

import tracemalloc

from twain.delivery.channels.smtp_door import Door
from twain.delivery.channels.smtp_greeting import Extensions
from twain.records import Envelope, Outcome

_PLAIN = b"Subject: x\r\n\r\nGood day\r\n"
_EIGHT = b"Subject: x\r\n\r\nSch\xc3\xb6n\r\n"


def _from(sender: bytes, data: bytes = _PLAIN) -> Envelope:
    return Envelope(1, sender, b"a@example.org", data)


def test_each_message_is_announced_with_its_own_sender() -> None:
    door = Door(Extensions())
    asked = [b"b+1@example.com", b"b+2@example.com", b"b+2@example.com", b"b+1@example.com", b""]
    assert [door.mail(_from(one)) for one in asked] == [b"MAIL FROM:<%b>\r\n" % one for one in asked]


def test_once_a_body_was_not_ascii_each_is_announced_as_what_it_is() -> None:
    door = Door(Extensions(eight_bit=True))
    said = [door.mail(_from(b"b@example.com", data)) for data in (_EIGHT, _PLAIN, _EIGHT)]
    plain, eight = b"MAIL FROM:<b@example.com>\r\n", b"MAIL FROM:<b@example.com> BODY=8BITMIME\r\n"
    assert said == [eight, plain, eight]


def test_a_body_that_a_relay_cannot_take_is_refused_each_time() -> None:
    door = Door(Extensions())
    for _ in range(3):
        refused = door.mail(_from(b"b@example.com", _EIGHT))
        assert isinstance(refused, Outcome)
        assert refused.reason == "needs_8bitmime"
    assert door.mail(_from(b"b@example.com")) == b"MAIL FROM:<b@example.com>\r\n"


def test_a_bad_sender_is_refused_and_does_not_stand_in_for_the_next() -> None:
    door = Door(Extensions())
    assert door.mail(_from(b"b@example.com")) == b"MAIL FROM:<b@example.com>\r\n"
    refused = door.mail(_from(b"b@example.com>\r\nRSET"))
    assert isinstance(refused, Outcome)
    assert refused.reason == "bad_sender"
    assert door.mail(_from(b"c@example.com")) == b"MAIL FROM:<c@example.com>\r\n"


def test_a_bounce_address_of_each_message_is_not_kept() -> None:
    door = Door(Extensions())
    tracemalloc.start()
    try:
        for number in range(5_000):
            door.mail(_from(b"bounce+%d@example.com" % number))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 20_000
