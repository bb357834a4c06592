"""Names in a contract: what may be one, which known one is nearest, and how a column's name reads in business words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
#: Characters that make a line read otherwise than it is written (Unicode UAX #9).
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ASCII = str.maketrans(
    {"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "æ": "ae", "ø": "o"}
)


def is_identifier(name: str) -> bool:
    """Whether *name* may name a feed or a field: a letter or ``_``, then letters, digits, ``_``; at most 63 in all.

    The same in templates, rules, file names and ODCS references, hence so narrow.
    """
    return _IDENTIFIER.fullmatch(name) is not None


def is_printable(name: str) -> bool:
    """Whether a table's or column's own name is free of control characters (CR, LF, NUL …), and not empty."""
    return bool(name) and not any(unicodedata.category(c) in _CONTROL or c in _REORDERING for c in name)


def identifier(text: str, taken: Collection[str] = ()) -> str:
    """The identifier nearest to *text*, differing from all *taken* by more than case: ``Straße`` → ``Strasse``."""
    plain = unicodedata.normalize("NFKD", text.translate(_ASCII)).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_") if not is_identifier(text) else text
    stem = (stem if re.match(r"[A-Za-z_]", stem) else f"field_{stem}".rstrip("_"))[:56]
    used = {name.casefold() for name in taken}
    return next(n for n in _numbered(stem) if n.casefold() not in used)


def _numbered(stem: str) -> Iterable[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}_{number}"
        number += 1


def words(name: str) -> list[str]:
    """The words of a column's name: ``BillingPostalCode`` → ``[Billing, Postal, Code]``, ``first_name`` → ``[first, name]``."""
    text = unicodedata.normalize("NFC", name)
    spaced = [
        (" " if now.isupper() and (before.islower() or (before.isupper() and after.islower())) else "")
        + (now if now.isalnum() else " ")
        for before, now, after in zip(f" {text}", text, f"{text[1:]} ", strict=False)
    ]
    return "".join(spaced).split()


def business_name(name: str) -> str:
    """A first guess at how people call it: ``FirstName`` → ``First name``, ``customer_ID`` → ``Customer ID``."""
    parts = [w if w.isupper() and 1 < len(w) <= 4 else w.lower() for w in words(name)]
    text = " ".join(parts)
    return text[:1].upper() + text[1:] if text else name


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The *known* word most like *word*, case aside; empty when none is near."""
    by_fold = {k.casefold(): k for k in known}
    found = get_close_matches(word.casefold(), list(by_fold), n=1, cutoff=cutoff)
    return by_fold[found[0]] if found else ""


def did_you_mean(word: str, known: Collection[str], otherwise: str = "") -> str:
    """What to tell somebody who wrote *word*: the nearest, or all that is known when that is short."""
    near = nearest(word, known)
    if near:
        return f'Did you mean "{near}"?'
    return otherwise or (f"Known here: {', '.join(sorted(known)[:20])}." if known else "Remove it.")
