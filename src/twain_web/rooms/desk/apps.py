"""The room of requests."""

from django.apps import AppConfig


class DeskRoom(AppConfig):
    """Loads the room's permissions and what happens by itself in it."""

    name = "twain_web.rooms.desk"
    label = "desk_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web.rooms.desk import cleaning, letters, looking, permissions  # noqa: F401, PLC0415 — no models before
        from twain_web.rooms.desk.confirming import told  # noqa: PLC0415
        from twain_web.rooms.desk.elsewhere import as_issue  # noqa: PLC0415
        from twain_web.rooms.feeds.public import CONFIRMED  # noqa: PLC0415
        from twain_web.rooms.integrations.public import ASKED  # noqa: PLC0415

        CONFIRMED.append(told)
        ASKED.append(as_issue)
