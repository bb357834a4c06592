"""Both teams of the demo, and letters that go into Django's own box."""

from __future__ import annotations

import pytest
from django.core import mail

from twain_web.roles import Role
from twain_web.rooms.partnership import letters
from twain_web.rooms.people.models import Team

_PEOPLE = {
    "lhoffmann": ("Lena Hoffmann", "Campaign Manager", "marketing", Role.MARKETER),
    "mseidel": ("Mara Seidel", "Head of CRM", "marketing", Role.MARKETING_LEAD),
    "pnair": ("Priya Nair", "Senior DBA", "it", Role.DATA_OWNER),
    "aberg": ("Anna Berg", "Systems Administrator", "it", Role.ADMINISTRATOR),
    "tklein": ("Tom Klein", "Internal Auditor", "it", Role.AUDITOR),
}


@pytest.fixture
def teams(db):
    """Marketing and IT."""
    return {side: Team.objects.create(name=f"Team {side}", side=side) for side in ("marketing", "it")}


@pytest.fixture
def people(teams, somebody):
    """The demo's people by user name."""
    found = {}
    for username, (name, title, side, role) in _PEOPLE.items():
        one = somebody(role, username=username)
        one.full_name, one.title, one.team = name, title, teams[side]
        one.email = f"{name.lower().replace(' ', '.')}@nordlicht.example"
        one.save()
        found[username] = one
    return found


@pytest.fixture
def posted(settings):
    """Send what waits; returns the mails."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.WEB_URL = ""
    mail.outbox = []

    def post() -> list:
        for key in letters.due():
            letters.send(key)
        sent, mail.outbox = mail.outbox, []
        return sent

    return post
