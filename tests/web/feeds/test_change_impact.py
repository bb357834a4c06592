"""What would this change break? A changed contract, pasted or uploaded, against everything that reads it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.house_workspace import ROOT
from tests.web.feeds.feeds_workspace import CUSTOMERS
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.feeds import looking, public
from twain_web.rooms.feeds.models import CampaignReads

URL = "/catalogue/changes/"


@pytest.fixture
def owner(signed_in):
    return signed_in(Role.DATA_OWNER)


def text():
    return CUSTOMERS.read_text(encoding="utf-8")


def renamed():
    return text().replace("- name: tier\n", "- name: loyalty_tier\n")


def test_a_renamed_field_breaks_campaigns_and_has_ways_out(owner, files):
    before = {p: p.read_bytes() for p in ROOT.glob("feeds/*")}
    answer = owner.post(URL, {"text": renamed()})
    verdict = answer.context["verdict"]
    assert {b.use.name for b in verdict.broken if b.use.kind == "campaign"} == {"summer-thanks"}
    one = next(b for b in verdict.broken if b.use.kind == "campaign")
    assert (one.feed, one.field, one.problem.code) == ("customers", "tier", "T232")
    page = answer.content.decode()
    assert "It breaks 1 campaign" in page
    assert "Lena Hoffmann, Campaign Manager" in page
    assert "Loyalty tier" in page
    assert "physicalName: loyalty_tier" in verdict.keep
    assert "+" in verdict.rename
    assert {p: p.read_bytes() for p in ROOT.glob("feeds/*")} == before


def test_what_breaks_nothing_says_so(owner, db):
    answer = owner.post(URL, {"text": text().replace("Where the customer lives.", "Where they live.")})
    assert b"It breaks nothing" in answer.content


def test_a_file_serves_as_well(owner, db):
    file = SimpleUploadedFile("customers.odcs.yaml", renamed().encode())
    assert len(owner.post(URL, {"file": file}).context["verdict"].broken) > 0


def test_what_the_house_made_counts_too(owner, db):
    record = replace(engine.workspace().campaign("summer-thanks"), name="autumn", title="Autumn")
    when = datetime(2026, 12, 4, 9, tzinfo=UTC)
    public.MADE.append(lambda: [public.Made("autumn", "/campaigns/autumn/", "v1", lambda: record)])
    public.USES.append(lambda feed: [public.Use("campaign", "Autumn", "/campaigns/autumn/", when)])
    try:
        answer = owner.post(URL, {"text": renamed()})  # although nothing has been read in the background yet
        assert "made/autumn" not in looking.campaigns_due()
    finally:
        public.USES.pop()
        public.MADE.pop()
    autumn = next(b for b in answer.context["verdict"].broken if b.use.name == "Autumn")
    assert (autumn.field, str(autumn.use.owner), autumn.use.when) == ("tier", "Lena Hoffmann, Campaign Manager", when)
    assert b"It breaks 2 campaigns" in answer.content
    assert "made/autumn" in looking.campaigns_due()  # it is gone


def test_an_edit_of_a_moment_ago_is_in_the_answer(owner, db):
    records = [
        replace(engine.workspace().campaign(name), name="autumn", title="Autumn")
        for name in ("birthday", "summer-thanks")
    ]
    edits = iter(enumerate(records))
    number, record = next(edits)
    public.MADE.append(lambda: [public.Made("autumn", "/campaigns/autumn/", f"v{number}", lambda: record)])
    try:
        before = owner.post(URL, {"text": renamed()}).context["verdict"].broken
        number, record = next(edits)
        after = owner.post(URL, {"text": renamed()}).context["verdict"].broken
    finally:
        public.MADE.pop()
    assert ("Autumn" in {b.use.name for b in before}, "Autumn" in {b.use.name for b in after}) == (False, True)


def test_what_was_never_read_is_read_first(db):
    for name in looking.campaigns_due():
        looking.read_campaign(name)
    known = sorted(CampaignReads.objects.values_list("campaign", flat=True))
    assert len(known) > 1
    CampaignReads.objects.update(stamp="")
    CampaignReads.objects.filter(campaign=known[-1]).delete()
    due = looking.campaigns_due()
    assert (due[0], sorted(due)) == (known[-1], known)


def test_a_feed_with_a_new_name_takes_the_place_of_the_old(owner, db):
    changed = (
        text()
        .replace("  - name: customers\n", "  - name: clients\n")
        .replace("customers.updated_at", "clients.updated_at")
    )
    broken = owner.post(URL, {"text": changed, "replaces": "customers"}).context["verdict"].broken
    assert {b.problem.code for b in broken} >= {"T236"}


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"text": ""}, 422),
        ({"text": "   "}, 422),
        ({"text": "{"}, 200),
        ({"text": "a: &x [*x]"}, 200),
        ({"text": "!!python/object/apply:os.system ['true']"}, 200),
        ({"text": "x" * 2_000_000}, 422),
        ({"text": "name: x", "replaces": "../../policy"}, 422),
        ({"file": SimpleUploadedFile("x.yaml", b"\xff\xfe\x00")}, 422),
        ({"file": SimpleUploadedFile("../../policy.toml", b"evil")}, 200),
    ],
    ids=str,
)
def test_what_is_no_contract_is_told(owner, db, given, status):
    before = (ROOT / "policy.toml").read_bytes()
    answer = owner.post(URL, given)
    assert answer.status_code == status
    assert b"It breaks nothing" not in answer.content
    assert (ROOT / "policy.toml").read_bytes() == before


def test_payloads_stay_words(owner, db):
    payload = "<script>alert(1)</script>"
    for changed in (
        payload,
        renamed().replace("businessName: City", f"businessName: '{payload}'"),
        f"{text()}\n{payload}: x",
    ):
        assert b"<script>alert(1)" not in owner.post(URL, {"text": changed}).content


@pytest.mark.parametrize("role", [Role.MARKETER, Role.MARKETING_LEAD, Role.AUDITOR])
def test_it_is_its(signed_in, role):
    assert signed_in(role).get(URL).status_code == 403
    assert signed_in(role).post(URL, {"text": "x"}).status_code == 403


def test_it_begins_with_the_contract_as_it_is(owner, db):
    form = owner.get(URL, {"feed": "customers"}).context["form"]
    assert form.initial["text"] == text()
    assert owner.get(URL, {"feed": "../policy"}).context["form"].initial == {}
