"""What may be told of a survey without telling anybody's answer. Pure: no database, no clock.

Five must have answered. And of the share, never of the four sums, as much is told as leaves everybody in doubt: whoever answered
knows their own answer, so two must stay open at either end. Of five answers only "60 % or more" or "40 % or less" is told; of
twenty, anything between 10 and 90 %. A quarter is told once, when it is over, so that nobody can look before and after somebody
has answered; and by side alone, so that no group can be taken from a larger one.
"""

from __future__ import annotations

from dataclasses import dataclass

#: So many must have answered.
ENOUGH = 5
#: So many at either end of the scale are told as one: a participant's own answer, and one more.
_IN_DOUBT = 2


@dataclass(frozen=True, slots=True)
class Told:
    """What both teams read: how many answered, and the share that said above average or better, 0 to 1.

    *bound*: ``at least`` or ``at most`` where the share is only told so far, else empty.
    """

    answered: int
    share: float
    bound: str = ""


def tell(*, excellent: int, above: int, below: int, poor: int) -> Told | None:
    """What is told of four sums; None when too few have answered."""
    answered, good = excellent + above + below + poor, excellent + above
    if answered < ENOUGH:
        return None
    if good >= answered - _IN_DOUBT:
        return Told(answered, (answered - _IN_DOUBT) / answered, "at least")
    if good <= _IN_DOUBT:
        return Told(answered, _IN_DOUBT / answered, "at most")
    return Told(answered, good / answered)
