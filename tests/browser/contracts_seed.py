"""Priya Nair is asked whether contracts are still right, as after ninety days: ``python -m tests.browser.contracts_seed``.

The days are not waited for; the house writes the mail, and sends it.
"""

from __future__ import annotations

from datetime import timedelta

from twain_web.loading import load

load()

from django.utils import timezone  # noqa: E402

from twain_web import engine  # noqa: E402
from twain_web.rooms.desk import confirming  # noqa: E402
from twain_web.rooms.desk.models import StillRight  # noqa: E402
from twain_web.rooms.people.models import Person  # noqa: E402

feed = engine.workspace().feeds["customers"]
StillRight.objects.create(
    feed=feed.name, fingerprint=confirming.fingerprint(feed), at=timezone.now() - timedelta(days=91)
)
confirming.remind(str(Person.objects.get(username="pnair").pk))
