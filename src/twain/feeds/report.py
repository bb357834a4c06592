"""Where the reading of one contract collects its findings, each with file and line."""

from __future__ import annotations

from dataclasses import dataclass, field

from twain.feeds.document import Document
from twain.records import Problem


@dataclass(slots=True)
class Report:
    """The findings about one document, in the order they were met."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anything found so far is an error."""
        return any(p.severity == "error" for p in self.problems)

    def error(self, path: tuple[str | int, ...], code: str, what: str, todo: str, business: str = "") -> None:
        """Something that stops the feed from being used."""
        self.problems.append(Problem("error", code, what, todo, self.document.place(*path), business))

    def warning(self, path: tuple[str | int, ...], code: str, what: str, todo: str, business: str = "") -> None:
        """Something IT should know; the feed can be used nevertheless."""
        self.problems.append(Problem("warning", code, what, todo, self.document.place(*path), business))
