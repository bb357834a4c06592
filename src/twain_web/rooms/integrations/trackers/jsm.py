"""Jira Service Management: a customer request of a service desk. It is an issue of Jira's; only making it differs.

A request type shows its own fields and may have no labels, so the mark stands in the description and is looked for as a phrase.
"""

from __future__ import annotations

from twain_web.rooms.integrations.trackers import Draft, Seen, text_in
from twain_web.rooms.integrations.trackers.jira import Jira, wiki


class ServiceDesk(Jira):
    """One request type of one service desk."""

    def find(self, draft: Draft) -> Seen | None:
        """By the mark in the description, as a phrase."""
        return self.first(f'description ~ "\\"{draft.mark}\\""')

    def create(self, draft: Draft) -> Seen:
        """Raised as the token's own user."""
        body = {
            "serviceDeskId": self.tracker.options["service_desk"],
            "requestTypeId": self.tracker.options["request_type"],
            "requestFieldValues": {"summary": draft.title, "description": f"{wiki(draft)}\n\n{draft.mark}"},
        }
        return self.made(text_in(self.line.post("/rest/servicedeskapi/request", body), "issueKey"))


API = ServiceDesk
