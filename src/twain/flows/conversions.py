"""Conversions: what recipients did afterwards in the company's own data, by the rule that their campaign declares.

::

    [conversion] ─▶ one statement per batch of keys ─▶ IT's database, guarded, in its hours ─▶ history/conversions

Never a pixel on somebody's checkout: the company's own rows say it. A send is counted anew, whole, until the rule's time is
over for the last of its messages; so an order that was cancelled meanwhile goes, and counting twice counts once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from twain.audiences.rows import compile_rows
from twain.errors import ConfigError, LedgerUnavailable, TwainError
from twain.flows.campaigns import Campaign
from twain.flows.instance import Instance
from twain.insight.rates import Difference, Rate, difference, rate
from twain.ledger.converted import Anchor, ConversionBook, Converted
from twain.records import Bundle, Conversion, Feed, Relation, Run, RunState, Statement

#: How long a count is good before the company's database is asked again, in seconds.
AGAIN_AFTER = 6 * 3600.0
_KEYS = 1_000  # a statement's
_STATEMENTS = 10  # a read transaction's: then the database has a moment for others
_DAY = 86_400.0
_BEGUN = frozenset({RunState.SENDING, RunState.PAUSED, RunState.HELD, RunState.RECONCILING, RunState.FINISHED,
                    RunState.CANCELLED, RunState.EXPIRED})  # fmt: skip
_NEWEST = 500  # sends among which those that were never counted are looked for
_MEMORY = "conversion:"


@dataclass(frozen=True, slots=True)
class Compared:
    """How many converted of those the mail was *meant* for, whether it reached them or not, and of those *held* out of it.

    By intention: who is left out because a mail could not be delivered would otherwise be missing on one side only.
    """

    meant: Rate
    held: Rate

    @property
    def lift(self) -> Difference | None:
        """What the mail moved, with its interval; None while one side is empty."""
        return difference(self.meant, self.held)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a count of one send came to: *people* who converted, how often (*times*), the *value* together.

    *closes* is when (epoch seconds) the rule's time is over for the last message, as far as is known now; None while there is
    nothing to count from. *counted* is when it was counted. *compared*: with the held out, if any.
    """

    run_id: str
    rule: Conversion
    people: int
    times: int
    value: float
    closes: float | None
    counted: float
    compared: Compared | None = None


def rule_of(instance: Instance, run: Run) -> Conversion | None:
    """The rule that was declared when the send was made, or None."""
    said = instance.ledger.bundle(run.bundle).body.get("conversion")
    return Conversion(**said) if said else None


def count_conversions(instance: Instance, run: Run) -> Counted:
    """Ask the company's database, and book what came of a send, in place of what was booked before.

    Raises ConfigError (T890) when its campaign declared no conversion; SourceError, SourceLimit (T326: out of hours),
    SourceUnavailable when the database cannot be asked now; what was booked stays then.
    """
    rule = rule_of(instance, run)
    if rule is None:
        raise ConfigError(
            f"Send {run.id} of {run.campaign} declares no conversion.",
            todo='Add [conversion] to its campaign.toml: feed, time, within = "7d". It holds from the next send.',
            business="This campaign does not say what it counts as a success, so nothing can be counted.",
            code="T890",
        )
    book = ConversionBook(instance.settings.history)
    while True:
        erased = instance.ledger.erased()
        counted = _count(instance, run, rule, book)
        if instance.ledger.erased() == erased:  # else somebody was, who may have been written down just now
            break
    figures = {"at": counted.counted, "people": counted.people, "times": counted.times, "value": counted.value}
    figures |= {"closes": counted.closes or 0.0, **_kept(counted.compared)}
    instance.ledger.remember_check(_memory(run.id), figures)
    return counted


def last_count(instance: Instance, run: Run) -> Counted | None:
    """What the last count of a send came to, or None before the first."""
    rule, said = rule_of(instance, run), instance.ledger.last_check(_memory(run.id))
    if rule is None or not said:
        return None
    people, times, compared = int(said["people"]), int(said["times"]), _compared_before(said)
    return Counted(run.id, rule, people, times, said["value"], said["closes"] or None, said["at"], compared)


def measures_lift(bundle: Bundle) -> bool:
    """Whether a bundle's conversions can be held against its holdout's: counted from the send, not from a click in it."""
    rule = bundle.body.get("conversion") or {}
    return bool(rule.get("of") == "sent" and bundle.body.get("holdout"))


