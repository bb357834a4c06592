"""Jira, Cloud and Data Center: REST API 2, which takes plain text in both. The mark is a label.

Cloud has an e-mail address and an API token (Basic), and searches at ``/search/jql``, whose index follows within seconds to
minutes (Atlassian, "Search and reconcile"); Data Center has a personal access token (Bearer), and searches at ``/search``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from twain.flows.trackers import Tracker
from twain_web.rooms.integrations.trackers import Draft, Line, Seen, checked_key, status, strange, text_in
from twain_web.rooms.integrations.trackers.line import NotAnswered

_KEY = r"[A-Z][A-Z0-9_]*-[1-9][0-9]{0,11}"
_FIELDS = "status"


_SPECIAL = re.compile(r"([\\{}\[\]!|~*_^+?#@-])")


def wiki(draft: Draft) -> str:
    """The text in Jira's own notation: a colleague's words escaped, so that they call nobody and embed nothing."""
    words = "\n".join(_SPECIAL.sub(r"\\\1", line) for line in draft.lines)
    return f"{words}\n\n{draft.after}"


class Jira:
    """One project of a Jira."""

    SETTLES: ClassVar[float] = 300.0

    def __init__(self, tracker: Tracker, line: Line) -> None:
        self.tracker = tracker
        self.line = line

    @staticmethod
    def signed(tracker: Tracker, token: str) -> dict[str, str]:
        """Cloud: whose token, and the token. Data Center: the token."""
        user = tracker.options.get("user")
        if not user:
            return {"Authorization": f"Bearer {token}"}
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode("ascii")}

    def about(self) -> str:
        """The project's name."""
        return status(text_in(self.line.get(f"/rest/api/2/project/{self.tracker.project}"), "name"))

    def find(self, draft: Draft) -> Seen | None:
        """By the label, in this project."""
        return self.first(f'labels = "{draft.mark}"')

    def first(self, condition: str) -> Seen | None:
        """The oldest issue of the project for which a condition in JQL holds."""
        jql = f'project = "{self.tracker.project}" AND {condition} ORDER BY created ASC'
        path = "/rest/api/2/search/jql" if self.tracker.options.get("user") else "/rest/api/2/search"
        found = self.line.get(path, {"jql": jql, "fields": _FIELDS, "maxResults": "1"})
        issues = found.get("issues") if isinstance(found, Mapping) else None
        if not isinstance(issues, list):
            raise strange("no issues in it")
        return self.seen(issues[0]) if issues else None

    def create(self, draft: Draft) -> Seen:
        """A new issue answers with its key alone: its status is read after it."""
        fields = {
            "project": {"key": self.tracker.project},
            "issuetype": {"name": self.tracker.options.get("type", "Task")},
            "summary": draft.title,
            "description": wiki(draft),
            "labels": [draft.mark],
        }
        return self.made(text_in(self.line.post("/rest/api/2/issue", {"fields": fields}), "key"))

    def made(self, key: str) -> Seen:
        """What was just made, before anybody moved it."""
        return Seen(checked_key(key, _KEY), f"{self.tracker.address}/browse/{key}", "", over=False)

    def read(self, key: str) -> Seen | None:
        """Its status in the project's own words."""
        try:
            return self.seen(self.line.get(f"/rest/api/2/issue/{key}", {"fields": _FIELDS}))
        except NotAnswered as error:
            if error.answer.status == 404:
                return None
            raise

    def seen(self, issue: Any) -> Seen:  # noqa: ANN401 — JSON
        """An issue as the API describes it. A category ``done`` is over, whatever the project calls its statuses."""
        key = checked_key(text_in(issue, "key"), _KEY)
        over = text_in(issue, "fields", "status", "statusCategory", "key") == "done"
        shown = status(text_in(issue, "fields", "status", "name"))
        return Seen(key, f"{self.tracker.address}/browse/{key}", shown, over)


API = Jira
