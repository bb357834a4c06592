"""E-mail addresses: one canonical form for the wire, one for comparing.

The wire form keeps the local part as it is written (RFC 5321 §2.4: it may be case-sensitive) and has the domain in lower
case as A-labels (IDNA 2008 with the UTS #46 mapping). For *comparing* — duplicates, suppression, arms — the local part is
taken in lower case too: no provider of weight tells ``Anna@`` from ``anna@``, and whoever unsubscribes as one means both.

Local parts are dot-atoms (RFC 5322 §3.2.3), with UTF-8 allowed (RFC 6531 §3.3). Quoted local parts, domain literals and
comments are refused: practically nobody has them, and they are how addresses smuggle commands.

Every pattern here is linear: one character class per step, no nested repetition.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple

import idna
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Reason = Literal["no_address", "invalid"]

#: Codes of :func:`canonical_batch`'s second answer.
VALID, NO_ADDRESS, INVALID = 0, 1, 2

#: In octets: RFC 5321 §4.5.3.1, RFC 1035 §2.3.4, erratum 1690 to RFC 3696.
MAX_LOCAL, MAX_DOMAIN, MAX_ADDRESS = 64, 253, 254

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_LOCAL = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*")
_LOCAL_UTF8 = re.compile(rf"[{_ATEXT}\u0080-\U0010ffff]+(?:\.[{_ATEXT}\u0080-\U0010ffff]+)*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9\-]{1,59})")
#: What RE2 can approve at once in a whole column: short, lower-case domain, nothing that needs IDNA (no ``--``).
_PLAIN = rf"^[{_ATEXT}]+(?:\.[{_ATEXT}]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z][a-z]+$"
# No possessive quantifiers: before Python 3.11.5 they let things through that they should not (python/cpython#106052).
_PLAIN_ONE = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*@(?:[a-z0-9]+[\-.])+(?<=\.)[a-z]{{2,}}")
_PLAIN_LENGTH = 63  # so short that no part of it can be too long
#: Unicode categories nobody's mailbox is made of: controls, formats (zero width, bidi), surrogates, private, separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})


class Canonical(NamedTuple):
    """An address: *address* for RCPT TO, *compared* for telling whether two are the same mailbox."""

    address: str
    compared: str

    @property
    def domain(self) -> str:
        """The domain in A-labels."""
        return self.address.rpartition("@")[2]


def canonical(raw: str | None) -> Canonical | Reason:
    """The canonical address, or why there is none: ``no_address`` (null or blank) or ``invalid``.

    White space around the address is dropped; CR, LF, NUL and any other control inside it make it invalid.
    """
    if raw is None:
        return "no_address"
    if len(raw) <= _PLAIN_LENGTH and _PLAIN_ONE.fullmatch(raw) is not None:
        return Canonical(raw, raw.lower())
    text = raw.strip()
    if not text:
        return "no_address"
    return _unusual(text) if len(text) <= MAX_ADDRESS else "invalid"


def _unusual(text: str) -> Canonical | Reason:
    local, _, domain = text.rpartition("@")
    known = _domain(domain)
    if known is None:
        return "invalid"
    return _ascii(local, known) if local.isascii() else _internationalised(local, known)


def _ascii(local: str, domain: str) -> Canonical | Reason:
    if len(local) > MAX_LOCAL or _LOCAL.fullmatch(local) is None:
        return "invalid"
    address = f"{local}@{domain}"
    return Canonical(address, address.lower()) if len(address) <= MAX_ADDRESS else "invalid"


def _internationalised(local: str, domain: str) -> Canonical | Reason:
    local = unicodedata.normalize("NFC", local)
    if len(local.encode("utf-8", "surrogatepass")) > MAX_LOCAL or _LOCAL_UTF8.fullmatch(local) is None:
        return "invalid"
    if any(unicodedata.category(c) in _UNSEEN for c in local):
        return "invalid"
    address = f"{local}@{domain}"
    return Canonical(address, comparison(address)) if len(address.encode()) <= MAX_ADDRESS else "invalid"


@lru_cache(maxsize=4096)  # pure, and people share domains: IDNA costs 100 µs
def _domain(domain: str) -> str | None:
    """The domain in lower-case A-labels, or None when there can't be such a one."""
    plain = domain.lower()
    if not plain.isascii() or "--" in plain:
        plain = _a_labels(domain) or ""
    if len(plain) > MAX_DOMAIN or _DOMAIN.fullmatch(plain) is None:
        return None
    return plain


def _a_labels(domain: str) -> str | None:
    """IDNA 2008 after the UTS #46 mapping. A ``--`` outside ``xn--`` is left alone where DNS would carry it."""
    if len(domain) > MAX_DOMAIN:
        return None
    if domain.isascii() and "xn--" not in domain.lower():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None


def comparison(address: str) -> str:
    """The form of a canonical address in which two spellings of one mailbox are equal: lower case, NFC."""
    lowered = address.lower()
    return lowered if lowered.isascii() else unicodedata.normalize("NFC", lowered)


def comparisons(addresses: pa.StringArray) -> pa.StringArray:
    """:func:`comparison` of a whole column."""
    lowered = pc.ascii_lower(addresses)
    other = pc.invert(pc.string_is_ascii(addresses))
    if not pc.any(other).as_py():
        return lowered
    spelled = pa.array([comparison(a) for a in addresses.filter(other).to_pylist()], pa.string())
    return pc.replace_with_mask(lowered, other, spelled)


def canonical_batch(raw: pa.Array) -> tuple[pa.StringArray, npt.NDArray[np.uint8]]:
    """:func:`canonical` of a whole column: the wire forms (null where there is none) and a code per row.

    Plain ASCII addresses are approved by RE2 in one go (linear time); the few others go through :func:`canonical` one by one.
    Codes: VALID, NO_ADDRESS, INVALID.
    """
    text = raw if raw.type == pa.string() else raw.cast(pa.string())
    plain = _plain(text)
    codes = np.zeros(len(text), np.uint8)
    others = np.flatnonzero(~plain)
    if len(others) == 0:
        return text, codes
    found, others_codes = _one_by_one(text.take(pa.array(others)).to_pylist())
    codes[others] = others_codes
    return pc.replace_with_mask(text, pa.array(~plain), pa.array(found, pa.string())), codes


def _plain(text: pa.StringArray) -> npt.NDArray[np.bool_]:
    short = pc.less_equal(pc.binary_length(text), _PLAIN_LENGTH)
    known = pc.and_(short, pc.match_substring_regex(text, _PLAIN))
    flags: npt.NDArray[np.bool_] = pc.fill_null(known, fill_value=False).to_numpy(zero_copy_only=False)
    return flags


def _one_by_one(values: list[str | None]) -> tuple[list[str | None], npt.NDArray[np.uint8]]:
    found: list[str | None] = []
    codes = np.zeros(len(values), np.uint8)
    for place, value in enumerate(values):
        answer = canonical(value)
        if isinstance(answer, Canonical):
            found.append(answer.address)
        else:
            found.append(None)
            codes[place] = NO_ADDRESS if answer == "no_address" else INVALID
    return found, codes
