"""A house for the test of backups: ``fill`` opens it and puts two launches and a session into it; ``look`` opens it again."""

from __future__ import annotations

import sys
from datetime import timedelta

from twain_web.loading import load

load()

from django.contrib.sessions.models import Session  # noqa: E402 — after the settings
from django.utils import timezone  # noqa: E402

from twain_web.roles import Role  # noqa: E402
from twain_web.rooms.campaigns.models import Launch  # noqa: E402
from twain_web.rooms.people.actions import enter_person  # noqa: E402
from twain_web.rooms.people.public import verify  # noqa: E402
from twain_web.supervise.prepare import prepare  # noqa: E402


def fill() -> None:
    prepare()
    now = timezone.now()
    lena = enter_person(
        by="test", username="lena", full_name="Lena Test", title="", email="l@example.com", roles=[Role.MARKETER]
    )
    for name, due in (("due", now - timedelta(minutes=1)), ("later", now + timedelta(days=1))):
        Launch.objects.create(
            campaign=name, bundle="0" * 64, token=name, asked_by=lena, due_at=due, expires_at=now + timedelta(days=2)
        )
    Session.objects.create(session_key="k" * 32, session_data="", expire_date=now + timedelta(days=1))


def look() -> None:
    prepare()
    for launch in Launch.objects.order_by("campaign"):
        sys.stdout.write(f"{launch.campaign}:{launch.state} ")
    sys.stdout.write(f"sessions:{Session.objects.count()} unbroken:{verify().broken_at is None}\n")


if __name__ == "__main__":
    {"fill": fill, "look": look}[sys.argv[1]]()
