"""Tables that people take away: CSV (RFC 4180) in which no cell can act as a formula, whoever wrote it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from django.http import HttpResponse, StreamingHttpResponse

from twain.returns.suppression import harmless

Rows = Iterable[Iterable[str]]


class _Echo:
    """What csv writes to: it hands each line on."""

    def write(self, line: str) -> str:
        """The line itself."""
        return line


def csv_answer(
    name: str, rows: Rows, answer: type[HttpResponse] | type[StreamingHttpResponse] = StreamingHttpResponse
) -> HttpResponse | StreamingHttpResponse:
    """*rows*, the heading first, as a file of this *name*; streamed unless said otherwise, so that its size costs no memory."""
    made = answer(_lines(rows), content_type="text/csv; charset=utf-8")
    made["Content-Disposition"] = f'attachment; filename="{name}"'
    return made


def _lines(rows: Rows) -> Iterator[str]:
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([harmless(cell) for cell in row])
