"""Holdout and arms by a stable hash of the address: the same person gets the same answer, today, tomorrow and anywhere.

One draw decides about the holdout; it does not depend on the arms, and a larger holdout only adds people. Between arms
each name draws for itself (weighted rendezvous hashing: smallest ``-ln(u) / share`` wins), so the arms' order does not
matter, an added arm takes people from all others in proportion, and nobody moves between those that were there before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

from twain.records import Arm

HOLDOUT = -1
_FULL = 2.0**64


def assign(address_hash: bytes, salt: str, holdout: float, arms: Sequence[Arm]) -> int:
    """The index of the arm this address gets, or -1 (holdout: nothing is sent).

    *salt* is the experiment's own (the campaign's name, or one that several sends share); *holdout* is a share,
    0 ≤ holdout < 1, of everybody; the arms divide the rest in proportion to their shares.
    """
    return splitter(salt, holdout, arms)(address_hash)


def assign_batch(address_hashes: Iterable[bytes], salt: str, holdout: float, arms: Sequence[Arm]) -> list[int]:
    """``assign`` for many addresses, in their order."""
    return list(map(splitter(salt, holdout, arms), address_hashes))


def splitter(salt: str, holdout: float, arms: Sequence[Arm]) -> Callable[[bytes], int]:
    """``assign`` with everything but the address worked out beforehand: several times faster, for streams."""
    choose = _chooser(salt, arms)
    if holdout <= 0:
        return choose
    held = _draw(salt, "holdout")
    return lambda address_hash: HOLDOUT if held(address_hash) < holdout else choose(address_hash)


def _chooser(salt: str, arms: Sequence[Arm]) -> Callable[[bytes], int]:
    if len(arms) == 1:
        return lambda address_hash: 0  # noqa: ARG005 — everybody gets the only arm
    draws = [(_draw(salt, f"arm:{arm.name}"), arm.share) for arm in arms]

    def choose(address_hash: bytes) -> int:
        races = [-math.log(draw(address_hash)) / share for draw, share in draws]
        return races.index(min(races))

    return choose


def _draw(salt: str, purpose: str) -> Callable[[bytes], float]:
    """A number in (0, 1) for each address, independent between purposes: keyed BLAKE2b, 64 bits."""
    key = blake2b(f"{salt}\0{purpose}".encode(), digest_size=32).digest()
    keyed = blake2b(key=key, digest_size=8)

    def draw(address_hash: bytes) -> float:
        state = keyed.copy()
        state.update(address_hash)
        return (int.from_bytes(state.digest(), "big") + 0.5) / _FULL

    return draw
