"""What messages are about, declared and used: a campaign about a topic that nobody declared, and a topic that nobody uses."""

from __future__ import annotations

from collections.abc import Iterator

from twain.errors import Place, TwainError
from twain.flows.files import read_text
from twain.flows.forms import form_names, read_form
from twain.flows.instance import Instance
from twain.flows.toml_places import key_lines
from twain.records import Problem

_FILE = "policy.toml"
_SENDS = 200  # the newest ones: campaigns of the house are in no file


def check_topics(instance: Instance) -> list[Problem]:
    """Warnings T884 (not declared, or none said) and T885 (used by nobody); T886 for a ramp of a channel that is not there.

    Where policy declares no topics at all, recipients see ways to reach them only, and nothing is missing.
    """
    declared = [topic.name for topic in instance.workspace.policy.recipients.topics]
    if not declared:
        return list(_ramps(instance))
    uses = list(_used(instance))
    found = [_undeclared(topic, place, declared) for topic, place in uses if topic not in declared]
    idle = sorted(set(declared) - {topic for topic, _ in uses})
    if idle:
        sent = _sent(instance)
        found += [_idle(instance, name) for name in idle if name not in sent]
    return [*found, *_ramps(instance)]


def _used(instance: Instance) -> Iterator[tuple[str, Place]]:
    """Topics of campaigns and forms that can be read, with their places; what can't be read is told elsewhere."""
    for name in instance.workspace.campaigns():
        try:
            campaign = instance.workspace.campaign(name)
        except TwainError:
            continue
        yield campaign.topic, campaign.place("topic")
    for name in form_names(instance.root):
        try:
            form = read_form(instance.root, name)
        except TwainError:
            continue
        if form.topic:  # a form for leads alone is about none
            yield form.topic, form.place("topic")


def _sent(instance: Instance) -> set[str]:
    bundles = {run.bundle for run in instance.ledger.runs(limit=_SENDS)}
    return {str(instance.ledger.bundle(one).body.get("topic", "")) for one in bundles}


def _undeclared(topic: str, place: Place, declared: list[str]) -> Problem:
    what = f"The topic {topic!r} is not declared in {_FILE}." if topic else "The campaign says no topic."
    return Problem(
        "warning",
        "T884",
        what,
        f"Use one of: {', '.join(declared)}; or declare it: [[topic]] in {_FILE}.",
        place,
        "Recipients can't leave this topic alone: on their page it has no name, and no lawful basis is told.",
    )


def _idle(instance: Instance, name: str) -> Problem:
    lines = key_lines(read_text(instance.root / _FILE, instance.root, Place(_FILE)))
    number = [topic.name for topic in instance.workspace.policy.recipients.topics].index(name)
    return Problem(
        "warning",
        "T885",
        f"Nobody uses the topic {name!r}: no campaign or form in files, and none of the newest sends.",
        "Take it out, unless a campaign about it is being planned in the house.",
        Place(_FILE, lines.get(f"topic[{number}].name")),
        f"Recipients see {name!r} on their page and can leave what never comes.",
    )


def _ramps(instance: Instance) -> Iterator[Problem]:
    """A ramp that can't hold for anything: its channel is not there."""
    ramps, channels = instance.workspace.policy.warm_ups, instance.settings.channels
    if not any(not ramp.row.startswith("@") and ramp.name not in channels for ramp in ramps):
        return
    lines = key_lines(read_text(instance.root / _FILE, instance.root, Place(_FILE)))
    for number, ramp in enumerate(ramps):
        if not ramp.row.startswith("@") and ramp.name not in channels:
            place = Place(_FILE, lines.get(f"warm_up[{number}].channel"))
            known = ", ".join(sorted(channels)) or "none yet"
            yield Problem(
                "warning", "T886", f"There is no channel {ramp.name!r} to warm up.", f"Channels: {known}.", place
            )
