"""This room for programs: contents by name, answers in plain values. Each function looks at the page's own permission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404

from twain.flows.preview import Previewed, preview
from twain_web import engine
from twain_web.access import Permission, refuse_unless
from twain_web.rooms.content import checks, documents, reads, showing
from twain_web.rooms.content.checks import Finding
from twain_web.rooms.content.models import Content, ContentVersion
from twain_web.rooms.content.permissions import PREVIEW_CONTENT, READ_CONTENT


@dataclass(frozen=True, slots=True)
class Version:
    """A saved version: it is never changed. *document* is empty in lists."""

    number: int
    subject: str
    note: str
    author: str
    at: datetime
    document: Mapping[str, Any]


def versions_of(*, by: Any, slug: str) -> list[Version]:  # noqa: ANN401 — a Person, here and below
    """Every saved version, newest first."""
    content = _allowed(by, READ_CONTENT, slug)
    found = ContentVersion.objects.filter(content=content).select_related("author").defer("document")
    return [_version(one, {}) for one in found]


def version_of(*, by: Any, slug: str, number: int | None = None) -> Version:  # noqa: ANN401
    """One version with its document; the newest when no number is named."""
    found = _saved(_allowed(by, READ_CONTENT, slug), number)
    return _version(found, found.document)


def findings_of(*, by: Any, slug: str, number: int | None = None) -> list[Finding]:  # noqa: ANN401
    """What is wrong, or could be better, with a saved version."""
    content = _allowed(by, READ_CONTENT, slug)
    return checks.findings(content, _saved(content, number).document)


def previews_of(
    *,
    by: Any,  # noqa: ANN401
    slug: str,
    number: int | None = None,
    key: str = "",
    extremes: bool = False,
) -> list[Previewed]:
    """A saved version as somebody would get it, or as the most difficult people would, masked by the right to preview."""
    content = _allowed(by, PREVIEW_CONTENT, slug)
    made = documents.made(_saved(content, number).document, content.brand, content.slug)
    return preview(engine.instance(by), showing.campaign(content, made), key=key, extremes=extremes)


def _allowed(by: Any, wanted: Permission, slug: str) -> Content:  # noqa: ANN401
    refuse_unless(by, wanted)
    content = reads.content_by_slug(slug)
    refuse_unless(by, wanted, content)
    return content


def _saved(content: Content, number: int | None) -> ContentVersion:
    found = reads.version(content, number)
    if found is None:
        raise Http404(f"version {number or 1} of {content.slug}")
    return found


def _version(one: ContentVersion, document: Mapping[str, Any]) -> Version:
    return Version(one.number, one.subject, one.note, str(one.author or ""), one.at, document)
