import os
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.returns.tokens import TokenMint, TokenRef, message_id, parse_message_id
from twain.vault import KeyRing

RING = KeyRing(2, {1: os.urandom(32), 2: os.urandom(32)})
MINT = TokenMint(RING)
RUN_IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=16)
NUMBERS = st.integers(0, 2**24 - 1)


@given(RUN_IDS, NUMBERS, st.lists(NUMBERS, max_size=5))
def test_what_is_stamped_is_known_again(run_id, shard, rows):
    stamps = MINT.stamps(run_id, shard, rows)
    assert len(stamps) == len(rows)
    for row, (mac, token) in zip(rows, stamps, strict=True):
        ref = TokenRef(run_id, shard, row)
        assert MINT.verify(token) == ref == MINT.verify(token.decode())
        written = message_id(run_id, shard, row, mac, "mail.example.org")
        assert written == f"<{run_id}.{shard}.{row}.{mac.decode()}@mail.example.org>".encode()
        said = parse_message_id(written.decode())
        assert (said.run_id, said.shard, said.row, said.mac, said.domain) == (
            run_id, shard, row, mac.decode(), "mail.example.org",
        )  # fmt: skip
        assert MINT.verify_message_id(written.decode()) == ref == MINT.verify_message_id(written.decode().strip("<>"))


