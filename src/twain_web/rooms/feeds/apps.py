"""The room of feeds."""

from django.apps import AppConfig


class FeedsRoom(AppConfig):
    """Loads the room's permissions when the house opens."""

    name = "twain_web.rooms.feeds"
    label = "feeds_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.feeds import permissions  # noqa: F401, PLC0415 — models are not there before
