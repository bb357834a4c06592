import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twain.snapshot.address import (
    INVALID,
    NO_ADDRESS,
    VALID,
    Canonical,
    canonical,
    canonical_batch,
    comparison,
    comparisons,
)

ACCEPTED = {
    "anna@example.org": ("anna@example.org", "anna@example.org"),
    "Anna.Maria@example.org": ("Anna.Maria@example.org", "anna.maria@example.org"),
    "anna@EXAMPLE.Org": ("anna@example.org", "anna@example.org"),
    "  anna@example.org\t\n": ("anna@example.org", "anna@example.org"),
    "a+b/c=d!x@sub.example.co.uk": ("a+b/c=d!x@sub.example.co.uk", "a+b/c=d!x@sub.example.co.uk"),
    "o'brien@example.ie": ("o'brien@example.ie", "o'brien@example.ie"),
    "anna@müller.de": ("anna@xn--mller-kva.de", "anna@xn--mller-kva.de"),
    "anna@MU\u0308LLER.de": ("anna@xn--mller-kva.de", "anna@xn--mller-kva.de"),
    "anna@xn--mller-kva.de": ("anna@xn--mller-kva.de", "anna@xn--mller-kva.de"),
    "anna@straße.de": ("anna@xn--strae-oqa.de", "anna@xn--strae-oqa.de"),
    "用户@例え.jp": ("用户@xn--r8jz45g.jp", "用户@xn--r8jz45g.jp"),
    "JU\u0308RGEN@example.de": ("JÜRGEN@example.de", "jürgen@example.de"),
    "anna@example。de": ("anna@example.de", "anna@example.de"),
    "a@3com.com": ("a@3com.com", "a@3com.com"),
    "a@r--e.example": ("a@r--e.example", "a@r--e.example"),
    "x" * 64 + "@example.org": ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
    "a@" + "b" * 63 + ".org": ("a@" + "b" * 63 + ".org",) * 2,
}

REFUSED = [
    "anna", "@", "anna@", "@example.org", "anna@example", "anna@@example.org", "anna@b@example.org",
    ".anna@example.org", "anna.@example.org", "an..na@example.org", "anna@example..org", "anna@.example.org",
    "anna@example.org.", "anna@-example.org", "anna@example-.org", "anna@exam_ple.org", "anna@example.o", "anna@example.123",
    "anna@127.0.0.1", "anna@[127.0.0.1]", "anna@[IPv6:::1]", '"anna"@example.org', '"b\r\nRSET"@example.org',
    '"a b"@example.org', "anna smith@example.org", "<anna@example.org>", "Anna <anna@example.org>", "anna@example.org>",
    "anna(comment)@example.org", "anna@example.org, berta@example.org", "anna;berta@example.org", "a\\b@example.org",
    "anna@exa mple.org", "anna\r\nRCPT TO:<x@y.zz>@example.org", "anna@example.org\r\nDATA", "anna\0@example.org",
    "anna@example.org\0.com", "an\tna@example.org", "anna\x7f@example.org", "anna\u200b@example.org", "an\u202ena@example.org",
    "anna\u00a0b@example.org", "anna\ue000@example.org", "anna@exam\u2028ple.org", "anna\ud800@example.org",
    "anna@xn--zzzzzzzz99999.de", "anna@xn--.de", "anna@ex\u0000ample.de",
    "x" * 65 + "@example.org", "ü" * 33 + "@example.org", "a@" + "b" * 64 + ".org", "a@" + ".".join(["b" * 60] * 5) + ".org",
]  # fmt: skip


@pytest.mark.parametrize("raw", ACCEPTED)
def test_is_canonical(raw):
    address, compared = ACCEPTED[raw]
    assert canonical(raw) == Canonical(address, compared)
    assert canonical(raw).domain == address.rpartition("@")[2]


@pytest.mark.parametrize("raw", REFUSED)
def test_is_invalid(raw):
    assert canonical(raw) == "invalid"


@pytest.mark.parametrize("raw", [None, "", "   ", "\r\n", "\u00a0"])
def test_is_no_address(raw):
    assert canonical(raw) == "no_address"


def test_a_column_gives_what_each_address_gives():
    raws = [None, "", *ACCEPTED, *(r for r in REFUSED if "\ud800" not in r)]
    wire, codes = canonical_batch(pa.array(raws, pa.string()))
    for raw, address, code in zip(raws, wire.to_pylist(), codes, strict=True):
        one = canonical(raw)
        assert (address, code) == (
            (one.address, VALID)
            if isinstance(one, Canonical)
            else (None, NO_ADDRESS if one == "no_address" else INVALID)
        )


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_a_column_of_any_kind_of_text_will_do(kind):
    wire, codes = canonical_batch(pa.array(["anna@example.org", None], pa.string()).cast(kind))
    assert wire.to_pylist() == ["anna@example.org", None]
    assert codes.tolist() == [VALID, NO_ADDRESS]


def test_an_empty_column_is_fine():
    wire, codes = canonical_batch(pa.array([], pa.string()))
    assert len(wire) == 0
    assert codes.dtype == np.uint8


_NEARLY = st.text(alphabet="aZ0.-_+@ü\u0308ß\r\n\0 <>\"'xn。", max_size=40)
_MADE = st.builds("{}@{}.{}".format, _NEARLY, _NEARLY, st.sampled_from(["org", "de", "jp", "c", "例え", ""]))


@given(st.lists(st.one_of(st.none(), _NEARLY, _MADE), max_size=20))
def test_columns_and_single_addresses_agree(raws):
    wire, codes = canonical_batch(pa.array(raws, pa.string()))
    singles = [canonical(raw) for raw in raws]
    assert wire.to_pylist() == [one.address if isinstance(one, Canonical) else None for one in singles]
    assert [int(c) == VALID for c in codes] == [isinstance(one, Canonical) for one in singles]
    good = pa.array([one.address for one in singles if isinstance(one, Canonical)], pa.string())
    assert comparisons(good).to_pylist() == [one.compared for one in singles if isinstance(one, Canonical)]


@given(st.one_of(_NEARLY, _MADE, st.text()))
def test_what_is_canonical_stays_as_it_is_and_is_safe_on_the_wire(raw):
    found = canonical(raw)
    if isinstance(found, Canonical):
        assert canonical(found.address) == found
        assert comparison(found.address) == found.compared
        assert not set(found.address) & set('\r\n\0\t <>()[]\\,;:"')
        assert found.address.count("@") == 1
        assert found.domain.isascii()


@pytest.mark.parametrize(
    "evil",
    [
        "a." * 126 + "@b.de", "a@" + "a-" * 125, "a@" + "a." * 126, "!" * 1_000_000, "@" * 254, "." * 254, "-" * 254,
        " " * 1_000_000, "a" + " " * 1_000_000 + "@b.de", "a@" + "xn--" * 62, "a@" + "\u0300" * 240 + ".de",
        "\u0300" * 64 + "@b.de", "a@" + "\ufdfa" * 240, "a@" + "ä." * 120 + "de", "a@" + "ä-" * 120 + ".de",
        "a@" + "אa" * 100 + ".de", "a@" + "1" * 250, "a@" + "a" * 61 + "-." * 90, "ä" * 254, "\ud800" * 254,
    ],
)  # fmt: skip
def test_no_address_takes_long(evil):
    canonical_batch(pa.array(["anna@example.org"]))  # patterns are compiled once, not for each address
    start = time.thread_time()
    canonical(evil)
    if "\ud800" not in evil:
        canonical_batch(pa.array([evil]))
    assert time.thread_time() - start < 0.1
