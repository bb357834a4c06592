"""One thing of each kind that Lena has made, for pages that show such a thing: ``python -m tests.browser.place_seed``.

Prints their names as JSON: a campaign, an audience with a saved version, a picture, a request, a plan, a vendor, an incident.
"""

from __future__ import annotations

import io
import json
import sys
from datetime import timedelta

from django.utils import timezone
from PIL import Image

from tests.browser.campaign_seed import seed
from twain_web import engine
from twain_web.rooms.audiences import reads
from twain_web.rooms.audiences.actions import duplicate_audience, edit_draft, save_version
from twain_web.rooms.capacity.actions import make_plan, take_step
from twain_web.rooms.content.actions import add_picture
from twain_web.rooms.desk.actions.asking import Wish, ask
from twain_web.rooms.incidents.actions.opening import failed
from twain_web.rooms.incidents.failures import Failure
from twain_web.rooms.partnership.actions.reviewing import answer_gate, begin_review
from twain_web.rooms.partnership.scoring import GATES
from twain_web.rooms.people.models import Person


def places() -> dict[str, str]:
    """Make them; what the addresses of their pages name."""
    lena = Person.objects.get(username="lhoffmann")
    audience = duplicate_audience(by=lena, slug="gold-in-berlin")
    rule = edit_draft(by=lena, audience=audience).tree
    save_version(by=lena, audience=audience, tree=rule, ground=reads.ground_of(audience, lena), base=0)
    drawn = io.BytesIO()
    Image.new("RGB", (640, 240), "#7d9bb5").save(drawn, "PNG")
    picture = add_picture(by=lena, data=drawn.getvalue(), name="morning-frost.png", alt="A blue morning")
    wish = Wish(
        "new-field", "the hut that somebody slept in last", "Look-backs", target={"feed": "customers", "field": "hut"}
    )
    plan = make_plan(
        by=lena, title="Letters in spring", purpose="Bring people back to the mountains", channel="mail", people=12_000,
        begins_at=timezone.now() + timedelta(days=40),
    )  # fmt: skip
    take_step(by=lena, plan=plan, verb="announce")
    people = Person.objects.filter(username__in=("lhoffmann", "jweber"))
    vendor = begin_review(by=lena, name="Kartenhaus", purpose="Maps of huts in our letters", scorers=list(people))
    for gate in GATES:
        answer_gate(by=people[0], review=vendor, gate=gate, passed=True, evidence="Contract, section 4")
    made = {
        "vendor": str(vendor.pk),
        "plan": str(plan.pk),
        "audience": audience.slug,
        "picture": str(picture.pk),
        "request": ask(by=lena, wish=wish).slug,
        "incident": failed(_late_orders()).slug,
    }
    return {"campaign": seed("A campaign to look at"), **made}


def _late_orders() -> Failure:
    """As the house's own look would find it; the next look at the real orders closes it."""
    return Failure(
        "feed:orders:freshness:ordered_at", "feed", "orders", "freshness", "ordered_at", "Orders: older than agreed",
        "The newest of Orders is 3 days old; it may be 2 days old.", "orders.ordered_at: newest 3 days ago; latency 2 days.",
        engine.workspace().feeds["orders"].owner, timezone.now(), "SELECT max(ordered_at) FROM orders", 259_200.0,
        "at most 2 days",
    )  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(places()))
