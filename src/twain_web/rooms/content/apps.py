"""The room of content."""

from django.apps import AppConfig


class ContentRoom(AppConfig):
    """Loads the room's permissions when the house opens."""

    name = "twain_web.rooms.content"
    label = "content_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.content import permissions  # noqa: F401, PLC0415 — models are not there before
