"""Three more of Marketing, so that its survey has five who can answer: ``python -m tests.browser.partnership_seed``."""

from __future__ import annotations

from twain_web.loading import load

load()

from twain_web.roles import Role  # noqa: E402 — after the settings
from twain_web.rooms.people.actions import enter_person  # noqa: E402
from twain_web.rooms.people.models import Person, Team  # noqa: E402

_NAMES = ("Nora Beispiel", "Ole Muster", "Pia Probe")


def more_of_marketing() -> None:
    """Enter them once."""
    team = Team.objects.get(side="marketing")
    for name in _NAMES:
        username = name.lower().replace(" ", "-")
        if not Person.objects.filter(username=username).exists():
            enter_person(
                by="seed", username=username, full_name=name, title="Trainee", email=f"{username}@nordlicht.example",
                roles=[Role.MARKETER], team=team,
            )  # fmt: skip


if __name__ == "__main__":
    more_of_marketing()
