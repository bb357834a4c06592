"""The first count in the builder pays no start: its process is loaded when the page opens, and no second one is started."""

from __future__ import annotations

import subprocess
import threading

import pytest

from tests.web.audiences.test_audience_counts import GOLD, begun, ended
from twain.feeds import spares
from twain_web.roles import Role
from twain_web.rooms.audiences.models import Audience, Count

pytestmark = [pytest.mark.usefixtures("company"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def builder(somebody) -> str:
    """The address of a builder's page."""
    Audience.objects.create(slug="mine", name="Mine", feed="customers", owner=somebody(Role.MARKETER))
    return "/audiences/mine/edit/"


def test_opening_the_builder_starts_the_process_that_the_first_count_reads_in(builder, signed_in, somebody, started):
    client = signed_in(Role.MARKETER)
    for _ in range(3):  # however often it is opened, by however many
        assert client.get(builder).status_code == 200
    assert len(started) == 1
    served: list[int] = []
    take = spares.take

    def taken(kind: str) -> subprocess.Popen[bytes]:
        process = take(kind)
        served.append(process.pid)
        return process

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spares, "take", taken)
        count = ended(begun(somebody(Role.MARKETER), GOLD))
    assert count.state == Count.DONE
    assert served == started[:1]


def test_after_a_count_the_next_one_is_ready(builder, signed_in, somebody, started):
    signed_in(Role.MARKETER).get(builder)
    ended(begun(somebody(Role.MARKETER), GOLD))
    _settled()
    assert len(started) == 2
    ended(begun(somebody(Role.MARKETER), GOLD))
    _settled()
    assert len(started) == 3


def test_a_feed_that_is_gone_is_no_error_of_this(builder, signed_in, started):
    Audience.objects.filter(slug="mine").update(feed="nothing")
    assert signed_in(Role.MARKETER).get(builder).status_code in (200, 422)
    assert started == []


def _settled() -> None:
    """Wait for the threads of counts: what they do last is to get the next one ready."""
    for thread in threading.enumerate():
        if thread.name.startswith("count-"):
            thread.join(30)
