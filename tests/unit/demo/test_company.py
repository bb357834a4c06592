"""The demo company: deterministic, skewed like life, dirty as promised, and unable to reach anybody."""

import re
from collections import Counter
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twain.demo.company import BATCH, generate, midnight
from twain.demo.places import CITIES
from twain.demo.tables import BY_NAME, TABLES
from twain.snapshot.address import Canonical, canonical

AS_OF = midnight(date(2026, 9, 1))
PEOPLE = 25_000  # more than one batch


def made(customers: int, seed: int = 7, **more) -> dict[str, pa.Table]:
    batches: dict[str, list[pa.RecordBatch]] = {}
    for part in generate(customers, seed, as_of=AS_OF, **more):
        batches.setdefault(part.table, []).append(part.rows)
    return {name: pa.Table.from_batches(rows) for name, rows in batches.items()}


@pytest.fixture(scope="module")
def company() -> dict[str, pa.Table]:
    return made(PEOPLE)


@pytest.fixture(scope="module")
def planted() -> Counter:
    counts: Counter = Counter()
    for part in generate(PEOPLE, 7, as_of=AS_OF):
        counts.update(part.planted)
    return counts


def values(table: pa.Table, column: str) -> list:
    return table[column].to_pylist()


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    first, again, other = made(300), made(300), made(300, seed=8)
    assert all(first[t.name].equals(again[t.name]) for t in TABLES)
    assert not first["customers"].equals(other["customers"])


def test_a_larger_company_begins_with_the_same_people():
    small, large = made(BATCH, orders=10), made(BATCH + 5, orders=10)
    names = ["customer_id", "first_name", "last_name", "email", "city", "birth_date", "newsletter_consent"]
    assert large["customers"].slice(0, BATCH).select(names).equals(small["customers"].select(names))


@settings(max_examples=25, deadline=None)
@given(customers=st.integers(1, 60), orders=st.one_of(st.none(), st.integers(0, 90)), seed=st.integers(0, 2**32))
def test_every_size_has_exactly_what_was_asked_for_and_no_loose_ends(customers, orders, seed):
    tables = made(customers, seed, orders=orders)
    assert tables["customers"].num_rows == customers
    assert tables["orders"].num_rows == (customers * 5 if orders is None else orders)
    for table in TABLES:
        for column, target in table.references.items():
            name, key = re.fullmatch(r"(\w+)\((\w+)\)", target).groups()
            there = set(values(tables[name], key))
            assert {v for v in values(tables[table.name], column) if v is not None} <= there


def test_keys_are_unique_and_schemas_are_kept(company):
    for table in TABLES:
        rows = company[table.name]
        assert rows.schema.equals(table.schema)
        assert rows.group_by(list(table.key)).aggregate([]).num_rows == rows.num_rows
        assert not any(rows[column].null_count for column in table.key)


def test_an_orders_figures_are_those_of_its_lines(company):
    lines = company["order_lines"]
    amount = pc.multiply(lines["unit_price"].cast(pa.float64()), lines["quantity"])
    sums = (
        lines.append_column("amount", amount).group_by("order_id").aggregate([("amount", "sum"), ("quantity", "sum")])
    )
    by_order = dict(
        zip(
            values(sums, "order_id"),
            zip(values(sums, "amount_sum"), values(sums, "quantity_sum"), strict=True),
            strict=True,
        )
    )
    orders = company["orders"]
    shown = zip(values(orders, "order_id"), values(orders, "total"), values(orders, "items"), strict=True)
    assert all(by_order[order] == (float(total), items) for order, total, items in shown)


def test_an_order_names_its_first_product(company):
    names = dict(zip(values(company["products"], "product_id"), values(company["products"], "name"), strict=True))
    lines = company["order_lines"].filter(pc.equal(company["order_lines"]["line"], 1))
    first = dict(zip(values(lines, "order_id"), values(lines, "product_id"), strict=True))
    orders = company["orders"]
    rows = zip(values(orders, "order_id"), values(orders, "product_id"), values(orders, "product_name"), strict=True)
    assert all(first[order] == product and names[product] == name for order, product, name in rows)


def test_no_address_can_reach_anybody(company):
    reserved = re.compile(r"(^|[@.])(example\.(com|org|net)|[\w-]+\.(example|test)|localhost)[.]?$", re.IGNORECASE)
    for address in filter(None, values(company["customers"], "email")):
        for domain in re.findall(r"@([^@,\s]+)", address):
            assert reserved.search(domain.lstrip("-")), address


def test_no_telephone_belongs_to_anybody(company):
    """Ofcom keeps 07700 900000 to 900999 for drama."""
    assert all(re.fullmatch(r"\+447700900\d{3}", p) for p in values(company["customers"], "phone") if p is not None)


