"""What changed between two bundles, in words that both teams read: what an approver needs to see, and nothing else."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from twain.audiences.words import explain
from twain.errors import TwainError
from twain.feeds.contract import feeds_from_texts
from twain_web.rooms.audiences.public import titles
from twain_web.rooms.campaigns.plans import Plan
from twain_web.rooms.campaigns.successes import conversion_of, in_words
from twain_web.templatetags.house import people

_CONTEXT = 2
_MOST_LINES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text that changed: *kind* is ``added``, ``removed``, ``same`` or ``gap``."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed: short ones as *before* and *after*, texts as *lines*. *technical*: for IT's eyes first."""

    title: str
    before: str = ""
    after: str = ""
    lines: tuple[Line, ...] = ()
    technical: bool = False


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Everything that differs between two bundles' bodies."""
    return [*_audience(old, new), *_arms(old, new), *_facts(old, new), *_contracts(old, new)]


def rule_in_words(body: Mapping[str, Any]) -> str:
    """A bundle's audience in plain words, named audiences spelled out; its JSON where the words fail."""
    try:
        feeds = feeds_from_texts(body["contracts"])
        audiences = body.get("audiences", {})
        lines = explain(body["audience"], feeds[body["feed"]], feeds, audiences=audiences, fragments=None)
    except (TwainError, KeyError):
        return str(body["audience"])
    return _titled("\n".join(lines))


def _titled(words: str) -> str:
    """With the audiences' titles for their slugs."""
    for one in titles():
        words = words.replace(f"the audience “{one.slug}”", f"the audience “{one.name}”")
    return words


def facts(body: Mapping[str, Any]) -> dict[str, str]:
    """The short facts of a bundle by their names on screen."""
    sender = body["sender"]
    return {
        _("Channel"): str(body["channel"]),
        _("Sender"): f"{sender['name']} <{sender['address']}>",
        _("Answers go to"): sender.get("reply_to") or sender["address"],
        _("Postal address"): sender.get("postal_address", ""),
        _("Topic"): body.get("topic", ""),
        _("Time"): _time(body),
        _("Not later than"): _hours(body.get("not_after")),
        _("Get nothing, for comparison"): f"{body['holdout']:.1%}" if body.get("holdout") else "",
        _("At most"): _people(body.get("ceiling")),
        _("After a crash"): _("Never miss") if body["crash_policy"] == "never_miss" else _("Never send twice"),
        _("Links are tracked"): _("yes") if body.get("track_links", True) else _("no"),
        _("Counts as a success"): in_words(body.get("conversion")),
    }


def _facts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    before, after = facts(old), facts(new)
    for title in after:
        if before[title] != after[title]:
            yield Difference(title, before[title] or _("none"), after[title] or _("none"))
    for key, title in (
        ("related", _("Related data")),
        ("defaults", _("Defaults")),
        ("checks", _("Limits of the checks")),
        ("conversion", _("What counts as a success, for IT")),
    ):
        if old.get(key) != new.get(key):
            yield Difference(title, lines=_lines(_flat(old.get(key)), _flat(new.get(key))), technical=True)


