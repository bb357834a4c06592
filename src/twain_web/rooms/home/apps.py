"""The room of home."""

from django.apps import AppConfig


class HomeRoom(AppConfig):
    """Loads the room's permissions when the house opens."""

    name = "twain_web.rooms.home"
    label = "home_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.home import permissions  # noqa: F401, PLC0415 — models are not there before
