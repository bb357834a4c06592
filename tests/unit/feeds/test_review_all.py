"""Many decisions at once say the same as one after the other."""

from datetime import date

import pytest

from tests.house_workspace import ROOT
from twain.errors import ContractError
from twain.feeds.contract import read_contract
from twain.feeds.review import Decision, decide, decide_all, drafts, pending
from twain.records import Privacy, Right, Role

TEXT = (ROOT / "feeds" / "customers.odcs.yaml").read_text(encoding="utf-8")
WHO = {"reviewed_by": "Priya Nair", "on": date(2026, 11, 22)}


def test_decisions_together_are_decisions_one_by_one():
    phone = Decision(
        frozenset({Right.PREVIEW}), "Phone", "For emergencies.", Role.PHONE, Privacy.SENSITIVE, ("mobile",)
    )
    city = Decision(frozenset({Right.FILTER}), role="keep")
    one = decide(
        TEXT, "phone", rights=phone.rights, business_name="Phone", description="For emergencies.", role=Role.PHONE,
        classification=Privacy.SENSITIVE, synonyms=["mobile"], **WHO,
    )  # fmt: skip
    one = decide(one, "city", rights={Right.FILTER}, **WHO)
    assert decide_all(TEXT, {"phone": phone, "city": city}, **WHO) == one
    feed, _ = read_contract(one, "customers.odcs.yaml")
    assert feed.fields["phone"].rights == {Right.PREVIEW}


def test_all_fields_can_be_looked_at_again_with_the_rights_they_have():
    every = {d.name: d for d in drafts(TEXT)}
    assert not every["phone"].reviewed
    assert every["city"].reviewed
    assert every["city"].rights == {Right.FILTER, Right.PERSONALISE, Right.PREVIEW, Right.EXPORT}
    assert every["city"].synonyms == ("town", "place")
    assert [d.name for d in pending(TEXT)] == ["phone"]


def test_one_unknown_field_and_nothing_is_decided():
    with pytest.raises(ContractError, match="no field"):
        decide_all(TEXT, {"phone": Decision(), "telefon": Decision()}, **WHO)
