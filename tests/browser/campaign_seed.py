"""A campaign of Lena's in a house that is open, with words that are saved: ``python -m tests.browser.campaign_seed <name>``.

Prints its slug. What other rooms' browser tests show (writing, building an audience) is not done again by hand here.
"""

from __future__ import annotations

import sys

from twain_web.loading import load

load()

from twain_web.rooms.campaigns.actions.planning import create_campaign, save_plan  # noqa: E402 — after the settings
from twain_web.rooms.campaigns.plans import Plan, PlannedArm  # noqa: E402
from twain_web.rooms.content.actions import begin_draft, make_content, save_draft, save_version  # noqa: E402
from twain_web.rooms.content.models import BrandKit  # noqa: E402
from twain_web.rooms.people.models import Person  # noqa: E402

BODY = """<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ first_name | default: "friend" }}.</mj-text>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text></mj-column></mj-section></mj-body></mjml>"""


def seed(name: str) -> str:
    """Content, campaign and plan; returns the slug."""
    lena = Person.objects.get(username="lhoffmann")
    brand = BrandKit.objects.first() or BrandKit.objects.create(
        slug="nordlicht-tests", name="Nordlicht", sender_name="Nordlicht Outdoor",
        sender_address="news@mail.nordlicht.example", postal_address="Oranienstraße 12, 10999 Berlin",
    )  # fmt: skip
    content = make_content(by=lena, name=f"Words of {name}", feed="customers", brand=brand)
    draft = begin_draft(by=lena, content=content)
    message = {"subject": f"{name}, {{{{ first_name | default: 'friend' }}}}", "preheader": "", "body": BODY, "text": "",
               "related": {}, "defaults": {}}  # fmt: skip
    save_draft(by=lena, content=content, document={"kind": "mjml", "message": message}, revision=draft.revision)
    save_version(by=lena, content=content)
    campaign = create_campaign(by=lena, name=name, topic="offers")
    plan = Plan(audience="active-customers", arms=(PlannedArm(content=content.slug),), channel="mail")
    save_plan(by=lena, campaign=campaign, plan=plan, based_on=0)
    return campaign.slug


if __name__ == "__main__":
    sys.stdout.write(seed(sys.argv[1]))