def due(instance: Instance) -> Iterator[str]:
    """Sends whose conversions are to be counted now: some hours after the last count, and once after their time is over."""
    counted = {name.removeprefix(_MEMORY): said for name, said in instance.ledger.last_checks(_MEMORY).items()}
    for run in instance.ledger.runs(limit=_NEWEST, states=_BEGUN):
        chosen = run.scope.startswith("to:")  # one person, and somebody tries it out
        if not chosen and run.id not in counted and rule_of(instance, run) is not None:
            yield run.id
    yield from _to_count_again(instance, counted)


def _to_count_again(instance: Instance, counted: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A late click opens the time again; while there is nobody to count from, there is as soon as somebody is there."""
    now, files = instance.clock.now(), {table: instance.history.by_run(table) for table in ("events", "deliveries")}
    for run_id, said in counted.items():
        if said["closes"] >= said["at"]:
            again = now - said["at"] >= AGAIN_AFTER or said["closes"] <= now
        else:
            tables = ("events",) if said["closes"] else ("events", "deliveries")
            news = (file.stat().st_mtime for table in tables for file in files[table].get(run_id, ()))
            again = now - said["at"] >= AGAIN_AFTER and max(news, default=0.0) > said["at"]
        if again:
            yield run_id


def check_conversion(instance: Instance, campaign: Campaign) -> None:
    """Raise ConfigError or RuleError, with file and line, when a campaign's rule cannot be counted by the contracts."""
    rule = campaign.conversion
    if rule is None:
        return
    place = campaign.place("conversion")
    try:
        people = instance.workspace.feed(campaign.feed)
        _statement(instance, rule, people, [], (instance.today(), instance.today()))
    except TwainError as error:
        error.place = error.place or place
        raise


# ------------------------------------------------------------ counting


def _count(instance: Instance, run: Run, rule: Conversion, book: ConversionBook) -> Counted:
    now, found, closes = instance.clock.now(), list[Converted](), None
    anchors = book.anchors(run.id, rule.of)
    while batch := list(islice(anchors, _KEYS * _STATEMENTS)):
        latest = max(one.at[-1] for one in batch) + rule.within
        closes = latest if closes is None else max(closes, latest)
        found += _converted(instance, run, rule, batch)
    try:
        book.write(run, rule.of, found)
    except OSError as error:
        raise LedgerUnavailable(
            f"The delivery history {instance.settings.history} cannot be written: {error.strerror}.",
            todo="Make room there; what was booked before stays, and it is counted again.",
            code="T711",
        ) from error
    people = {(one.anchor.shard, one.anchor.row) for one in found}
    compared = _compare(instance, run, rule, book, len(people)) if rule.of == "sent" else None
    value = sum(one.value or 0.0 for one in found)
    return Counted(run.id, rule, len(people), len(found), value, closes, now, compared)


def _compare(instance: Instance, run: Run, rule: Conversion, book: ConversionBook, converted: int) -> Compared | None:
    """Count those held out as well, and those it did not reach. Of them only the two sums are kept."""
    held = _how_many(instance, run, rule, book.anchors(run.id, "held out"))
    if not held.whole:
        return None
    unsent = _how_many(instance, run, rule, book.anchors(run.id, "unsent"))
    sent = sum(1 for _ in book.anchors(run.id, "sent"))
    return Compared(rate(converted + unsent.part, sent + unsent.whole), held)


def _how_many(instance: Instance, run: Run, rule: Conversion, anchors: Iterator[Anchor]) -> Rate:
    people, keys = 0, set[str]()
    while batch := list(islice(anchors, _KEYS * _STATEMENTS)):
        people += len(batch)
        keys.update(one.anchor.key for one in _converted(instance, run, rule, batch))
    return rate(len(keys), people)


def _converted(instance: Instance, run: Run, rule: Conversion, batch: Sequence[Anchor]) -> Iterator[Converted]:
    """Of these messages; one read transaction."""
    people = instance.workspace.feed(batch[0].feed)
    feed = instance.workspace.feed(rule.feed)
    by_key: dict[str, list[Anchor]] = {}
    for one in batch:
        by_key.setdefault(one.key, []).append(one)
    days = _days(batch, rule)
    zone, keys = ZoneInfo(instance.settings.time_zone), list(by_key)
    with instance.source(feed.source).session(
        instance.tag(run.campaign, "conversions"), instance.limits(feed.source)
    ) as session:
        for first in range(0, len(keys), _KEYS):
            statement = _statement(instance, rule, people, keys[first : first + _KEYS], days)
            for row in session.table(statement).to_pylist():
                yield from _counting(by_key.get(row["key"], []), row["at"], row.get("value"), rule, zone)


def _days(batch: Sequence[Anchor], rule: Conversion) -> tuple[date, date]:
    """The days in question, with one to spare at each end: the database keeps its own clock."""
    first, last = min(one.at[0] for one in batch), max(one.at[-1] for one in batch) + rule.within
    ends = (datetime.fromtimestamp(moment, UTC).date() for moment in (first - _DAY, last + _DAY))
    return next(ends), next(ends)


def _counting(
    anchors: Sequence[Anchor], when: date | None, value: float | None, rule: Conversion, zone: ZoneInfo
) -> Iterator[Converted]:
    """One row of the company's data, for each message that it came in time after."""
    if when is None:
        return
    number = None if value is None else float(value)
    for anchor in anchors:
        if isinstance(when, datetime):
            moment = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
            counts = any(start <= moment <= start + rule.within for start in anchor.at)
        else:
            moment = datetime(when.year, when.month, when.day, tzinfo=zone).timestamp()
            counts = any(_day(start, zone) <= when <= _day(start + rule.within, zone) for start in anchor.at)
        if counts:
            yield Converted(anchor, moment, number)


def _day(moment: float, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(moment, zone).date()


def _statement(
    instance: Instance, rule: Conversion, people: Feed, keys: Sequence[str], days: tuple[date, date]
) -> Statement:
    feed = instance.workspace.feed(rule.feed)
    _number_or_nothing(feed, rule)
    since = {"field": rule.time, "op": "ge", "value": days[0]}
    until = {"field": rule.time, "op": "lt", "value": days[1] + timedelta(1)}
    return compile_rows(
        {"all": [since, until, *([rule.where] if rule.where else [])]},
        _relation(rule, people).other_field,
        keys,
        feed=feed,
        feeds=instance.workspace.feeds,
        fields={"at": rule.time, **({"value": rule.value} if rule.value else {})},
        dialect=instance.dialect(feed.source),
        today=instance.today(),
        where="conversion",
    )


def _number_or_nothing(feed: Feed, rule: Conversion) -> None:
    wanted = {rule.time: ("date", "timestamp"), rule.value: ("integer", "number")}
    for name, types in wanted.items():
        field = feed.fields.get(name)
        if field is not None and field.type not in types:
            raise ConfigError(
                f"conversion: {feed.name}.{name} holds {field.type}, not {' or '.join(types)}.",
                todo="time is a date or a time; value, which is added up, a number.",
                code="T892",
            )


def _relation(rule: Conversion, people: Feed) -> Relation:
    """How rows of the rule's feed belong to people: by the people's key, which is all that we keep of them."""
    found = [
        one
        for name, one in people.relations.items()
        if one.feed == rule.feed and one.field == people.key and rule.relation in ("", name)
    ]
    if len(found) == 1:
        return found[0]
    named = ", ".join(sorted(n for n, one in people.relations.items() if one.field == people.key)) or "none yet"
    what = "more than one relation leads" if found else "no relation leads"
    raise ConfigError(
        f"conversion: {what} from {people.name}.{people.key} to {rule.feed!r}.",
        todo=f"Name it: relation = … Relations by the key of {people.name}: {named}.",
        code="T891",
    )


def _kept(compared: Compared | None) -> dict[str, float]:
    if compared is None:
        return {}
    meant, held = compared.meant, compared.held
    return {"meant": meant.part, "meant_of": meant.whole, "held": held.part, "held_of": held.whole}


def _compared_before(said: Mapping[str, float]) -> Compared | None:
    if "held_of" not in said:
        return None
    meant, held = ((int(said[name]), int(said[f"{name}_of"])) for name in ("meant", "held"))
    return Compared(rate(*meant), rate(*held))


def _memory(run_id: str) -> str:
    return f"{_MEMORY}{run_id}"
