"""GitLab's issues, on gitlab.com or a server of one's own. The mark stands in the description.

It is looked for with ``search`` and ``in=description`` in this one project, which GitLab answers from its database; what is found
is believed only when the mark stands in it letter by letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from twain.flows.trackers import Tracker
from twain_web.rooms.integrations.trackers import Draft, Line, Seen, checked_key, strange, text_in
from twain_web.rooms.integrations.trackers.line import NotAnswered
from twain_web.rooms.integrations.trackers.quoting import markdown

_KEY = r"#[1-9][0-9]{0,11}"
_STATES: Mapping[str, str] = {"opened": "Open", "closed": "Closed"}


class GitLab:
    """One project."""

    SETTLES: ClassVar[float] = 60.0

    def __init__(self, tracker: Tracker, line: Line) -> None:
        self.tracker = tracker
        self.line = line
        self.path = f"/api/v4/projects/{quote(tracker.project, safe='')}"

    @staticmethod
    def signed(tracker: Tracker, token: str) -> dict[str, str]:  # noqa: ARG004 — as all of them
        """A project access token with the scope ``api`` and the role of a reporter."""
        return {"PRIVATE-TOKEN": token}

    def about(self) -> str:
        """The project's path."""
        return text_in(self.line.get(self.path), "path_with_namespace")[:100]

    def find(self, draft: Draft) -> Seen | None:
        """By the mark in the description."""
        query = {"scope": "all", "search": draft.mark, "in": "description", "order_by": "created_at", "sort": "asc"}
        found = self.line.get(f"{self.path}/issues", query)
        if not isinstance(found, list):
            raise strange("no list of issues")
        ours = (issue for issue in found if draft.mark in (issue.get("description") or ""))
        return next((self.seen(issue) for issue in ours), None)

    def create(self, draft: Draft) -> Seen:
        """It comes back whole."""
        return self.seen(self.line.post(f"{self.path}/issues", {"title": draft.title, "description": markdown(draft)}))

    def read(self, key: str) -> Seen | None:
        """Open or closed."""
        try:
            return self.seen(self.line.get(f"{self.path}/issues/{key.lstrip('#')}"))
        except NotAnswered as error:
            if error.answer.status == 404:
                return None
            raise

    def seen(self, issue: Any) -> Seen:  # noqa: ANN401 — JSON
        """An issue as the API describes it. Its page's address is made here: what comes from outside is no link of ours."""
        number = checked_key(f"#{text_in(issue, 'iid')}", _KEY)
        state = text_in(issue, "state")
        project = self.tracker.project
        place = f"projects/{project}/issues" if project.isdigit() else f"{project}/-/issues"
        shown = _STATES.get(state, "Open")
        return Seen(number, f"{self.tracker.address}/{place}/{number[1:]}", shown, over=state == "closed")


API = GitLab
