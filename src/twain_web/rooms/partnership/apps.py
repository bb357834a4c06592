"""The room in which both teams look back: thanks, status checks, the team survey, vendor reviews, their numbers."""

from django.apps import AppConfig


class PartnershipRoom(AppConfig):
    """Loads the room's permissions and what happens by itself in it."""

    name = "twain_web.rooms.partnership"
    label = "partnership_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.partnership import (  # noqa: PLC0415 — no models before
            cleaning,  # noqa: F401
            leading,  # noqa: F401
            letters,  # noqa: F401
            permissions,  # noqa: F401
            reminding,  # noqa: F401
        )
        from twain_web.rooms.partnership.numbers import keeping  # noqa: F401, PLC0415 — no models before