def _audience(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    keys = ("audience", "audiences", "fragments")
    if all(old.get(key) == new.get(key) for key in keys):
        return
    words = _lines(rule_in_words(old), rule_in_words(new))
    if words:
        yield Difference(_("Audience"), lines=words)
    if old.get("fragments") != new.get("fragments") or not words:
        yield Difference(
            _("Audience, in IT's own SQL"), lines=_lines(_flat(old.get("fragments")), _flat(new.get("fragments"))),
            technical=True,
        )  # fmt: skip


def _arms(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    before, after = ({arm["name"]: arm for arm in body["arms"]} for body in (old, new))
    for name in [*after, *(name for name in before if name not in after)]:
        label = "" if name == "main" and len(after) == 1 else f" ({name})"
        if name not in before:
            yield Difference(_("Variant added") + label, "", f"{after[name]['share']:.0%}: {after[name]['subject']}")
        elif name not in after:
            yield Difference(_("Variant removed") + label, f"{before[name]['share']:.0%}: {before[name]['subject']}")
        else:
            yield from _arm(before[name], after[name], label)


def _arm(old: Mapping[str, Any], new: Mapping[str, Any], label: str) -> Iterator[Difference]:
    if old["share"] != new["share"]:
        yield Difference(_("Share") + label, f"{old['share']:.0%}", f"{new['share']:.0%}")
    for key, title in (("subject", _("Subject")), ("preheader", _("Preview text"))):
        if old[key] != new[key]:
            yield Difference(title + label, old[key] or _("none"), new[key] or _("none"))
    for key, title in (("body", _("Message")), ("text", _("Message as plain text"))):
        if old[key] != new[key]:
            yield Difference(title + label, lines=_lines(old[key], new[key]))


def _contracts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    before, after = old.get("contracts", {}), new.get("contracts", {})
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            title = _("Contract of the feed %s") % name
            yield Difference(title, lines=_lines(before.get(name, ""), after.get(name, "")), technical=True)


def _lines(old: str, new: str) -> tuple[Line, ...]:
    """The changed lines with a little around them, at most so many."""
    found: list[Line] = []
    for raw in list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=_CONTEXT, lineterm=""))[2:]:
        kind = {"+": "added", "-": "removed", "@": "gap"}.get(raw[:1], "same")
        found.append(Line(kind, "…" if kind == "gap" else raw[1:]))
    cut = [Line("gap", _("… and %s lines more") % (len(found) - _MOST_LINES))] if len(found) > _MOST_LINES else []
    return (*found[:_MOST_LINES], *cut)


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return "\n".join(f"{key}: {_flat(one) if isinstance(one, Mapping) else one}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return "\n".join(_flat(one) if isinstance(one, Mapping) else str(one) for one in value)
    return str(value or "")


def _time(body: Mapping[str, Any]) -> str:
    if body.get("local_time"):
        return _("%(time)s where each person is, %(day)s") % {
            "time": body["local_time"], "day": body.get("local_date") or _("the next time it is that late"),
        }  # fmt: skip
    if body.get("send_at"):
        return _("planned for %s, by the workspace's clocks") % body["send_at"]
    if not body.get("planned_for"):
        return _("when it is launched")
    return f"{timezone.localtime(datetime.fromisoformat(body['planned_for'])):%d %b %Y %H:%M %Z}"


def _hours(seconds: object) -> str:
    return _("%g hours after its time") % (float(str(seconds)) / 3600) if seconds else _("no limit")


def _people(ceiling: object) -> str:
    return _("%s people, or it is held") % people(ceiling) if ceiling else _("no limit")


def plan_differences(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Mapping[str, str] = MappingProxyType({})
) -> list[Difference]:
    """What one version of a plan changed, by the names on screen; *names* by ``audience:<slug>`` and ``content:<slug>``."""
    before, after = _plan_facts(old, names), _plan_facts(new, names)
    return [
        Difference(title, before.get(title, ""), after.get(title, ""))
        for title in [*after, *(t for t in before if t not in after)]
        if before.get(title, "") != after.get(title, "")
    ]


def _plan_facts(plan: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    if not plan:
        return {}
    when = {"now": _("as soon as it is launched"), "at": plan["at"].replace("T", " ")}
    local = f"{plan['local_date']} {plan['local_time']}, " + _("wherever each person is")
    arms = {_("Variant %s") % arm["name"]: _arm_in_words(arm, names) for arm in plan["arms"]}
    return {
        _("Audience"): names.get(f"audience:{plan['audience']}", plan["audience"]),
        **arms,
        _("Channel"): plan["channel"],
        _("Time"): when.get(plan["when"], local),
        _("Not later than"): _hours(plan["expires_hours"] * 3600),
        _("Sender"): f"{plan['sender_name']} {plan['sender_address']}".strip(),
        _("Answers go to"): plan["reply_to"],
        _("At most"): _people(plan["ceiling"]),
        _("Get nothing, for comparison"): f"{plan['holdout']:.1%}",
        _("After a crash"): _("Never miss") if plan["crash_policy"] == "never_miss" else _("Never send twice"),
        _("Links are tracked"): _("yes") if plan["track_links"] else _("no"),
        _("Counts as a success"): in_words(conversion_of(Plan.from_json(plan))),
    }


def _arm_in_words(arm: Mapping[str, Any], names: Mapping[str, str]) -> str:
    content = names.get(f"content:{arm['content']}", arm["content"])
    version = _("version %s") % arm["version"] if arm["version"] else _("as it stands")
    return f"{arm['share']:.0%}, {content} ({version})" + (f", “{arm['subject']}”" if arm["subject"] else "")