def test_the_dirt_that_was_counted_is_there(company, planted):
    found = [canonical(address) for address in values(company["customers"], "email")]
    known = [one.compared for one in found if isinstance(one, Canonical)]
    assert found.count("no_address") == planted["no_address"]
    assert found.count("invalid") == planted["invalid"]
    # two may copy one person: each of them is still one row too many
    assert len(known) - len(set(known)) == planted["duplicate"]


def test_shares_are_those_of_the_description(planted):
    share = {kind: count / PEOPLE for kind, count in planted.items()}
    assert share["invalid"] == pytest.approx(0.005, rel=0.35)
    assert share["duplicate"] == pytest.approx(0.010, rel=0.25)
    assert share["no_address"] == pytest.approx(0.005, rel=0.35)
    assert share["consent_withdrawn"] == pytest.approx(0.08, rel=0.1)
    assert share["consent_unknown"] == pytest.approx(0.015, rel=0.25)


def test_names_hold_every_kind_of_trouble(company):
    names = values(company["customers"], "first_name")
    text = [name for name in names if name is not None]
    assert None in names
    assert "" in names
    for wanted in ("ü", "'", "🌲", "\r\n", "{{", "<b>", "=HYPERLINK", "さ"):
        assert any(wanted in name for name in text + values(company["customers"], "last_name")), wanted


def test_leap_days_are_born_more_often_than_nature_would(company):
    days = [d for d in values(company["customers"], "birth_date") if d is not None]
    leap = sum((d.month, d.day) == (2, 29) for d in days)
    assert leap / len(days) > 1.5 / 1461
    assert len({(d.month, d.day) for d in days}) == 366


def test_the_world_is_wide(company):
    zones = set(values(company["customers"], "time_zone"))
    assert None in zones
    assert len(zones) > 30
    assert len(set(values(company["customers"], "language"))) > 15
    assert len({c.time_zone for c in CITIES}) > 40


def test_berlin_and_the_tiers_are_well_filled(company):
    cities, tiers = Counter(values(company["customers"], "city")), Counter(values(company["customers"], "tier"))
    assert cities.most_common(1)[0][0] == "Berlin"
    assert cities["Berlin"] / PEOPLE > 0.1
    assert tiers["gold"] / PEOPLE == pytest.approx(0.09, abs=0.005)
    assert tiers["gold"] < tiers["silver"] < tiers["bronze"]


def test_a_few_buy_much_many_little_and_some_nothing(company):
    per_customer = Counter(values(company["orders"], "customer_id"))
    counts = sorted(per_customer.values(), reverse=True)
    assert sum(counts[: PEOPLE // 10]) > 0.35 * sum(counts)
    assert 0.1 < 1 - len(per_customer) / PEOPLE < 0.3


def test_some_products_sell_much_more_than_others(company):
    sold = [n for _, n in Counter(values(company["order_lines"], "product_id")).most_common()]
    assert sum(sold[:20]) > 0.2 * sum(sold)


def test_snow_sells_in_winter_and_tents_in_summer(company):
    months: dict[str, Counter] = {"Snow": Counter(), "Tents": Counter()}
    orders = company["orders"]
    for category, when in zip(values(orders, "category"), values(orders, "ordered_at"), strict=True):
        if category in months:
            months[category]["winter" if when.month in (10, 11, 12, 1, 2, 3) else "summer"] += 1
    assert months["Snow"]["winter"] > 10 * months["Snow"]["summer"]
    assert months["Tents"]["summer"] > 3 * months["Tents"]["winter"]


def test_nothing_is_newer_than_now_and_the_newest_is_fresh(company):
    now = AS_OF.replace(tzinfo=None)
    for table, column in (("customers", "updated_at"), ("orders", "ordered_at"), ("visits", "visited_at")):
        newest = pc.max(company[table][column]).as_py()
        assert newest < now
        assert (now - newest).total_seconds() <= 300


def test_nobody_bought_before_joining(company):
    joined = dict(
        zip(values(company["customers"], "customer_id"), values(company["customers"], "customer_since"), strict=True)
    )
    orders = company["orders"]
    rows = zip(values(orders, "customer_id"), values(orders, "ordered_at"), strict=True)
    assert all(when.date() >= joined[customer] for customer, when in rows)


def test_without_a_moment_the_company_lives_now():
    part = next(p for p in generate(10, 7) if p.table == "customers")
    newest = pc.max(part.rows["updated_at"]).as_py().replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - newest).total_seconds()) < 400


def test_rows_come_in_batches_of_bounded_size():
    sizes = [p.rows.num_rows for p in generate(PEOPLE, 7, as_of=AS_OF) if p.table == "customers"]
    assert sizes == [BATCH, PEOPLE - BATCH]
    assert set(BY_NAME) == {t.name for t in TABLES}
