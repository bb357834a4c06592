"""GitHub's issues, there or on a server of one's own (``address = "https://github.example.com/api/v3"``).

The mark stands in the text. It is looked for in the list of issues, which is read from the database, and not by the search, whose
index follows later; and it is no label, which whoever may not push cannot set.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, ClassVar
from urllib.parse import urlsplit

from twain.errors import ConfigError
from twain.flows.trackers import Tracker
from twain_web.rooms.integrations.trackers import Draft, Line, Seen, checked_key, strange, text_in
from twain_web.rooms.integrations.trackers.line import NotAnswered
from twain_web.rooms.integrations.trackers.quoting import markdown

_A_PAGE, _MOST_PAGES = 30, 20
_KEY = r"#[1-9][0-9]{0,11}"
#: Moved to a repository that the token does not see, not there, taken away.
_GONE = frozenset({301, 404, 410})


class GitHub:
    """One repository."""

    SETTLES: ClassVar[float] = 60.0

    def __init__(self, tracker: Tracker, line: Line) -> None:
        self.tracker = tracker
        self.line = line
        self.repository = f"/repos/{tracker.project}"

    @staticmethod
    def signed(tracker: Tracker, token: str) -> dict[str, str]:  # noqa: ARG004 — as all of them
        """A token of the fine-grained kind needs "Issues: read and write" on this one repository."""
        told = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        return told | {"Authorization": f"Bearer {token}"}

    def about(self) -> str:
        """The repository, if it has issues."""
        found = self.line.get(self.repository)
        name = text_in(found, "full_name")
        if not found.get("has_issues"):
            raise ConfigError(f"{name[:100]} has no issues.", todo="Switch them on in its settings.", code="T970")
        return name[:100]

    def find(self, draft: Draft) -> Seen | None:
        """Page by page through what was touched since. Raises ConfigError (T971) when that is too much to be sure."""
        query = {"state": "all", "sort": "created", "direction": "asc", "per_page": str(_A_PAGE)}
        query["since"] = draft.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for page in range(1, _MOST_PAGES + 1):
            found = self.line.get(f"{self.repository}/issues", query | {"page": str(page)})
            if not isinstance(found, list):
                raise strange("no list of issues")
            for issue in found:
                if "pull_request" not in issue and draft.mark in (issue.get("body") or ""):
                    return self.seen(issue)
            if len(found) < _A_PAGE:
                return None
        raise ConfigError(
            f"More than {_A_PAGE * _MOST_PAGES} issues of {self.tracker.project} were touched since, so whether ours is among"
            " them cannot be told.",
            todo="Nothing is made: it might be the second one. Make it by hand.", code="T971",
        )  # fmt: skip

    def create(self, draft: Draft) -> Seen:
        """It comes back whole."""
        return self.seen(self.line.post(f"{self.repository}/issues", {"title": draft.title, "body": markdown(draft)}))

    def read(self, key: str) -> Seen | None:
        """Open, or why it is closed."""
        try:
            return self.seen(self.line.get(f"{self.repository}/issues/{key.lstrip('#')}"))
        except NotAnswered as error:
            if error.answer.status in _GONE:
                return None
            raise

    def seen(self, issue: Any) -> Seen:  # noqa: ANN401 — JSON
        """An issue as the API describes it. Its page's address is made here: what comes from outside is no link of ours."""
        number = checked_key(f"#{text_in(issue, 'number')}", _KEY)
        over = text_in(issue, "state") == "closed"
        done = isinstance(issue, Mapping) and issue.get("state_reason") != "not_planned"
        shown = ("Closed as completed" if done else "Closed as not planned") if over else "Open"
        return Seen(number, f"{self._site()}/{self.tracker.project}/issues/{number[1:]}", shown, over)

    def _site(self) -> str:
        parts = urlsplit(self.tracker.address)
        return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"


API = GitHub