@given(RUN_IDS, NUMBERS, NUMBERS)
def test_stamps_are_short_ascii_and_always_the_same(run_id, shard, row):
    ((mac, token),) = MINT.stamps(run_id, shard, [row])
    assert MINT.stamps(run_id, shard, [row]) == [(mac, token)]
    assert MINT.stamps(run_id, shard, [row, row]) == [(mac, token)] * 2
    assert len(token) <= 44
    assert set(token.decode()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert len(mac) == 20


@given(st.data())
def test_no_changed_token_is_known(data):
    ((_, token),) = MINT.stamps("r8k2mabc", 17, [4711])
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\0é"))
    changed = token.decode()[:place] + other + token.decode()[place + 1 :]
    if changed != token.decode():
        assert MINT.verify(changed) is None


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_anything_else_is_unknown(text):
    assert MINT.verify(text) is None
    assert MINT.verify(text.encode("latin-1", "replace")) is None
    assert MINT.verify_link(text) is None
    assert MINT.verify_message_id(text) is None


def test_tokens_of_different_messages_differ():
    tokens = {
        token for run in ("r1", "r2", "1r") for shard in range(5) for _, token in MINT.stamps(run, shard, range(100))
    }
    assert len(tokens) == 3 * 5 * 100


def test_a_hundred_thousand_guesses_find_nothing():
    """Near misses: the right length and prefix of a real token, everything else guessed."""
    ((_, token),) = MINT.stamps("r8k2mabc", 17, [4711])
    guess = random.Random(5)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    start = token.decode()[:-20]
    assert all(MINT.verify(start + "".join(guess.choices(alphabet, k=20))) is None for _ in range(100_000))


def test_old_keys_verify_and_foreign_ones_do_not():
    old = TokenMint(KeyRing(1, {1: RING.keys[1]}))
    ((mac, token),) = old.stamps("r1", 1, [1])
    assert MINT.verify(token) == TokenRef("r1", 1, 1)
    assert MINT.verify_message_id(message_id("r1", 1, 1, mac, "x.de").decode()) == TokenRef("r1", 1, 1)
    assert MINT.stamps("r1", 1, [1])[0][1] != token
    ((_, new),) = MINT.stamps("r1", 1, [1])
    assert old.verify(new) is None
    assert TokenMint(KeyRing(1, {1: os.urandom(32)})).verify(token) is None


def test_a_zero_key_that_stands_for_no_key_opens_nothing():
    forger = TokenMint(KeyRing(9, {9: bytes(32)}))
    ((_, token),) = forger.stamps("r1", 1, [1])
    assert forger.verify(token) is not None
    assert MINT.verify(token) is None


def test_a_message_id_does_not_give_the_token_away():
    ((mac, token),) = MINT.stamps("r1", 1, [1])
    padded = (bytes.fromhex(mac.decode()) + bytes(2)).hex()
    assert mac.decode() not in token.decode()
    assert MINT.verify(token[:-16] + padded[:16].encode()) is None


def test_a_link_is_a_token_with_a_number_beside_it():
    ((_, token),) = MINT.stamps("r1", 1, [7])
    assert MINT.verify_link(f"{token.decode()}.12") == (TokenRef("r1", 1, 7), 12, "")
    for wrong in ("", ".", f"{token.decode()}", f"{token.decode()}.", f"{token.decode()}.-1", f"{token.decode()}.1x",
                  f"{token.decode()[:-1]}A.1" if token[-1:] != b"A" else f"{token.decode()[:-1]}B.1"):  # fmt: skip
        assert MINT.verify_link(wrong) is None


@pytest.mark.parametrize(
    "text",
    ["", "<>", "r1.1.1.abc@x.de", "R1.1.1.0123456789abcdef0123@x.de", "r1.1.1.0123456789abcdef0123@", "a.b@c", "r1..1.0@x",
     "r1.1.1.0123456789abcdef0123@x.de\r\nBcc: y@z.de", "r1.1.999999999.0123456789abcdef0123@x.de"],
)  # fmt: skip
def test_other_message_ids_are_not_ours(text):
    assert parse_message_id(text) is None
    assert MINT.verify_message_id(text) is None


def test_a_forged_message_id_parses_but_is_not_believed():
    assert parse_message_id("r1.1.1.0123456789abcdef0123@x.de") is not None
    assert MINT.verify_message_id("r1.1.1.0123456789abcdef0123@x.de") is None
    assert MINT.verify_message_id("r1.99999999.1.0123456789abcdef0123@x.de") is None


@pytest.mark.parametrize("run_id", ["", "R1", "r-1", "r" * 17, "r1\n", "ü"])
def test_a_wrong_run_id_is_a_mistake_of_the_caller(run_id):
    with pytest.raises(ValueError, match="not a run's id"):
        MINT.stamps(run_id, 1, [1])


@pytest.mark.parametrize(("shard", "row"), [(2**24, 0), (0, 2**24), (-1, 0), (0, -1)])
def test_numbers_beyond_the_token_are_a_mistake_of_the_caller(shard, row):
    with pytest.raises(OverflowError):
        MINT.stamps("r1", shard, [row])


TARGETS = [
    "https://shop.example/p/17?name=J%C3%BCrgen&x=1",
    "https://müller.example/größe",
    "http://x.example/" + "a" * 900,
]


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_made_from_data_goes_along_signed(target):
    token = MINT.stamps("r1", 1, [7])[0][1].decode()
    link = token + MINT.link_signer()(token, 12, target)
    assert MINT.verify_link(link) == (TokenRef("r1", 1, 7), 12, target)
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", link)


def test_no_character_of_a_signed_link_can_be_changed():
    """X5: whoever has one message, its token and its links, can make no other address of them."""
    token, other = (stamp[1].decode() for stamp in MINT.stamps("r1", 1, [7, 8]))
    sign = MINT.link_signer()
    link = token + sign(token, 12, "https://shop.example/p/17")
    for place, character in enumerate(link):
        changed = link[:place] + ("A" if character != "A" else "B") + link[place + 1 :]
        assert MINT.verify_link(changed) in (None, (TokenRef("r1", 1, 7), 12, ""))
        assert MINT.verify_link(link[:place] + link[place + 1 :]) is None
    tail = link.removeprefix(token)
    assert MINT.verify_link(other + tail) is None
    assert MINT.verify_link(token + tail.replace(".12.", ".13.", 1)) is None
    evil = sign(other, 12, "https://evil.example/").split(".")[2]
    assert MINT.verify_link(".".join([token, "12", evil, link.rsplit(".", 1)[1]])) is None
    assert MINT.verify_link(link) is not None


def test_links_of_an_older_key_of_the_ring_still_lead_on():
    old = KeyRing(1, {1: b"a" * 32})
    token = TokenMint(old).stamps("r1", 1, [7])[0][1].decode()
    link = token + TokenMint(old).link_signer()(token, 3, "https://shop.example/")
    assert TokenMint(KeyRing(2, {1: b"a" * 32, 2: b"b" * 32})).verify_link(link) is not None
    assert TokenMint(KeyRing(2, {2: b"b" * 32})).verify_link(link) is None
