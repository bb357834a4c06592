"""The room of people, roles and the audit."""

from django.apps import AppConfig


class PeopleRoom(AppConfig):
    """Loads the room's permissions and lays its people over the workspace's."""

    name = "twain_web.rooms.people"
    label = "people"

    def ready(self) -> None:
        """Called once, when the house opens."""
        from twain_web import engine  # noqa: PLC0415 — models are not there before
        from twain_web.rooms.people import cleaning, permissions, reads, sign_in_audit  # noqa: F401, PLC0415

        engine.PEOPLE.append(reads.policy_people)
