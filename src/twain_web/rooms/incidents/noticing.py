"""What the house knows to fail becomes an incident: checks of launches and of feeds that are used, sender domains, intakes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.utils import timezone

from twain.records import Feed, Owner
from twain_web import engine
from twain_web.reconcile import reconciler
from twain_web.rooms.campaigns.public import Trial, newest_trial, senders, trials
from twain_web.rooms.feeds.public import Checked, checked, looked_mark, uses_of
from twain_web.rooms.incidents import failures, intakes, letters
from twain_web.rooms.incidents.actions import opening
from twain_web.rooms.incidents.looking import judge_by_trials
from twain_web.rooms.incidents.models import Held, Incident, Noticed
from twain_web.rooms.integrations.public import domain_card, domain_levels
from twain_web.rooms.people.public import named, person_at


def due() -> list[str]:
    """What has something new to say, by its name: ``launches``, ``feeds``, ``domains``, ``intakes``."""
    known = dict(Noticed.objects.values_list("what", "place"))
    return [what for what, mark in _MARKS.items() if known.get(what, "") != mark()]


@reconciler("incidents.notice", every=3.0, due=due, hands=1)
def notice(what: str) -> None:
    """Read one of them, and remember how far it was read: when it says nothing new, it is not read again."""
    mark = _MARKS[what]()
    _READ[what]()
    Noticed.objects.update_or_create(what=what, defaults={"place": mark})


# ---------------------------------------------------------------- launches


def _launches_mark() -> str:
    """It changes with every rehearsal, and while something waits with every change of what waits."""
    if not Held.objects.filter(ended_at=None).exists():
        return _short(newest_trial())
    return _short(newest_trial(), "while these wait", *sorted(one.launch for one in trials()))


def notice_launches() -> None:
    """What would hold launches, or does; what waits no more; what passes again."""
    waiting: list[tuple[str, int]] = []
    for trial in trials():
        waiting += [(key, trial.launch) for key in _noticed(trial)]
    for incident in Incident.objects.filter(restored_at=None, told_at=None):
        letters.send_now(incident)
    opening.no_longer_wait(waiting)
    judge_by_trials()


def tell_owners_of(launch: int) -> list[str]:
    """Open the incidents of one launch now, and tell their owners; whom, by name and title. For the room of campaigns."""
    told: list[str] = []
    for trial in trials():
        if trial.launch == launch:
            keys = _noticed(trial)
            for incident in Incident.objects.filter(key__in=keys, restored_at=None):
                told += [who for who in letters.send_now(incident) if who not in told]
    return told


def _noticed(trial: Trial) -> list[str]:
    """Each check that this launch waits for, as an open incident; their keys."""
    feeds = engine.workspace().feeds
    found = [*failures.of_trial(trial, feeds), *_of_wider(trial, feeds.get(trial.feed))]
    opened = [opening.failed(one, trial) for one in found]
    return [one.key for one in opened if one is not None]


def _of_wider(trial: Trial, feed: Feed | None) -> Iterator[failures.Failure]:
    """A database or a sender domain that is known to be down, and that this launch, which is not ready, needs."""
    if trial.ready:
        return
    keys = [f"source:{feed.source}"] if feed else []
    keys += [f"domain:{domain}" for domain in _domains_of(trial.campaign)]
    for one in Incident.objects.filter(key__in=keys, restored_at=None):
        owner = Owner(one.owner_name, one.owner_title, one.owner_email)
        yield failures.Failure(
            one.key, one.kind, one.feed, one.check_name, one.field, one.title, one.business, one.technical, owner,
            one.failed_at,
        )  # fmt: skip


def _domains_of(campaign: str) -> list[str]:
    return [domain for domain, using in senders().items() if any(name == campaign for name, _channel in using)]


# ---------------------------------------------------------------- feeds


def notice_feeds() -> None:
    """What the house's own looks say of feeds that something uses: nobody is told of a feed that nobody uses."""
    feeds = engine.workspace().feeds
    for one in checked():
        found = [*failures.of_feed(one, feeds), *_out_of_reach(one, feeds.get(one.feed))]
        if found and uses_of(one.feed):
            for failure in found:
                opened = opening.failed(failure)
                if opened is not None:
                    letters.send_now(opened)


def _out_of_reach(one: Checked, feed: Feed | None) -> Iterator[failures.Failure]:
    """A database that cannot be reached, unless somebody of IT has stopped reading there."""
    if feed is None or any(stop.scope == f"source:{feed.source}" for stop in engine.ledger().stops()):
        return
    found = failures.of_source(feed, one, timezone.now())
    if found is not None:
        yield found


# ---------------------------------------------------------------- sender domains


def _domains() -> Iterator[str]:
    """Sender domains that are red and have no incident yet, and those whose incident is open and that are red no more."""
    levels = domain_levels()
    known = {one.check_name: one for one in Incident.objects.filter(kind="domain", restored_at=None)}
    closed = _closed_at(levels.keys() - known.keys())
    for domain, (level, at) in levels.items():
        if (level == "hold") != (domain in known) and at > closed.get(domain, datetime.min.replace(tzinfo=at.tzinfo)):
            yield domain


def _closed_at(domains: Iterable[str]) -> dict[str, datetime]:
    found = Incident.objects.filter(kind="domain", check_name__in=domains, restored_at__isnull=False)
    return dict(found.order_by("restored_at").values_list("check_name", "restored_at"))


def notice_domains() -> None:
    """Open what is red; have looked at what no longer is."""
    levels = domain_levels()
    for domain in _domains():
        level, at = levels[domain]
        if level == "hold":
            card = domain_card(domain)
            if card is not None:
                technical = " ".join(f"{one.record}: {one.what} {one.todo}" for one in card.wrong)
                opening.failed(failures.of_domain(domain, card.cause, technical, _owner_of_domains(), at))
        else:
            Incident.objects.filter(kind="domain", check_name=domain, restored_at=None).update(look_at=timezone.now())


def _owner_of_domains() -> Owner:
    """Whom IT's own procedure for sender domains names; nobody: then somebody of IT is asked."""
    types = engine.workspace().request_types.values()
    answers = next((one.answers for one in types if one.probe == "dns" and one.answers), "")
    found = person_at(answers) if "@" in answers else None
    if found is not None:
        return Owner(found.full_name, found.title, found.email)
    known = named(answers) if answers and "@" not in answers else None
    return Owner(known.full_name, known.title, known.email) if known and known.email else Owner("", "", "")


def _domains_mark() -> str:
    open_ones = Incident.objects.filter(kind="domain", restored_at=None).values_list("key", flat=True)
    return _short(sorted((domain, level) for domain, (level, _at) in domain_levels().items()), sorted(open_ones))


# ---------------------------------------------------------------- all of them


def _intakes_mark() -> str:
    place = intakes.place()
    return _short(place) if place else ""


_MARKS = {"launches": _launches_mark, "feeds": looked_mark, "domains": _domains_mark, "intakes": _intakes_mark}
_READ = {"launches": notice_launches, "feeds": notice_feeds, "domains": notice_domains, "intakes": intakes.notice}


def _short(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:40]
