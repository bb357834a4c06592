"""Where a genuine click leads: the bundle's link table, read once per run, or a target that was signed for one message."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import idna

from twain.errors import LedgerError
from twain.ports import Ledger

_NO_SUCH_RUN = "T702"
_MOST_RUNS = 1024
_WEB = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
_SAFE = "%/:=&?~#+!$,;'@()*[]|"


class LinkTables:
    """What was read of link tables, by run, for all threads. They never change, so what was read once stays true."""

    def __init__(self) -> None:
        self._tables: dict[str, Mapping[int, str]] = {}
        self._lock = threading.Lock()

    def get(self, run_id: str) -> Mapping[int, str] | None:
        """A run's targets by number; None until they were read."""
        return self._tables.get(run_id)

    def put(self, run_id: str, table: Mapping[int, str]) -> None:
        """Remember them; of very many runs the one that was read first is forgotten."""
        with self._lock:
            if len(self._tables) >= _MOST_RUNS:
                self._tables.pop(next(iter(self._tables)), None)
            self._tables[run_id] = table


class Targets:
    """Where the links of any run lead, read from *ledger* unless *tables* have it."""

    def __init__(self, ledger: Ledger, tables: LinkTables | None = None) -> None:
        self._ledger = ledger
        self._tables = LinkTables() if tables is None else tables

    def known(self, run_id: str) -> Mapping[int, str] | None:
        """The targets by number (empty: signed ones only), when :meth:`location` need not ask the ledger for them."""
        return self._tables.get(run_id)

    def location(self, run_id: str, number: int, signed: str) -> str:
        """The Location of a click, ASCII; empty when there is none. Raises LedgerError when the store does not answer.

        *signed*: the target that the link itself carries, verified; empty when it carries none.
        """
        table = self._tables.get(run_id)
        if table is None:
            table = self._read(run_id)
        if signed:
            return location(signed) if number in table or not table else ""
        return table.get(number, "")

    def _read(self, run_id: str) -> Mapping[int, str]:
        try:
            links = self._ledger.links(self._ledger.run(run_id).bundle)
        except LedgerError as error:
            if error.shown_code != _NO_SUCH_RUN:
                raise
            return {}
        # A target with Liquid in it is a template: its finished form stands, signed, in each message.
        table = {
            number: "" if "{{" in target or "{%" in target else location(target) for number, target in links.items()
        }
        if table:
            self._tables.put(run_id, table)
        return table


def location(target: str) -> str:
    """A web address as it may stand in a Location (RFC 3986: ASCII, the host by IDNA); empty when it may not."""
    if not _WEB.match(target) or any(character < " " or character == "\x7f" for character in target):
        return ""
    if target.isascii() and " " not in target and target.isprintable():
        return target
    try:
        parts = urlsplit(target)
        host = parts.netloc if parts.netloc.isascii() else _host(parts.netloc)
    except (ValueError, idna.IDNAError):
        return ""
    return urlunsplit((parts.scheme, host, *(quote(part, safe=_SAFE) for part in parts[2:])))


def _host(netloc: str) -> str:
    """A host with letters that are not ASCII (RFC 5891), and its port."""
    if "@" in netloc:
        raise ValueError(netloc)
    name, colon, port = netloc.partition(":")
    return idna.encode(name, uts46=True).decode("ascii") + colon + port
