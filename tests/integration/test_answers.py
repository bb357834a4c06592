"""What came back of a send: counted once, people and machines apart, the parts adding up."""

from dataclasses import replace

import pytest

from tests.returned_company import PEOPLE, RUN, SENT, company, happened, order, shop
from twain.flows.answers import files_of, rates_of, responses_of
from twain.flows.conversions import count_conversions
from twain.insight.responses import Responses, from_json
from twain.insight.rollup import roll_up
from twain.records import CameBack

RULE = {"feed": "orders", "time": "ordered_at", "within": 86_400.0, "of": "clicked", "value": "total"}
HOUR = 3600.0


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    with shop("sqlite", folder) as (where, write), company(folder, "sqlite", where, RULE) as made:
        happened(made, (0, "click", SENT + 60, False), (0, "click", SENT + HOUR + 60, False), (1, "click", SENT + 90, False),
                 (2, "click", SENT + 70, True), (3, "canary", SENT + 1, True))  # fmt: skip
        happened(made, (0, "click", SENT + 80, False), (4, "click", SENT + 2 * HOUR, False), link=3)
        happened(
            made, (5, "open", SENT + 60, True), (6, "open", SENT + 60, False), (7, "unsubscribe", SENT + 99, False)
        )
        bounce = CameBack(
            bytes(32), SENT + 500, "imap", "bounce", cause="hard", believed=True, run_id=RUN, shard=0, row=8
        )
        mails = [
            bounce,
            replace(bounce, mail=bytes([1]) * 32, cause="soft"),  # of the same message
            replace(bounce, mail=bytes([2]) * 32, kind="complaint", cause="", row=9),
            replace(bounce, mail=bytes([3]) * 32, believed=False, row=10),
            replace(bounce, mail=bytes([4]) * 32, run_id="r0another", row=11),
        ]
        made.history.write_bounces(1, mails)
        write(order(1, 1, SENT + 100, 30.0))
        write(order(2, 1, SENT + 200, 12.5))
        write(order(3, 2, SENT + 200, 7.5))
        count_conversions(made, made.ledger.run(RUN))
        yield made


@pytest.fixture(scope="module")
def known(here):
    return responses_of(here, here.ledger.run(RUN))


def test_each_message_counts_once(known):
    assert [known.people(kind) for kind in ("click", "open", "unsubscribe", "conversion")] == [3, 1, 1, 2]
    assert [known.machines(kind) for kind in ("click", "open", "canary")] == [1, 1, 0]
    assert known.value("conversion") == 50.0


def test_what_came_back_counts_when_it_is_proved_and_ours(known):
    assert [known.people(k) for k in ("bounce", "bounce:hard", "bounce:soft", "complaint")] == [1, 1, 1, 1]


@pytest.mark.parametrize("by", ["arm", "hour", "lane"])
def test_the_parts_add_up(known, by):
    for kind in ("click", "conversion"):
        assert sum(known.people(kind, by, name) for name in known.names(by)) == known.people(kind)
    assert sum(known.value("conversion", by, name) for name in known.names(by)) == 50.0


def test_by_variant_and_link(known):
    assert (known.people("click", "arm", "A"), known.people("click", "arm", "B")) == (2, 1)
    assert known.names("link") == ["0", "3"]
    assert (known.people("click", "link", "0"), known.people("click", "link", "3")) == (2, 2)
    assert known.machines("click", "link", "0") == 1
    assert known.names("lane") == ["gmail.com"]


def test_rates_are_of_what_arrived(known):
    rates = rates_of(known, PEOPLE)
    assert (rates.sent, rates.delivered) == (PEOPLE, PEOPLE - 1)
    assert (rates.rates["click"].part, rates.rates["click"].whole) == (3, PEOPLE - 1)
    assert (rates.rates["bounce"].part, rates.rates["bounce"].whole) == (1, PEOPLE)
    assert rates.machines == {"open": 1, "click": 1}
    assert rates_of(known, 20, by="arm", name="B").rates["conversion"].part == 1


def test_it_survives_json_and_agrees_with_the_rollup(here, known):
    assert from_json(known.as_json()) == known
    rolled = roll_up(RUN, here.history.files("deliveries", RUN))
    assert sum(people["sent"] for people in rolled.by_arm().values()) == PEOPLE


def test_nothing_came_back(here):
    run = replace(here.ledger.run(RUN), id="r0nothing")
    assert responses_of(here, run) == Responses("r0nothing", responses_of(here, run).stamp)
    assert not any(files_of(here, "r0nothing").values())
