"""Every error Twain raises on purpose.

::

    TwainError
    ├── ConfigError          T1xx  a setting or a workspace file is wrong
    ├── ContractError        T2xx  a feed's contract is wrong
    ├── SourceError          T3xx  a company database could not be read
    │   ├── SourceUnavailable      … it cannot be reached: try again
    │   ├── SourceLimit            … IT's limit (time, memory, rows, hours) was met
    │   │   └── SourceBusy         … all connections are in use just now
    │   └── GuardError             … the statement is not one that may run there
    ├── RuleError            T4xx  an audience's rule is wrong
    ├── ContentError         T5xx  a template is wrong, or cannot be built for one person
    ├── Held                 T6xx  a send may not go now: checks, approval, stop, size
    │   └── ApprovalNeeded
    ├── LedgerError          T7xx  the control store
    │   ├── LedgerUnavailable      … it cannot be reached or written: claims stop, nothing is lost
    │   ├── LeaseLost              … another worker has taken over; this one must stop at once
    │   └── WrongState             … the run is not in a state that allows this
    └── ChannelError         T8xx  the way out
        └── ChannelUnavailable     … it cannot be reached: try again

An error says what happened, to which thing, and what to do. ``code`` is stable and ``docs/errors.md`` explains each.
No message ever carries a secret: a connection string is shown by its source's name only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the workspace: a file relative to its root, and a line (1-based) when it is known."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class TwainError(Exception):
    """What happened, to which thing, what to do.

    *what* is one sentence; *todo* one instruction to the reader; *place* points into the workspace; *business* is the
    same in Marketing's words, where both teams read it.
    """

    code: ClassVar[str] = "T000"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, what: str, *, todo: str = "", place: Place | None = None, business: str = "", code: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo
        self.place = place
        self.business = business or what
        self.shown_code = code or self.code

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.what}" + (f" → {self.todo}" if self.todo else "")


class ConfigError(TwainError):
    """A setting or a workspace file is wrong."""

    code = "T100"
    exit_code = 2


class ContractError(TwainError):
    """A feed's contract is wrong."""

    code = "T200"
    exit_code = 2


class SourceError(TwainError):
    """A company database could not be read."""

    code = "T300"
    exit_code = 5


class SourceUnavailable(SourceError):
    """The database cannot be reached now."""

    code = "T310"


class SourceLimit(SourceError):
    """One of IT's limits on this source was met: time, memory, rows, connections or hours."""

    code = "T320"


class SourceBusy(SourceLimit):
    """All connections that IT allows are in use: nothing is wrong with the question, and it may be asked again in a moment."""

    code = "T325"


class GuardError(SourceError):
    """The statement is not one that may run in the company's database."""

    code = "T330"
    exit_code = 2


class RuleError(TwainError):
    """An audience's rule is wrong."""

    code = "T400"
    exit_code = 2


class ContentError(TwainError):
    """A template is wrong, or a message cannot be built for one person."""

    code = "T500"
    exit_code = 2


class Held(TwainError):
    """The send may not go now; the reason is in both languages."""

    code = "T600"
    exit_code = 3


class ApprovalNeeded(Held):
    """Policy wants somebody's approval of exactly this bundle, and it is not there."""

    code = "T610"


class LedgerError(TwainError):
    """The control store refused or failed."""

    code = "T700"
    exit_code = 6


class LedgerUnavailable(LedgerError):
    """The control store cannot be reached or written: claims stop before anything is sent."""

    code = "T710"


class LeaseLost(LedgerError):
    """Another worker holds this shard now; nothing more may be sent or settled under the old lease."""

    code = "T720"


class WrongState(LedgerError):
    """The run is not in a state that allows this."""

    code = "T730"
    exit_code = 2


class ChannelError(TwainError):
    """The way out refused or failed."""

    code = "T800"
    exit_code = 7


class ChannelUnavailable(ChannelError):
    """The way out cannot be reached now."""

    code = "T810"
