"""The room of the year calendar and of capacity."""

from django.apps import AppConfig


class CapacityRoom(AppConfig):
    """Loads the room's permissions and what happens by itself in it."""

    name = "twain_web.rooms.capacity"
    label = "capacity_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.capacity import fetching, moving, permissions  # noqa: F401, PLC0415 — models are not there before
