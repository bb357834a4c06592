"""The room of feeds."""

from django.apps import AppConfig


class FeedsRoom(AppConfig):
    """Loads the room's permissions and what happens by itself in it."""

    name = "twain_web.rooms.feeds"
    label = "feeds_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.feeds import looking, permissions  # noqa: F401, PLC0415 — models are not there before
