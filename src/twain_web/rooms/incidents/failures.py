"""What failed, and whether it passes now: read from what the checks have said. Pure; nothing is asked and nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from twain.records import Feed, Level, Owner
from twain_web.rooms.campaigns.public import Trial
from twain_web.rooms.feeds.public import Checked

#: Checks of an audience that tell of the data. That a send is larger than was approved is Marketing's own bound.
OF_AUDIENCES = frozenset({"address", "consent", "jump"})
_LONGEST = 300
#: Errors of a database that cannot be reached (see ``docs/errors.md``).
_OUT_OF_REACH = "T31"


@dataclass(frozen=True, slots=True)
class Failure:
    """One check as it failed at *at*. *key* names the check, whoever found it."""

    key: str
    kind: str
    feed: str
    check: str
    field: str
    title: str
    business: str
    technical: str
    owner: Owner
    at: datetime
    sql: str = ""
    observed: float | None = None
    expected: str = ""


def of_trial(trial: Trial, feeds: Mapping[str, Feed]) -> list[Failure]:
    """What a launch would be, or is, held by."""
    return _failures(trial.verdicts, feeds, trial.at, trial)


def of_feed(checked: Checked, feeds: Mapping[str, Feed]) -> list[Failure]:
    """What the house itself saw failing when it last checked a feed; nothing when its contract has changed since."""
    feed = feeds.get(checked.feed)
    if feed is None or checked.contract != feed.contract_hash or checked.checked_at is None:
        return []
    return _failures(checked.verdicts, feeds, checked.checked_at)


def of_source(feed: Feed, checked: Checked, at: datetime) -> Failure | None:
    """That a database is out of reach, when the last look at this feed says so."""
    if not str(checked.trouble.get("code", "")).startswith(_OUT_OF_REACH):
        return None
    return Failure(
        f"source:{feed.source}", "source", feed.name, "source", "", _("The database %s cannot be reached") % feed.source,
        checked.trouble.get("business", ""), checked.trouble.get("technical", ""), feed.owner, at,
    )  # fmt: skip


def of_domain(domain: str, cause: str, technical: str, owner: Owner, at: datetime) -> Failure:
    """That mail in a domain's name would be refused."""
    title = _("The sender domain %s is not set up right") % domain
    return Failure(f"domain:{domain}", "domain", "", domain, "", title, cause, technical, owner, at)


def keys_of(trial: Trial) -> set[str]:
    """The checks that a trial fails by."""
    return {key for verdict in trial.verdicts if verdict["level"] == Level.HOLD and (key := _key(verdict, trial))}


def passes(verdicts: Sequence[Mapping[str, Any]], *, kind: str, feed: str, key: str, campaign: str = "") -> bool:
    """Whether these verdicts show that a check passes: its subject was really looked at, and this check did not fail.

    While a feed has lost columns, its other checks are not made: that says nothing of them.
    """
    of_it = [v for v in verdicts if (v["feed"] == feed if kind == "feed" else not v["feed"])]
    failing = {_named(v, campaign) for v in of_it if v["level"] == Level.HOLD}
    blind = kind == "feed" and f"feed:{feed}:schema:" in failing
    return bool(of_it) and key not in failing and not blind


# ---------------------------------------------------------------- from verdicts


def _failures(
    verdicts: Iterable[Mapping[str, Any]], feeds: Mapping[str, Feed], at: datetime, trial: Trial | None = None
) -> list[Failure]:
    found: dict[str, Failure] = {}
    for verdict in verdicts:
        key = _key(verdict, trial) if verdict["level"] == Level.HOLD else ""
        if key in found:
            found[key] = _joined(found[key], verdict)
        elif key:
            found[key] = _failure(key, verdict, feeds, at, trial)
    return list(found.values())


def _key(verdict: Mapping[str, Any], trial: Trial | None) -> str:
    """Empty for what is no incident: a bound of Marketing's own."""
    if not verdict["feed"] and (trial is None or verdict["check"] not in OF_AUDIENCES):
        return ""
    return _named(verdict, trial.campaign if trial else "")


def _named(verdict: Mapping[str, Any], campaign: str) -> str:
    if verdict["feed"]:
        return f"feed:{verdict['feed']}:{verdict['check']}:{verdict['field']}"[:_LONGEST]
    return f"audience:{campaign}:{verdict['check']}"


def _failure(
    key: str, verdict: Mapping[str, Any], feeds: Mapping[str, Feed], at: datetime, trial: Trial | None
) -> Failure:
    name = str(verdict["feed"] or (trial.feed if trial else ""))
    feed = feeds.get(name)
    return Failure(
        key=key, kind="feed" if verdict["feed"] else "audience", feed=name, check=str(verdict["check"])[:120],
        field=str(verdict["field"])[:120], title=_title(verdict, feed, trial)[:200], business=str(verdict["business"]),
        technical=str(verdict["technical"]), owner=feed.owner if feed else Owner("", "", ""), at=at,
        sql=str(verdict["sql"] or ""), observed=verdict["observed"], expected=str(verdict["expected"])[:200],
    )  # fmt: skip


def _joined(before: Failure, verdict: Mapping[str, Any]) -> Failure:
    """Several findings of one check (a table that lost three columns) are one failure."""
    return replace(
        before,
        business=f"{before.business} {verdict['business']}",
        technical=f"{before.technical} {verdict['technical']}",
    )


def _title(verdict: Mapping[str, Any], feed: Feed | None, trial: Trial | None) -> str:
    about = feed.title if feed else str(verdict["feed"])
    titles = {
        "freshness": _("%s: older than agreed"),
        "schema": _("%s: its columns are not as agreed"),
        "rows": _("%s: more or fewer rows than usual"),
        "address": _("%s: too few usable addresses"),
        "consent": _("%s: too few people who may be mailed"),
        "jump": _("%s: far more or fewer people than last time"),
    }
    if not verdict["feed"] and trial is not None:
        about = trial.name
    field = feed.fields.get(str(verdict["field"])) if feed else None
    if field is not None and verdict["check"] not in titles:
        return _("“%(field)s” of %(feed)s: a rule is not kept") % {"field": field.business_name, "feed": about}
    return titles.get(str(verdict["check"]), _("%s: a rule is not kept")) % about
