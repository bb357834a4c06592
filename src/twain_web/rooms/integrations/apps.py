"""The room of integrations: what goes to other systems, what comes from them, and the domains that mail goes out under."""

from django.apps import AppConfig


class IntegrationsRoom(AppConfig):
    """Loads the room's permissions and everything that moves by itself when the house opens."""

    name = "twain_web.rooms.integrations"
    label = "integrations_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.integrations import (  # noqa: F401, PLC0415 — models are not there before
            delivering,
            erasing,
            gathering,
            hearing,
            keeping,
            mirroring,
            permissions,
            probing,
            providers,
        )
