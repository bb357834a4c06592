"""The room of insights."""

from django.apps import AppConfig


class InsightsRoom(AppConfig):
    """Loads the room's permissions when the house opens."""

    name = "twain_web.rooms.insights"
    label = "insights_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.insights import actions, collecting, mailbox, permissions, signups  # noqa: F401, PLC0415 — models are not there before
