"""“This is as it should be”: the limit that would let the check pass, as a diff of the contract or of policy, for ``git apply``.

Nothing is put in force from here: the check holds until IT has the change in the workspace. The files' text is left as it is,
comments and all; one line changes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from twain.errors import ContractError, TwainError
from twain.feeds.contract import read_contract
from twain.flows.connect import contract_file
from twain.flows.mending import unified
from twain.records import Feed, Quality
from twain_web import engine
from twain_web.rooms.incidents.models import Incident

_NUMBER = r"(?P<number>\[[^\]]*\]|[-+]?[0-9][0-9_.eE+\-]*)"
_POLICY = "policy.toml"
#: Checks of policy: the key of ``[checks]``, and in which direction the share is rounded so that it passes.
_OF_POLICY: Mapping[str, tuple[str, Callable[[float], float]]] = {
    "address": ("min_valid", math.floor),
    "consent": ("min_consent", math.floor),
    "jump": ("max_jump", math.ceil),
}


@dataclass(frozen=True, slots=True)
class Patch:
    """A diff: what its file is called, its text, and what it changes in one line."""

    name: str
    text: str
    says: str


def draft(incident: Incident) -> Patch:
    """The diff. Raises ContractError T943 when no limit can be named that would be met."""
    feed = engine.workspace().feeds.get(incident.feed)
    if incident.check_name in _OF_POLICY and incident.kind == "audience":
        return _of_policy(incident)
    if incident.kind != "feed" or feed is None or incident.observed is None:
        raise _by_hand()
    if incident.check_name == "freshness":
        return _of_contract(feed, *_latency(feed, incident.observed))
    if incident.check_name == "rows":
        return _of_contract(feed, *_drift(feed, incident.observed))
    return _of_contract(feed, *_rule(feed, incident))


# ---------------------------------------------------------------- the contract

#: Where to look from (a line's number, 0-based), what stands before the value there, and the value that is to stand there.
_Change = tuple[int, str, str]


def _latency(feed: Feed, age: float) -> _Change:
    lines = _lines(feed)
    at = next((i for i, line in enumerate(lines) if re.search(r"property:\s*[\"']?latency", line)), None)
    found = at is not None and _within(lines, at, "value")
    allowed = feed.freshness.max_age_seconds
    if not found or not allowed:
        raise _by_hand()
    number = float(found["number"])
    return at or 0, "value", _figure(math.ceil(number * age / allowed))


def _drift(feed: Feed, rows: float) -> _Change:
    before = engine.ledger().last_check(feed.name).get("rows")
    lines = _lines(feed)
    at = next((i for i, line in enumerate(lines) if "twain.maxRowDrift" in line), None)
    if at is None or not before or not rows:
        raise _by_hand()
    return at, "value", _figure(math.ceil(abs(rows - before) / before * 100) / 100)


def _rule(feed: Feed, incident: Incident) -> _Change:
    field = feed.fields.get(incident.field)
    rules = field.quality if field else feed.quality
    named = [one for one in rules if incident.check_name in (one.name, f"quality:{one.metric}") and one.place]
    for one in named:
        limit = _limit(one, incident.observed or 0.0)
        line = one.place.line if one.place else None
        if limit and line:
            return line - 1, one.operator, limit
    raise _by_hand()


def _limit(rule: Quality, seen: float) -> str:
    """The limit of the same comparison that what was seen would keep to; empty where there is none."""
    step = 0.1 if rule.unit == "percent" else 1.0
    above, below = math.ceil(seen / step) * step, math.floor(seen / step) * step
    if isinstance(rule.limit, tuple):
        return f"[{_figure(min(rule.limit[0], below))}, {_figure(max(rule.limit[1], above))}]"
    limits = {
        "mustBe": seen,
        "mustBeLessThan": above + (step if above == seen else 0.0),
        "mustBeLessOrEqualTo": above,
        "mustBeGreaterThan": below - (step if below == seen else 0.0),
        "mustBeGreaterOrEqualTo": below,
    }
    return _figure(limits[rule.operator]) if rule.operator in limits else ""


def _of_contract(feed: Feed, at: int, key: str, value: str) -> Patch:
    path = contract_file(engine.instance(), feed.name)
    file = f"feeds/{path.name}"
    before = path.read_text(encoding="utf-8")
    lines = before.split("\n")
    found = _within(lines, at, key)
    if found is None:
        raise _by_hand()
    number, old = _where(lines, at, key), found["number"]
    start, end = found.span("number")
    lines[number] = lines[number][:start] + value + lines[number][end:]
    after = "\n".join(lines)
    _refuse_worse(before, after, file)
    return _patch(path.name.removesuffix(".odcs.yaml"), file, before, after, f"{key} {old} → {value}")


def _within(lines: list[str], at: int, key: str) -> re.Match[str] | None:
    """The value of *key* in the item that begins at this line; an item ends where the next one of its list begins."""
    number = _where(lines, at, key)
    return _pattern(key).search(lines[number]) if number >= 0 else None


def _where(lines: list[str], at: int, key: str) -> int:
    dash = re.match(r"^( *)- ", lines[at])
    for number in range(at, len(lines)):
        line = lines[number]
        outside = dash and number > at and line.strip() and len(line) - len(line.lstrip()) <= len(dash[1])
        if outside:
            break
        if _pattern(key).search(line):
            return number
    return -1


def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(key)}:\s*{_NUMBER}")


def _lines(feed: Feed) -> list[str]:
    return contract_file(engine.instance(), feed.name).read_text(encoding="utf-8").split("\n")


def _refuse_worse(before: str, after: str, file: str) -> None:
    known = {(p.code, p.what) for p in read_contract(before, file)[1] if p.severity == "error"}
    if any(p.severity == "error" and (p.code, p.what) not in known for p in read_contract(after, file)[1]):
        raise _by_hand()


# ---------------------------------------------------------------- policy


def _of_policy(incident: Incident) -> Patch:
    key, rounded = _OF_POLICY[incident.check_name]
    share = _share(incident)
    value = _figure(rounded(share * 100) / 100)
    path = engine.workspace().root / _POLICY
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    after = _with_check(before, key, value)
    return _patch(f"policy-{key}", _POLICY, before, after, f"{key} → {value}")


def _share(incident: Incident) -> float:
    if incident.observed is None:
        raise _by_hand()
    if incident.check_name != "jump":
        return incident.observed
    campaign = incident.key.split(":")[1]
    estimate = engine.ledger().last_check(f"audience:{campaign}").get("audience")
    if not estimate:
        raise _by_hand()
    return abs(incident.observed - estimate) / estimate


def _with_check(text: str, key: str, value: str) -> str:
    """The policy with this one line of ``[checks]`` changed or added."""
    lines = text.split("\n")
    begin = next((i for i, line in enumerate(lines) if line.strip().startswith("[checks]")), None)
    if begin is None:
        return text.rstrip("\n") + f"\n\n[checks]\n{key} = {value}\n"
    for number in range(begin + 1, len(lines)):
        if lines[number].lstrip().startswith("["):
            break
        found = re.match(rf"^(\s*{re.escape(key)}\s*=\s*)[-+0-9_.eE]+", lines[number])
        if found:
            lines[number] = found[1] + value + lines[number][found.end() :]
            return "\n".join(lines)
    return "\n".join([*lines[: begin + 1], f"{key} = {value}", *lines[begin + 1 :]])


def _patch(name: str, file: str, before: str, after: str, says: str) -> Patch:
    text = unified({file: before}, {file: after})
    if not text:
        raise _by_hand()
    return Patch(f"{name}.patch", text, f"{file}: {says}")


def _figure(number: float) -> str:
    return f"{round(number, 4):g}" if abs(number) < 1e6 else str(int(number))


def _by_hand() -> TwainError:
    return ContractError(
        _("No changed limit can say that this is as it should be."),
        todo=_("Change the contract, or the check, by hand; the incident closes when the check passes."), code="T943",
    )  # fmt: skip
