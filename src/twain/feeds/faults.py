"""What a child reports, as the errors that people read: in both languages, and without a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from twain.errors import ConfigError, GuardError, SourceError, SourceLimit, SourceUnavailable
from twain.settings import SourceSettings

_SHOWN = 200
_OPEN_KEYS = frozenset({"path", "allow_superuser"})


def as_error(fault: Mapping[str, Any], settings: SourceSettings, seconds: float) -> Exception:
    """The error for one fault: ``kind``, ``text`` (the engine's words) and ``state`` (SQLSTATE)."""
    name = f"Source {settings.name!r}"
    said = scrubbed(str(fault.get("text", "")), settings)
    if fault.get("state"):
        said = f"{said} [SQLSTATE {fault['state']}]".strip()
    maker = _MAKERS.get(str(fault["kind"]), _query)
    return maker(name, said, seconds)


def scrubbed(text: str, settings: SourceSettings) -> str:
    """One line without control characters, at most 200 characters; nothing of it at all when it holds a secret."""
    line = re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()[:_SHOWN]
    lowered = text.lower()
    if any(secret.lower() in lowered for secret in _secrets(settings)) or re.search(r"\w+://\S*@", text):
        return "(the message is withheld: it holds connection details)"
    return line


def _secrets(settings: SourceSettings) -> set[str]:
    found: set[str] = set()
    for key, value in settings.options.items():
        if key in _OPEN_KEYS:
            continue
        password = _password(value)
        found |= {value, *((password, quote(password, safe=""), unquote(password)) if password else ())}
    return {secret for secret in found if len(secret) >= 4}


def _password(value: str) -> str:
    try:
        given = urlsplit(value).password
    except ValueError:
        given = None
    if given:
        return given
    spelled = re.search(r"password\s*=\s*'?([^'\s&]+)", value)
    return spelled[1] if spelled else ""


def _unavailable(name: str, said: str, _: float) -> Exception:
    return SourceUnavailable(
        f"{name} cannot be reached{_because(said)}.",
        todo="Check that the database runs and that its address and login in twain.toml are right; then try again.",
        business="The company database cannot be reached now. Nothing was sent.",
    )


def _locked(name: str, said: str, _: float) -> Exception:
    return SourceUnavailable(
        f"{name} is locked by another process{_because(said)}.",
        todo="Wait until the other process has finished writing, then try again.",
        business="The company database is busy with something else right now.",
        code="T311",
    )


def died(settings: SourceSettings, status: int | None) -> Exception:
    """The child ended without a word: killed by the kernel or by somebody."""
    return SourceUnavailable(
        f"The process that read source {settings.name!r} ended unexpectedly (status {status}).",
        todo="If it happens again, look for out-of-memory kills in the system's log, or lower what is asked at once.",
        business="Reading from the company database broke off. Nothing was sent.",
        code="T312",
    )


def incomplete(settings: SourceSettings, got: int, told: int) -> Exception:
    """The stream's own count differs from what arrived."""
    return SourceError(
        f"Source {settings.name!r} sent {told} rows, but {got} arrived.",
        todo="Try again; report it if it happens twice.",
        business="Reading from the company database broke off. Nothing was sent.",
        code="T303",
    )


def _config(name: str, said: str, _: float) -> Exception:
    return ConfigError(f"{name}: {said}.", todo=f"Complete it under [sources.…] for {name.lower()} in twain.toml.")


def _privileged(name: str, _said: str, _: float) -> Exception:
    return SourceError(
        f"{name} logs in as a role that may do more than read (superuser, replication, or server files).",
        todo="Give Twain a NOSUPERUSER role with SELECT on the feeds' views only.",
        business="IT must give this tool a safer login to the database first.",
        code="T304",
    )


def _time(name: str, _said: str, seconds: float) -> Exception:
    return SourceLimit(
        f"{name}: the query was stopped after its {seconds:g} s.",
        todo="Narrow the audience, or ask IT about an index or a longer timeout.",
        business="This question takes longer than IT allows. Narrow it, or ask IT.",
        code="T321",
    )


def _memory(name: str, _said: str, _: float) -> Exception:
    return SourceLimit(
        f"{name}: the query needs more memory than its limit.",
        todo="Narrow the audience, or ask IT to raise 'memory' for this source.",
        business="This question is larger than IT allows. Narrow it, or ask IT.",
        code="T322",
    )


def _rows(name: str, said: str, _: float) -> Exception:
    return SourceLimit(
        f"{name}: the answer has more than the {said} rows allowed.",
        todo="Narrow the audience, or ask IT to raise max_rows for this source.",
        business=f"More than {said} people match, which is more than IT allows at once.",
        code="T323",
    )


def too_costly(settings: SourceSettings, cost: float, allowed: float) -> Exception:
    """The planner's estimate is over IT's ceiling."""
    return SourceLimit(
        f"Source {settings.name!r}: the planner estimates a cost of {cost:,.0f}; IT allows {allowed:,.0f}.",
        todo="Narrow the audience, or ask IT about an index or a higher max_cost.",
        business="This question would work the company database harder than IT allows.",
        code="T324",
    )


def _cancelled(name: str, _said: str, _: float) -> Exception:
    return SourceError(f"{name}: the query was cancelled.", todo="Start it again when you want it.", code="T305")


def _schema(name: str, said: str, _: float) -> Exception:
    return SourceError(
        f"{name} no longer fits the contract{_because(said)}.",
        todo="Run 'twain check' to see what changed, and correct the contract or the table.",
        business="IT's data has changed shape since this was set up. IT needs to look first.",
        code="T301",
    )


def _value(name: str, said: str, _: float) -> Exception:
    return SourceError(
        f"{name} holds a value that does not fit its contract{_because(said)}.",
        todo="Correct the field's logicalType in the contract, or the data.",
        business="Some of IT's data is not of the kind that was promised. IT needs to look first.",
        code="T302",
    )


def _query(name: str, said: str, _: float) -> Exception:
    return SourceError(
        f"{name} refused the query{_because(said)}.",
        todo="Run the statement of 'twain audience sql' by hand to see why.",
        business="The company database could not answer this question. IT needs to look.",
    )


def guarded(name: str, what: str, code: str) -> GuardError:
    """The guard refused a statement."""
    return GuardError(
        f"{name}: the statement may not run there: {what}.",
        todo="Use one SELECT over the feeds' own tables, with plain functions only.",
        business="This question is not one that IT allows to be asked of its database.",
        code=code,
    )


def _because(said: str) -> str:
    return f": {said}" if said else ""


_MAKERS: dict[str, Callable[[str, str, float], Exception]] = {
    "unavailable": _unavailable,
    "locked": _locked,
    "config": _config,
    "privileged": _privileged,
    "time": _time,
    "memory": _memory,
    "rows": _rows,
    "cancelled": _cancelled,
    "schema": _schema,
    "value": _value,
}
