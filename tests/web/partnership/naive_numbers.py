"""The partnership's numbers once more, from raw rows and by hand: no function of Twain's counts here."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from statistics import mean, median
from zoneinfo import ZoneInfo

import holidays

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
DAYS_OFF = holidays.country_holidays("IN", subdiv="KA", years=[2024, 2025, 2026])
LATER_HOURS = date(2025, 6, 1)


def when(value):
    if value is None:
        return None
    if isinstance(value, float | int):
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def month(moment, by="month"):
    local = moment.astimezone(BERLIN) if isinstance(moment, datetime) else moment
    return f"{local:%Y-%m}" if by == "month" else f"{local.year}-Q{(local.month + 2) // 3}"


def worked(begin, end):
    """Working hours in Bengaluru, day by day."""
    hours, day = 0.0, (begin.astimezone(KOLKATA)).date()
    while day <= end.astimezone(KOLKATA).date():
        if day.weekday() < 5 and day not in DAYS_OFF:
            opens = datetime.combine(day, time(11 if day >= LATER_HOURS else 10), KOLKATA)
            hours += max(timedelta(), min(end, opens + timedelta(hours=8)) - max(begin, opens)).total_seconds() / 3600
        day += timedelta(days=1)
    return hours


def by_period(pairs, fold, by):
    """(moment, value) → period → what *fold* makes of its values."""
    groups = defaultdict(list)
    for moment, value in pairs:
        groups[month(moment, by)].append(value)
    return {period: fold(values) for period, values in groups.items()}


def percent(values):
    return 100 * sum(values) / len(values)


class Raw:
    """Everything, read from the two databases as it lies there."""

    def __init__(self, lived, by):
        self.by, self.lived = by, lived
        self.requests = [dict(r) for r in lived.rows("house.db", "select * from desk_room_request")]
        self.events, self.promises = defaultdict(list), defaultdict(list)
        for row in lived.rows("house.db", "select * from desk_room_event order by id"):
            self.events[row["request_id"]].append((when(row["at"]), row["verb"]))
        for row in lived.rows("house.db", "select * from desk_room_promise order by id"):
            self.promises[row["request_id"]].append(date.fromisoformat(row["day"]))
        self.slots = [dict(r) for r in lived.rows("ledger.db", "select * from slots where state != 'released'")]
        self.runs = [dict(r) for r in lived.rows("ledger.db", "select * from runs")]
        self.held = {r["run_id"] for r in lived.rows("ledger.db", "select run_id from run_events where kind = 'held'")}

    def there(self):
        """(request, when it was there first)."""
        for one in self.requests:
            for at, verb in self.events[one["id"]]:
                if verb in ("observe", "confirm"):
                    yield one, at
                    break

    def began(self, run):
        return when(run["started_at"] or run["created_at"])

    # ---------------------------------------------------------------- the numbers

    def already_available(self):
        used = Counter()
        for one in self.requests:
            used[month(when(one["made_at"]), self.by)] += 0
            if (
                one["state"] == "deflected"
                and one["used_at"]
                and worked(when(one["since"]), when(one["used_at"])) <= 80
            ):
                used[month(when(one["since"]), self.by)] += 1
        return used

    def asks_per_ten(self):
        asked = Counter(month(when(one["asked_at"]), self.by) for one in self.requests if one["asked_at"])
        sent = by_period([(self.began(run), run["campaign"]) for run in self.runs], lambda c: len(set(c)), self.by)
        return {period: 10 * asked[period] / n for period, n in sent.items()}

    def late(self):
        return [
            (at, (at.astimezone(BERLIN).date() - self.promises[one["id"]][0]).days)
            for one, at in self.there()
            if self.promises[one["id"]]
        ]

    def promises_kept(self):
        return by_period([(at, days <= 0) for at, days in self.late()], percent, self.by)

    def promised_vs_actual(self):
        return by_period(self.late(), median, self.by)

    def clarifying(self):
        asked = [(at, sum(verb == "question" for _, verb in self.events[one["id"]])) for one, at in self.there()]
        return by_period(asked, mean, self.by)

    def domain_hours(self):
        took = [
            (at, (at - when(one["asked_at"])).total_seconds() / 3600)
            for one, at in self.there()
            if one["probe"] == "dns"
        ]
        return by_period(took, median, self.by)

    def plans(self):
        steps = defaultdict(dict)
        for row in self.lived.rows("house.db", "select * from capacity_room_step order by at desc"):
            steps[row["plan_id"]][row["state"]] = when(row["at"])
        for row in self.lived.rows("house.db", "select * from capacity_room_plan"):
            yield dict(row), steps[row["id"]]

    def notice_given(self):
        given = [
            (when(plan["begins_at"]), worked(steps["announced"], when(plan["begins_at"])))
            for plan, steps in self.plans()
            if plan["state"] != "withdrawn" and "announced" in steps
        ]
        return by_period(given, median, self.by)

    def needed(self, then):
        took = sorted(
            worked(steps["announced"], steps["feasible"])
            for _, steps in self.plans()
            if "feasible" in steps and then - timedelta(days=365) <= steps["feasible"] < then
        )
        return took[min(len(took), math.ceil(0.85 * (len(took) + 1))) - 1] if len(took) >= 6 else None

    def expedites(self):
        found = Counter()
        for plan, steps in self.plans():
            if plan["state"] != "withdrawn":
                needed = self.needed(steps["announced"]) if "announced" in steps else None
                late = needed is not None and worked(steps["announced"], when(plan["begins_at"])) < needed
                found[month(when(plan["begins_at"]), self.by)] += late
        for slot in self.slots:
            found[month(when(slot["begins"]), self.by)] += bool(slot["exception"])
        return found

    def hours_of_mail(self):
        hours = Counter()
        for slot in self.slots:
            for resource, hour, amount in json.loads(slot["loads"]):
                if resource == "channel:mail":
                    hours[hour] += amount
        return hours

    def fullest_hour(self):
        shares = [(h, n) for h, n in self.hours_of_mail().items()]
        limited = [
            (when(h * 3600), 100 * n / (30_000 if when(h * 3600).date() >= date(2025, 7, 1) else 25_000))
            for h, n in shares
        ]
        return by_period(limited, max, self.by)

    def forecast_error(self):
        wrong = [(when(slot["begins"]), json.loads(slot["measured"]).get("error")) for slot in self.slots]
        return by_period([(at, 100 * error) for at, error in wrong if error is not None], median, self.by)

    def auto_approved(self):
        approved = {row["bundle"] for row in self.lived.rows("ledger.db", "select bundle from approvals")}
        return by_period([(self.began(run), run["bundle"] not in approved) for run in self.runs], percent, self.by)

    def change_fails(self):
        wrong = [(self.began(run), run["id"] in self.held or run["state"] == "cancelled") for run in self.runs]
        return by_period(wrong, percent, self.by)

    def incident_hours(self, verb):
        opened, took = {}, []
        query = "select * from incidents_room_event order by incident_id, number"
        for row in self.lived.rows("house.db", query):
            if row["verb"] in ("open", "reopen"):
                opened[row["incident_id"]] = when(row["at"])
            elif row["verb"] == verb:
                began = opened[row["incident_id"]]
                took.append((began, (when(row["at"]) - began).total_seconds() / 3600))
        return by_period(took, median, self.by)

    def checks_on_time(self):
        rows = self.lived.rows("house.db", "select planned_for, held_on from partnership_room_statuscheck")
        met = [
            (date.fromisoformat(r["planned_for"]), r["held_on"] is not None and r["held_on"] <= r["planned_for"])
            for r in rows
        ]
        return by_period(met, percent, self.by)

    def above_average(self, side, before):
        told = {}
        for row in self.lived.rows("house.db", f"select * from partnership_room_ballot where side = '{side}'"):
            good, n = row["excellent"] + row["above"], sum(row[k] for k in ("excellent", "above", "below", "poor"))
            if n >= 5 and row["quarter"] < before:
                told[row["quarter"]] = 100 * min(max(good, 2), n - 2) / n
        return told

    def vendor_lead(self):
        rows = self.lived.rows("house.db", "select * from partnership_room_vendorreview where decided_at is not null")
        days = [
            (when(r["decided_at"]), (when(r["decided_at"]) - when(r["asked_at"])).total_seconds() / 86400) for r in rows
        ]
        return by_period(days, median, self.by)

    def catalogue(self, count):
        """Of the last day looked at in each period."""
        rows = self.lived.rows("house.db", "select * from partnership_room_catalogueday order by day")
        return {month(date.fromisoformat(row["day"]), self.by): count(row) for row in rows}

    def spf(self, domain):
        """Of the last day looked at in each period; and which domain needs most at the end."""
        rows = self.lived.rows("house.db", "select * from partnership_room_spfday order by day")
        last = {row["domain"]: row["lookups"] for row in rows}
        mine = {month(date.fromisoformat(r["day"]), self.by): r["lookups"] for r in rows if r["domain"] == domain}
        return mine, max(last, key=last.get)

    def items_carried(self):
        """Open when the last check of a period began, and still when it ended."""
        query = "select {0}.*, a.held_on as raised, b.held_on as settled from {0} {1} {2}".format(
            "partnership_room_item",
            "join partnership_room_statuscheck a on a.id = raised_in_id",
            "left join partnership_room_statuscheck b on b.id = settled_in_id",
        )
        items = [(row["raised"], row["settled"]) for row in self.lived.rows("house.db", query)]
        held = [r["held_on"] for r in self.lived.rows("house.db", "select held_on from partnership_room_statuscheck")]
        found = {}
        for day in sorted(d for d in held if d):
            left = sum(raised < day and (settled is None or settled > day) for raised, settled in items)
            found[month(date.fromisoformat(day), self.by)] = left
        return found

    def read_by(self, feed):
        bodies = {r["hash"]: json.loads(r["body"]) for r in self.lived.rows("ledger.db", "select * from bundles")}
        return by_period(
            [(self.began(run), feed in bodies[run["bundle"]]["contracts"]) for run in self.runs], sum, self.by
        )
