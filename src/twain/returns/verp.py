"""The bounce address of one message (VERP): ``bounces+<run.shard.row.MAC>@mail.example.com`` as its envelope sender.

What stands behind the plus is the local part of the message's own Message-ID, and under the same MAC: a bounce to that address
says whose message it was even where the relay returned nothing of it. Only lower-case letters, digits and dots: relays that
change case change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from twain.errors import ConfigError, Place
from twain.returns.tokens import TokenMint

#: In octets: RFC 5321 §4.5.3.1.1 allows 64, and what we put behind the plus takes up to 45.
MOST_LOCAL = 18
_ADDRESS = re.compile(rf"[A-Za-z0-9._-]{{1,{MOST_LOCAL}}}@(?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}\.)+[A-Za-z0-9-]{{2,63}}")


class BounceAddresses:
    """Makes the envelope senders of one run's messages."""

    def __init__(self, mint: TokenMint, run_id: str, address: str) -> None:
        local, _, domain = address.partition("@")
        self._mint, self._run_id = mint, run_id
        self._start, self._end = f"{local}+{run_id}.".encode("ascii"), f"@{domain}".encode("ascii")

    def __call__(self, shard: int, rows: Sequence[int]) -> Iterable[bytes]:
        """The addresses of these rows, in their order."""
        start = self._start + b"%d." % shard
        minted = self._mint.stamps(self._run_id, shard, rows)
        return [b"%b%d.%b%b" % (start, row, mac, self._end) for row, (mac, _) in zip(rows, minted, strict=True)]


def checked_address(address: str, where: str) -> str:
    """The address, when one can be made of it for every message. Raises ConfigError."""
    if _ADDRESS.fullmatch(address):
        return address
    raise ConfigError(
        f"{where}: {address!r} is no address that bounces can come back to.",
        place=Place("twain.toml"),
        todo=f"Write it like bounces@mail.example.com: at most {MOST_LOCAL} letters and digits before the @, no plus.",
    )
