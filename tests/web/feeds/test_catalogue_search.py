"""Finding a feed by a business word; what is not reviewed is not there; payloads are text; figures for large companies."""

import csv
import io
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.web.feeds.feeds_workspace import CUSTOMERS, change, customers_without_review
from twain.records import Feed, Field, Owner, Right
from twain_web import engine
from twain_web.roles import Role
from twain_web.rooms.feeds import public, reads, search
from twain_web.rooms.feeds.models import FeedHealth

PAYLOAD = "<script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"


def hits(client, **query):
    answer = client.get("/catalogue/", query, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return [hit.card.name for hit in answer.context["found"].hits]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("loyalty", "customers"),  # a business word
        ("vip", "customers"),  # a field's synonym
        ("branches", "stores"),  # a feed's synonym
        ("newsletter_consent", "customers"),  # a column
        ("warehouse", "products"),  # a meaning
        ("ORDER Total", "orders"),  # two words, any case
        ("priya nair stores", "stores"),  # an owner, too
    ],
)
def test_a_feed_is_found_by_any_of_its_words(signed_in, query, first):
    assert hits(signed_in(Role.MARKETER), q=query)[0] == first


def test_each_hit_says_which_fields_fit(signed_in):
    answer = signed_in(Role.MARKETER).get("/catalogue/", {"q": "birthday"})
    hit = answer.context["found"].hits[0]
    assert [field.name for field in hit.fields] == ["birth_date"]
    assert b"Priya Nair, Senior DBA" in answer.content
    assert b"Not looked at yet" in answer.content


def test_accents_and_case_do_not_count():
    assert search.fold("Größe É") == "grosse e"


def test_nothing_found_offers_words_that_are_there(signed_in):
    answer = signed_in(Role.MARKETER).get("/catalogue/", {"q": "loyality"})
    assert answer.context["near"] == ["loyalty"]
    assert b"No feed fits" in answer.content


def test_without_a_query_every_feed_is_listed_by_title(signed_in):
    assert hits(signed_in(Role.MARKETER)) == ["customers", "orders", "products", "stores", "visits"]


def test_a_field_that_nobody_reviewed_is_not_there(signed_in, files):
    client = signed_in(Role.MARKETER)
    assert "customers" not in hits(client, q="telephone")
    assert b"Telephone" not in client.get("/catalogue/feed/customers/").content
    assert not any(term.field == "phone" for term in public.glossary())
    CUSTOMERS.write_text(customers_without_review(*engine.workspace().feeds["customers"].fields), encoding="utf-8")
    assert "customers" not in hits(client)
    assert client.get("/catalogue/feed/customers/").status_code == 404
    assert "customers" in hits(signed_in(Role.DATA_OWNER))
    assert signed_in(Role.DATA_OWNER).get("/catalogue/feed/customers/").status_code == 200


@pytest.mark.parametrize("sort", ["title", "owner", "freshness", "relevance"])
def test_each_order_lists_every_feed(signed_in, sort):
    assert len(hits(signed_in(Role.MARKETER), sort=sort)) == 5


@pytest.mark.parametrize(
    "value",
    [
        "'; DROP TABLE feeds_room_feedhealth; --",
        "1 OR 1=1",
        "title)",
        "../..",
        "\x00",
        "%",
        "_",
        "-1",
        "9" * 30,
        "１",
        "a" * 5000,
        PAYLOAD,
    ],
)
def test_parameters_are_never_more_than_words(signed_in, value):
    client = signed_in(Role.MARKETER)
    asked = [("", name) for name in ("q", "sort", "page")] + [("glossary/", name) for name in ("q", "feed", "as")]
    for path, name in asked:
        answer = client.get(f"/catalogue/{path}", {name: value})
        assert answer.status_code == 200
        assert b"<script>alert(1)" not in answer.content
        assert b"<img src=x" not in answer.content
    assert FeedHealth.objects.count() == 0


