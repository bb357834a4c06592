"""The room of audiences."""

from django.apps import AppConfig


class AudiencesRoom(AppConfig):
    """Loads the room's permissions when the house opens."""

    name = "twain_web.rooms.audiences"
    label = "audiences_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.audiences import permissions  # noqa: F401, PLC0415 — models are not there before
