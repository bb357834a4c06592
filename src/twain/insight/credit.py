"""What a mail really read, and what came of it: per feed and its owner, *touched* and *shared*.

Touched: every feed that the mail read is credited with every click; so the sum over feeds is more than there was. Shared: the
same clicks in equal parts, by largest remainder, so that the parts add up to exactly what there was, and the shares to 100 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twain.records import Owner

#: Shares are told in hundredths of a per cent; these are all of them.
WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class FeedRead:
    """One feed that a mail read: its *fields* by business name, and what for: ``audience``, ``message``, ``checks``."""

    feed: str
    title: str
    owner: Owner
    fields: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credit:
    """One feed's part. *share* is in hundredths of a per cent of *shared*, which are parts of the *touched*."""

    read: FeedRead
    share: int
    touched: Mapping[str, int]
    shared: Mapping[str, int]

    @property
    def percent(self) -> float:
        """The share in per cent, to two places."""
        return self.share / 100

    def as_json(self) -> dict[str, object]:
        """Plain JSON."""
        read = self.read
        return {
            "feed": read.feed,
            "title": read.title,
            "owner": {"name": read.owner.name, "title": read.owner.title},
            "fields": list(read.fields),
            "read_by": list(read.by),
            "touched": dict(self.touched),
            "share_percent": self.percent,
            "shared": dict(self.shared),
        }


def credits_of(reads: Sequence[FeedRead], came: Mapping[str, int]) -> list[Credit]:
    """Each feed's part in what *came* of a mail (``clicks``, ``conversions`` → people), in the order of *reads*."""
    shares = even(WHOLE, len(reads))
    parts = {kind: even(people, len(reads)) for kind, people in came.items()}
    return [
        Credit(read, shares[n], dict(came), {kind: several[n] for kind, several in parts.items()})
        for n, read in enumerate(reads)
    ]


def even(total: int, ways: int) -> list[int]:
    """*total* in equal whole parts; what is left over goes to the first ones, one each. They add up to *total* exactly.

    Equal weights leave equal remainders: the method of the largest remainder (Hamilton's) then goes by order.
    """
    if not ways:
        return []
    each, left = divmod(total, ways)
    return [each + (n < left) for n in range(ways)]
