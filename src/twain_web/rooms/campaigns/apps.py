"""The room of campaigns."""

from django.apps import AppConfig


class CampaignsRoom(AppConfig):
    """Loads the room's permissions and reconcilers, and tells the rooms below where their things are used."""

    name = "twain_web.rooms.campaigns"
    label = "campaigns_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.campaigns import (  # noqa: PLC0415 — no models before
            cleaning,  # noqa: F401
            letters,  # noqa: F401
            moving,  # noqa: F401
            permissions,  # noqa: F401
            trying,  # noqa: F401
            uses,
        )

        uses.join()
