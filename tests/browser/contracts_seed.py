"""A mail that asks Priya Nair whether contracts are still right: ``python -m tests.browser.contracts_seed`` prints its link.

Ninety days are not waited for; everything else is as the house does it.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "twain_web.settings")
django.setup(set_prefix=False)

from django.utils import timezone  # noqa: E402

from twain_web import engine  # noqa: E402
from twain_web.rooms.desk import confirming  # noqa: E402
from twain_web.rooms.desk.models import Reminder, StillRight  # noqa: E402
from twain_web.rooms.people.models import Person  # noqa: E402

feed = engine.workspace().feeds["customers"]
StillRight.objects.create(
    feed=feed.name, fingerprint=confirming.fingerprint(feed), at=timezone.now() - timedelta(days=91)
)
letter = Reminder.objects.create(
    person=Person.objects.get(username="pnair"), feeds={feed.name: confirming.fingerprint(feed)}, send_at=None
)
print(re.search(r"/requests/still-right/\S+", confirming._mail(letter).body)[0])
