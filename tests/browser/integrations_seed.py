"""Endpoints, providers, a domain with a fault, a lead that was refused: ``python -m tests.browser.integrations_seed``.

Prints their names as JSON.
"""

from __future__ import annotations

import json
import sys

from twain_web.loading import load

load()

from anymail.signals import AnymailTrackingEvent  # noqa: E402
from django.utils import timezone  # noqa: E402

from twain.delivery.domains.judge import Finding  # noqa: E402
from twain.flows.signing_up import sealed_outgoing  # noqa: E402
from twain.records import Level, Outgoing  # noqa: E402
from twain_web import engine  # noqa: E402
from twain_web.rooms.integrations import actions, providers  # noqa: E402
from twain_web.rooms.integrations.models import Delivery  # noqa: E402
from twain_web.rooms.integrations.probing import keep  # noqa: E402
from twain_web.rooms.people.models import Person  # noqa: E402

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
DOMAIN = "mail.nordlicht.example"


def findings(level: Level) -> list[Finding]:
    """MX as it should be, and SPF at this level."""
    spf = "v=spf1 ip4:192.0.2.10 ~all"
    told = (("ns1.nordlicht.example", spf), ("ns2.nordlicht.example", "none" if level is Level.HOLD else spf))
    mx = "10 mx.nordlicht.example."
    what = "There is no SPF record. Only on ns2.nordlicht.example; the others differ." if level is Level.HOLD else ""
    return [
        Finding(DOMAIN, "MX", Level.PASS, DOMAIN, "MX", mx, "as it should be", "", (("ns1.nordlicht.example", mx),)),
        Finding(DOMAIN, "SPF", level, DOMAIN, "TXT", spf, what, "Publish this one record.", told),
    ]


def integrations() -> dict[str, str]:
    """Make them; what the addresses of their pages name."""
    jonas = Person.objects.get(username="jweber")
    types = ["send.held", "send.finished", "message.bounced"]
    made = actions.make_endpoint(by=jonas, name="Data warehouse", url="http://127.0.0.1:9/hook", types=types)
    actions.test_endpoint(by=jonas, endpoint=made.endpoint)
    delivery = Delivery.objects.get(endpoint=made.endpoint)
    Delivery.objects.filter(pk=delivery.pk).update(
        state="dead", ended_at=timezone.now(), attempts=14, why="The other system could not be reached.",
        technical="Connection refused",
    )  # fmt: skip
    provider, _password = providers.open_provider(by=jonas, kind="postmark")
    event = AnymailTrackingEvent(
        event_type="bounced", event_id="1", timestamp=timezone.now(), recipient="someone@elsewhere.example",
        mta_response="550 5.1.1 no such user", esp_event={"Type": "HardBounce"},
    )  # fmt: skip
    providers.book(provider, [event])
    amazon, _password = providers.open_provider(by=jonas, kind="amazon-ses")
    providers.book(amazon, [], (TOPIC, "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=none"))
    for level in (Level.PASS, Level.HOLD):
        keep(DOMAIN, findings(level))
    return {"endpoint": str(made.endpoint.pk), "delivery": str(delivery.pk), "lead": refused_lead()}


def refused_lead() -> str:
    """A lead that the intake did not take; its id."""
    here = engine.instance()
    identifier, now = f"lead-{'5eed' * 8}", here.clock.now()
    told = {"id": identifier, "kind": "lead", "email": "someone@customer.example", "first_name": "Anna"}
    sealed = sealed_outgoing(here, identifier, told)
    lead = Outgoing(identifier, "lead", "newsletter", "crm", b"5eed" * 8, now, sealed, due=now, give_up_at=now + 600)
    here.ledger.hand_over([lead])
    taken = here.ledger.take_outgoing(identifier) or lead
    here.ledger.settle_outgoing(
        taken, "dead", problem="T872 The intake crm refused: permission denied for table leads."
    )
    return identifier


if __name__ == "__main__":
    sys.stdout.write(json.dumps(integrations()))
