"""Why did I get this: since when somebody agreed, by the feed while it is kept, and by our own forms' proof."""

from __future__ import annotations

from datetime import UTC, date, datetime

import duckdb

from twain.flows.freeze import freeze, prepare_run
from twain.flows.instance import open_instance
from twain.flows.publish import publish
from twain.flows.recipients import InstanceFacts
from twain.flows.send import SendOptions, plan, resume
from twain.flows.viewing import Viewer
from twain.flows.watch import Nobody
from twain.records import Signup
from twain.returns.facts import Consented
from twain.returns.tokens import TokenRef

DAY = 86_400.0
FIELD = """      - name: agreed_on
        businessName: Agreed on
        logicalType: date
        physicalType: DATE
        classification: personal
        customProperties:
          - property: twain.reviewed
            value: {by: Priya Nair, on: "2026-09-14"}
          - property: twain.role
            value: consent_at
      - name: points
"""


def test_the_feeds_date_while_it_is_kept_and_our_own_proof_before_it(demo):
    with duckdb.connect(str(demo.root / "data" / "shop.duckdb")) as db:
        db.execute("ALTER TABLE customers ADD COLUMN agreed_on DATE")
        db.execute("UPDATE customers SET agreed_on = DATE '2024-03-05'")
    demo.edit("feeds/customers.odcs.yaml", "      - name: points\n", FIELD)
    with open_instance(demo.root) as instance:
        run = plan(instance, publish(instance, instance.workspace.campaign("summer-thanks")), SendOptions(limit=3))
        freeze(instance, run, Nobody(), prepare_run(instance, run))
        facts, somebody = InstanceFacts(instance, Viewer(instance)), b"h" * 32
        ref = TokenRef(run.id, instance.ledger.shards(run.id)[0].number, 0)
        told = facts.consent(ref, None)
        assert told is not None
        assert (told.how, datetime.fromtimestamp(told.at, UTC).date()) == ("data", date(2024, 3, 5))
        resume(instance, run.id)
        assert facts.consent(ref, None) is None  # names and dates are gone with the send's end
        for form, state, at in (
            ("a", "taken", -9),
            ("b", "confirmed", -5),
            ("c", "confirmed", 5),
            ("d", "pending", -1),
        ):
            moment = run.created_at + at * DAY
            confirmed = moment if state == "confirmed" else 0.0
            one = Signup(form.encode() * 16, form, state, somebody, moment, topic="offers", confirmed_at=confirmed)
            instance.ledger.sign_up(one)
        assert facts.consent(ref, somebody) == Consented(run.created_at - 5 * DAY, "mail")