def test_payloads_in_contracts_are_text(signed_in, files):
    change(CUSTOMERS, 'purpose: "Everybody', f'purpose: "{PAYLOAD} Everybody')
    change(CUSTOMERS, "businessName: City", f"businessName: '{PAYLOAD}'")
    change(CUSTOMERS, "value: [town, place]", f"value: ['{PAYLOAD}', place]")
    change(CUSTOMERS, 'description: "Where the customer lives."', f'description: "{PAYLOAD}"')
    change(CUSTOMERS, "name: Priya Nair, title", f"name: '{PAYLOAD}', title")
    client = signed_in(Role.DATA_OWNER)
    assert engine.workspace_faults() == ()
    parts = [
        "",
        "glossary/",
        "feed/customers/",
        "feed/customers/quality/",
        "feed/customers/history/",
        "feed/customers/review/?field=city",
    ]
    for path in parts:
        content = client.get(f"/catalogue/{path}").content.decode()
        assert "<script>alert(1)" not in content
        assert "<img src=x" not in content
    assert "{{7*7}}" in client.get("/catalogue/glossary/").content.decode()


def test_an_export_holds_no_formula(signed_in, files):
    change(CUSTOMERS, "businessName: City", "businessName: '=HYPERLINK(\"https://evil.example\")'")
    change(CUSTOMERS, "value: [town, place]", "value: ['+town', '@place']")
    answer = signed_in(Role.MARKETER).get("/catalogue/glossary/", {"as": "csv"})
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert ['\'=HYPERLINK("https://evil.example")', "'+town, @place"] in [row[:2] for row in rows]
    assert not any(cell[:1] in {"=", "+", "-", "@", "\t", "\r"} for row in rows for cell in row)


def test_the_glossary_knows_both_ways(signed_in):
    terms = {(t.business, t.feed): t for t in public.glossary()}
    assert terms["Loyalty tier", "customers"].column == "tier"
    assert "vip" in terms["Loyalty tier", "customers"].synonyms
    answer = signed_in(Role.MARKETER).get("/catalogue/glossary/", {"q": "city", "feed": "stores"})
    assert [(t.feed, t.column) for t in answer.context["terms"]] == [("stores", "city")]


def test_public_cards(db):
    names = [card.name for card in public.feeds()]
    assert names == ["customers", "orders", "products", "stores", "visits"]
    card = public.feed("customers")
    assert str(card.owner) == "Priya Nair, Senior DBA"
    tier = next(field for field in card.fields if field.name == "tier")
    assert (tier.business, tier.column, tier.type_words) == ("Loyalty tier", "tier", "Text")
    assert tier.uses == (
        "choose people by it",
        "put it into a message",
        "see it in previews",
        "take it out in an export",
    )
    assert card.freshness.words == "Not looked at yet"


def many(feeds=100, fields=100):
    """A large company: 100 feeds of 100 fields."""
    made = {}
    for f in range(feeds):
        columns = {
            f"field_{n}": Field(
                f"field_{n}", f"COL_{f}_{n}", "string", f"Business word {f} {n}", frozenset({Right.FILTER}),
                description="What it means, in a sentence that somebody wrote.", synonyms=(f"other{n}", f"word{f}"),
            )
            for n in range(fields)
        }  # fmt: skip
        made[f"feed_{f}"] = Feed(
            f"feed_{f}", f"Feed {f}", "shop", "field_0", columns, Owner("Ana Ruiz", "DBA"), "1", "h" * 64
        )
    return made


def test_a_large_company_is_searched_at_once(signed_in, monkeypatch, django_assert_max_num_queries):
    workspace = replace(engine.workspace(), feeds=many())
    monkeypatch.setattr(engine, "workspace", lambda: workspace)
    now = timezone.now()
    FeedHealth.objects.bulk_create(
        FeedHealth(feed=name, contract="h" * 64, looked_at=now, newest=now, next_at=now + timedelta(hours=1))
        for name in workspace.feeds
    )
    client = signed_in(Role.MARKETER)
    assert hits(client, q="business word 42 7")[0] == "feed_42"
    with django_assert_max_num_queries(25):
        answer = client.get("/catalogue/")
    assert answer.context["found"].total == 100
    assert len(answer.context["found"].hits) == reads.PER_PAGE
    assert hits(client, page=5, sort="title") != hits(client, page=1, sort="title")
    began = time.process_time()
    found = search.index(workspace.feeds).find("COL_99_9 other")
    assert [one.feed for one in found] == ["feed_99"]
    assert time.process_time() - began < 1.0
