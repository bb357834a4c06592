"""Room for sends: capacity show, slot, book, release, measure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from twain.calendars.slots import HOUR, Demand
from twain.cli.output import Json, print_json, say
from twain.errors import ConfigError
from twain.flows.capacity import book, next_free, spoken
from twain.flows.capacity_clicks import measure_slot, unmeasured
from twain.flows.capacity_told import (
    clicks_told,
    hours_told,
    limits_told,
    moment_told,
    slot_told,
    slots_told,
    wanted_by,
)
from twain.flows.instance import Instance, open_instance
from twain.flows.publish import make

capacity = typer.Typer(no_args_is_help=True, help="How much may be sent in which hour, and who has booked it.")
Campaign = Annotated[str, typer.Argument(help="A campaign's name.")]
People = Annotated[int, typer.Option(help="How many messages; by default what was counted last, or the ceiling.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.add_typer(capacity, name="capacity")


@capacity.command("show")
def show(
    hours: Annotated[int, typer.Option(help="How far to look ahead.", min=1, max=24 * 60)] = 24, as_json: Json = False
) -> None:
    """Limits, what is booked of them hour by hour, and the slots."""
    with open_instance() as instance:
        now = instance.clock.now()
        slots = instance.ledger.slots(since=now, until=now + hours * HOUR)
        told = {
            "limits": limits_told(instance), "hours": hours_told(instance, hours), "slots": slots_told(instance, hours),
        }  # fmt: skip
        if as_json:
            print_json(told)
            return
        if not told["limits"]:
            say("Nothing is limited: there is no capacity.toml yet.")
        for row in told["hours"]:
            when = spoken(instance, datetime.fromisoformat(row["at"]).timestamp())
            say(f"{when}  {row['of']:<20} {row['booked']:>9.0f} of {row['limit']:.0f}")
        for slot in slots:
            say(f"{slot.campaign}: {slot.people} by {slot.channel}, {spoken(instance, slot.begins)} ({slot.state})")


@capacity.command("slot")
def slot(
    campaign: Campaign,
    people: People = 0,
    after: Annotated[str, typer.Option(help="Not before, such as 2026-12-04T09:00, by the workspace's clocks.")] = "",
    as_json: Json = False,
) -> int:
    """The earliest slot that fits. Exit 3 when there is none within sixty days."""
    with open_instance() as instance:
        wanted = _demand(instance, campaign, people)
        found = next_free(instance, wanted, _moment(instance, after))
        if as_json:
            print_json(
                {"campaign": campaign, "people": wanted.people, "at": moment_told(found), "clicks": clicks_told(wanted)}
            )
        elif found is None:
            say("Nothing is free within sixty days.", "red")
        else:
            say(f"{wanted.people} messages fit from {spoken(instance, found)}.", "green")
        return 0 if found is not None else 3


@capacity.command("book")
def book_slot(
    campaign: Campaign,
    at: Annotated[
        str, typer.Option(help="When it begins, by the workspace's clocks; without it, the earliest slot.")
    ] = "",
    people: People = 0,
    exception: Annotated[str, typer.Option(help="Why it may go beyond the limits; only IT may say so.")] = "",
    as_json: Json = False,
) -> None:
    """Book room for a campaign, in place of the slot that it has ahead. Exit 3 when it does not fit."""
    with open_instance() as instance:
        wanted, begins = _demand(instance, campaign, people), _moment(instance, at)
        if begins is None:
            begins = next_free(instance, wanted) or instance.clock.now()
        booked = book(instance, campaign, wanted, begins, exception=exception)
        if as_json:
            print_json({"slot": slot_told(booked)})
        else:
            say(f"Booked: {booked.people} by {booked.channel} from {spoken(instance, booked.begins)}.", "green")


@capacity.command("release")
def release(campaign: Campaign, as_json: Json = False) -> None:
    """Give back the slots that a campaign has ahead."""
    with open_instance() as instance:
        ahead = instance.ledger.slots(since=instance.clock.now(), campaign=campaign)
        released = [one.id for one in ahead if instance.ledger.release_slot(one.id)]
    if as_json:
        print_json({"released": released})
    else:
        say(f"{len(released)} slots were given back.")


@capacity.command("measure")
def measure(as_json: Json = False) -> None:
    """Compare the forecast of sends that are two days old with what came, and keep both."""
    with open_instance() as instance:
        found = [measure_slot(instance, one) for one in unmeasured(instance)]
    if as_json:
        print_json({"measured": [{"campaign": one.campaign, **one.measured} for one in found]})
        return
    for one in found:
        say(f"{one.campaign}: {one.measured['clicks_expected']} clicks expected, {one.measured['clicks']:.0f} came.")
    say(f"{len(found)} forecasts were compared.")


def _demand(instance: Instance, campaign: str, people: int) -> Demand:
    return wanted_by(instance, make(instance, instance.workspace.campaign(campaign)).body, people)


def _moment(instance: Instance, text: str) -> float | None:
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no moment.", todo="Write it like 2026-12-04T09:00.", code="T916") from error
    zone = ZoneInfo(instance.settings.time_zone)
    return (when.replace(tzinfo=zone) if when.tzinfo is None else when).timestamp()
