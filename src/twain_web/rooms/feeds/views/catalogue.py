"""The data catalogue: search, the glossary, and one feed's page with its parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateformat import format as date_format
from django.utils.http import urlencode

from twain.feeds.synthetic import samples
from twain.records import Feed, Scalar
from twain_web import engine
from twain_web.access import may, needs
from twain_web.rooms.feeds import quality, reads, reviews
from twain_web.rooms.feeds.models import FeedHealth
from twain_web.rooms.feeds.permissions import READ_CATALOGUE, READ_CONTRACT, REVIEW_FIELDS
from twain_web.spreadsheet import csv_answer

_USES_SHOWN = 25
_LONGEST = 200
_MOST_TERMS = 500


def feed_by_name(name: str) -> Feed:
    """A feed in force, or 404."""
    feed = engine.workspace().feeds.get(name)
    if feed is None:
        raise Http404
    return feed


@needs(READ_CATALOGUE)
def catalogue(request: HttpRequest) -> HttpResponse:
    """Search as you type; without a query, every feed."""
    query = request.GET.get("q", "").strip()[:_LONGEST]
    sort = request.GET.get("sort", "relevance")
    page = request.GET.get("page", "1")
    reviewer = may(request.user, READ_CONTRACT)
    found = reads.find(
        query,
        sort=sort if sort in reads.SORTS else "relevance",
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        unreviewed=reviewer,
    )
    context = {
        "found": found,
        "query": query,
        "sort": sort if sort in reads.SORTS else "relevance",
        "kept": urlencode({"q": query, "sort": sort}),
        "near": [] if found.total else reads.did_you_mean(query),
        "faults": engine.workspace_faults() if reviewer else (),
    }
    part = bool(getattr(request, "htmx", False)) and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "feeds/_hits.html" if part else "feeds/catalogue.html", context)


@needs(READ_CATALOGUE)
def glossary(request: HttpRequest) -> HttpResponse:
    """Business word ⇄ column, of all feeds."""
    query, feed = (request.GET.get(key, "").strip()[:_LONGEST] for key in ("q", "feed"))
    terms = reads.glossary(query, feed)
    if request.GET.get("as") == "csv":
        return csv_answer("glossary.csv", _table(terms), HttpResponse)
    context: dict[str, Any] = {
        "terms": terms[:_MOST_TERMS],
        "total": len(terms),
        "query": query,
        "feed": feed,
        "feeds": sorted((f.title, f.name) for f in engine.workspace().feeds.values() if f.fields),
        "kept": urlencode({"q": query, "feed": feed, "as": "csv"}),
    }
    part = bool(getattr(request, "htmx", False))
    return render(request, "feeds/_terms.html" if part else "feeds/glossary.html", context)


@needs(READ_CATALOGUE, get=feed_by_name)
def feed_page(request: HttpRequest, feed: Feed) -> HttpResponse:
    """Everything about one feed. Its quality over time and its contract's history come after the page."""
    reader = may(request.user, READ_CONTRACT)
    if not feed.fields and not reader:
        raise Http404
    health = FeedHealth.objects.filter(feed=feed.name).first()
    feeds = engine.workspace().feeds
    rules = quality.rules(feed, health)
    uses = sorted(reads.uses_of(feed.name), key=lambda use: (use.when is None, use.when, use.name))
    role, statements = reviews.grants_of_feed(feed) if reader else ("", ())
    context = {
        "card": reads.card(feed.name),
        "confirmed": [words for told in reads.CONFIRMED if (words := told(feed.name))],
        "feed": feed,
        "health": health,
        "rules": rules,
        "wrong": [rule for rule in rules if rule.level not in ("", "pass")],
        "samples": _sample_rows(feed),
        "relations": [(relation, feeds.get(relation.feed)) for relation in feed.relations.values()],
        "uses": uses if request.GET.get("uses") == "all" else uses[:_USES_SHOWN],
        "more_uses": max(0, len(uses) - _USES_SHOWN) if request.GET.get("uses") != "all" else 0,
        "grants": statements,
        "role": role,
        "left": reviews.left(feed.name) if may(request.user, REVIEW_FIELDS) else 0,
    }
    return render(request, "feeds/feed.html", context)


@needs(READ_CATALOGUE, get=feed_by_name)
def quality_over_time(request: HttpRequest, feed: Feed) -> HttpResponse:
    """The part of a feed's page with its quality's past: a chart, and the same as a table."""
    days = quality.days(engine.instance().history, feed.name)
    return render(
        request, "feeds/_quality.html", {"feed": feed, "days": days, "chart": json.dumps(quality.chart(days))}
    )


def _sample_rows(feed: Feed) -> list[list[object]]:
    return [[_shown(value) for value in row.values()] for row in samples(feed, 5)]


def _shown(value: Scalar) -> object:
    if isinstance(value, datetime):
        return date_format(value, "j M Y, H:i")
    return date_format(value, "j M Y") if isinstance(value, date) else value


def _table(terms: list[reads.Term]) -> Iterator[Iterable[str]]:
    yield ("business word", "other words", "feed", "field", "column", "meaning")
    for term in terms:
        yield (term.business, ", ".join(term.synonyms), term.feed, term.field, term.column, term.meaning)
