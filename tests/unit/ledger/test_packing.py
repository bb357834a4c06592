"""What goes into a window's one row comes out of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twain.ledger.packing import pack_attempts, pack_detail, pack_rows, unpack_attempts, unpack_detail, unpack_rows
from twain.records import Fate, Outcome

words = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n\x00"), max_size=20)


@given(st.sets(st.integers(0, 2**31), min_size=1, max_size=500).map(sorted))
def test_rows(rows):
    packed = pack_rows(rows)
    assert unpack_rows(rows[0], len(rows), packed) == tuple(rows)
    assert (packed is None) == (rows == list(range(rows[0], rows[0] + len(rows))))


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=50))
def test_attempts(attempts):
    assert unpack_attempts(len(attempts), pack_attempts(attempts)) == tuple(attempts)


outcomes = st.builds(
    Outcome,
    row=st.integers(0, 9),
    fate=st.sampled_from(Fate),
    reason=words,
    reply=words,
    at=st.just(0.0) | st.floats(1.79e9, 1.79e9 + 3600.0),
)


@given(st.lists(st.none() | outcomes, min_size=1, max_size=60))
def test_details_to_the_millisecond(given_outcomes):
    times, reasons, replies = unpack_detail(len(given_outcomes), pack_detail(given_outcomes))
    for outcome, at, reason, reply in zip(given_outcomes, times, reasons, replies, strict=True):
        expected = outcome or Outcome(0, Fate.SENT)
        assert (reason, reply) == (expected.reason, expected.reply)
        assert abs(at - expected.at) < 0.001


def test_our_separators_cannot_be_smuggled_in():
    smuggled = [Outcome(0, Fate.FAILED, "a\nb", "c\x00d"), Outcome(1, Fate.SENT, "", "250 ok")]
    assert unpack_detail(2, pack_detail(smuggled))[1:] == (["a b", ""], ["c d", "250 ok"])
