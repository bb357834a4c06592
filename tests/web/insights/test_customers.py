import pytest

from twain.errors import ConfigError
from twain.flows.control import suppress_addresses
from twain.flows.counting import find_rule
from twain.flows.customer import find_key, look_up, why
from twain.ledger.converted import Anchor, ConversionBook, Converted
from twain.records import Run, RunState
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.people.models import AuditRow

KEY = "17"


@pytest.fixture
def here(company, db):
    return engine.instance("tester")


@pytest.fixture
def feed(here):
    return here.workspace.feed("customers")


def shown(customer):
    return {value.field: value for value in customer.own}


def test_fields_without_the_right_are_masked_and_unreviewed_ones_do_not_exist(here, feed):
    values = shown(look_up(here, feed, KEY))
    assert values["birth_date"].masked
    assert values["birth_date"].shown == "•••"
    assert not values["city"].masked
    assert "phone" not in values


def test_related_rows_come_with_their_owner(here, feed):
    related = {part.feed.name: part for part in look_up(here, feed, KEY).related}
    assert related["orders"].feed.owner.name
    assert all(value.masked for row in related["visits"].rows for value in row if value.field == "device")


def test_a_key_nobody_has_is_said(here, feed):
    with pytest.raises(ConfigError, match="nobody with the key"):
        look_up(here, feed, "999999999")


def test_found_by_key_and_by_address(here, feed):
    address = shown(look_up(here, feed, KEY))["email"].shown
    assert find_key(here, feed, KEY) == KEY
    assert find_key(here, feed, address) == KEY
    assert find_key(here, feed, "nobody@nowhere.example") is None


def test_why_adds_up(here, feed):
    found = why(here, find_rule(here, "gold-in-berlin"), KEY)
    assert [clause.words for clause in found.clauses] == ["– Loyalty tier is “gold”", "– City is “Berlin”"]
    assert found.inside == all(clause.holds for clause in found.clauses)


def test_whoever_was_suppressed_shows_it(here, feed):
    address = shown(look_up(here, feed, "23"))["email"].shown
    suppress_addresses(here, [address], "asked", "a test")
    answers = {question: (yes, reason) for question, yes, reason in look_up(here, feed, "23").may_be_mailed}
    assert answers["Can still be written to"] == (False, "asked, a test")


# ---------------------------------------------------------------- the pages


def test_the_page_and_its_rows(signed_in, company):
    client = signed_in(Role.MARKETER)
    assert client.get("/customers/").status_code == 200
    assert client.get("/customers/", {"q": KEY})["Location"] == f"/customers/customers/{KEY}/"
    assert b"Nobody is known" in client.get("/customers/", {"q": "99999999"}).content
    assert client.get(f"/customers/customers/{KEY}/").status_code == 200
    rows = client.get(f"/customers/customers/{KEY}/rows/").content.decode()
    assert "Loyalty tier" in rows
    assert "masked" in rows


def test_what_was_counted_for_them_is_listed_without_its_value(signed_in, here):
    run = Run("r0000conv", "0" * 64, "summer-thanks", RunState.FINISHED, "mail", "never_twice", "test", 1_790_000_000.0)
    anchor = Anchor(KEY, 0, 0, "main", "customers", (run.created_at,))
    book = ConversionBook(here.settings.history)
    book.write(run, "clicked", [Converted(anchor, run.created_at + 3600, 4711.25)])
    try:
        page = signed_in(Role.MARKETER).get(f"/customers/customers/{KEY}/").content.decode()
        assert "Counted as a success" in page
        assert "Summer thank-you" in page
        assert "counted from the click" in page
        assert "4711" not in page  # a total is IT's field: who may see it sees it in the live rows
        other = signed_in(Role.MARKETER).get("/customers/customers/18/").content.decode()
        assert "Counted as a success" not in other
    finally:
        book.write(run, "clicked", [])


def test_unmasking_needs_the_right_a_reason_and_leaves_a_row(signed_in, company):
    path = f"/customers/customers/{KEY}/unmask/"
    assert signed_in(Role.MARKETER).post(path, {"reason": "because I am curious"}).status_code == 403
    lead = signed_in(Role.MARKETING_LEAD)
    assert lead.post(path, {"reason": "why"}).status_code == 422
    assert not AuditRow.objects.filter(verb="customer unmasked").exists()
    answer = lead.post(path, {"reason": "She called: her birthday voucher never came"})
    assert answer.status_code == 200
    assert "•••" not in answer.content.decode()
    row = AuditRow.objects.get(verb="customer unmasked")
    assert row.thing == f"customer:customers:{KEY}"
    assert "voucher" in row.detail["reason"]


def test_unmasking_by_get_changes_nothing(signed_in, company):
    assert signed_in(Role.MARKETING_LEAD).get(f"/customers/customers/{KEY}/unmask/").status_code == 405


def test_why_on_the_page(signed_in, company):
    client = signed_in(Role.DATA_OWNER)
    answer = client.get(f"/customers/customers/{KEY}/why/", {"audience": "gold-in-berlin"})
    assert "Loyalty tier" in answer.content.decode()
    assert client.get(f"/customers/customers/{KEY}/why/", {"audience": "'; drop"}).status_code == 422


@pytest.mark.parametrize(
    "wanted", ["'", "1 or 1=1", "%", "../../etc", "<script>", "x" * 300, "\x00", "17; drop table customers"]
)
def test_nothing_typed_into_the_search_is_more_than_a_value(signed_in, company, wanted):
    answer = signed_in(Role.MARKETER).get("/customers/", {"q": wanted})
    assert answer.status_code == 200
    assert b"<script>" not in answer.content.split(b"<main")[1].split(b"</main")[0].replace(b"<script src", b"")
