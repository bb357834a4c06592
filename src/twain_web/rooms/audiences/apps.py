"""The room of audiences."""

from django.apps import AppConfig


class AudiencesRoom(AppConfig):
    """Loads the room's permissions, and lays its audiences over the workspace's."""

    name = "twain_web.rooms.audiences"
    label = "audiences_room"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web import engine  # noqa: PLC0415 — models are not there before
        from twain_web.rooms.audiences import permissions, reads  # noqa: F401, PLC0415

        engine.AUDIENCES.append(reads.rules)
        reads.USES.append(reads.nested_in)
