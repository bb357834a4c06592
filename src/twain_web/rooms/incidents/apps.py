"""The room of incidents."""

from django.apps import AppConfig


class IncidentsRoom(AppConfig):
    """Loads the room's permissions and what happens by itself in it."""

    name = "twain_web.rooms.incidents"
    label = "incidents_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.incidents import (  # noqa: F401, PLC0415 — no models before
            cleaning,
            hearing,
            letters,
            looking,
            noticing,
            permissions,
        )

        hearing.join()
